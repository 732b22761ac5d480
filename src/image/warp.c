/* SPDX-License-Identifier: Apache-2.0
 *
 * See warp.h. Source positions are numbers with 16 fractional bits that grow by adding, as in Pillow's
 * libImaging/Geometry.c, affine_fixed.
 */
#include "image/warp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 3, FRACTION = 16 };

static int64_t fixed(double value)
{
    return (int64_t)floor(value * (1 << FRACTION) + 0.5);
}

/* A row of the result, from (x, y) on. */
static void warp_row(uint8_t *out, const image *in, int64_t x, int64_t y, int64_t dx, int64_t dy)
{
    for (int i = 0; i < in->width; i++, out += CHANNELS, x += dx, y += dy) {
        const int64_t column = x >> FRACTION, row = y >> FRACTION;
        if (column >= 0 && column < in->width && row >= 0 && row < in->height)
            memcpy(out, in->pixels + (size_t)(row * in->width + column) * CHANNELS, CHANNELS);
    }
}

effnet_status warp_affine(image *p, const double m[6], uint8_t fill, effnet_error *error)
{
    const size_t stride = (size_t)p->width * CHANNELS, size = stride * (size_t)p->height;
    uint8_t *result = malloc(size);
    if (!result) return error_memory(error);
    memset(result, fill, size);
    int64_t x = fixed(m[2] + m[0] * 0.5 + m[1] * 0.5), y = fixed(m[5] + m[3] * 0.5 + m[4] * 0.5);
    for (int row = 0; row < p->height; row++, x += fixed(m[1]), y += fixed(m[4]))
        warp_row(result + (size_t)row * stride, p, x, y, fixed(m[0]), fixed(m[3]));
    free(p->pixels);
    p->pixels = result;
    return EFFNET_OK;
}

/* Pillow rounds sine and cosine to 15 decimals. */
static double rounded(double value)
{
    return round(value * 1e15) / 1e15;
}

effnet_status warp_rotate(image *p, double degrees, uint8_t fill, effnet_error *error)
{
    const double angle = -degrees * (3.141592653589793 / 180.0);
    const double cosine = rounded(cos(angle)), sine = rounded(sin(angle));
    const double x = p->width / 2.0, y = p->height / 2.0;
    const double m[6] = {cosine, sine,   cosine * -x + sine * -y + x,
                         -sine,  cosine, -sine * -x + cosine * -y + y};
    return warp_affine(p, m, fill, error);
}
