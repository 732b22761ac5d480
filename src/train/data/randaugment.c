/* SPDX-License-Identifier: Apache-2.0
 *
 * RandAugment. Names, order and figures of the operations are those of tensorflow/tpu's efficientnet
 * autoaugment.py (level_to_arg with cutout_const 40 and translate_const 100, _MAX_LEVEL 10), what they do is
 * Pillow's (image/adjust.h, image/warp.h). The source's quirks stay: at the highest magnitude posterize keeps
 * most bits and solarize does nothing, at the lowest they blacken and invert.
 */
#include <string.h>

#include "image/adjust.h"
#include "image/warp.h"
#include "train/data/augment.h"

static const double max_level = 10.0;

enum {
    FILL = 128,      /* replace_value */
    TRANSLATE = 100, /* pixels at the highest magnitude */
    CUTOUT = 40,
    REFERENCE_SIDE = 224, /* for which the two are meant: efficientnet-b0's */
};

static double in_proportion(const image *p, double pixels)
{
    const int side = p->height < p->width ? p->height : p->width;
    return pixels * side / REFERENCE_SIDE;
}

static double either_sign(draws *d, double value)
{
    return draw_chance(d, 0.5) ? value : -value;
}

static effnet_status shear(image *p, double x, double y, effnet_error *error)
{
    return warp_affine(p, (const double[6]){1, x, 0, y, 1, 0}, FILL, error);
}

static effnet_status translate(image *p, double x, double y, effnet_error *error)
{
    return warp_affine(p, (const double[6]){1, 0, x, 0, 1, y}, FILL, error);
}

/* A square of 2 * half pixels about a random point is filled. */
static void cut_out(image *p, int half, draws *d)
{
    const int y = (int)draw_below(d, (uint32_t)p->height), x = (int)draw_below(d, (uint32_t)p->width);
    const int top = y - half > 0 ? y - half : 0, bottom = y + half < p->height ? y + half : p->height;
    const int left = x - half > 0 ? x - half : 0, right = x + half < p->width ? x + half : p->width;
    for (int row = top; row < bottom; row++)
        memset(p->pixels + ((size_t)row * (size_t)p->width + (size_t)left) * 3, FILL,
               (size_t)(right - left) * 3);
}

effnet_status augment_operation(image *p, int kind, double magnitude, draws *d, effnet_error *error)
{
    const double level = magnitude / max_level;
    const float enhancement = (float)(level * 1.8 + 0.1);
    switch (kind) {
    case 0: adjust_autocontrast(p); break;
    case 1: adjust_equalize(p); break;
    case 2: adjust_invert(p); break;
    case 3: return warp_rotate(p, either_sign(d, level * 30), FILL, error);
    case 4: adjust_posterize(p, (int)(level * 4)); break;
    case 5: adjust_solarize(p, (int)(level * 256)); break;
    case 6: adjust_colour(p, enhancement); break;
    case 7: adjust_contrast(p, enhancement); break;
    case 8: adjust_brightness(p, enhancement); break;
    case 9: return adjust_sharpness(p, enhancement, error);
    case 10: return shear(p, either_sign(d, level * 0.3), 0, error);
    case 11: return shear(p, 0, either_sign(d, level * 0.3), error);
    case 12: return translate(p, either_sign(d, in_proportion(p, level * TRANSLATE)), 0, error);
    case 13: return translate(p, 0, either_sign(d, in_proportion(p, level * TRANSLATE)), error);
    case 14: cut_out(p, (int)in_proportion(p, level * CUTOUT), d); break;
    case 15: adjust_solarize_add(p, (int)(level * 110)); break;
    default: break;
    }
    return EFFNET_OK;
}

effnet_status augment_randomly(image *p, int operations, double magnitude, draws *d, effnet_error *error)
{
    for (int i = 0; i < operations; i++)
        TRY(augment_operation(p, (int)draw_below(d, AUGMENT_KINDS), magnitude, d, error));
    return EFFNET_OK;
}
