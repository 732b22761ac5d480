/* SPDX-License-Identifier: Apache-2.0
 *
 * What is done to whole flat arrays beside the optimiser: the gradient's norm, which tells too whether all of
 * it is finite, and the average of weights.
 */
#ifndef TRAIN_UPDATE_SUMS_H
#define TRAIN_UPDATE_SUMS_H

#include "base/pool.h"

/* The Euclidean norm, summed in double in pieces of a fixed size and in a fixed order: the same bits for any
 * team (NULL: the caller alone). Not finite exactly if a value is not: squares of floats cannot overflow a
 * double. `scratch` is [train_norm_pieces(count)]. */
size_t train_norm_pieces(size_t count);
double train_norm(const float *values, size_t count, double *scratch, pool *team);

/* What multiplies gradients of that norm so that it is at most `limit`; 1 if limit is 0. As PyTorch's
 * clip_grad_norm_: limit / (norm + 1e-6). */
double train_clip_scale(double norm, double limit);

/* The share that an average keeps of itself after `updates` earlier ones: min(decay, (1 + n) / (10 + n)), as
 * TensorFlow's ExponentialMovingAverage with num_updates. Without that warm-up an average holds its random
 * beginning for thousands of steps. */
double train_average_decay(double decay, uint64_t updates);

/* average += (1 - decay) (values - average). */
void train_average(float *average, const float *values, size_t count, double decay, pool *team);

#endif
