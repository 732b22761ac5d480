/* SPDX-License-Identifier: Apache-2.0
 *
 * How a checkpoint wants its pictures: the preprocessing that was used when it was trained and evaluated. A
 * recipe belongs to the weights, not to the architecture; the wrong one costs accuracy silently.
 */
#ifndef IMAGE_RECIPE_H
#define IMAGE_RECIPE_H

#include "image/image.h"

typedef enum recipe_fit {
    RECIPE_CENTER,     /* the shorter side to `resize`, then the centre `height` x `width`: torchvision's
                        * Resize(resize) and CenterCrop(height, width), timm's "center" for square networks. What
                        * the crop asks for beyond the picture is black. */
    RECIPE_SQUASH,     /* both sides straight to height x width, aspect ratio lost (timm "squash") */
    RECIPE_CROP_FIRST, /* the centre of the picture, s/(s+32) of the largest part that has the network's
                        * aspect ratio, where s is the network's shorter side; then that part to height x
                        * width (tensorflow/tpu efficientnet/preprocessing.py, which knows square networks
                        * only) */
} recipe_fit;

enum { RECIPE_MAX_SIDE = 16384, RECIPE_SMALL_SIDE = 64 };

typedef struct recipe {
    int height, width; /* of the network's input */
    recipe_fit fit;
    int resize; /* RECIPE_CENTER: pixels of the shorter side before the crop */
    image_filter filter;
    bool antialias; /* false: as TensorFlow, whose filters do not grow when shrinking */
    bool bgr;       /* channel order */
    float divisor;  /* value = (pixel / divisor - mean[c]) / deviation[c], c in the network's channel order */
    float mean[3], deviation[3];
} recipe;

/* Whether an input is for small pictures, which have no border to spare: a side of it has at most
 * RECIPE_SMALL_SIDE pixels. What is trained with and what is shown later both go by this. */
bool recipe_is_small(int height, int width);

/* ImageNet's defaults for this input: crop fraction 0.875 (1 for a small one), bicubic, antialiased, divisor
 * 255, mean .485 .456 .406, deviation .229 .224 .225. */
recipe recipe_default(int height, int width);

/* Pixels of the shorter side before a centre crop of `fraction` (timm's crop_pct): floor(side / fraction) of
 * the network's longer side, so that the crop never asks for more than there is. */
int recipe_resize_for(int height, int width, double fraction);

/* "key=value,..." over an existing recipe. Where text contradicts itself, what comes later counts.
 *   size=N or size=HxW, height=N, width=N   the network's input; the ratio to `resize` stays, unless that is
 *                                           given as well
 *   resize=N                    pixels of the shorter side before the crop
 *   crop=F                      the same as a fraction of it, 0 < F <= 1
 *   fit=center|squash|crop-first
 *   interpolation=nearest|bilinear|bicubic|area
 *   antialias=true|false
 *   order=rgb|bgr
 *   scale=F or scale=1/F        pixels are multiplied by it; 1/255 divides by 255 exactly
 *   mean=F or mean=A:B:C, std=F or std=A:B:C
 *   imagenet                    scale=1/255,mean=0.485:0.456:0.406,std=0.229:0.224:0.225
 *   inception                   scale=1/255,mean=0.5,std=0.5
 *   lite                        scale=1,mean=127,std=128
 * On failure `r` is untouched. */
effnet_status recipe_parse(recipe *r, const char *text, effnet_error *error);

/* Enough for recipe_format. */
enum { RECIPE_TEXT_SIZE = 384 };

/* One line in the form that recipe_parse reads, with every field; parse(format(r)) == r exactly. Cut if
 * `capacity` is too small. Returns the whole length. */
size_t recipe_format(char *out, size_t capacity, const recipe *r);

/* Pixels to the network's input. `out` is [height][width][channels] float32; channels 3, or 1 (the ITU-R
 * 601-2 luma that Pillow's convert("L") gives, taken before resizing, with mean and deviation averaged).
 * Other channel counts are EFFNET_ERR_UNSUPPORTED. Bit-equal to torchvision's Resize, CenterCrop, ToTensor
 * and Normalize on Pillow images for RECIPE_CENTER with antialiasing. */
effnet_status recipe_apply(const recipe *r, const image *picture, int channels, float *out,
                           effnet_error *error);

/* The first step of recipe_apply alone: what it cuts out and resizes, as a picture of the network's size. */
effnet_status recipe_fit_picture(image *out, const recipe *r, const image *picture, effnet_error *error);

/* The last step of recipe_apply alone, for a picture that has the network's size already: out is
 * [height][width][channels] of the picture; with 1 channel, the picture is grey. */
void recipe_normalise(float *out, const recipe *r, const image *picture, int channels);

#endif
