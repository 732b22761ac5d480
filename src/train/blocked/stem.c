/* SPDX-License-Identifier: Apache-2.0
 *
 * The stem: a convolution of a few channels, straight from images in memory. A row of the kernel, with its
 * columns and channels, is one run of floats of a row of pixels, so that a row of outputs is a dot product
 * over the kernel's rows (kernels/blocked/blocked.h), and its weight gradient the outer product.
 */
#include <string.h>

#include "train/blocked/layers.h"

enum { SLOPE_KINDS = 2 };

/* Floats of one padded row of the image. */
static size_t patch_width(const net_conv *c)
{
    const int seen = (c->out_width - 1) * c->stride + c->kernel, given = c->pad_left + c->in_width;
    return (size_t)(seen > given ? seen : given) * (size_t)c->in;
}

/* Input rows that output row `y` sees, padded. */
static void fill_patch(const member *m, size_t image, size_t y, float *patch)
{
    const net_conv *c = m->s->stem.conv;
    const size_t width = patch_width(c), left = (size_t)(c->pad_left * c->in),
                 columns = (size_t)c->in_width * (size_t)c->in;
    const float *plane = m->s->images + image * (size_t)c->in_height * columns;
    for (int k = 0; k < c->kernel; k++, patch += width) {
        const ptrdiff_t row = (ptrdiff_t)y * c->stride - c->pad_top + k;
        const bool inside = row >= 0 && row < c->in_height;
        memset(patch, 0, (inside ? left : width) * sizeof *patch);
        if (!inside) continue;
        memcpy(patch + left, plane + (size_t)row * columns, columns * sizeof *patch);
        memset(patch + left + columns, 0, (width - left - columns) * sizeof *patch);
    }
}

/* ---- Forward ---- */

/* [out][in][y][x] to [out][y][x][in]. */
static void reorder(float *to, const float *from, const net_conv *c)
{
    const size_t in = (size_t)c->in, taps = (size_t)(c->kernel * c->kernel);
    for (size_t o = 0; o < (size_t)c->out; o++)
        for (size_t i = 0; i < in; i++)
            for (size_t t = 0; t < taps; t++)
                to[(o * taps + t) * in + i] = from[(o * in + i) * taps + t];
}

static void forward_row(const member *m, size_t image, size_t y)
{
    const blocked_step *s = m->s;
    const unit *u = &s->stem;
    const net_conv *c = u->conv;
    const size_t length = (size_t)c->kernel * (size_t)c->in, inputs = length * (size_t)c->kernel;
    fill_patch(m, image, y, m->scratch);
    for (size_t panel = 0; panel < panel_count(u->vectors); panel++)
        s->kernels->dot(&(blocked_dot){
            .x = m->scratch,
            .x_pixel = (size_t)c->stride * (size_t)c->in,
            .x_row = patch_width(c),
            .rows = (size_t)c->kernel,
            .length = length,
            .last = length,
            .weights = s->packed + 2 * panel * s->vector * inputs,
            .bias = s->zeros,
            .panel = panel_width(u->vectors, panel),
            .pixels = (size_t)c->out_width,
            .out = map_at(&u->raw, s->vector, 2 * panel, image * u->raw.pixels + y * (size_t)c->out_width),
            .out_block = u->raw.block,
        });
}

/* The stem's activation as a tensor, for a first block that does not read its raw output. */
static void activate_stem(const member *m)
{
    const blocked_step *s = m->s;
    size_t first, end;
    pool_share(s->stem.vectors * s->count, m->number, m->count, &first, &end);
    for (size_t i = first; i < end; i++) {
        const size_t v = i / s->count, pixel = i % s->count * s->first.pixels;
        s->training->apply(&(blocked_apply){.norm = norm_of(&s->stem, s->vector, v),
                                            .x = map_at(&s->stem.raw, s->vector, v, pixel),
                                            .height = 1,
                                            .width = s->first.pixels,
                                            .out = map_at(&s->first, s->vector, v, pixel)});
    }
    pool_barrier(s->team);
}

void stem_forward(const member *m)
{
    blocked_step *s = m->s;
    unit *u = &s->stem;
    const net_conv *c = u->conv;
    const size_t inputs = (size_t)(c->kernel * c->kernel) * (size_t)c->in, parts = s->stem_rows.parts;
    if (m->number == 0) reorder(s->weight_sums, value_of(s, u->tensor), c);
    pool_barrier(s->team);
    pack_forward(m, s->packed, s->weight_sums, inputs, (size_t)c->out);
    pool_barrier(s->team);
    size_t first, end;
    pool_share(s->count * parts, m->number, m->count, &first, &end);
    for (size_t i = first; i < end; i++) {
        size_t from, to;
        division_part(&s->stem_rows, i % parts, &from, &to);
        for (size_t y = from; y < to; y++)
            forward_row(m, i / parts, y);
        for (size_t v = 0; !constant_norms(s) && v < u->vectors; v++)
            norm_measure(m, u, &s->stem_rows, i / parts, i % parts, v, NULL);
    }
    pool_barrier(s->team);
    norm_settle(m, u, &s->stem_rows);
    if (!s->fuses_stem) activate_stem(m);
}

/* ---- Backward ---- */

/* Through the activation, in place. */
static void derive_activation(const member *m)
{
    const blocked_step *s = m->s;
    const division whole = {s->first.pixels, 1, 1};
    size_t first, end;
    pool_share(s->stem.vectors * s->count, m->number, m->count, &first, &end);
    for (size_t i = first; i < end; i++) {
        const size_t v = i / s->count, image = i % s->count, pixel = image * s->first.pixels;
        float *d = map_at(&s->dfirst, s->vector, v, pixel);
        s->training->slope(&(blocked_slope){.norm = norm_of(&s->stem, s->vector, v),
                                            .x = map_at(&s->stem.raw, s->vector, v, pixel),
                                            .dy = d,
                                            .pixels = s->first.pixels,
                                            .out = d,
                                            .sums = sums_at(m, &s->stem, &whole, SLOPE_KINDS, image, 0, v)});
    }
    pool_barrier(s->team);
    norm_derive(m, &m->s->stem, &whole, &(norm_gradient){0});
}

/* Adds the weight gradient of some rows of one image: [y][x][in][vectors * V]. */
static void backward_rows(const member *m, size_t image, size_t from, size_t to, float *sums)
{
    const blocked_step *s = m->s;
    const unit *u = &s->stem;
    const net_conv *c = u->conv;
    const size_t vector = s->vector, width = (size_t)c->out_width, pixels = (to - from) * width,
                 length = (size_t)c->kernel * (size_t)c->in, first = image * u->raw.pixels + from * width;
    float *patch = m->scratch + u->vectors * pixels * vector;
    for (size_t v = 0; v < u->vectors; v++) {
        blocked_norm norm = norm_of(u, vector, v);
        norm.activation = KERNEL_LINEAR;
        s->training->undo(&(blocked_undo){.norm = norm,
                                          .x = map_at(&u->raw, vector, v, first),
                                          .dy = map_at(&s->dfirst, vector, v, first),
                                          .height = 1,
                                          .width = pixels,
                                          .factor = u->gain + v * vector,
                                          .offset = s->zeros,
                                          .slope = u->slope + v * vector,
                                          .constant = u->constant + v * vector,
                                          .out = m->scratch + v * pixels * vector});
    }
    for (size_t y = from; y < to; y++) {
        fill_patch(m, image, y, patch);
        s->training->outer(&(blocked_outer){.x = patch,
                                            .x_pixel = (size_t)c->stride * (size_t)c->in,
                                            .x_row = patch_width(c),
                                            .rows = (size_t)c->kernel,
                                            .length = length,
                                            .last = length,
                                            .y = m->scratch + (y - from) * width * vector,
                                            .y_block = pixels * vector,
                                            .vectors = u->vectors,
                                            .pixels = width,
                                            .out = sums,
                                            .out_step = u->vectors * vector});
    }
}

static void gather(const member *m, size_t places, float *gradient)
{
    const blocked_step *s = m->s;
    const net_conv *c = s->stem.conv;
    const size_t in = (size_t)c->in, taps = (size_t)(c->kernel * c->kernel),
                 step = s->stem.vectors * s->vector;
    size_t first, end;
    pool_share((size_t)c->out, m->number, m->count, &first, &end);
    for (size_t o = first; o < end; o++)
        for (size_t i = 0; i < in; i++)
            for (size_t t = 0; t < taps; t++) {
                float sum = 0;
                for (size_t place = 0; place < places; place++)
                    sum += s->weight_sums[((place * taps + t) * in + i) * step + o];
                gradient[(o * in + i) * taps + t] += sum;
            }
}

void stem_backward(const member *m)
{
    blocked_step *s = m->s;
    const net_conv *c = s->stem.conv;
    const size_t size = (size_t)(c->kernel * c->kernel) * (size_t)c->in * s->stem.vectors * s->vector;
    const size_t parts = s->stem_rows.parts, all = s->count * parts, places = slots_count(all, size);
    float *gradient = gradient_of(s, s->stem.tensor);
    if (!s->fuses_stem) derive_activation(m);
    if (!gradient) return;
    size_t first, end;
    pool_share(places, m->number, m->count, &first, &end);
    for (size_t place = first; place < end; place++) {
        float *sums = s->weight_sums + place * size;
        size_t from, to;
        pool_share(all, place, places, &from, &to);
        memset(sums, 0, size * sizeof *sums);
        for (size_t i = from; i < to; i++) {
            size_t top, bottom;
            division_part(&s->stem_rows, i % parts, &top, &bottom);
            backward_rows(m, i / parts, top, bottom, sums);
        }
    }
    pool_barrier(s->team);
    gather(m, places, gradient);
    pool_barrier(s->team);
}
