/* SPDX-License-Identifier: Apache-2.0
 *
 * From bytes of a JPEG, PNG or WebP file to RGB pixels. Formats are told by content; every limit is checked
 * before anything is decoded. Decoding follows Pillow's convert("RGB"): greyscale becomes three equal
 * channels, alpha is dropped, CMYK is converted as Pillow does, 16-bit samples keep their high byte, ICC
 * profiles are ignored.
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include "base/error.h"

/* Zero means the default. */
typedef struct image_options {
    size_t max_pixels;    /* 64 Mi */
    size_t max_side;      /* 16384 */
    size_t max_bytes;     /* of the encoded file: 64 MiB */
    int max_scans;        /* of a progressive JPEG: 100 */
    bool exif;            /* turn the picture as its EXIF orientation asks */
    bool allow_truncated; /* a JPEG that ends early or has damaged data is completed with grey, not refused */
} image_options;

typedef enum image_format { IMAGE_JPEG, IMAGE_PNG, IMAGE_WEBP } image_format;

typedef struct image {
    int height, width;
    uint8_t *pixels; /* [height][width][3], RGB */
    image_format format;
    int orientation; /* EXIF tag 1..8, 1 where there is none or it is not valid */
    bool has_icc;
    bool truncated; /* allow_truncated was needed: some pixels are not from the file */
} image;

/* Decodes one picture. `out` is zeroed on failure. Free with image_free. */
effnet_status image_decode(image *out, const void *bytes, size_t size, const image_options *options,
                           effnet_error *error);
void image_free(image *i);

typedef enum image_filter { IMAGE_NEAREST, IMAGE_BILINEAR, IMAGE_BICUBIC } image_filter;

/* Resizes the box [left, right) x [top, bottom) of `in` to `height` x `width`, bit for bit as Pillow's
 * Image.resize(size, filter, box) does: 8-bit fixed point, horizontal pass first, antialiased when shrinking.
 * With antialias = false the filter's support does not grow (TensorFlow 1's resize with half-pixel centres).
 */
effnet_status image_resize(image *out, const image *in, int height, int width, image_filter filter,
                           bool antialias, const double box[4] /* left, top, right, bottom; NULL for all */,
                           effnet_error *error);

#endif
