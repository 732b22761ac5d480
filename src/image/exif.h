/* SPDX-License-Identifier: Apache-2.0
 *
 * EXIF orientation: finding the tag in a block that a stranger wrote, and turning pixels by it. Nothing else
 * of EXIF is read.
 */
#ifndef IMAGE_EXIF_H
#define IMAGE_EXIF_H

#include "image/image.h"

/* The orientation tag (1..8) of an EXIF block: a TIFF header and its first directory, with or without
 * "Exif\0\0" in front. 1 if there is none or anything about it is not valid. */
int exif_orientation(const uint8_t *bytes, size_t size);

/* Turns the pixels so that a picture with `orientation` stands upright, as Pillow's ImageOps.exif_transpose
 * does. */
effnet_status exif_turn(image *picture, int orientation, effnet_error *error);

#endif
