/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures in batches: taken from the command line in order, then read, decoded and made into the network's
 * input by any thread. A picture that cannot be read keeps its place in the row, the others are done.
 */
#ifndef TOOLS_PICTURES_H
#define TOOLS_PICTURES_H

#include <effnet.h>

#include "options.h"
#include "walk.h"

#define PICTURE_OPTIONS                                                                                      \
    {OPTION_EXIF, "exif", NULL, "turn pictures as their EXIF orientation asks"},                             \
        {OPTION_ALLOW_TRUNCATED, "allow-truncated", NULL, "complete a JPEG that ends early with grey"},      \
        {OPTION_MAX_SIDE, "max-side", "N", "refuse longer pictures (default: 16384)"},                       \
    {                                                                                                        \
        OPTION_MAX_PIXELS, "max-pixels", "N", "refuse larger pictures (default: 67108864)"                   \
    }

/* Takes one of the options above; false if `o` is at another one. */
bool picture_option_take(effnet_image_options *options, const option_parser *o);

typedef struct picture {
    char *path;
    effnet_error error;     /* its code is EFFNET_OK if the picture was read */
    effnet_image_info info; /* then */
    size_t slot;            /* and its place in `inputs` */
} picture;

typedef struct picture_batch {
    picture *items; /* [count], in the order of the command line */
    size_t count;
    size_t ready; /* those that were read */
    size_t size;  /* room for items */
} picture_batch;

typedef struct pictures {
    const effnet_model *model;
    const effnet_image_options *options;
    walk *walk;
    size_t expected;   /* at most; SIZE_MAX where folders are among the paths */
    size_t input_size; /* floats of a prepared picture */
    /* Of those that were reported: */
    int failure;       /* exit code of the first that could not be read */
    size_t not_turned; /* whose orientation was read and left */
} pictures;

/* Returns an exit code. What it is given must outlive it. */
int pictures_open(pictures *p, const effnet_model *model, const effnet_image_options *options,
                  char *const *paths, size_t path_count);
void pictures_close(pictures *p);

/* False out of memory. */
bool picture_batch_make(picture_batch *b, size_t size);
void picture_batch_free(picture_batch *b);

/* The paths of the next batch; false at the end. */
bool pictures_take(pictures *p, picture_batch *b);

/* Reads the batch into `inputs`, [ready][height][width][channels] of the model's network. Different batches
 * can be prepared by several threads at once. */
void pictures_prepare(const pictures *p, picture_batch *b, float *inputs);

/* Says which pictures of the batch could not be read, and why. */
void pictures_report(pictures *p, const picture_batch *b);

/* Says what there is to say about all of them. Returns the exit code of the first that could not be read. */
int pictures_finish(const pictures *p);

#endif
