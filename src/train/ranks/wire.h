/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages between the processes of a run, and nothing else: begin to send, begin to receive, ask what has
 * arrived. Nothing here waits. Messages of the same tag between the same two processes arrive in their order.
 */
#ifndef TRAIN_RANKS_WIRE_H
#define TRAIN_RANKS_WIRE_H

#include "base/error.h"

/* A message under way. Open MPI's own type, so that its functions take arrays of them. */
typedef struct ompi_request_t *wire_request;

typedef struct wire wire;
struct wire {
    size_t rank, count;
    effnet_status (*send)(wire *w, const void *data, size_t size, size_t to, int tag, wire_request *out,
                          effnet_error *error);
    effnet_status (*receive)(wire *w, void *data, size_t size, size_t from, int tag, wire_request *out,
                             effnet_error *error);
    /* *done: all `count` requests; they are none any more then. Drives all messages on. */
    effnet_status (*test)(wire *w, wire_request *requests, size_t count, bool *done, effnet_error *error);
    /* `orderly`: together with all others; else at once, whatever is under way. */
    void (*close)(wire *w, bool orderly);
};

/* Connects this process with the others; may wait for them. Later calls come one at a time. */
typedef effnet_status wire_opener(wire **out, effnet_error *error);

/* By Open MPI, which is loaded for it: the processes that mpirun has started. EFFNET_ERR_MISSING where effnet
 * was built without, or it is not there. */
wire_opener wire_open_mpi;

/* Its version; false where it is missing. */
bool wire_mpi_version(char *out, size_t size);

#endif
