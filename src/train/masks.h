/* SPDX-License-Identifier: Apache-2.0
 *
 * Which branches and features a training pass drops: one draw by counter for each (run, step, image, place),
 * the same in every implementation of the step, for any number of threads, ranks and passes.
 */
#ifndef TRAIN_MASKS_H
#define TRAIN_MASKS_H

#include "base/rng.h"
#include "train/step.h"

/* A draw is kept if it is at least the rate, which is floor(1 - rate + draw) = 1 in the source's utils.py. */
static inline bool train_keeps(const train_pass *pass, const char *purpose, uint64_t index, double rate)
{
    return rng_uniform(rng_bits(rng_key(pass->seed, purpose), pass->step), index) >= rate;
}

/* What the branch of `block` is multiplied by in image number `image` of the pass: 0, or 1 / (1 - rate). */
static inline double train_branch_scale(const train_pass *pass, const net_block *block, size_t number,
                                        size_t image)
{
    if (pass->mode != TRAIN_LEARN || !block->residual || block->drop_rate <= 0) return 1;
    const uint64_t index = (pass->first_image + image) * NET_MAX_BLOCKS + number;
    return train_keeps(pass, "drop-connect", index, block->drop_rate) ? 1 / (1 - block->drop_rate) : 0;
}

/* Dropout of a pass. */
typedef struct train_dropout {
    double rate; /* 0: nothing is dropped */
    uint64_t draws, first_image;
} train_dropout;

static inline train_dropout train_dropout_of(const train_pass *pass, const net_arch *arch)
{
    if (pass->mode != TRAIN_LEARN || arch->classes == 0 || arch->dropout <= 0) return (train_dropout){0};
    return (train_dropout){arch->dropout, rng_bits(rng_key(pass->seed, "dropout"), pass->step),
                           pass->first_image};
}

/* What pooled feature `feature` is multiplied by: 0, or 1 / (1 - rate). */
static inline double train_feature_scale(const train_dropout *d, size_t image, size_t feature)
{
    const uint64_t index = (d->first_image + image) * NET_MAX_CHANNELS + feature;
    return d->rate <= 0 ? 1 : rng_uniform(d->draws, index) >= d->rate ? 1 / (1 - d->rate) : 0;
}

#endif
