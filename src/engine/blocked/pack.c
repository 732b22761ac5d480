/* SPDX-License-Identifier: Apache-2.0
 *
 * Transposition, mostly, at the speed of memory.
 */
#include "engine/blocked/pack.h"

#include <string.h>

void pack_bias(float *bias, size_t vectors, size_t vector, const float *constant, size_t out)
{
    memset(bias, 0, vectors * vector * sizeof *bias);
    memcpy(bias, constant, out * sizeof *bias);
}

/* Rows [first, first + count) of raw [out][in], each times its gain, to columns of packed [in][width]. Goes
 * in squares that stay in the first cache: a row at a time would touch a line of `packed` for every value. */
static void pack_columns(float *packed, size_t width, const float *raw, size_t in, size_t first, size_t count,
                         const float *factor, float scale)
{
    enum { SQUARE = 16 };
    for (size_t k0 = 0; k0 < in; k0 += SQUARE) {
        const size_t k1 = k0 + SQUARE < in ? k0 + SQUARE : in;
        for (size_t n = 0; n < count; n++) {
            const float *row = raw + (first + n) * in;
            const float gain = factor ? factor[first + n] * scale : scale;
            for (size_t k = k0; k < k1; k++)
                packed[k * width + n] = row[k] * gain;
        }
    }
    if (count == width) return;
    for (size_t k = 0; k < in; k++)
        memset(packed + k * width + count, 0, (width - count) * sizeof *packed);
}

/* Real outputs among the `width` that start at `first`. */
static size_t outputs_at(size_t first, size_t width, size_t out)
{
    return first >= out ? 0 : first + width <= out ? width : out - first;
}

/* Rows [first, first + count) of raw to the weights of a half panel (blocked_dot.half) of `vectors` vectors.
 */
static void pack_half(float *packed, size_t vectors, size_t vector, const float *raw, size_t in, size_t first,
                      size_t count, const float *factor, float scale)
{
    const size_t whole = (vectors - 1) * vector, step = 2 * whole + vector;
    memset(packed, 0, in / 2 * step * sizeof *packed);
    for (size_t n = 0; n < count; n++) {
        const float *row = raw + (first + n) * in;
        const float gain = factor[first + n] * scale;
        for (size_t k = 0; k < in; k++) {
            const size_t at = n < whole ? k % 2 * whole + n : 2 * whole + 2 * (n - whole) + k % 2;
            packed[k / 2 * step + at] = row[k] * gain;
        }
    }
}

void pack_panels(dot_weights *d, size_t vector, const float *raw, size_t in, size_t out, const float *factor,
                 float scale)
{
    for (size_t p = 0; p < panel_count(d->vectors); p++) {
        const size_t width = panel_width(d->vectors, p) * vector, first = panel_first(p) * vector;
        const size_t count = outputs_at(first, width, out);
        float *packed = d->weights + first * in;
        if (d->half && p + 1 == panel_count(d->vectors))
            pack_half(packed, width / vector, vector, raw, in, first, count, factor, scale);
        else
            pack_columns(packed, width, raw, in, first, count, factor, scale);
    }
}

void pack_reorder_stem(float *to, const float *from, const net_conv *stem)
{
    const size_t in = (size_t)stem->in, taps = (size_t)stem->kernel * (size_t)stem->kernel;
    for (size_t o = 0; o < (size_t)stem->out; o++)
        for (size_t c = 0; c < in; c++)
            for (size_t t = 0; t < taps; t++)
                to[(o * taps + t) * in + c] = from[(o * in + c) * taps + t];
}

void pack_depthwise(depthwise_weights *d, size_t vector, const float *raw, size_t channels, size_t taps,
                    const float *factor, float scale)
{
    memset(d->weights, 0, d->vectors * taps * vector * sizeof *d->weights);
    for (size_t c = 0; c < channels; c++)
        for (size_t t = 0; t < taps; t++)
            d->weights[(c / vector * taps + t) * vector + c % vector] = raw[c * taps + t] * factor[c] * scale;
}

void pack_dense(dense_weights *d, const blocked_table *table, const float *raw, size_t out)
{
    const size_t vector = table->vector, group = table->dense_panel;
    for (size_t v = 0; v < d->vectors; v += group) {
        const size_t left = d->vectors - v, width = (left < group ? left : group) * vector;
        const size_t first = v * vector;
        pack_columns(d->weights + first * d->k, width, raw, d->k, first, outputs_at(first, width, out), NULL,
                     1);
    }
}
