/* SPDX-License-Identifier: Apache-2.0
 *
 * From a picture to one of the many inputs that training makes of it: a part of it, mirrored, its colours
 * changed, operations of RandAugment, the network's numbers, a piece erased; and two such inputs mixed.
 * docs/data.md says what each does; sources stand at each. Every draw is by draw.h.
 */
#ifndef TRAIN_DATA_AUGMENT_H
#define TRAIN_DATA_AUGMENT_H

#include "image/recipe.h"
#include "train/data/draw.h"

typedef enum augment_crop {
    AUGMENT_RECIPE, /* what evaluation takes of it */
    AUGMENT_RANDOM, /* a random part of random size and shape (torchvision RandomResizedCrop) */
    AUGMENT_SHIFT,  /* the largest part in the middle that has the network's aspect ratio, moved by up to
                     * `padding` pixels each way, black beyond it: padding and cropping, as CIFAR networks are
                     * trained (He et al. 2016, section 4.2) */
} augment_crop;

enum { AUGMENT_MAX_OPERATIONS = 10, AUGMENT_MAX_MAGNITUDE = 10 };

/* All zero: pictures stay as evaluation takes them. */
typedef struct augment_options {
    augment_crop crop;
    double scale[2]; /* of AUGMENT_RANDOM: share of the picture's area, least and most */
    double ratio[2]; /* and width / height */
    int padding;     /* of AUGMENT_SHIFT, in pixels of the network's input */
    double mirror;   /* probability */
    double brightness, contrast, saturation; /* factors from max(0, 1 - x) to 1 + x */
    double hue;                              /* turns of the circle from -x to x, at most 0.5 */
    int operations;                          /* of RandAugment, one after the other; 0: none */
    double magnitude;                        /* of each, 0 to 10 */
    double erase;                            /* probability that a rectangle is erased */
    bool erase_noise;                        /* with normal noise; otherwise with the mean colour */
    double mixup, cutmix;   /* alpha of the Beta distribution of the shares; 0: not done. With both, a pair
                               of pictures gets one of them, each half of the time */
    double mix_probability; /* of a pair; 0 stands for 1 */
} augment_options;

/* For photos: random parts from 0.08 to 1 of the area and 3/4 to 4/3 in shape, mirrored half of the time, as
 * the source trains (tensorflow/tpu efficientnet preprocessing.py, which begins at 0.08). */
augment_options augment_photos(void);

/* For small pictures: moved by an eighth of the network's side, mirrored half of the time. */
augment_options augment_small(int side);

/* The name of the one of these that a network's input of height x width suggests: small up to 64 pixels. */
const char *augment_usual(int height, int width);

/* "photos", "small" or "none", or else the usual one, then what "key=value,..." changes (docs/data.md lists
 * the keys). `text` may be NULL. On failure `out` is untouched. */
effnet_status augment_parse(augment_options *out, const char *text, int height, int width,
                            effnet_error *error);

/* EFFNET_ERR_ARGUMENT says which value cannot be. */
effnet_status augment_check(const augment_options *o, effnet_error *error);

/* Whose draws they are. */
typedef struct augment_place {
    uint64_t seed, epoch, item;
} augment_place;

/* out is [r->height][r->width][channels], channels 1 or 3. */
effnet_status augment_picture(float *out, const augment_options *o, const recipe *r, int channels,
                              const image *picture, const augment_place *place, effnet_error *error);

/* The part of AUGMENT_RANDOM in a picture of height x width: left, top, width, height. */
void augment_random_part(int part[4], const augment_options *o, int height, int width, draws *d);

/* `operations` of RandAugment (Cubuk et al. 2019), each drawn from the 16 of the source's list
 * (tensorflow/tpu efficientnet autoaugment.py, distort_image_with_randaugment). Lengths in pixels are the
 * source's for 224 and in proportion to the shorter side for other pictures. */
effnet_status augment_randomly(image *p, int operations, double magnitude, draws *d, effnet_error *error);

/* One of these operations, 0 to AUGMENT_KINDS - 1, by its number in the source's list. */
enum { AUGMENT_KINDS = 16 };
effnet_status augment_operation(image *p, int kind, double magnitude, draws *d, effnet_error *error);

/* Random erasing (Zhong et al. 2017) with timm's figures (timm data/random_erasing.py): a rectangle of 0.02
 * to 1/3 of the area, 0.3 to 1/0.3 in shape, of [height][width][channels] values. */
void augment_erase(float *values, int height, int width, int channels, bool noise, draws *d);

/* How two inputs become two others. */
typedef struct augment_mix {
    float share; /* of the first in what replaces it, and of the second in what replaces that */
    bool cut;    /* CutMix: a rectangle is exchanged. Otherwise both are blended */
    int top, left, rows, columns;
} augment_mix;

/* The draw for a pair that begins with place->item. mixup: Zhang et al. 2017; CutMix: Yun et al. 2019, the
 * share corrected for what a rectangle loses at the border, as timm does. share 1: nothing is done. */
augment_mix augment_draw_mix(const augment_options *o, int height, int width, const augment_place *place);

/* Applies it to two inputs [height][width][channels]. */
void augment_apply_mix(float *a, float *b, const augment_mix *mix, int height, int width, int channels);

#endif
