/* SPDX-License-Identifier: Apache-2.0
 *
 * The time of layers by themselves, to set a standard convolution beside a depthwise separable one. Both go
 * through the engine's own kernels. A standard one is what a stem is: dot products over patches that lie in
 * the image as they are, at the speed of a pointwise convolution; it would be no fair comparison otherwise.
 */
#ifndef ENGINE_LATENCY_LAYERS_H
#define ENGINE_LATENCY_LAYERS_H

#include "engine/latency/probe.h"
#include "net/layer.h"

/* Where and for how long to measure. */
typedef struct prober {
    cpu_level level;
    pool *team;
    probe_effort effort;
} prober;

/* The milliseconds of `layer`: as one block of the engine where it has a depthwise convolution, else the sum
 * of its convolutions. A shortcut is not in it. EFFNET_ERR_LIMIT for what is too large to measure. */
effnet_status layers_measure(double *ms, const net_layer_graph *layer, const prober *p, effnet_error *error);

/* The milliseconds of the stem and of each block of `graph` with a standard convolution in the place of the
 * depthwise and the pointwise one behind it (net_standard_conv), squeeze-and-excitation left out, to
 * part_ms [1 + block_count]. */
effnet_status layers_measure_standard(double *part_ms, const net_graph *graph, const prober *p,
                                      effnet_error *error);

#endif
