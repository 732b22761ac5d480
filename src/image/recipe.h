/* SPDX-License-Identifier: Apache-2.0
 *
 * How a checkpoint wants its pictures: the preprocessing that was used when it was trained and evaluated. A
 * recipe belongs to the weights, not to the architecture; the wrong one costs accuracy silently.
 */
#ifndef IMAGE_RECIPE_H
#define IMAGE_RECIPE_H

#include "image/image.h"

typedef enum recipe_fit {
    RECIPE_CENTER,     /* shorter side to `resize`, then the centre `height` x `width` (torchvision, timm
                          "center") */
    RECIPE_SQUASH,     /* both sides straight to height x width, aspect ratio lost (timm "squash") */
    RECIPE_CROP_FIRST, /* centre crop of height/(height+32) of the shorter side, then resize (tensorflow/tpu)
                        */
} recipe_fit;

enum { RECIPE_MAX_CHANNELS = 16 };

typedef struct recipe {
    int height, width; /* of the network's input */
    recipe_fit fit;
    int resize; /* RECIPE_CENTER: pixels of the shorter side before the crop */
    image_filter filter;
    bool antialias;
    bool bgr;      /* channel order */
    float divisor; /* value = (pixel / divisor - mean[c]) / deviation[c], c in the network's channel order */
    float mean[3], deviation[3];
} recipe;

/* ImageNet's defaults for `size`: crop fraction 0.875, bicubic, mean .485 .456 .406, deviation .229 .224
 * .225. */
recipe recipe_default(int size);

/* "key=value,..." over an existing recipe: size, height, width, resize, crop (fraction), fit, interpolation,
 * antialias, order (rgb, bgr), scale, mean, std (one number or a:b:c), and the presets imagenet, inception,
 * lite. */
effnet_status recipe_parse(recipe *r, const char *text, effnet_error *error);

/* One line in the form that recipe_parse reads; parse(format(r)) == r exactly. Returns the length. */
size_t recipe_format(char *out, size_t capacity, const recipe *r);

/* Pixels to the network's input. `out` is [height][width][channels] float32; channels 3, or 1 (the ITU-R
 * 601-2 luma that Pillow's convert("L") gives, with mean and deviation averaged). Other channel counts are
 * EFFNET_ERR_UNSUPPORTED. */
effnet_status recipe_apply(const recipe *r, const image *picture, int channels, float *out,
                           effnet_error *error);

#endif
