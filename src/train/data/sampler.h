/* SPDX-License-Identifier: Apache-2.0
 *
 * Which pictures come in which step of an epoch, on which rank. In training, an epoch is a permutation of
 * all pictures, drawn from the seed and the epoch's number; step s takes the next batch x ranks of it, rank r
 * the r-th batch of these. So (epoch, step) is the whole state, no picture comes twice in an epoch, and ranks
 * only change who does the work. In evaluation the order is that of the data set.
 */
#ifndef TRAIN_DATA_SAMPLER_H
#define TRAIN_DATA_SAMPLER_H

#include "base/error.h"

typedef struct sampler {
    size_t items, batch; /* batch is that of one rank */
    size_t rank, ranks;
    uint64_t seed;
    bool training;
    uint64_t epoch; /* that `order` is of */
    uint32_t *order;
} sampler;

/* The share [*from, *to) of a rank in the pictures of a step, which are as many as *all: a batch for each, or
 * where there are not enough, the same number, but for one. */
void sampler_share(size_t items, size_t batch, size_t rank, size_t ranks, size_t step, size_t *from,
                   size_t *to, size_t *all);

/* `ranks` 0 counts as 1. EFFNET_ERR_ARGUMENT if there is nothing to do for a rank in training. */
effnet_status sampler_create(sampler *out, size_t items, size_t batch, size_t rank, size_t ranks,
                             uint64_t seed, bool training, effnet_error *error);
void sampler_free(sampler *s);

/* Steps of an epoch. In training, what does not fill a step on all ranks is left for another epoch, but a set
 * smaller than a step makes one short step. In evaluation nothing is left out. */
size_t sampler_steps(const sampler *s);

/* Writes the items of this rank in a step, at most `batch`, and returns how many; in the short step of an
 * evaluation there may be none. */
size_t sampler_take(uint32_t *items, sampler *s, uint64_t epoch, size_t step);

#endif
