/* SPDX-License-Identifier: Apache-2.0
 *
 * Batches of a data set's part, ready for the network: which pictures come is decided by seed, epoch and step
 * alone.
 */
#ifndef TRAIN_LOOP_FEED_H
#define TRAIN_LOOP_FEED_H

#include "base/pool.h"
#include "image/recipe.h"
#include "train/data/augment.h"
#include "train/data/dataset.h"
#include "train/update/loss.h"

typedef struct feed feed;

typedef struct feed_options {
    const dataset *data;
    effnet_part part;
    const recipe *recipe;
    int channels;
    const image_options *images;
    size_t batch;
    uint64_t seed;
    bool training;                  /* in an order that is drawn for each epoch, and only whole batches */
    const augment_options *augment; /* in training; NULL: pictures stay as they are */
    size_t rank, ranks;             /* batch is that of one rank; 0 ranks count as 1 */
    size_t cache;                   /* bytes of decoded pictures to keep */
    pool *team;                     /* decodes and augments */
    dataset_report *report;         /* of pictures that cannot be read, each once */
    void *context;
} feed_options;

typedef struct feed_batch {
    const float *images; /* [count][height][width][channels] */
    train_targets targets;
    size_t count; /* 0 where another rank has all that is left */
    size_t first; /* number of the first one in the step, over all ranks */
    size_t all;   /* of the step, on all ranks */
} feed_batch;

effnet_status feed_create(feed **out, const feed_options *options, effnet_error *error);
void feed_free(feed *f);

/* Steps of an epoch. */
size_t feed_steps(const feed *f);

/* The batch of a step, good until the next call. */
effnet_status feed_take(feed *f, uint64_t epoch, size_t step, feed_batch *out, effnet_error *error);

#endif
