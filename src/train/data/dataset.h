/* SPDX-License-Identifier: Apache-2.0
 *
 * What is to be learned from: pictures with a class, a set of labels or some values each, in a training and a
 * validation part. Read from class folders, CSV tables or IDX files (docs/data.md has the layouts); which, is
 * told by what lies there. Only names and targets are read at once, and the pixels of IDX files; pictures are
 * decoded when they are asked for. Does not change once it is open, and may be used by any number of threads.
 */
#ifndef TRAIN_DATA_DATASET_H
#define TRAIN_DATA_DATASET_H

#include "base/arena.h"
#include "image/image.h"
#include "train/data/idx.h"

enum { DATASET_PARTS = 2 };

typedef struct dataset_item {
    const char *path;            /* of the picture; of the IDX file */
    const idx_array *pictures;   /* NULL: `path` is the picture */
    uint32_t picture;            /* its number in `pictures` */
    uint32_t class_index;        /* EFFNET_TASK_CLASSES */
    uint32_t label_count;        /* EFFNET_TASK_LABELS */
    const uint32_t *label_index; /* [label_count], rising */
    const float *values;         /* [outputs], EFFNET_TASK_VALUES */
} dataset_item;

typedef struct dataset_part {
    dataset_item *items;
    size_t count, capacity;
} dataset_part;

typedef struct dataset {
    effnet_task task;
    char **labels; /* [outputs]: classes or labels in the order of their bytes, names of values */
    size_t outputs;
    dataset_part parts[DATASET_PARTS]; /* by effnet_part */
    idx_array pictures[DATASET_PARTS];
    bool own_validation; /* the data brought a validation part; otherwise it is split off */
    size_t root_length;  /* bytes of every path before what the split looks at */
    size_t strays;       /* pictures beside class folders instead of in them: left out */
    const char *stray;   /* the first of them, or NULL */
    arena memory;        /* labels, paths, targets */
} dataset;

/* Opens the folder or table at `path`. EFFNET_ERR_NOT_FOUND if there is no picture in it at all;
 * EFFNET_ERR_FORMAT with file and line for tables and IDX files that break their rules. */
effnet_status dataset_open(dataset **out, const char *path, const effnet_dataset_options *options,
                           effnet_error *error);
void dataset_free(dataset *d);

/* The pixels of an item, to be freed with image_free. Messages do not name the item. */
effnet_status dataset_read(image *out, const dataset_item *item, const image_options *options,
                           effnet_error *error);

/* Targets as the loss wants them, out is [outputs]: 1 for the item's class and labels, 0 for the others; or
 * its values. */
void dataset_targets(float *out, const dataset *d, const dataset_item *item);

/* Writes how many items of a part have each class or label to counts [outputs]; 0s for values. */
void dataset_count(size_t *counts, const dataset *d, effnet_part part);

/* Called for each picture that cannot be decoded. */
typedef void dataset_report(void *context, const char *path, const char *message);

/* Decodes every picture of a part on `threads` threads and reports, in order and from this thread, those that
 * fail. *bad (may be NULL) is their number. Fails only for memory and threads. */
effnet_status dataset_verify(const dataset *d, effnet_part part, size_t threads, const image_options *options,
                             dataset_report *report, void *context, size_t *bad, effnet_error *error);

#endif
