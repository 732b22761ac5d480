/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise convolutions forward and backward: one vector of channels of one image at a time, in strips of
 * rows that stay in cache. What is read is normed and activated into a padded buffer; backward, the gradient
 * of the output is made in another one. A strip of input rows sees a few rows of gradients that its neighbour
 * sees too, which both make; weights then sum over the input rows of their strip alone.
 */
#include <string.h>

#include "train/blocked/strip.h"

enum { MAX_VECTOR = 16, SLOPE_KINDS = 2 };

static window window_make(float *data, size_t vector, size_t left, size_t width)
{
    return (window){.data = data, .left = left, .width = width, .step = width * vector};
}

static float *window_row(const window *w, ptrdiff_t row)
{
    return w->data + (size_t)(row - w->first) * w->step;
}

/* Columns beside the plane's `columns` stay zero once they are: rows of windows of one layer lie alike. */
static void window_clear(const window *w, size_t rows)
{
    memset(w->data, 0, rows * w->step * sizeof *w->data);
}

static ptrdiff_t floor_div(ptrdiff_t a, ptrdiff_t b)
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

/* ---- The input, activated ---- */

static window input_window(const net_conv *c, size_t vector, float *data)
{
    const size_t seen = (size_t)((c->out_width - 1) * c->stride + c->kernel),
                 given = (size_t)(c->pad_left + c->in_width);
    return window_make(data, vector, (size_t)c->pad_left, seen > given ? seen : given);
}

/* Fills rows [w->first, w->end) of the window; those outside the image are zero. */
static void fill_input(const member *m, const net_conv *c, const source *in, size_t v, size_t image,
                       const window *w)
{
    const size_t vector = m->s->vector, width = (size_t)c->in_width;
    const ptrdiff_t top = w->first > 0 ? w->first : 0, bottom = w->end < c->in_height ? w->end : c->in_height;
    for (ptrdiff_t y = w->first; y < w->end; y++)
        if (y < top || y >= bottom)
            memset(window_row(w, y) + w->left * vector, 0, width * vector * sizeof(float));
    if (top >= bottom) return;
    const float *x = map_at(&in->x, vector, v, image * in->x.pixels + (size_t)top * width);
    float *to = window_row(w, top) + w->left * vector;
    const size_t rows = (size_t)(bottom - top);
    if (in->norm) {
        m->s->training->apply(&(blocked_apply){.norm = norm_of(in->norm, vector, v),
                                               .x = x,
                                               .x_step = width * vector,
                                               .height = rows,
                                               .width = width,
                                               .out = to,
                                               .out_step = w->step});
        return;
    }
    for (size_t y = 0; y < rows; y++)
        memcpy(to + y * w->step, x + y * width * vector, width * vector * sizeof *to);
}

/* Floats of one vector of the largest strip. */
static size_t part_floats(const division *d, size_t vector)
{
    return (d->items + d->parts - 1) / d->parts * d->width * vector;
}

/* ---- Forward ---- */

/* A large map's outputs are made at the start of scratch memory; the pass that measures copies them. */
static void forward_strip(const member *m, const block_state *b, const source *in, size_t v, size_t image,
                          size_t strip, window *w)
{
    blocked_step *s = m->s;
    const unit *u = &b->depthwise;
    const net_conv *c = u->conv;
    const size_t vector = s->vector, taps = (size_t)(c->kernel * c->kernel);
    size_t first, end;
    division_part(&b->rows_out, strip, &first, &end);
    w->first = (ptrdiff_t)first * c->stride - c->pad_top;
    w->end = ((ptrdiff_t)end - 1) * c->stride - c->pad_top + c->kernel;
    fill_input(m, c, in, v, image, w);
    for (int y = 0; y < c->kernel; y++)
        m->rows[y] = w->data + (size_t)y * w->step;
    float *made = !constant_norms(s) && map_is_large(s, &u->raw) ? m->scratch : NULL;
    float *place = map_at(&u->raw, vector, v, image * u->raw.pixels + first * (size_t)c->out_width);
    s->kernels->depthwise(&(blocked_depthwise){
        .rows = m->rows,
        .row_step = (size_t)c->stride * w->step,
        .kernel = (size_t)c->kernel,
        .stride = (size_t)c->stride,
        .weights = s->taps + v * taps * vector,
        .bias = s->zeros,
        .out = made ? made : place,
        .height = end - first,
        .width = (size_t)c->out_width,
    });
    if (!constant_norms(s)) norm_measure(m, u, &b->rows_out, image, strip, v, made);
}

/* Rows that a strip of output rows sees at most. */
static size_t rows_seen(const net_conv *c, const division *strips)
{
    const size_t most = (strips->items + strips->parts - 1) / strips->parts;
    return (most - 1) * (size_t)c->stride + (size_t)c->kernel;
}

void depthwise_forward(const member *m, block_state *b, const source *in)
{
    blocked_step *s = m->s;
    unit *u = &b->depthwise;
    const net_conv *c = u->conv;
    size_t first, end;
    window w = input_window(c, s->vector, m->scratch + part_floats(&b->rows_out, s->vector));
    window_clear(&w, rows_seen(c, &b->rows_out));
    pack_taps(m, s->taps, value_of(s, u->tensor), (size_t)c->out, (size_t)(c->kernel * c->kernel));
    pool_barrier(s->team);
    pool_share(u->vectors * s->count, m->number, m->count, &first, &end);
    for (size_t i = first; i < end; i++)
        for (size_t strip = 0; strip < b->rows_out.parts; strip++)
            forward_strip(m, b, in, i / s->count, i % s->count, strip, &w);
    pool_barrier(s->team);
    norm_settle(m, u, &b->rows_out);
}

/* ---- Backward ---- */

/* The gradient of the output, for the rows and columns that inputs see, and all columns. */
static window gradient_window(const net_conv *c, size_t vector, float *data)
{
    const ptrdiff_t lowest = -floor_div(c->kernel - 1 - c->pad_left, c->stride);
    const ptrdiff_t seen = floor_div(c->in_width - 1 + c->pad_left, c->stride) + 1;
    const size_t left = lowest < 0 ? (size_t)-lowest : 0;
    return window_make(data, vector, left, left + (size_t)(seen > c->out_width ? seen : c->out_width));
}

static void set_gradient_rows(const net_conv *c, window *w, size_t first, size_t end)
{
    w->first = -floor_div(c->kernel - 1 - c->pad_top - (ptrdiff_t)first, c->stride);
    w->end = floor_div((ptrdiff_t)end - 1 + c->pad_top, c->stride) + 1;
}

static void fill_gradient(const back_strip *t)
{
    blocked_step *s = t->m->s;
    const block_state *b = t->b;
    const unit *u = &b->depthwise;
    const window *w = &t->gradient;
    const size_t vector = s->vector, width = (size_t)u->conv->out_width;
    const ptrdiff_t top = w->first > 0 ? w->first : 0,
                    bottom = w->end < u->conv->out_height ? w->end : u->conv->out_height;
    for (ptrdiff_t y = w->first; y < w->end; y++)
        if (y < top || y >= bottom)
            memset(window_row(w, y) + w->left * vector, 0, width * vector * sizeof(float));
    if (top >= bottom) return;
    const float *gain = u->gain + t->v * vector;
    const float *gate = b->net->squeeze ? map_at(&b->se.gate, vector, t->v, t->image) : s->ones;
    const float *pooled = b->net->squeeze ? map_at(&b->se.dpooled, vector, t->v, t->image) : s->zeros;
    float factor[MAX_VECTOR], offset[MAX_VECTOR];
    for (size_t i = 0; i < vector; i++) {
        factor[i] = gain[i] * gate[i];
        offset[i] = gain[i] * pooled[i];
    }
    const size_t pixel = t->image * u->raw.pixels + (size_t)top * width;
    blocked_norm norm = norm_of(u, vector, t->v);
    if (!b->net->squeeze) norm.activation = KERNEL_LINEAR; /* pointwise.c has been through it */
    s->training->undo(&(blocked_undo){
        .norm = norm,
        .x = map_at(&u->raw, vector, t->v, pixel),
        .x_step = width * vector,
        .dy = map_at(&b->dhidden, vector, t->v, pixel),
        .dy_step = width * vector,
        .height = (size_t)(bottom - top),
        .width = width,
        .factor = factor,
        .offset = offset,
        .slope = u->slope + t->v * vector,
        .constant = u->constant + t->v * vector,
        .out = window_row(w, top) + w->left * vector,
        .out_step = w->step,
    });
}

static void add_taps(const back_strip *t, float *sums)
{
    blocked_step *s = t->m->s;
    const net_conv *c = t->b->depthwise.conv;
    const ptrdiff_t top = t->gradient.first > 0 ? t->gradient.first : 0,
                    bottom = t->gradient.end < c->out_height ? t->gradient.end : c->out_height;
    if (top >= bottom) return;
    const size_t count = (size_t)((bottom - top - 1) * c->stride + c->kernel);
    for (size_t i = 0; i < count; i++) {
        const ptrdiff_t y = top * c->stride - c->pad_top + (ptrdiff_t)i;
        const bool here = y >= (ptrdiff_t)t->first && y < (ptrdiff_t)t->end;
        t->m->rows[i] = here ? window_row(&t->input, y) : t->zeros;
    }
    s->training->depthwise_outer(&(blocked_depthwise_outer){
        .rows = t->m->rows,
        .dy = window_row(&t->gradient, top) + t->gradient.left * s->vector,
        .dy_step = t->gradient.step,
        .kernel = (size_t)c->kernel,
        .stride = (size_t)c->stride,
        .height = (size_t)(bottom - top),
        .width = (size_t)c->out_width,
        .out = sums,
    });
}

/* The gradient of the strip's inputs, and where a norm stands before them, that in front of its activation.
 */
static void back_inputs(const back_strip *t, size_t strip)
{
    blocked_step *s = t->m->s;
    const block_state *b = t->b;
    const net_conv *c = b->depthwise.conv;
    const size_t vector = s->vector, width = (size_t)c->in_width, taps = (size_t)(c->kernel * c->kernel);
    const size_t pixel = t->image * t->in->x.pixels + t->first * width;
    float *place = t->dx ? map_at(t->dx, vector, t->v, pixel) : t->to;
    float *made = t->dx && t->in->norm && map_is_large(s, t->dx) ? t->m->scratch : place;
    s->training->depthwise_back(&(blocked_depthwise_back){
        .dy = t->gradient.data + (ptrdiff_t)(t->gradient.left * vector) -
              t->gradient.first * (ptrdiff_t)t->gradient.step,
        .dy_step = (ptrdiff_t)t->gradient.step,
        .kernel = (size_t)c->kernel,
        .stride = (size_t)c->stride,
        .pad_top = (size_t)c->pad_top,
        .pad_left = (size_t)c->pad_left,
        .weights = s->taps + t->v * taps * vector,
        .first = t->first,
        .height = t->end - t->first,
        .width = width,
        .out = made,
    });
    if (!t->in->norm) return;
    s->training->slope(&(blocked_slope){
        .norm = norm_of(t->in->norm, vector, t->v),
        .x = map_at(&t->in->x, vector, t->v, pixel),
        .dy = made,
        .pixels = (t->end - t->first) * width,
        .out = place,
        .past = made != place,
        .sums = sums_at(t->m, t->in->norm, &b->rows_in, SLOPE_KINDS, t->image, strip, t->v),
    });
}

void strip_backward(back_strip *t, size_t strip, float *sums)
{
    const net_conv *c = t->b->depthwise.conv;
    division_part(&t->b->rows_in, strip, &t->first, &t->end);
    set_gradient_rows(c, &t->gradient, t->first, t->end);
    fill_gradient(t);
    if (sums) {
        t->input.first = (ptrdiff_t)t->first;
        t->input.end = (ptrdiff_t)t->end;
        fill_input(t->m, c, t->in, t->v, t->image, &t->input);
        add_taps(t, sums);
    }
    if (t->dx || t->to) back_inputs(t, strip);
}

/* [vectors][taps][V] to [channels][taps]. */
void strip_gather(const member *m, const unit *u, const float *all, size_t places, size_t step,
                  float *gradient)
{
    const size_t vector = m->s->vector, taps = (size_t)(u->conv->kernel * u->conv->kernel),
                 channels = (size_t)u->conv->out;
    size_t first, end;
    pool_share(channels, m->number, m->count, &first, &end);
    for (size_t c = first; c < end; c++)
        for (size_t tap = 0; tap < taps; tap++) {
            const float *sums = all + ((c / vector) * taps + tap) * vector + c % vector;
            float sum = 0;
            for (size_t place = 0; place < places; place++)
                sum += sums[place * step];
            gradient[c * taps + tap] += sum;
        }
}

back_strip strip_buffers(const member *m, const block_state *b, const source *in, const map *dx)
{
    const net_conv *c = b->depthwise.conv;
    const size_t vector = m->s->vector, rows = (b->rows_in.items + b->rows_in.parts - 1) / b->rows_in.parts;
    back_strip t = {.m = m, .b = b, .in = in, .dx = dx};
    t.input = input_window(c, vector, m->scratch + part_floats(&b->rows_in, vector));
    window_clear(&t.input, rows + 1);
    t.zeros = t.input.data + rows * t.input.step;
    t.gradient = gradient_window(c, vector, t.zeros + t.input.step);
    window_clear(&t.gradient, rows + (size_t)c->kernel);
    t.rest = t.gradient.data + (rows + (size_t)c->kernel) * t.gradient.step;
    return t;
}

void depthwise_backward(const member *m, block_state *b, const source *in, const map *dx)
{
    blocked_step *s = m->s;
    const unit *u = &b->depthwise;
    const size_t taps = (size_t)(u->conv->kernel * u->conv->kernel), size = taps * s->vector,
                 places = s->count < MOST_IMAGE_SLOTS ? s->count : MOST_IMAGE_SLOTS;
    float *gradient = gradient_of(s, u->tensor);
    back_strip t = strip_buffers(m, b, in, dx);
    size_t first, end;
    pack_taps(m, s->taps, value_of(s, u->tensor), (size_t)u->conv->out, taps);
    pool_barrier(s->team);
    pool_share(u->vectors * places, m->number, m->count, &first, &end);
    for (size_t i = first; i < end; i++) {
        const size_t place = i % places;
        t.v = i / places;
        float *sums = gradient ? s->weight_sums + (place * u->vectors + t.v) * size : NULL;
        size_t from, to;
        pool_share(s->count, place, places, &from, &to);
        if (sums) memset(sums, 0, size * sizeof *sums);
        for (t.image = from; t.image < to; t.image++)
            for (size_t strip = 0; strip < b->rows_in.parts; strip++)
                strip_backward(&t, strip, sums);
    }
    pool_barrier(s->team);
    if (gradient) strip_gather(m, u, s->weight_sums, places, u->vectors * size, gradient);
    pool_barrier(s->team);
}
