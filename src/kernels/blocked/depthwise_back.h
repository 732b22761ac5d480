/* SPDX-License-Identifier: Apache-2.0
 *
 * The bodies of the depthwise convolution's two gradients.
 *
 * Weights: a tile of outputs' gradients is in registers together with the sums of one or more rows of the
 * kernel, which stay there over all rows of the plane; each input is loaded once for a row of the kernel.
 *
 * Inputs: gathered, not scattered. Of a kernel with stride S, the inputs of one remainder by S see the same
 * few columns of the kernel, so they are a row of a convolution with stride 1 by those columns; nothing is
 * dilated.
 */
#ifndef KERNELS_BLOCKED_DEPTHWISE_BACK_H
#define KERNELS_BLOCKED_DEPTHWISE_BACK_H

#include "kernels/blocked/training.h"

enum { BACK_MAX_KERNEL = 5 }; /* of the unrolled instances; others take the general path */

/* ---- Weights ---- */

/* T outputs of one row for kernel rows [y, y + Y). */
INLINE void depthwise_outer_step(vec *acc, const float *const *rows, const float *dy, size_t column,
                                 const int T, const int Y, const int K, const int S)
{
    vec gradient[DEPTHWISE_OUTER_TILE];
    UNROLL for (int t = 0; t < T; t++)
    {
        gradient[t] = vec_load(dy + (column + (size_t)t) * V);
        vec_keep(&gradient[t]);
    }
    UNROLL for (int y = 0; y < Y; y++)
    {
        const float *x = rows[y] + column * (size_t)S * V;
        UNROLL for (int i = 0; i < (T - 1) * S + K; i++)
        {
            vec input = vec_load(x + i * V);
            vec_keep(&input);
            UNROLL for (int k = K - 1; k >= 0; k--) if (i >= k && (i - k) % S == 0 && (i - k) / S < T)
                acc[y * K + k] = vec_fma(input, gradient[(i - k) / S], acc[y * K + k]);
        }
    }
}

INLINE void depthwise_outer_rows(const blocked_depthwise_outer *job, size_t y, const int Y, const int K,
                                 const int S)
{
    vec acc[BACK_MAX_KERNEL * BACK_MAX_KERNEL];
    float *out = job->out + y * (size_t)K * V;
    UNROLL for (int k = 0; k < Y * K; k++) acc[k] = vec_load(out + k * V);
    for (size_t r = 0; r < job->height; r++) {
        const float *const *rows = job->rows + r * (size_t)S + y, *dy = job->dy + r * job->dy_step;
        size_t p = 0;
        for (; p + DEPTHWISE_OUTER_TILE <= job->width; p += DEPTHWISE_OUTER_TILE)
            depthwise_outer_step(acc, rows, dy, p, DEPTHWISE_OUTER_TILE, Y, K, S);
        if (p + 2 <= job->width) {
            depthwise_outer_step(acc, rows, dy, p, 2, Y, K, S);
            p += 2;
        }
        if (p < job->width) depthwise_outer_step(acc, rows, dy, p, 1, Y, K, S);
    }
    UNROLL for (int k = 0; k < Y * K; k++) vec_store(out + k * V, acc[k]);
}

/* Kernel rows in groups of Y. */
INLINE void depthwise_outer_kind(const blocked_depthwise_outer *job, const int Y, const int K, const int S)
{
    size_t y = 0;
    for (; y + (size_t)Y <= (size_t)K; y += (size_t)Y)
        depthwise_outer_rows(job, y, Y, K, S);
    if (y < (size_t)K) depthwise_outer_rows(job, y, K % Y > 0 ? K % Y : 1, K, S);
}

/* Any kernel and stride, one weight at a time. */
static void depthwise_outer_general(const blocked_depthwise_outer *job)
{
    for (size_t y = 0; y < job->kernel; y++)
        for (size_t x = 0; x < job->kernel; x++) {
            float *out = job->out + (y * job->kernel + x) * V;
            vec acc = vec_load(out);
            for (size_t r = 0; r < job->height; r++)
                for (size_t p = 0; p < job->width; p++)
                    acc = vec_fma(vec_load(job->rows[r * job->stride + y] + (p * job->stride + x) * V),
                                  vec_load(job->dy + r * job->dy_step + p * V), acc);
            vec_store(out, acc);
        }
}

static void depthwise_outer(const blocked_depthwise_outer *job)
{
    if (job->kernel == 3 && job->stride == 1)
        depthwise_outer_kind(job, 3, 3, 1);
    else if (job->kernel == 3 && job->stride == 2)
        depthwise_outer_kind(job, 3, 3, 2);
    else if (job->kernel == 5 && job->stride == 1)
        depthwise_outer_kind(job, DEPTHWISE_OUTER_ROWS, 5, 1);
    else if (job->kernel == 5 && job->stride == 2)
        depthwise_outer_kind(job, DEPTHWISE_OUTER_ROWS, 5, 2);
    else
        depthwise_outer_general(job);
}

/* ---- Inputs ---- */

/* What the inputs of one row and one remainder have in common: `taps` kernel rows from `y` on, `columns`
 * kernel columns from `x` on, each `stride` apart. Input number j of them sees dy[row - a][column + j - b]
 * for tap (a, b). */
typedef struct back_row {
    const blocked_depthwise_back *job;
    size_t y, x, taps, columns;
    const float *dy; /* of tap (0, 0) and the first input */
    float *out;      /* of the first input */
} back_row;

/* Inputs [first, first + T) by X columns of the kernel. */
INLINE void back_tile(const back_row *row, size_t first, const int T, const int X)
{
    const blocked_depthwise_back *job = row->job;
    const size_t tap_step = job->stride * job->kernel * V, column_step = job->stride * V;
    const float *w = job->weights + (row->y * job->kernel + row->x) * V;
    const float *dy = row->dy + first * V;
    vec acc[DEPTHWISE_MAX_TILE];
    UNROLL for (int t = 0; t < T; t++) acc[t] = vec_set(0);
    for (size_t a = 0; a < row->taps; a++, w += tap_step, dy -= job->dy_step) {
        vec weight[BACK_MAX_KERNEL];
        UNROLL for (int x = 0; x < X; x++) weight[x] = vec_load(w + (size_t)x * column_step);
        UNROLL for (int i = 0; i < T + X - 1; i++)
        {
            vec gradient = vec_load(dy + (i - (X - 1)) * V);
            vec_keep(&gradient);
            UNROLL for (int x = 0; x < X; x++)
            {
                const int t = i - (X - 1) + x;
                if (t >= 0 && t < T) acc[t] = vec_fma(gradient, weight[x], acc[t]);
            }
        }
    }
    UNROLL for (int t = 0; t < T; t++) vec_store(row->out + (first + (size_t)t) * column_step, acc[t]);
}

/* One input by any columns. */
static void back_general(const back_row *row, size_t first)
{
    const blocked_depthwise_back *job = row->job;
    vec acc = vec_set(0);
    for (size_t a = 0; a < row->taps; a++)
        for (size_t b = 0; b < row->columns; b++) {
            const size_t y = row->y + a * job->stride, x = row->x + b * job->stride;
            const float *dy = row->dy - (ptrdiff_t)a * job->dy_step + ((ptrdiff_t)first - (ptrdiff_t)b) * V;
            acc = vec_fma(vec_load(dy), vec_load(job->weights + (y * job->kernel + x) * V), acc);
        }
    vec_store(row->out + first * job->stride * V, acc);
}

typedef void (*back_function)(const back_row *row, size_t first);

#define BACK_INSTANCE(T, X, S)                                                                               \
    static void back_##T##x##X(const back_row *row, size_t first)                                            \
    {                                                                                                        \
        back_tile(row, first, T, X);                                                                         \
    }
#define BACK_ENTRY(T, X, S) [(T)-1] = back_##T##x##X,
DEPTHWISE_TILES(BACK_INSTANCE, 1, 1)
DEPTHWISE_TILES(BACK_INSTANCE, 2, 1)
DEPTHWISE_TILES(BACK_INSTANCE, 3, 1)
DEPTHWISE_TILES(BACK_INSTANCE, 5, 1)

static const back_function *back_functions(size_t columns)
{
    static const back_function one[] = {DEPTHWISE_TILES(BACK_ENTRY, 1, 1)};
    static const back_function two[] = {DEPTHWISE_TILES(BACK_ENTRY, 2, 1)};
    static const back_function three[] = {DEPTHWISE_TILES(BACK_ENTRY, 3, 1)};
    static const back_function five[] = {DEPTHWISE_TILES(BACK_ENTRY, 5, 1)};
    switch (columns) {
    case 1: return one;
    case 2: return two;
    case 3: return three;
    case 5: return five;
    default: return NULL;
    }
}

static void back_inputs(const back_row *row, size_t count)
{
    const back_function *functions = back_functions(row->columns);
    if (!functions) {
        for (size_t p = 0; p < count; p++)
            back_general(row, p);
        return;
    }
    const size_t tiles = (count + DEPTHWISE_MAX_TILE - 1) / DEPTHWISE_MAX_TILE;
    for (size_t t = 0, first = 0; t < tiles; t++) {
        const size_t size = (count - first + tiles - t - 1) / (tiles - t);
        functions[size - 1](row, first);
        first += size;
    }
}

static void depthwise_back(const blocked_depthwise_back *job)
{
    const size_t S = job->stride;
    for (size_t r = 0; r < job->height; r++)
        for (size_t p = 0; p < S && p < job->width; p++) {
            const size_t top = job->first + r + job->pad_top, left = p + job->pad_left;
            const size_t y = top % S, x = left % S;
            const back_row row = {
                .job = job,
                .y = y,
                .x = x,
                .taps = y < job->kernel ? (job->kernel - y + S - 1) / S : 0,
                .columns = x < job->kernel ? (job->kernel - x + S - 1) / S : 0,
                .dy = job->dy + (ptrdiff_t)(top / S) * job->dy_step + (ptrdiff_t)(left / S) * V,
                .out = job->out + (r * job->width + p) * V,
            };
            back_inputs(&row, (job->width - p + S - 1) / S);
        }
}

#endif
