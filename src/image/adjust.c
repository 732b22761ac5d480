/* SPDX-License-Identifier: Apache-2.0
 *
 * See adjust.h. What depends on one value alone is a table of 256. The arithmetic is float or double where
 * Pillow's is, because the bits depend on it (libImaging/Blend.c, Convert.c, ImageOps.py).
 */
#include "image/adjust.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 3, VALUES = 256 };

static size_t pixel_count(const image *p)
{
    return (size_t)p->height * (size_t)p->width;
}

/* Each channel through its table. */
static void look_up(image *p, uint8_t tables[CHANNELS][VALUES])
{
    uint8_t *end = p->pixels + pixel_count(p) * CHANNELS;
    for (uint8_t *pixel = p->pixels; pixel < end; pixel += CHANNELS)
        for (int c = 0; c < CHANNELS; c++)
            pixel[c] = tables[c][pixel[c]];
}

/* All channels through the same. */
static void look_up_all(image *p, const uint8_t table[VALUES])
{
    uint8_t *end = p->pixels + pixel_count(p) * CHANNELS;
    for (uint8_t *value = p->pixels; value < end; value++)
        *value = table[*value];
}

static void count_values(uint32_t counts[CHANNELS][VALUES], const image *p)
{
    memset(counts, 0, sizeof(uint32_t[CHANNELS][VALUES]));
    const uint8_t *end = p->pixels + pixel_count(p) * CHANNELS;
    for (const uint8_t *pixel = p->pixels; pixel < end; pixel += CHANNELS)
        for (int c = 0; c < CHANNELS; c++)
            counts[c][pixel[c]]++;
}

static uint8_t clip(int value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* ---- By the values that are there ---- */

static void stretch_table(uint8_t table[VALUES], const uint32_t counts[VALUES])
{
    int low = 0, high = 255;
    while (low < 255 && counts[low] == 0)
        low++;
    while (high > 0 && counts[high] == 0)
        high--;
    const double scale = high > low ? 255.0 / (high - low) : 1.0;
    const double offset = high > low ? -low * scale : 0.0;
    for (int i = 0; i < VALUES; i++)
        table[i] = clip((int)(i * scale + offset));
}

void adjust_autocontrast(image *p)
{
    uint32_t counts[CHANNELS][VALUES];
    uint8_t tables[CHANNELS][VALUES];
    count_values(counts, p);
    for (int c = 0; c < CHANNELS; c++)
        stretch_table(tables[c], counts[c]);
    look_up(p, tables);
}

static void equal_table(uint8_t table[VALUES], const uint32_t counts[VALUES])
{
    uint32_t sum = 0, last = 0;
    for (int i = 0; i < VALUES; i++) {
        sum += counts[i];
        if (counts[i]) last = counts[i];
    }
    const uint32_t step = (sum - last) / 255;
    uint32_t before = step / 2;
    for (int i = 0; i < VALUES; i++) {
        const uint32_t level = step == 0 ? (uint32_t)i : before / step;
        table[i] = clip(level > 255 ? 255 : (int)level);
        before += counts[i];
    }
}

void adjust_equalize(image *p)
{
    uint32_t counts[CHANNELS][VALUES];
    uint8_t tables[CHANNELS][VALUES];
    count_values(counts, p);
    for (int c = 0; c < CHANNELS; c++)
        equal_table(tables[c], counts[c]);
    look_up(p, tables);
}

/* ---- By each value alone ---- */

void adjust_invert(image *p)
{
    adjust_solarize(p, 0);
}

void adjust_posterize(image *p, int bits)
{
    uint8_t table[VALUES];
    for (int i = 0; i < VALUES; i++)
        table[i] = (uint8_t)(i & ~((1 << (8 - bits)) - 1));
    look_up_all(p, table);
}

void adjust_solarize(image *p, int threshold)
{
    uint8_t table[VALUES];
    for (int i = 0; i < VALUES; i++)
        table[i] = (uint8_t)(i < threshold ? i : 255 - i);
    look_up_all(p, table);
}

void adjust_solarize_add(image *p, int addition)
{
    uint8_t table[VALUES];
    for (int i = 0; i < VALUES; i++)
        table[i] = i < 128 ? clip(i + addition) : (uint8_t)i;
    look_up_all(p, table);
}

/* ---- Blends ---- */

/* Pillow's Image.blend of two values, whose result is cut, not rounded. */
static inline uint8_t blend(int from, int to, float factor)
{
    const float value = (float)from + factor * (float)(to - from);
    return (uint8_t)(value <= 0.0f ? 0.0f : value >= 255.0f ? 255.0f : value);
}

static void blend_from(image *p, int from, float factor)
{
    uint8_t table[VALUES];
    for (int i = 0; i < VALUES; i++)
        table[i] = blend(from, i, factor);
    look_up_all(p, table);
}

static inline int luma(const uint8_t *pixel)
{
    return (int)((pixel[0] * 19595u + pixel[1] * 38470u + pixel[2] * 7471u + 0x8000u) >> 16);
}

void adjust_brightness(image *p, float factor)
{
    blend_from(p, 0, factor);
}

void adjust_contrast(image *p, float factor)
{
    uint64_t sum = 0;
    const size_t pixels = pixel_count(p);
    for (size_t i = 0; i < pixels; i++)
        sum += (uint64_t)luma(p->pixels + i * CHANNELS);
    blend_from(p, (int)((double)sum / (double)pixels + 0.5), factor);
}

void adjust_colour(image *p, float factor)
{
    uint8_t *end = p->pixels + pixel_count(p) * CHANNELS;
    for (uint8_t *pixel = p->pixels; pixel < end; pixel += CHANNELS) {
        const int grey = luma(pixel);
        for (int c = 0; c < CHANNELS; c++)
            pixel[c] = blend(grey, pixel[c], factor);
    }
}

void adjust_grey(image *p)
{
    uint8_t *end = p->pixels + pixel_count(p) * CHANNELS;
    for (uint8_t *pixel = p->pixels; pixel < end; pixel += CHANNELS)
        memset(pixel, luma(pixel), CHANNELS);
}

/* Pillow's SMOOTH filter of 3 x 3: all weights 1, 5 in the middle, over 13. No sum over 13 ends in a half, so
 * whole numbers round as its floats do. */
static uint8_t smooth(const uint8_t *middle, size_t stride)
{
    const uint8_t *const above = middle - stride, *const below = middle + stride;
    const int sum = above[-CHANNELS] + above[0] + above[CHANNELS] + middle[-CHANNELS] + 5 * middle[0] +
                    middle[CHANNELS] + below[-CHANNELS] + below[0] + below[CHANNELS];
    return (uint8_t)((2 * sum + 13) / 26);
}

/* The outermost pixels have no smoothed neighbour to blend with and stay. */
effnet_status adjust_sharpness(image *p, float factor, effnet_error *error)
{
    const size_t stride = (size_t)p->width * CHANNELS, size = stride * (size_t)p->height;
    if (p->height < 3 || p->width < 3) return EFFNET_OK;
    uint8_t *result = malloc(size);
    if (!result) return error_memory(error);
    memcpy(result, p->pixels, size);
    for (size_t y = 1; y + 1 < (size_t)p->height; y++)
        for (size_t x = y * stride + CHANNELS; x < (y + 1) * stride - CHANNELS; x++)
            result[x] = blend(smooth(p->pixels + x, stride), p->pixels[x], factor);
    free(p->pixels);
    p->pixels = result;
    return EFFNET_OK;
}

/* ---- Hue ---- */

/* Pillow's rgb2hsv of a pixel that is not grey; hue and saturation of 255. */
static int hue_of(const uint8_t *pixel, int high, int low)
{
    const float range = (float)(high - low);
    const float red = (float)(high - pixel[0]) / range, green = (float)(high - pixel[1]) / range,
                blue = (float)(high - pixel[2]) / range;
    const float sixths = pixel[0] == high   ? blue - green
                         : pixel[1] == high ? (float)(2.0 + (double)red - (double)blue)
                                            : (float)(4.0 + (double)green - (double)red);
    const float turns = (float)fmod((double)sixths / 6.0 + 1.0, 1.0);
    return clip((int)((double)turns * 255.0));
}

/* Pillow's hsv2rgb. */
static void pixel_from(uint8_t *pixel, int hue, int saturation, int value)
{
    const float sixths = (float)((double)(float)hue * 6.0 / 255.0);
    const int sector = (int)floorf(sixths);
    const float part = (float)((double)(float)hue * 6.0 / 255.0 - (double)(float)sector);
    const float chroma = (float)((double)(float)saturation / 255.0);
    const double v = value;
    const uint8_t low = clip((int)round(v * (1.0 - (double)chroma)));
    const uint8_t falling = clip((int)round(v * (1.0 - (double)(chroma * part))));
    const uint8_t rising = clip((int)round(v * (1.0 - (double)chroma * (1.0 - (double)part))));
    const uint8_t top = (uint8_t)value;
    const uint8_t sectors[6][CHANNELS] = {{top, rising, low},  {falling, top, low}, {low, top, rising},
                                          {low, falling, top}, {rising, low, top},  {top, low, falling}};
    memcpy(pixel, sectors[sector % 6], CHANNELS);
}

static void turn_pixel(uint8_t *pixel, int shift)
{
    int high = pixel[0], low = pixel[0];
    for (int c = 1; c < CHANNELS; c++) {
        if (pixel[c] > high) high = pixel[c];
        if (pixel[c] < low) low = pixel[c];
    }
    if (high == low) return;
    const int saturation = clip((int)((double)((float)(high - low) / (float)high) * 255.0));
    if (saturation == 0)
        memset(pixel, high, CHANNELS);
    else
        pixel_from(pixel, (hue_of(pixel, high, low) + shift) & 255, saturation, high);
}

void adjust_hue(image *p, float turns)
{
    const int shift = (int)(turns * 255.0f);
    uint8_t *end = p->pixels + pixel_count(p) * CHANNELS;
    for (uint8_t *pixel = p->pixels; pixel < end; pixel += CHANNELS)
        turn_pixel(pixel, shift);
}

/* ---- Places ---- */

void adjust_mirror(image *p)
{
    const size_t stride = (size_t)p->width * CHANNELS;
    for (int y = 0; y < p->height; y++) {
        uint8_t *left = p->pixels + (size_t)y * stride, *right = left + stride - CHANNELS;
        for (; left < right; left += CHANNELS, right -= CHANNELS) {
            uint8_t pixel[CHANNELS];
            memcpy(pixel, left, CHANNELS);
            memcpy(left, right, CHANNELS);
            memcpy(right, pixel, CHANNELS);
        }
    }
}
