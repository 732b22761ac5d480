/* SPDX-License-Identifier: Apache-2.0
 *
 * From bytes of a JPEG, PNG or WebP file to RGB pixels. Formats are told by content; every limit is checked
 * before anything is decoded. Decoding follows Pillow's convert("RGB"): greyscale becomes three equal
 * channels, alpha is dropped, CMYK is converted as Pillow does, ICC profiles are ignored. One deliberate
 * difference: 16-bit grey keeps its high byte, as 16-bit colour does, where Pillow clips at 255.
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include "base/error.h"

enum { IMAGE_MAX_PIXELS = 64 * 1024 * 1024, IMAGE_MAX_SIDE = 16384, IMAGE_MAX_BYTES = 64 * 1024 * 1024 };

/* Zero means the default. */
typedef struct image_options {
    size_t max_pixels;    /* IMAGE_MAX_PIXELS */
    size_t max_side;      /* IMAGE_MAX_SIDE */
    size_t max_bytes;     /* of the encoded file: IMAGE_MAX_BYTES */
    int max_scans;        /* of a progressive JPEG: 100 */
    bool exif;            /* turn the picture as its EXIF orientation asks */
    bool allow_truncated; /* a JPEG that ends early or has damaged data is completed with grey, not refused */
} image_options;

typedef enum image_format { IMAGE_JPEG, IMAGE_PNG, IMAGE_WEBP } image_format;

/* The format of a file that begins with `bytes`; false for all that is not read. */
bool image_format_of(image_format *out, const void *bytes, size_t size);

/* "jpeg", "png", "webp" */
const char *image_format_name(image_format format);

typedef struct image {
    int height, width;
    uint8_t *pixels; /* [height][width][3], RGB */
    image_format format;
    int orientation; /* EXIF tag 1..8, 1 where there is none or it is not valid */
    bool has_icc;
    bool truncated; /* allow_truncated was needed: some pixels are not from the file */
} image;

/* Decodes one picture. `out` is zeroed on failure. Free with image_free.
 *
 * Statuses: EFFNET_ERR_UNSUPPORTED names what the bytes are, if they are no JPEG, PNG or WebP, or the feature
 * that is not read (lossless or 12-bit JPEG); EFFNET_ERR_LIMIT; EFFNET_ERR_FORMAT for damaged and truncated
 * files. A JPEG is damaged if libjpeg warns of anything that can touch a pixel; stray bytes between segments
 * do not.
 *
 * Heap: 3 bytes a pixel, and while decoding 4 more for lossless WebP, up to 6 more (8 for CMYK) for a JPEG of
 * several scans, 3 more for a quarter turn. In all never more than 4 * max_pixels + 32 MiB, checked before
 * anything large is allocated. */
effnet_status image_decode(image *out, const void *bytes, size_t size, const image_options *options,
                           effnet_error *error);
void image_free(image *i);

enum { IMAGE_VERSION_SIZE = 24 };

/* Decoding library number `index`: its name (static) and version; false past the end. */
bool image_codec_get(size_t index, const char **name, char version[IMAGE_VERSION_SIZE]);

typedef enum image_filter {
    IMAGE_NEAREST,
    IMAGE_BILINEAR,
    IMAGE_BICUBIC,
    IMAGE_AREA, /* the mean of what a pixel covers: Pillow's BOX */
} image_filter;

/* Resizes the box [left, right) x [top, bottom) of `in` to `height` x `width`, bit for bit as Pillow 13's
 * Image.resize(size, filter, box) does: 8-bit fixed point, antialiased when shrinking. (Pillow 12 and older
 * differ by a level or so where the height shrinks by more than twice as many pixels as the width.)
 * With antialias = false the filter's support does not grow (TensorFlow 1's resize with half-pixel centres).
 */
effnet_status image_resize(image *out, const image *in, int height, int width, image_filter filter,
                           bool antialias, const double box[4] /* left, top, right, bottom; NULL for all */,
                           effnet_error *error);

#endif
