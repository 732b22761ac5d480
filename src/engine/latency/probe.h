/* SPDX-License-Identifier: Apache-2.0
 *
 * Networks to time and not to use: weights that are made up, the fewest layers that tell what is asked. They
 * run through the same engine as real ones, on the team of whoever asks.
 */
#ifndef ENGINE_LATENCY_PROBE_H
#define ENGINE_LATENCY_PROBE_H

#include "engine/engine.h"

/* A graph of `graph`'s stem, head and classifier and those of its blocks for which `keep` is set, the first
 * among them. Blocks that are left out must not change shapes. Freed by net_graph_free. */
effnet_status probe_of_blocks(net_graph **out, const net_graph *graph, const bool *keep, effnet_error *error);

/* A network whose stem is the standard convolution `conv`, and one whose block 1 is `block`. */
effnet_status probe_of_convolution(net_graph **out, const net_conv *conv, net_activation activation,
                                   effnet_error *error);
effnet_status probe_of_block(net_graph **out, const net_block *block, net_activation activation,
                             effnet_error *error);

/* How long to repeat runs: until `ms` have passed, `least` at least. */
typedef struct probe_effort {
    double ms;
    size_t least;
} probe_effort;

/* Runs `graph` with weights of no meaning down to endpoint `at` and puts the least milliseconds of each part
 * to part_ms, in the numbers of effnet_network_get_part: [2 + block_count + has_head]. */
effnet_status probe_run(double *part_ms, const net_graph *graph, cpu_level level, pool *team,
                        net_endpoint_kind at, probe_effort effort, effnet_error *error);

#endif
