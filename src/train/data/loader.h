/* SPDX-License-Identifier: Apache-2.0
 *
 * Batches for a network, made ahead on threads of the loader's own, and by whoever waits for one. The same
 * bits come in the same order for any number of threads: each input is a pure function of seed, epoch and
 * picture.
 *
 * A picture that cannot be read is reported once and replaced by another one, drawn by (seed, epoch,
 * picture). Where more than one in a hundred cannot be read, that is an error.
 */
#ifndef TRAIN_DATA_LOADER_H
#define TRAIN_DATA_LOADER_H

#include "image/recipe.h"
#include "train/data/augment.h"
#include "train/data/dataset.h"
#include "train/update/loss.h"

typedef struct loader loader;

/* Zero is the default of each. */
typedef struct loader_options {
    const recipe *recipe;           /* the network's input and numbers; needed */
    int channels;                   /* 1 or 3; 0 stands for 3 */
    const augment_options *augment; /* training, in random order; NULL: evaluation by the recipe, in order */
    size_t batch;                   /* pictures of this rank in a step, at least 1 */
    size_t threads; /* of the loader's own; 0: the callers of loader_next and loader_help only */
    size_t ahead;   /* batches made ahead of the one in use; 0 stands for 2 */
    size_t rank, ranks;
    uint64_t seed;
    image_options image;
    size_t cache; /* bytes of decoded pictures to keep; 0: none */
    dataset_report *report;
    void *context; /* of report, which is called from loader_next */
} loader_options;

/* One batch; belongs to the loader and is good until the next call of loader_next or loader_help. */
typedef struct loader_batch {
    size_t count;          /* pictures; 0 after the last step of an evaluation */
    const float *images;   /* [count][height][width][channels] */
    train_targets targets; /* classes for EFFNET_TASK_CLASSES, with others and shares if inputs are mixed;
                              values for the other tasks */
    const uint32_t *items; /* [count] numbers in the part, of replacements where there was one */
    uint64_t epoch;
    size_t step;  /* within the epoch, from 0 */
    size_t steps; /* of every epoch */
} loader_batch;

/* A loader at the start of epoch 0. `data` must outlive it; options are copied. */
effnet_status loader_create(loader **out, const dataset *data, effnet_part part,
                            const loader_options *options, effnet_error *error);
void loader_free(loader *l);

/* Bytes of batches that a loader with these options holds, besides the cache and pictures in work. */
effnet_status loader_bytes(size_t *out, const dataset *data, const loader_options *options,
                           effnet_error *error);

size_t loader_steps(const loader *l);

/* The next batch, in order. In training, epochs follow one another without end. After a failure the loader
 * can only be freed. From one thread at a time. */
effnet_status loader_next(loader *l, loader_batch *out, effnet_error *error);

/* Works on the next batch until there is nothing left to begin. Any thread, also several at once, but not
 * beside loader_next: what the threads of a network do between two steps where they would otherwise have to
 * share their cores with the loader's. */
void loader_help(loader *l);

/* Goes to a step, to resume there or to evaluate again; what was made ahead is thrown away. */
void loader_seek(loader *l, uint64_t epoch, size_t step);

/* Pictures that were reported so far. */
size_t loader_bad(const loader *l);

#endif
