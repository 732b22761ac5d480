/* SPDX-License-Identifier: Apache-2.0
 *
 * The forward pass of a network as the papers draw it: batch norm not folded, nothing fused, everything in
 * double, one loop for each index. Far too slow to use, and that is the point: what the engine computes is
 * held against it.
 */
#ifndef NAIVE_NET_H
#define NAIVE_NET_H

#include "net/graph.h"

/* All values of one image on its way through the network, each [height][width][channels]. */
typedef struct naive_net {
    double *stem;
    double **blocks;  /* [block_count] */
    double *features; /* after the head */
    double *pooled;   /* [features] */
    double *logits;   /* [classes]; NULL without a classifier */
    int block_count;
} naive_net;

/* Runs `graph` with the weights of naive_net_tensor under `seed` on `image` ([height][width][in_channels]).
 */
naive_net naive_net_run(const net_graph *graph, uint64_t seed, const float *image);
void naive_net_free(naive_net *n);

/* The values at an endpoint. */
const double *naive_net_at(const naive_net *n, const net_endpoint *at);

/* Random weights that keep the signal's size from layer to layer. Fits engine_reader: `seed` is a uint64_t *.
 */
effnet_status naive_net_tensor(void *seed, const net_tensor *tensor, float *out, effnet_error *error);

#endif
