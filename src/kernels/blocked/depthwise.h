/* SPDX-License-Identifier: Apache-2.0
 *
 * The body of the depthwise kernel, written once over a vector type. A tile is T neighbouring outputs in
 * registers; each input is loaded once and used for every output that sees it, with one row of the kernel's
 * weights in registers.
 */
#ifndef KERNELS_BLOCKED_DEPTHWISE_H
#define KERNELS_BLOCKED_DEPTHWISE_H

#include "kernels/blocked/activate.h"
#include "kernels/blocked/blocked.h"

enum { DEPTHWISE_MAX_KERNEL = 5 }; /* of the unrolled instances; others take the general path */

INLINE void depthwise_row(vec *acc, const float *x, const float *weights, const int T, const int K,
                          const int S)
{
    vec w[DEPTHWISE_MAX_KERNEL];
    UNROLL for (int k = 0; k < K; k++) w[k] = vec_load(weights + k * V);
    UNROLL for (int i = 0; i < (T - 1) * S + K; i++)
    {
        vec input = vec_load(x + i * V);
        vec_keep(&input);
        UNROLL for (int k = K - 1; k >= 0; k--) if (i >= k && (i - k) % S == 0 && (i - k) / S < T)
            acc[(i - k) / S] = vec_fma(input, w[k], acc[(i - k) / S]);
    }
}

INLINE void depthwise_tile(const blocked_depthwise *job, size_t row, size_t first, const int T, const int K,
                           const int S)
{
    vec acc[DEPTHWISE_MAX_TILE];
    const vec bias = vec_load(job->bias);
    UNROLL for (int t = 0; t < T; t++) acc[t] = bias;
    for (int y = 0; y < K; y++)
        depthwise_row(acc, job->rows[y] + row * job->row_step + first * (size_t)S * V,
                      job->weights + y * K * V, T, K, S);
    activate(acc, T, job->activation);
    UNROLL for (int t = 0; t < T; t++)
        vec_store(job->out + (row * job->width + first + (size_t)t) * V, acc[t]);
}

/* Any kernel and stride, one output at a time. */
static void depthwise_general(const blocked_depthwise *job, size_t row, size_t first)
{
    vec acc = vec_load(job->bias);
    const float *w = job->weights;
    for (size_t y = 0; y < job->kernel; y++)
        for (size_t x = 0; x < job->kernel; x++, w += V)
            acc = vec_fma(vec_load(job->rows[y] + row * job->row_step + (first * job->stride + x) * V),
                          vec_load(w), acc);
    activate(&acc, 1, job->activation);
    vec_store(job->out + (row * job->width + first) * V, acc);
}

typedef void (*depthwise_function)(const blocked_depthwise *job, size_t row, size_t first);

#define DEPTHWISE_INSTANCE(T, K, S)                                                                          \
    static void depthwise_##T##_k##K##s##S(const blocked_depthwise *job, size_t row, size_t first)           \
    {                                                                                                        \
        depthwise_tile(job, row, first, T, K, S);                                                            \
    }
#define DEPTHWISE_ENTRY(T, K, S) [(T)-1] = depthwise_##T##_k##K##s##S,
DEPTHWISE_TILES(DEPTHWISE_INSTANCE, 3, 1)
DEPTHWISE_TILES(DEPTHWISE_INSTANCE, 3, 2)
DEPTHWISE_TILES(DEPTHWISE_INSTANCE, 5, 1)
DEPTHWISE_TILES(DEPTHWISE_INSTANCE, 5, 2)

static const depthwise_function *depthwise_tiles(size_t kernel, size_t stride)
{
    static const depthwise_function k3s1[] = {DEPTHWISE_TILES(DEPTHWISE_ENTRY, 3, 1)};
    static const depthwise_function k3s2[] = {DEPTHWISE_TILES(DEPTHWISE_ENTRY, 3, 2)};
    static const depthwise_function k5s1[] = {DEPTHWISE_TILES(DEPTHWISE_ENTRY, 5, 1)};
    static const depthwise_function k5s2[] = {DEPTHWISE_TILES(DEPTHWISE_ENTRY, 5, 2)};
    static const depthwise_function any[] = {depthwise_general};
    if (kernel == 3 && stride <= 2) return stride == 1 ? k3s1 : k3s2;
    if (kernel == 5 && stride <= 2) return stride == 1 ? k5s1 : k5s2;
    return any;
}

/* The sum of a row, in four chains so that additions overlap; the order depends on the width only. */
INLINE vec sum_of(const float *x, size_t width)
{
    vec chain[4] = {vec_set(0), vec_set(0), vec_set(0), vec_set(0)};
    size_t p = 0;
    for (; p + 4 <= width; p += 4)
        UNROLL for (size_t i = 0; i < 4; i++) chain[i] = vec_add(chain[i], vec_load(x + (p + i) * V));
    for (; p < width; p++)
        chain[0] = vec_add(chain[0], vec_load(x + p * V));
    return vec_add(vec_add(chain[0], chain[1]), vec_add(chain[2], chain[3]));
}

static void depthwise(const blocked_depthwise *job)
{
    const depthwise_function *tiles = depthwise_tiles(job->kernel, job->stride);
    const bool unrolled = tiles[0] != depthwise_general;
    const size_t widest = unrolled ? DEPTHWISE_MAX_TILE : 1, count = (job->width + widest - 1) / widest;
    for (size_t row = 0; row < job->height; row++) {
        for (size_t t = 0, first = 0; t < count; t++) {
            const size_t size = (job->width - first + count - t - 1) / (count - t);
            tiles[size - 1](job, row, first);
            first += size;
        }
        if (job->sum)
            vec_store(job->sum + row * job->sum_step, sum_of(job->out + row * job->width * V, job->width));
    }
}

#endif
