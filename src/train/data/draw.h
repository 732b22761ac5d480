/* SPDX-License-Identifier: Apache-2.0
 *
 * Random draws for one picture in one epoch: a pure function of seed, purpose, epoch and picture, so that
 * they come out the same on any thread, in any batch and on any rank, and after any stop.
 */
#ifndef TRAIN_DATA_DRAW_H
#define TRAIN_DATA_DRAW_H

#include <stdbool.h>

#include "base/rng.h"

typedef struct draws {
    uint64_t key, next;
} draws;

static inline draws draws_for(uint64_t seed, const char *purpose, uint64_t epoch, uint64_t item)
{
    return (draws){.key = rng_bits(rng_bits(rng_key(seed, purpose), epoch), item)};
}

/* Uniform in [low, high). */
static inline double draw_between(draws *d, double low, double high)
{
    return low + (high - low) * ((double)(rng_bits(d->key, d->next++) >> 11) * 0x1p-53);
}

/* True with that probability. */
static inline bool draw_chance(draws *d, double probability)
{
    return draw_between(d, 0, 1) < probability;
}

/* Uniform in 0 .. count - 1; `count` at least 1. The largest difference between two probabilities is 2^-32.
 */
static inline uint32_t draw_below(draws *d, uint32_t count)
{
    return (uint32_t)((rng_bits(d->key, d->next++) >> 32) * count >> 32);
}

/* Beta(alpha, alpha), alpha above 0. */
double draw_beta(draws *d, double alpha);

/* Writes a permutation of 0 .. count - 1: each is as likely as any other. */
void draw_order(uint32_t *order, uint32_t count, draws *d);

#endif
