/* SPDX-License-Identifier: Apache-2.0
 *
 * What training needs of kernels beside blocked.h: batch norm and activation applied where a tensor is read,
 * their derivatives with the sums that batch norm's own derivative stands on, and the weight gradients of
 * convolutions. The products forward, and those of gradients with transposed weights, are blocked.h's.
 *
 * Tensors keep the raw outputs of convolutions: what follows them is made again wherever it is read, which
 * costs less than to store and fetch it. Layouts, alignment and padding of channels are those of blocked.h.
 * Padding channels stay zero if their mean, gain and bias are zero.
 */
#ifndef KERNELS_BLOCKED_TRAINING_H
#define KERNELS_BLOCKED_TRAINING_H

#include "kernels/blocked/blocked.h"

/* Batch norm and activation of one vector of channels: s = gain (x - mean) + bias, y = act(s), by each
 * function's plain definition (no factor is folded in, as the kernels of inference have it). */
typedef struct blocked_norm {
    const float *mean, *gain, *bias; /* [V] */
    kernel_activation activation;
} blocked_norm;

/* out[r][p] = factor act(norm(x[r][p])) (+ add[r][p]) for r in [0, height), p in [0, width). */
typedef struct blocked_apply {
    blocked_norm norm;
    const float *x;
    size_t x_step; /* floats from row to row, as all steps here */
    size_t height, width;
    const float *factor; /* [V]; NULL: 1 */
    const float *add;    /* laid as x; NULL: none */
    float *out;          /* NULL: not stored */
    size_t out_step;
    float *sum; /* [V]: set to the sum of act(norm(x)) times factor; NULL: not wanted */
} blocked_apply;

/* The sums that derivatives need, over `pixels` pixels that lie one after the other, with g = dy act'(s) and
 * c = x - mean:
 *     sums[0] = sum of g, sums[1] = sum of g c,
 * and where they are asked for, those from which squeeze-and-excitation's part follows without another pass:
 *     sums[2] = sum of dy act(s), sums[3] = sum of act'(s), sums[4] = sum of act'(s) c.
 * The slope of ReLU6 is 0 at its corners, that of hard-swish 0 at -3 and 1 at 3. */
typedef struct blocked_slope {
    blocked_norm norm;
    const float *x;
    const float *dy; /* NULL: 1 */
    size_t pixels;
    float *out; /* g is stored here; NULL: nowhere; may be dy */
    bool raw;   /* what is stored is dy, not g */
    bool past;  /* stored past the caches: out is not read again soon */
    bool gated;
    float *sums; /* [2][V], gated: [5][V] */
} blocked_slope;

/* The derivative through activation and batch norm:
 *     out[r][p] = (factor dy[r][p] + offset) act'(s) + slope (x - mean) + constant
 * where act' and s are those of the norm. The caller puts into the four vectors what the sums have given. */
typedef struct blocked_undo {
    blocked_norm norm;
    const float *x;
    size_t x_step;
    const float *dy; /* NULL: 0 */
    size_t dy_step;
    size_t height, width;
    const float *factor, *offset, *slope, *constant; /* [V] */
    float *out;                                      /* may be dy */
    size_t out_step;
} blocked_undo;

/* The sum of `pixels` vectors and the sum of squares of what each differs from their mean; and a copy of
 * them, stored past the caches. */
typedef struct blocked_moments {
    const float *x;
    size_t pixels;
    float *sum, *squares; /* [V] each */
    float *copy;          /* NULL: none */
} blocked_moments;

/* The weight gradient of blocked_dot:
 *     out[r * length + i][n] += sum over p of x[p * x_pixel + r * x_row + i] * y[n][p]
 * for r in [0, rows), i in [0, length) ([0, last) for the last r), n over `vectors` vectors. */
typedef struct blocked_outer {
    const float *x;
    size_t x_pixel, x_row;
    size_t rows, length, last;
    const float *y; /* vector n of pixel p at y + n * y_block + p * V */
    size_t y_block;
    size_t vectors, pixels;
    float *out; /* [rows * length][vectors * V], rows out_step floats apart */
    size_t out_step;
} blocked_outer;

/* The weight gradient of a depthwise convolution, for one vector of channels:
 *     out[y][x] += sum over r, p of rows[r * stride + y][(p * stride + x) * V] * dy[r * dy_step + p * V]
 * for r in [0, height), p in [0, width), y and x in [0, kernel). */
typedef struct blocked_depthwise_outer {
    const float *const *rows; /* [(height - 1) * stride + kernel]: the leftmost vector that output 0 sees */
    const float *dy;
    size_t dy_step;
    size_t kernel, stride, height, width;
    float *out; /* [kernel][kernel][V] */
} blocked_depthwise_outer;

/* The input gradient of a depthwise convolution, for one vector of channels and rows [first, first + height)
 * of the input:
 *     out[r][p] = sum over y, x of dy[(first + r + pad_top - y) / stride][(p + pad_left - x) / stride] *
 * w[y][x] over those y and x in [0, kernel) that leave no remainder. dy[a][b] is at dy + a * dy_step + b * V
 * for all places that are seen, some of which are negative: the caller pads. */
typedef struct blocked_depthwise_back {
    const float *dy;
    ptrdiff_t dy_step;
    size_t kernel, stride, pad_top, pad_left;
    const float *weights; /* [kernel][kernel][V] */
    size_t first, height, width;
    float *out; /* [height][width][V] */
} blocked_depthwise_back;

/* out[c * out_step + r] = x[r * x_step + c] for r in [0, rows), c in [0, columns); rows up to V, zeros
 * for r from there to V. x and out need no alignment. */
typedef struct blocked_transpose {
    const float *x;
    size_t x_step, rows, columns;
    float *out;
    size_t out_step;
} blocked_transpose;

typedef struct blocked_training {
    cpu_level level;
    const char *outer_name, *depthwise_name;
    void (*apply)(const blocked_apply *job);
    void (*slope)(const blocked_slope *job);
    void (*undo)(const blocked_undo *job);
    void (*moments)(const blocked_moments *job);
    void (*outer)(const blocked_outer *job);
    void (*depthwise_outer)(const blocked_depthwise_outer *job);
    void (*depthwise_back)(const blocked_depthwise_back *job);
    void (*transpose)(const blocked_transpose *job);
} blocked_training;

/* The kernels that go with blocked_table_for(level); NULL if that is. */
const blocked_training *blocked_training_for(cpu_level level);

extern const blocked_training training_avx2, training_avx512, training_neon;

#endif
