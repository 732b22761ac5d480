/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures in batches, read, decoded and made into the network's input. A picture that cannot be read is
 * reported and keeps its place in the row, the others are done. Decoding beside the network, once it comes,
 * belongs here.
 */
#ifndef TOOLS_PICTURES_H
#define TOOLS_PICTURES_H

#include <effnet.h>

#include "options.h"

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

typedef struct pictures {
    picture *items; /* [count], in the order of the command line */
    size_t count;
    float *inputs; /* [ready][height][width][channels] of the model's network */
    size_t ready;
    size_t input_size; /* floats of one of them */
    int failure;       /* exit code of the first picture that could not be read, in all batches so far */
    struct pictures_state *state;
} pictures;

/* `batch` is how many pictures at a time. Returns an exit code. `model` and `paths` must outlive it. */
int pictures_open(pictures *p, const effnet_model *model, const effnet_image_options *options,
                  char *const *paths, size_t path_count, size_t batch);
void pictures_close(pictures *p);

/* Fills the next batch; false at the end. */
bool pictures_next(pictures *p);

#endif
