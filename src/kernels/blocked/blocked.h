/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels over channel-blocked tensors, the layout of the fast engine: [channels / V][height][width][V] for
 * vectors of V floats. A pixel's V channels are one vector, neighbouring pixels are V floats apart whatever
 * the channel count, and one block of channels is one small plane: the unit in which blocks are fused and
 * divided among threads.
 *
 * Channels past the real count are zero in activations, weights and biases, and stay zero through every
 * kernel (every activation maps 0 to 0), so no kernel has a channel tail.
 *
 * For all kernels: pointers are aligned to the vector where they address whole vectors; nothing outside the
 * stated ranges is touched; sums are taken in an order that depends on the layer's shape only, never on the
 * range of one call.
 */
#ifndef KERNELS_BLOCKED_BLOCKED_H
#define KERNELS_BLOCKED_BLOCKED_H

#include <stddef.h>
#include <stdint.h>

#include "cpu/cpu.h"
#include "kernels/kernels.h"

enum { BLOCKED_MAX_PANEL = 3 }; /* vectors of output channels that one call makes */

/* A dot product of the same weights with many pixels:
 *     out[n][p] = act(bias[n] + sum over r, i of x[p * x_pixel + r * x_row + i] * w[r][i][n]) (+ add[n][p])
 * with r in [0, rows), i in [0, length) ([0, last) for the last r), and p in [0, pixels). As a pointwise
 * convolution, r counts the blocks of input channels (x_row: floats from block to block, x_pixel = length =
 * V); as the stem, r counts the kernel's rows (x_row: floats from image row to row, x_pixel: stride *
 * channels, length: kernel * channels).
 *
 * With `half`, for a pointwise convolution with an even number of inputs at a level that has `halves`, the
 * last vector of the panel has V / 2 outputs at most. Weights then are [inputs / 2][2 panel - 1][V]: for two
 * inputs the panel - 1 whole vectors of the first, those of the second, and one vector with the last outputs
 * of both in turn. */
typedef struct blocked_dot {
    const float *x;
    size_t x_pixel, x_row;
    size_t rows, length, last;
    const float *weights; /* [rows][length][panel][V], `last` in place of length in the last row */
    const float *bias;    /* [panel][V] */
    size_t panel;         /* vectors of outputs, 1 to BLOCKED_MAX_PANEL */
    bool half;            /* the last vector is half empty, see above */
    size_t pixels;        /* at least 1 */
    kernel_activation activation;
    float *out;            /* vector n of pixel p at out + n * out_block + place(p); NULL: not stored */
    size_t out_block;      /* floats */
    const uint32_t *place; /* [pixels]: where each pixel goes, in floats; NULL: p * V */
    const float *add;      /* residual, laid as out; NULL: none */
    float *sum; /* [panel][V]: the outputs of all pixels are added to it in order; NULL: not wanted */
} blocked_dot;

/* Rows of a depthwise convolution of one vector of channels:
 *     out[r][p] = act(bias + sum over y, x of rows[y][r * row_step + (p * stride + x) * V] * w[y][x])
 * for r in [0, height), p in [0, width). rows[y] addresses the leftmost vector that output 0 sees; the caller
 * pads. */
typedef struct blocked_depthwise {
    const float *const *rows; /* [kernel] */
    size_t row_step; /* floats from the rows of one output row to those of the next; free where height is 1 */
    size_t kernel, stride;
    const float *weights; /* [kernel][kernel][V] */
    const float *bias;    /* [V] */
    kernel_activation activation;
    float *out; /* [height][width][V] */
    size_t height, width;
    float
        *sum; /* [V], row r's at sum + r * sum_step: set to the sum of the row's outputs; NULL: not wanted */
    size_t sum_step; /* floats */
} blocked_depthwise;

/* One row of outputs of a linear layer for one input vector: out[n] = act(bias[n] + sum_k x[k] w[k][n]), n
 * over `vectors` vectors; weights [vectors in groups of dense_panel][k][group][V]. */
typedef struct blocked_dense {
    const float *x; /* [k] */
    size_t k;
    const float *weights, *bias;
    size_t first, end; /* vectors to compute; `first` a multiple of dense_panel, `end` too or all */
    size_t vectors;
    kernel_activation activation;
    float *out; /* [vectors][V] */
} blocked_dense;

/* What a level offers. The engine asks for V and widths here and knows no instruction set. */
typedef struct blocked_table {
    cpu_level level;
    size_t vector;      /* V */
    size_t dense_panel; /* vectors of a panel of the linear kernel */
    bool halves;        /* dot can be asked for panels with half a vector at the end */
    const char *dot_name, *depthwise_name, *dense_name;
    void (*dot)(const blocked_dot *job);
    void (*depthwise)(const blocked_depthwise *job);
    void (*dense)(const blocked_dense *job);
    void (*scale)(float *x, const float *gate, size_t pixels); /* x[p] *= gate, one vector of channels */
    void (*peak)(float *values, size_t rounds); /* kernel_peak's, of KERNEL_PEAK_CHAINS vectors */
} blocked_table;

/* The table of the best level up to `level`; NULL if the fast engine has none there. */
const blocked_table *blocked_table_for(cpu_level level);

extern const blocked_table blocked_avx2, blocked_avx512, blocked_neon;

#endif
