/* SPDX-License-Identifier: Apache-2.0
 *
 * The dot kernel for panels whose last vector is half empty (24 or 40 channels in vectors of 16). Multiplying
 * by zeros there would waste up to a quarter of the work, so that vector takes two inputs at a time: lane
 * 2 j of its weights belongs to the first, lane 2 j + 1 to the second, and the two sums of an output are
 * added at the end. Only for vectors that are wide enough for it to matter.
 */
#ifndef KERNELS_BLOCKED_DOT_HALF_H
#define KERNELS_BLOCKED_DOT_HALF_H

#include "kernels/blocked/dot.h"

/* Adds inputs i and i + 1 of P pixels: N - 1 whole vectors of weights for each, then the shared one. */
INLINE void dot_half_step(vec *acc, const float *x, const float *w, const int P, const int N)
{
    vec weight[2 * BLOCKED_MAX_PANEL - 1];
    UNROLL for (int n = 0; n < 2 * N - 1; n++)
    {
        weight[n] = vec_load(w + n * V);
        vec_keep(&weight[n]);
    }
    UNROLL for (int p = 0; p < P; p++)
    {
        const float *pixel = x + p * V;
        const vec first = vec_broadcast(pixel), second = vec_broadcast(pixel + 1);
        UNROLL for (int n = 0; n < N - 1; n++)
        {
            vec *sum = &acc[p * N + n];
            *sum = vec_fma(first, weight[n], *sum);
            *sum = vec_fma(second, weight[N - 1 + n], *sum);
            vec_keep(sum);
        }
        vec *shared = &acc[p * N + N - 1];
        *shared = vec_fma(vec_broadcast_pair(pixel), weight[2 * N - 2], *shared);
        vec_keep(shared);
    }
}

INLINE void dot_half_sum(vec *acc, const blocked_dot *job, const float *x, const int P, const int N)
{
    const float *w = job->weights;
    UNROLL for (int p = 0; p < P; p++)
    {
        UNROLL for (int n = 0; n < N - 1; n++) acc[p * N + n] = vec_load(job->bias + n * V);
        acc[p * N + N - 1] = vec_set(0);
    }
    for (size_t r = 0; r < job->rows; r++, x += job->x_row) {
        const size_t length = r + 1 < job->rows ? job->length : job->last;
        if (length == V) {
            UNROLL for (int i = 0; i < V; i += 2, w += (2 * N - 1) * V) dot_half_step(acc, x + i, w, P, N);
        } else {
            for (size_t i = 0; i < length; i += 2, w += (2 * N - 1) * V)
                dot_half_step(acc, x + i, w, P, N);
        }
    }
    const vec bias = vec_load(job->bias + (N - 1) * V);
    UNROLL for (int p = 0; p < P; p++) acc[p * N + N - 1] = vec_add(vec_sum_pairs(acc[p * N + N - 1]), bias);
}

INLINE void dot_half_tile(const blocked_dot *job, size_t first, const int P, const int N)
{
    vec acc[DOT_MAX_TILE];
    dot_half_sum(acc, job, job->x + first * V, P, N);
    activate(acc, P * N, job->activation);
    dot_finish(acc, job, first, P, N);
}

#define DOT_HALF_INSTANCE(P, N)                                                                              \
    static void dot_half_##P##x##N(const blocked_dot *job, size_t first)                                     \
    {                                                                                                        \
        dot_half_tile(job, first, P, N);                                                                     \
    }
#define DOT_HALF_ENTRY(P, N) [(N)-1][(P)-1] = dot_half_##P##x##N,
DOT_HALF_TILES(DOT_HALF_INSTANCE)

typedef void (*dot_half_function)(const blocked_dot *job, size_t first);
static const dot_half_function dot_half_tiles[BLOCKED_MAX_PANEL][DOT_HALF_PIXELS] = {
    DOT_HALF_TILES(DOT_HALF_ENTRY)};

static void dot_half(const blocked_dot *job)
{
    const dot_half_function *functions = dot_half_tiles[job->panel - 1];
    const size_t tiles = (job->pixels + DOT_HALF_PIXELS - 1) / DOT_HALF_PIXELS;
    const size_t size = job->pixels / tiles, larger = job->pixels % tiles;
    for (size_t t = 0, first = 0; t < tiles; t++) {
        const size_t pixels = size + (t < larger);
        functions[pixels - 1](job, first);
        first += pixels;
    }
}

/* The kernel of a level that has both. */
static void dot_any(const blocked_dot *job)
{
    if (job->half)
        dot_half(job);
    else
        dot(job);
}

#endif
