/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the kernels over channel-blocked tensors (kernels/blocked/blocked.h). A shape is a job without its
 * tensors; a trial says what they are filled with and where they lie.
 */
#ifndef CHECKKERN_BLOCKED_H
#define CHECKKERN_BLOCKED_H

#include "check.h"
#include "numbers.h"

typedef struct dot_shape {
    size_t x_pixel, x_row; /* as in blocked_dot */
    size_t rows, length, last;
    size_t panel, pixels;
    bool half; /* as in blocked_dot; lengths then are even */
    kernel_activation activation;
    size_t out_gap; /* vectors between one block of outputs and the next */
    bool placed;    /* outputs are scattered */
    bool added, summed;
} dot_shape;

typedef struct depthwise_shape {
    size_t kernel, stride, height, width;
    kernel_activation activation;
    size_t gap; /* vectors between one input row, or one sum, and the next */
    bool summed;
} depthwise_shape;

typedef struct dense_shape {
    size_t k, vectors;
    kernel_activation activation;
} dense_shape;

typedef struct trial {
    numbers kind;
    guard_side side;
    float planted; /* NaN or an infinity in place of one input; 0 for none */
} trial;

/* Each tests one shape: with integers where they are exact, with reals, and with something planted. */
void check_dot(checker *k, const dot_shape *s);
void check_depthwise(checker *k, const depthwise_shape *s);
void check_dense(checker *k, const dense_shape *s);

/* One activation, over sums of every size. */
void check_activation(checker *k, kernel_activation a);

/* x *= gate over a plane of one vector of channels. */
void check_scale(checker *k, size_t pixels);

/* Every kernel of k->blocked. */
void blocked_test(checker *k);

/* ---- For the above ---- */

/* Calls `run` with every trial that an activation is put to, the guards now on this side, now on that. */
void trial_each(checker *k, const void *shape, kernel_activation activation,
                void (*run)(checker *k, const void *shape, const trial *t));

/* A guarded buffer of the trial's numbers; `stream` tells the buffers of one trial apart. */
guard trial_buffer(const checker *k, const trial *t, size_t count, int most, uint64_t stream);

/* Reports a failure if any of the buffers was written beside, and frees them. */
void trial_end(checker *k, guard *buffers, size_t count);

#endif
