/* SPDX-License-Identifier: Apache-2.0
 *
 * Several processes, on one machine or many, that train one network together: what they have to add up, to
 * tell each other and to agree on. Every process calls the same functions in the same order. A pointer to no
 * ranks (NULL) is one process alone, for which each of them is nothing to do.
 *
 * Sums have one order, that of the ranks, so they have the same bits on every rank and in every run. A thread
 * of its own carries the messages, so that gradients travel while others are still being computed, and so
 * that ranks hear of each other however long a step takes: one that stays silent is named, and the run is
 * over for all. Knows nothing of networks. wire.h is what it stands on.
 */
#ifndef TRAIN_RANKS_RANKS_H
#define TRAIN_RANKS_RANKS_H

#include "train/ranks/wire.h"

/* The public handle. */
typedef struct effnet_ranks ranks;

enum { RANKS_TEXT = 400 };

/* Makes this process one of the ranks that `open` connects it with. */
effnet_status ranks_join(ranks **out, wire_opener *open, const effnet_ranks_options *options,
                         effnet_error *error);

/* The same over a wire that is open; from now on it is used by a thread of the ranks' own. */
effnet_status ranks_join_wire(ranks **out, wire *w, const effnet_ranks_options *options, effnet_error *error);

/* Waits until all are ready to leave, so that none is ended while another one is still saving. `why`: NULL if
 * the work is done, else what the others, for whom it is over too, are told. */
void ranks_leave(ranks *r, const effnet_error *why);

size_t ranks_number(const ranks *r);
size_t ranks_count(const ranks *r);

/* Whether nothing goes on any more: a rank is lost, or one has failed. */
bool ranks_have_failed(ranks *r);

/* Bytes that ranks_join allocates for messages. */
size_t ranks_bytes(size_t count);

/* ---- What all do together ----
 *
 * Any of them fails on every rank if one has failed or is lost; the message names it. */

/* Replaces data[first..count) by its sum over all ranks, added up in double. Until ranks_sum_end the caller
 * leaves alone what it has said is ready: data[from..count), `from` falling from call to call. Any thread may
 * say so. */
effnet_status ranks_sum_begin(ranks *r, float *data, size_t first, size_t count, effnet_error *error);
void ranks_sum_ready(ranks *r, size_t from);
effnet_status ranks_sum_end(ranks *r, effnet_error *error);

/* Fills `all` [ranks][size] with what every rank has in `mine` [size]. */
effnet_status ranks_gather(ranks *r, const void *mine, void *all, size_t size, effnet_error *error);

/* Fills `data` [size] with what rank 0 has there. */
effnet_status ranks_broadcast(ranks *r, void *data, size_t size, effnet_error *error);

/* Tells the others that this rank cannot go on; they fail with this status and "rank N: message". */
void ranks_fail(ranks *r, effnet_status status, const char *message);

#endif
