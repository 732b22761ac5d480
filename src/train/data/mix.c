/* SPDX-License-Identifier: Apache-2.0
 *
 * What is done to the network's numbers and not to pixels: erasing a piece of one input, mixing two. See
 * augment.h.
 */
#include <math.h>
#include <stddef.h>

#include "train/data/augment.h"

/* ---- Erasing ---- */

static void erase_part(float *values, int stride, int rows, int columns, bool noise, draws *d)
{
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < columns; x++)
            values[(ptrdiff_t)y * stride + x] = noise ? rng_normal(d->key, d->next++) : 0.0f;
}

void augment_erase(float *values, int height, int width, int channels, bool noise, draws *d)
{
    enum { ATTEMPTS = 10 };
    static const double least_area = 0.02, most_area = 1.0 / 3, least_ratio = 0.3;
    const double area = (double)height * width;
    for (int i = 0; i < ATTEMPTS; i++) {
        const double wanted = area * draw_between(d, least_area, most_area);
        const double ratio = exp(draw_between(d, log(least_ratio), -log(least_ratio)));
        const int rows = (int)round(sqrt(wanted * ratio)), columns = (int)round(sqrt(wanted / ratio));
        if (rows >= height || columns >= width) continue;
        const int top = (int)draw_below(d, (uint32_t)(height - rows + 1));
        const int left = (int)draw_below(d, (uint32_t)(width - columns + 1));
        erase_part(values + ((ptrdiff_t)top * width + left) * channels, width * channels, rows,
                   columns * channels, noise, d);
        return;
    }
}

/* ---- Mixing ---- */

/* A rectangle of the picture's shape and 1 - share of its area, about any point of it, cut at the border. */
static void draw_rectangle(augment_mix *mix, int height, int width, double share, draws *d)
{
    const double side = sqrt(1 - share);
    const int rows = (int)(height * side), columns = (int)(width * side);
    const int top = (int)draw_below(d, (uint32_t)height) - rows / 2;
    const int left = (int)draw_below(d, (uint32_t)width) - columns / 2;
    const int bottom = top + rows < height ? top + rows : height;
    const int right = left + columns < width ? left + columns : width;
    mix->top = top > 0 ? top : 0;
    mix->left = left > 0 ? left : 0;
    mix->rows = bottom - mix->top;
    mix->columns = right - mix->left;
    mix->share = (float)(1 - (double)mix->rows * mix->columns / ((double)height * width));
}

augment_mix augment_draw_mix(const augment_options *o, int height, int width, const augment_place *place)
{
    augment_mix mix = {.share = 1};
    if (o->mixup <= 0 && o->cutmix <= 0) return mix;
    draws d = draws_for(place->seed, "mix", place->epoch, place->item);
    if (!draw_chance(&d, o->mix_probability > 0 ? o->mix_probability : 1)) return mix;
    const bool either = draw_chance(&d, 0.5);
    mix.cut = o->cutmix > 0 && (o->mixup <= 0 || either);
    const double share = draw_beta(&d, mix.cut ? o->cutmix : o->mixup);
    if (mix.cut)
        draw_rectangle(&mix, height, width, share, &d);
    else
        mix.share = (float)share;
    return mix;
}

static void blend(float *restrict a, float *restrict b, float share, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float first = a[i], second = b[i];
        a[i] = share * first + (1 - share) * second;
        b[i] = share * second + (1 - share) * first;
    }
}

static void exchange(float *restrict a, float *restrict b, int stride, int rows, int columns)
{
    for (int y = 0; y < rows; y++, a += stride, b += stride)
        for (int x = 0; x < columns; x++) {
            const float kept = a[x];
            a[x] = b[x];
            b[x] = kept;
        }
}

void augment_apply_mix(float *a, float *b, const augment_mix *mix, int height, int width, int channels)
{
    if (mix->cut) {
        const ptrdiff_t start = ((ptrdiff_t)mix->top * width + mix->left) * channels;
        exchange(a + start, b + start, width * channels, mix->rows, mix->columns * channels);
    } else if (mix->share < 1) {
        blend(a, b, mix->share, (size_t)height * (size_t)width * (size_t)channels);
    }
}
