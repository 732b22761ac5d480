/* SPDX-License-Identifier: Apache-2.0
 *
 * Small pictures inside a page: BMP, which every browser shows and which needs no library to write, as a
 * data: address.
 */
#ifndef EVALUATION_THUMBNAIL_H
#define EVALUATION_THUMBNAIL_H

#include <effnet.h>
#include <stdio.h>

enum { THUMBNAIL_SIDE = 96 };

typedef struct thumbnails {
    effnet_model *model; /* whose recipe gives the pixels of a picture of that side as they are */
    float *pixels;       /* [THUMBNAIL_SIDE][THUMBNAIL_SIDE][3] */
} thumbnails;

effnet_status thumbnails_open(thumbnails *t, effnet_error *error);
void thumbnails_close(thumbnails *t);

/* Writes "data:image/bmp;base64,..." of picture number `item` of the part; false, and nothing, if it cannot
 * be read. */
bool thumbnail_put(FILE *out, const thumbnails *t, const effnet_dataset *data, effnet_part part, size_t item,
                   const effnet_image_options *images);

#endif
