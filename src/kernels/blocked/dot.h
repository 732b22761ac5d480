/* SPDX-License-Identifier: Apache-2.0
 *
 * The body of the dot kernel (pointwise convolutions and the stem), written once over a vector type. A file
 * per instruction set defines vec and its operations (vec_<isa>.h) and DOT_TILES, then includes this.
 *
 * A tile is P pixels by N vectors of outputs held in registers over the whole sum: every step loads N weights
 * and broadcasts P inputs for P * N multiply-adds. Tile sizes are constants in each instance, so that all
 * loops over a tile unroll and the accumulators live in registers under gcc and clang alike.
 */
#ifndef KERNELS_BLOCKED_DOT_H
#define KERNELS_BLOCKED_DOT_H

#include "kernels/blocked/activate.h"
#include "kernels/blocked/blocked.h"

enum { DOT_FAR = 2048 }; /* floats of a panel from which its successor is asked for ahead */

/* Adds input i of P pixels times N vectors of weights. */
INLINE void dot_step(vec *acc, const float *x, size_t x_pixel, const float *w, const int P, const int N)
{
    vec weight[BLOCKED_MAX_PANEL];
    UNROLL for (int n = 0; n < N; n++)
    {
        weight[n] = vec_load(w + n * V);
        vec_keep(&weight[n]);
    }
    UNROLL for (int p = 0; p < P; p++)
    {
        const vec input = vec_broadcast(x + (size_t)p * x_pixel);
        UNROLL for (int n = 0; n < N; n++)
        {
            acc[p * N + n] = vec_fma(input, weight[n], acc[p * N + n]);
            vec_keep(&acc[p * N + n]);
        }
    }
}

/* The sum of one tile. x_pixel is the constant V for pointwise convolutions: addresses then are immediate
 * offsets. `ahead` runs through the weights that the next call will read, which follow these in memory;
 * NULL where it is not worth it. */
INLINE void dot_sum(vec *acc, const blocked_dot *job, const float *x, size_t x_pixel, const float *ahead,
                    const int P, const int N)
{
    const float *w = job->weights;
    UNROLL for (int p = 0; p < P; p++) UNROLL for (int n = 0; n < N; n++) acc[p * N + n] =
        vec_load(job->bias + n * V);
    for (size_t r = 0; r < job->rows; r++, x += job->x_row) {
        const size_t length = r + 1 < job->rows ? job->length : job->last;
        if (ahead) {
            UNROLL for (int line = 0; line < DOT_AHEAD; line++) __builtin_prefetch(ahead + line * LINE, 0, 2);
            ahead += V * N * V;
        }
        if (x_pixel == V && length == V) {
            UNROLL for (int i = 0; i < V; i++, w += N * V) dot_step(acc, x + i, V, w, P, N);
        } else {
            for (size_t i = 0; i < length; i++, w += N * V)
                dot_step(acc, x + i, x_pixel, w, P, N);
        }
    }
}

/* Everything an output may need but the plain store. */
INLINE void dot_finish_pixel(const vec *acc, const blocked_dot *job, size_t at, const int N)
{
    UNROLL for (int n = 0; n < N; n++)
    {
        vec y = acc[n];
        if (job->add) y = vec_add(y, vec_load(job->add + (size_t)n * job->out_block + at));
        if (job->out) vec_store(job->out + (size_t)n * job->out_block + at, y);
        if (job->sum) vec_store(job->sum + n * V, vec_add(vec_load(job->sum + n * V), y));
    }
}

INLINE void dot_finish(const vec *acc, const blocked_dot *job, size_t first, const int P, const int N)
{
    if (job->out && !job->add && !job->sum && !job->place) {
        float *out = job->out + first * V;
        UNROLL for (int n = 0; n < N; n++, out += job->out_block) UNROLL for (int p = 0; p < P; p++)
            vec_store(out + p * V, acc[p * N + n]);
        return;
    }
    UNROLL for (int p = 0; p < P; p++)
    {
        const size_t pixel = first + (size_t)p;
        dot_finish_pixel(acc + p * N, job, job->place ? job->place[pixel] : pixel * V, N);
    }
}

INLINE void dot_tile(const blocked_dot *job, size_t first, const float *ahead, const int P, const int N)
{
    vec acc[DOT_MAX_TILE];
    const float *x = job->x + first * job->x_pixel;
    if (job->x_pixel == V)
        dot_sum(acc, job, x, V, ahead, P, N);
    else
        dot_sum(acc, job, x, job->x_pixel, ahead, P, N);
    activate(acc, P * N, job->activation);
    dot_finish(acc, job, first, P, N);
}

#define DOT_INSTANCE(P, N)                                                                                   \
    static void dot_##P##x##N(const blocked_dot *job, size_t first, const float *ahead)                      \
    {                                                                                                        \
        dot_tile(job, first, ahead, P, N);                                                                   \
    }
#define DOT_ENTRY(P, N) [(N)-1][(P)-1] = dot_##P##x##N,
DOT_TILES(DOT_INSTANCE)

typedef void (*dot_function)(const blocked_dot *job, size_t first, const float *ahead);
static const dot_function dot_tiles[BLOCKED_MAX_PANEL][DOT_MAX_PIXELS] = {DOT_TILES(DOT_ENTRY)};

/* Pixels of a tile. Swish wants registers for its own. */
static size_t dot_widest(const blocked_dot *job)
{
    static const size_t widest[BLOCKED_MAX_PANEL] = {DOT_WIDEST_1, DOT_WIDEST_2, DOT_WIDEST_3};
    return job->panel == 2 && job->activation == KERNEL_SWISH ? DOT_WIDEST_SWISH : widest[job->panel - 1];
}

/* Pixels are cut into the fewest tiles, of sizes that differ by at most one: no thin tile at the end. The
 * first tiles ask for the weights of the next call, a few lines with every V inputs, where those are many
 * enough to fall out of the first cache. */
static void dot(const blocked_dot *job)
{
    const dot_function *functions = dot_tiles[job->panel - 1];
    const size_t widest = dot_widest(job), tiles = (job->pixels + widest - 1) / widest;
    const size_t size = job->pixels / tiles, larger = job->pixels % tiles;
    const size_t step = V * job->panel * V, weights = job->rows * step;
    const float *next = job->weights + ((job->rows - 1) * job->length + job->last) * job->panel * V;
    for (size_t t = 0, first = 0; t < tiles; t++) {
        const size_t pixels = size + (t < larger), line = t * DOT_AHEAD * LINE;
        functions[pixels - 1](job, first, weights >= DOT_FAR && line < step ? next + line : NULL);
        first += pixels;
    }
}

#endif
