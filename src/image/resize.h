/* SPDX-License-Identifier: Apache-2.0
 *
 * A part of a resized picture, without the cost of the rest: what a recipe that resizes and then crops needs.
 */
#ifndef IMAGE_RESIZE_H
#define IMAGE_RESIZE_H

#include "image/image.h"

typedef struct resize_request {
    int height, width; /* of the whole result */
    image_filter filter;
    bool antialias;
    double box[4];                /* left, top, right, bottom in the source */
    int top, left, rows, columns; /* the part of the result to compute, within it and not empty */
} resize_request;

/* The same bits as cutting the part out of the whole result. */
effnet_status resize_part(image *out, const image *in, const resize_request *request, effnet_error *error);

#endif
