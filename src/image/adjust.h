/* SPDX-License-Identifier: Apache-2.0
 *
 * Operations that change the colours of a picture in place, as training pictures are varied with. Each gives
 * the bits of Pillow 13's ImageOps or ImageEnhance function of the same name (adjust_hue those of torchvision
 * 0.29 on Pillow pictures), which are also what tensorflow/tpu's autoaugment.py means to be "equivalent of";
 * adjust_solarize_add is that file's own.
 */
#ifndef IMAGE_ADJUST_H
#define IMAGE_ADJUST_H

#include "image/image.h"

/* Each channel's darkest value becomes 0, its lightest 255. */
void adjust_autocontrast(image *p);

/* Each channel's values become equally frequent. */
void adjust_equalize(image *p);

void adjust_invert(image *p);

/* Keeps the `bits` highest bits of each value, 0 to 8. */
void adjust_posterize(image *p, int bits);

/* Inverts values from `threshold` on, 0 to 256. */
void adjust_solarize(image *p, int threshold);

/* Adds to values below 128, up to 255. */
void adjust_solarize_add(image *p, int addition);

/* Away from a black, an evenly grey, a colourless picture (factor 0), through this one (1), and beyond. */
void adjust_brightness(image *p, float factor);
void adjust_contrast(image *p, float factor);
void adjust_colour(image *p, float factor);

/* The same from a smoothed picture. */
effnet_status adjust_sharpness(image *p, float factor, effnet_error *error);

/* Turns the hue by `turns` of the circle, -0.5 to 0.5. */
void adjust_hue(image *p, float turns);

/* Left becomes right. */
void adjust_mirror(image *p);

/* ITU-R 601-2 luma as Pillow's convert("L") computes it, in all three channels. */
void adjust_grey(image *p);

#endif
