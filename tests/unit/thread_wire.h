/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages between threads of one process, for tests of what is done with several ranks: a wire for each
 * thread, with queues between them. Messages are copied when they are sent.
 */
#ifndef TEST_THREAD_WIRE_H
#define TEST_THREAD_WIRE_H

#include "train/ranks/wire.h"

/* Prepares for `count` ranks; before the first opener, one test at a time. */
void thread_wires_begin(size_t count);
void thread_wires_end(void);

/* The wire of the next rank, in the order of the calls. */
wire_opener thread_wire_open;

/* From now on rank `rank` neither sends nor receives, as if it had been stopped; or its next call fails. */
void thread_wire_stop(size_t rank);
void thread_wire_break(size_t rank);

#endif
