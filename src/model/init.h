/* SPDX-License-Identifier: Apache-2.0
 *
 * Fresh weights, as the source makes them before training.
 */
#ifndef MODEL_INIT_H
#define MODEL_INIT_H

#include "net/graph.h"

/* Fills `out` (tensor->count values). Each value depends only on `seed`, effnet's name of the tensor and its
 * index. */
void init_tensor(float *out, const net_graph *graph, const net_tensor *tensor, uint64_t seed);

#endif
