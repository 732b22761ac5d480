/* SPDX-License-Identifier: Apache-2.0
 *
 * Affine maps of a picture onto itself, nearest pixel, as Pillow 13's Image.transform and Image.rotate give
 * them to the bit. What comes from outside the picture is filled with one grey.
 */
#ifndef IMAGE_WARP_H
#define IMAGE_WARP_H

#include "image/image.h"

/* The pixel at (x, y) comes from (m[0] x + m[1] y + m[2], m[3] x + m[4] y + m[5]), pixels having their
 * centres at halves. |m| must be below 2^20. */
effnet_status warp_affine(image *p, const double m[6], uint8_t fill, effnet_error *error);

/* Counter-clockwise about the centre. */
effnet_status warp_rotate(image *p, double degrees, uint8_t fill, effnet_error *error);

#endif
