/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights and pictures from a counter, so that PyTorch's outputs can be compared without storing a weight.
 * scripts/golden.py is the same in numpy, bit for bit; docs/parity.md says how the ranges were chosen.
 */
#ifndef TESTS_GOLDEN_WEIGHTS_H
#define TESTS_GOLDEN_WEIGHTS_H

#include "model/model.h"

/* The tensor `name` of a state dict, by the end of its name and its shape. */
void golden_tensor(float *out, uint64_t seed, const char *name, int rank, const size_t *shape);

/* A normalised picture, [height][width][channels]. */
void golden_picture(float *out, uint64_t seed, size_t height, size_t width, size_t channels);

/* Which of an output's `count` elements sample number `index` of `samples` is. */
size_t golden_position(uint64_t seed, const char *output, size_t count, size_t samples, size_t index);

/* The sum of an output's elements, each times its own number in [-1, 1): tells about those not sampled. */
double golden_projection(uint64_t seed, const char *output, const float *values, size_t count);

/* Every tensor of `graph` under its name in dialect `d`. */
effnet_status golden_state(state_dict **out, const net_graph *graph, dialect d, uint64_t seed,
                           effnet_error *error);

#endif
