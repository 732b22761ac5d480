/* SPDX-License-Identifier: Apache-2.0
 *
 * The bodies of the weight gradients of pointwise convolutions and of the stem, and of the transposition that
 * packing is made of.
 *
 * A tile is M inputs by N vectors of outputs, held in registers over all pixels: every pixel loads N vectors
 * of y and broadcasts M values of x for M * N multiply-adds.
 */
#ifndef KERNELS_BLOCKED_OUTER_H
#define KERNELS_BLOCKED_OUTER_H

#include "kernels/blocked/training.h"

/* x_pixel is the constant V for pointwise convolutions: addresses then are immediate offsets. */
INLINE void outer_sum(vec *acc, const blocked_outer *job, const float *x, size_t x_pixel, const float *y,
                      const int M, const int N)
{
    for (size_t p = 0; p < job->pixels; p++, x += x_pixel, y += V) {
        vec column[BLOCKED_MAX_PANEL];
        UNROLL for (int n = 0; n < N; n++)
        {
            column[n] = vec_load(y + (size_t)n * job->y_block);
            vec_keep(&column[n]);
        }
        UNROLL for (int m = 0; m < M; m++)
        {
            const vec input = vec_broadcast(x + m);
            UNROLL for (int n = 0; n < N; n++)
            {
                acc[m * N + n] = vec_fma(input, column[n], acc[m * N + n]);
                vec_keep(&acc[m * N + n]);
            }
        }
    }
}

INLINE void outer_tile(const blocked_outer *job, const float *x, const float *y, float *out, const int M,
                       const int N)
{
    vec acc[OUTER_MAX_TILE];
    UNROLL for (int m = 0; m < M; m++) UNROLL for (int n = 0; n < N; n++) acc[m * N + n] =
        vec_load(out + (size_t)m * job->out_step + n * V);
    if (job->x_pixel == V)
        outer_sum(acc, job, x, V, y, M, N);
    else
        outer_sum(acc, job, x, job->x_pixel, y, M, N);
    UNROLL for (int m = 0; m < M; m++) UNROLL for (int n = 0; n < N; n++)
        vec_store(out + (size_t)m * job->out_step + n * V, acc[m * N + n]);
}

#define OUTER_INSTANCE(M, N)                                                                                 \
    static void outer_##M##x##N(const blocked_outer *job, const float *x, const float *y, float *out)        \
    {                                                                                                        \
        outer_tile(job, x, y, out, M, N);                                                                    \
    }
#define OUTER_ENTRY(M, N) [(N)-1][(M)-1] = outer_##M##x##N,
OUTER_TILES(OUTER_INSTANCE)

typedef void (*outer_function)(const blocked_outer *job, const float *x, const float *y, float *out);
static const outer_function outer_tiles[BLOCKED_MAX_PANEL][OUTER_MAX_INPUTS] = {OUTER_TILES(OUTER_ENTRY)};

/* All inputs of one row against N vectors from y. */
static void outer_row(const blocked_outer *job, size_t row, const float *y, float *out, size_t N)
{
    const outer_function *functions = outer_tiles[N - 1];
    const size_t length = row + 1 < job->rows ? job->length : job->last;
    const float *x = job->x + row * job->x_row;
    out += row * job->length * job->out_step;
    for (size_t i = 0, m; i < length; i += m) {
        m = length - i < OUTER_INPUTS(N) ? length - i : OUTER_INPUTS(N);
        functions[m - 1](job, x + i, y, out + i * job->out_step);
    }
}

/* Vectors go in threes; a single one at the end would be slow, so four are two twos. */
static void outer(const blocked_outer *job)
{
    for (size_t n = 0, N; n < job->vectors; n += N) {
        const size_t left = job->vectors - n;
        N = left == 4 || left == 2 ? 2 : left < 3 ? left : 3;
        for (size_t row = 0; row < job->rows; row++)
            outer_row(job, row, job->y + n * job->y_block, job->out + n * V, N);
    }
}

/* ---- Transposition ---- */

/* Fewer than V rows, or the last columns. */
static void transpose_edge(const blocked_transpose *job, size_t first)
{
    for (size_t c = first; c < job->columns; c++)
        for (size_t r = 0; r < V; r++)
            job->out[c * job->out_step + r] = r < job->rows ? job->x[r * job->x_step + c] : 0;
}

static void transpose(const blocked_transpose *job)
{
    size_t c = 0;
    for (; job->rows == V && c + V <= job->columns; c += V) {
        vec square[V];
        UNROLL for (int r = 0; r < V; r++) square[r] = vec_load(job->x + (size_t)r * job->x_step + c);
        vec_transpose(square);
        UNROLL for (int r = 0; r < V; r++) vec_store(job->out + (c + (size_t)r) * job->out_step, square[r]);
    }
    transpose_edge(job, c);
}

#endif
