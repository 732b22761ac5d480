/* SPDX-License-Identifier: Apache-2.0
 *
 * Backward through a block's depthwise convolution and its expansion at once, a strip of rows of all hidden
 * channels at a time. Batch norm's derivative wants sums over the whole batch before the gradient of the
 * expansion's raw output e is known, but it is linear in them, so that all that needs the hidden gradient can
 * be taken from it while it is in cache, and the rest follows afterwards from small tensors. With g the
 * gradient in front of the activation, x the input less anything constant, and per channel de = gain g +
 * slope (e - mean) + constant: dx = We' diag(gain) g  +  We' diag(slope) We (x - mean(x))  +  We' constant
 *     dWe = gain (g x')  +  slope We (x - mean(x)) (x - mean(x))'  +  constant sum(x)'
 * for e - mean(e) is We (x - mean(x)). The first terms are taken from strips, with the products of the inputs
 * with each other; the second term of dx in a pass over the input, which is narrow. Constants in x drop out
 * of dWe, for gain sum(g) + pixels constant is 0.
 *
 * x is taken less the bias of the norms that made it, about its mean: sums of squares then lose nothing.
 * Where norms are constants (frozen), slope and constant are 0, and x is as it is.
 */
#include <string.h>

#include "train/blocked/strip.h"

/* What phases share. */
typedef struct inverted {
    const member *m;
    block_state *b;
    const map *dx, *add;
    strip_sums layout;
    size_t in, out; /* channels of the expansion */
    bool constant;  /* norms are */
    float *weight_gradient, *tap_gradient;
} inverted;

/* ---- The input, centred ---- */

/* What the norms before it have added to channel c of block `number`'s input, up to the last map of unknown
 * origin. */
static float added_before(const blocked_step *s, size_t number, size_t c)
{
    float sum = 0;
    while (number-- > 0) {
        sum += s->blocks[number].project.bias[c];
        if (!s->blocks[number].net->residual) break;
    }
    return sum;
}

/* A piece of the input less its shift, at `to` or in place. */
static const float *read_centred(const inverted *h, const piece *p, float *to, size_t *row)
{
    const blocked_step *s = h->m->s;
    const source *in = &h->b->input;
    const size_t vector = s->vector;
    if (h->constant) return pointwise_read(h->m, in, p, to, row);
    *row = p->pixels * vector;
    for (size_t v = 0; v < in->x.vectors; v++) {
        float shift[16] = {0};
        blocked_norm norm = {shift, s->ones, s->zeros, KERNEL_LINEAR};
        if (in->norm) {
            norm = norm_of(in->norm, vector, v);
            norm.bias = s->zeros;
        } else {
            for (size_t i = 0; i < vector && v * vector + i < h->in; i++)
                shift[i] = added_before(s, h->b->number, v * vector + i);
        }
        s->training->apply(&(blocked_apply){.norm = norm,
                                            .x = map_at(&in->x, vector, v, p->first),
                                            .height = 1,
                                            .width = p->pixels,
                                            .out = to + v * *row});
    }
    return to;
}

/* Products of a piece's pixels by packed weights [panels of the input's channels][from], added to `add`. */
static void multiply(const inverted *h, const piece *p, const float *x, size_t row, size_t from,
                     const float *bias, const map *add)
{
    const blocked_step *s = h->m->s;
    const size_t vector = s->vector;
    for (size_t panel = 0; panel < panel_count(h->dx->vectors); panel++) {
        blocked_dot job = pointwise_product(h->m, x, row, from, p->pixels);
        job.panel = panel_width(h->dx->vectors, panel);
        job.weights = s->packed + 2 * panel * vector * from;
        if (bias) job.bias = bias + 2 * panel * vector;
        job.out = map_at(h->dx, vector, 2 * panel, p->first);
        job.out_block = h->dx->block;
        if (add) job.add = map_at(add, vector, 2 * panel, p->first);
        s->kernels->dot(&job);
    }
}

/* ---- Strips ---- */

static void pack_scaled(const inverted *h)
{
    const blocked_step *s = h->m->s;
    const unit *u = &h->b->expand;
    const size_t vector = s->vector, vectors = vectors_of(h->in, vector);
    size_t first, end;
    pool_share(panel_count(vectors), h->m->number, h->m->count, &first, &end);
    for (size_t panel = first; panel < end; panel++) {
        const size_t width = panel_width(vectors, panel) * vector;
        float *to = s->packed + 2 * panel * vector * h->out;
        pack_backward_panel(h->m, to, value_of(s, u->tensor), h->in, h->out, panel);
        for (size_t o = 0; o < h->out; o++)
            for (size_t i = 0; i < width; i++)
                to[o * width + i] *= u->gain[o];
    }
}

static void add_products(const inverted *h, const piece *p, const float *g, const float *x, size_t row,
                         float *sums)
{
    const blocked_step *s = h->m->s;
    const size_t vector = s->vector, vectors = h->layout.inputs / vector;
    blocked_outer job = {.x = x,
                         .x_pixel = vector,
                         .x_row = row,
                         .rows = vectors,
                         .length = vector,
                         .last = h->in - (vectors - 1) * vector,
                         .y = g,
                         .y_block = p->pixels * vector,
                         .vectors = h->b->expand.vectors,
                         .pixels = p->pixels,
                         .out = sums,
                         .out_step = h->layout.step};
    s->training->outer(&job);
    if (h->constant) return;
    job.y = x;
    job.y_block = row;
    job.vectors = vectors;
    job.out = sums + h->layout.square;
    job.out_step = h->layout.inputs;
    s->training->outer(&job);
    for (size_t v = 0; v < vectors; v++) {
        float sum[16], squares[16], *total = sums + h->layout.total + v * vector;
        s->training->moments(
            &(blocked_moments){.x = x + v * row, .pixels = p->pixels, .sum = sum, .squares = squares});
        for (size_t i = 0; i < vector; i++)
            total[i] += sum[i];
    }
}

/* One panel of the expansion's output for a piece, made again at `to`; where its norm and activation are read
 * from. */
static source remake(const inverted *h, const piece *p, const float *x, size_t row, size_t panel, float *to)
{
    const blocked_step *s = h->m->s;
    const unit *u = &h->b->expand;
    const size_t vector = s->vector;
    source made = {.x = u->raw, .norm = u};
    blocked_dot job = pointwise_product(h->m, x, row, h->in, p->pixels);
    job.panel = panel_width(u->vectors, panel);
    job.weights = s->again + 2 * panel * vector * h->in;
    job.out = to;
    job.out_block = p->pixels * vector;
    s->kernels->dot(&job);
    made.x.block = job.out_block;
    made.x.data = to - (ptrdiff_t)(2 * panel * job.out_block + p->first * vector);
    return made;
}

/* The gradients of one panel of a piece, to `g` [vectors][pixels][V]. */
static void run_panel(const inverted *h, back_strip *t, const piece *p, size_t panel, float *g, float *sums)
{
    const size_t vector = h->m->s->vector, vectors = h->b->expand.vectors, first = 2 * panel,
                 end = first + panel_width(vectors, panel),
                 taps = (size_t)(h->b->depthwise.conv->kernel * h->b->depthwise.conv->kernel);
    for (t->v = first; t->v < end; t->v++)
        for (size_t i = 0; i < p->images; i++) {
            t->image = p->image + i;
            t->to = g + (t->v * p->pixels + i * p->each) * vector;
            strip_backward(t, p->part, h->tap_gradient ? sums + h->layout.taps + t->v * taps * vector : NULL);
        }
}

static void run_strip(const inverted *h, back_strip *t, const piece *p, float *sums)
{
    const size_t vector = h->m->s->vector, vectors = h->b->expand.vectors;
    float *g = t->rest, *x = g + vectors * p->pixels * vector, *made = x + h->layout.inputs * p->pixels;
    size_t row;
    source remade;
    const float *read = h->b->remakes ? pointwise_read(h->m, &h->b->input, p, x, &row) : NULL;
    for (size_t panel = 0; panel < panel_count(vectors); panel++) {
        if (h->b->remakes) {
            remade = remake(h, p, read, row, panel, made);
            t->in = &remade;
        }
        run_panel(h, t, p, panel, g, sums);
    }
    if (h->weight_gradient) {
        read = read_centred(h, p, x, &row);
        add_products(h, p, g, read, row, sums);
    }
    if (h->dx) multiply(h, p, g, p->pixels * vector, h->out, NULL, h->add);
}

/* All strips; how many places there are. */
static size_t run_strips(const inverted *h)
{
    const member *m = h->m;
    blocked_step *s = m->s;
    const pieces *cut = &h->b->strips;
    const size_t all = pieces_count(cut, s->count), places = slots_count(all, h->layout.size);
    const source in = {.x = h->b->expand.raw, .norm = &h->b->expand};
    back_strip t = strip_buffers(m, h->b, &in, NULL);
    size_t first, end;
    pool_share(places, m->number, m->count, &first, &end);
    for (size_t place = first; place < end; place++) {
        float *sums = s->weight_sums + place * h->layout.size;
        size_t from, to;
        pool_share(all, place, places, &from, &to);
        memset(sums, 0, h->layout.size * sizeof *sums);
        for (size_t i = from; i < to; i++) {
            const piece p = piece_at(cut, s->count, i);
            run_strip(h, &t, &p, sums);
        }
    }
    pool_barrier(s->team);
    return places;
}

/* ---- The weights ---- */

/* All places but the taps' into the first one. */
static void add_places(const inverted *h, size_t places)
{
    blocked_step *s = h->m->s;
    size_t first, end;
    pool_share(h->layout.taps, h->m->number, h->m->count, &first, &end);
    for (size_t place = 1; place < places; place++)
        for (size_t i = first; i < end; i++)
            s->weight_sums[i] += s->weight_sums[place * h->layout.size + i];
    pool_barrier(s->team);
}

static double mean_of(const inverted *h, size_t channel)
{
    const blocked_step *s = h->m->s;
    return (double)s->weight_sums[h->layout.total + channel] / (double)(s->count * h->b->input.x.pixels);
}

/* Rows [from, to) of the inputs' products, less the means', to `out` [to - from][inputs]. */
static void centre_square(const inverted *h, size_t from, size_t to, float *out)
{
    const blocked_step *s = h->m->s;
    const float *total = s->weight_sums + h->layout.total;
    for (size_t k = from; k < to; k++) {
        const float *square = s->weight_sums + h->layout.square + k * h->layout.inputs;
        const double mean = mean_of(h, k);
        for (size_t i = 0; i < h->layout.inputs; i++)
            out[(k - from) * h->layout.inputs + i] = (float)((double)square[i] - mean * (double)total[i]);
    }
}

/* Rows [from, to) of the weights' sums become their gradient. */
static void finish_rows(const inverted *h, size_t from, size_t to)
{
    const blocked_step *s = h->m->s;
    const unit *u = &h->b->expand;
    const size_t vector = s->vector, rows = to - from, step = h->layout.step;
    float *square = h->m->scratch, *made = square + vector * h->layout.inputs;
    if (!h->constant) {
        centre_square(h, from, to, square);
        blocked_dot job = pointwise_product(h->m, square, vector, h->in, rows);
        job.x_pixel = h->layout.inputs;
        job.out_block = rows * vector;
        for (size_t panel = 0; panel < panel_count(u->vectors); panel++) {
            job.panel = panel_width(u->vectors, panel);
            job.weights = s->packed + 2 * panel * vector * h->in;
            job.out = made + 2 * panel * job.out_block;
            s->kernels->dot(&job);
        }
    }
    for (size_t r = 0; r < rows; r++) {
        float *sums = s->weight_sums + (from + r) * step;
        const float total = s->weight_sums[h->layout.total + from + r];
        for (size_t e = 0; e < step; e++) {
            sums[e] *= u->gain[e];
            if (!h->constant)
                sums[e] += u->slope[e] * made[(e / vector * rows + r) * vector + e % vector] +
                           u->constant[e] * total;
        }
    }
}

static void finish_weights(const inverted *h)
{
    blocked_step *s = h->m->s;
    const unit *u = &h->b->expand;
    const size_t vector = s->vector;
    if (!h->constant) {
        pack_forward(h->m, s->packed, value_of(s, u->tensor), h->in, h->out);
        pool_barrier(s->team);
    }
    size_t first, end;
    pool_share(vectors_of(h->in, vector), h->m->number, h->m->count, &first, &end);
    for (size_t v = first; v < end; v++) {
        const size_t from = v * vector, to = from + vector < h->in ? from + vector : h->in;
        finish_rows(h, from, to);
        pointwise_add_turned(h->m, u, s->weight_sums, h->layout.step, from, h->weight_gradient);
    }
    pool_barrier(s->team);
}

/* ---- The input's gradient ---- */

/* One panel of We' diag(slope) We, which is symmetric, as packed weights; and of the offset
 * We' constant - that times mean(x). */
static void pack_correction(const inverted *h, size_t panel, float *offset)
{
    const blocked_step *s = h->m->s;
    const unit *u = &h->b->expand;
    const size_t vector = s->vector, vectors = h->layout.inputs / vector, width = panel_width(vectors, panel),
                 first = 2 * panel * vector;
    const float *weights = value_of(s, u->tensor);
    float *scaled = h->m->scratch, *packed = s->packed + first * h->in;
    double sums[BLOCKED_MAX_PANEL * 16] = {0};
    for (size_t e = 0; e < h->out; e++)
        for (size_t i = 0; i < width * vector; i++) {
            const float w = first + i < h->in ? weights[e * h->in + first + i] : 0;
            scaled[(i / vector * h->out + e) * vector + i % vector] = u->slope[e] * w;
            sums[i] += (double)u->constant[e] * (double)w;
        }
    memset(packed, 0, h->in * width * vector * sizeof *packed);
    s->training->outer(&(blocked_outer){.x = weights,
                                        .x_pixel = h->in,
                                        .x_row = vector,
                                        .rows = vectors,
                                        .length = vector,
                                        .last = h->in - (vectors - 1) * vector,
                                        .y = scaled,
                                        .y_block = h->out * vector,
                                        .vectors = width,
                                        .pixels = h->out,
                                        .out = packed,
                                        .out_step = width * vector});
    for (size_t k = 0; k < h->in; k++)
        for (size_t i = 0; i < width * vector; i++)
            sums[i] -= (double)packed[k * width * vector + i] * mean_of(h, k);
    for (size_t i = 0; i < width * vector; i++)
        offset[i] = (float)sums[i];
}

static void correct_inputs(const inverted *h)
{
    blocked_step *s = h->m->s;
    const pieces *cut = &h->b->expand_pieces;
    float *offset = s->taps; /* of the depthwise convolution, which is through */
    size_t first, end;
    pool_share(panel_count(h->dx->vectors), h->m->number, h->m->count, &first, &end);
    for (size_t panel = first; panel < end; panel++)
        pack_correction(h, panel, offset + 2 * panel * s->vector);
    pool_barrier(s->team);
    pool_share(pieces_count(cut, s->count), h->m->number, h->m->count, &first, &end);
    for (size_t i = first; i < end; i++) {
        const piece p = piece_at(cut, s->count, i);
        size_t row;
        const float *x = read_centred(h, &p, h->m->scratch, &row);
        multiply(h, &p, x, row, h->in, offset, h->dx);
    }
    pool_barrier(s->team);
}

void inverted_backward(const member *m, block_state *b, const map *dx, const map *add)
{
    blocked_step *s = m->s;
    const net_conv *expand = b->expand.conv, *depthwise = b->depthwise.conv;
    const inverted h = {.m = m,
                        .b = b,
                        .dx = dx,
                        .add = add,
                        .layout = strip_sums_of(&b->expand, depthwise, s->vector),
                        .in = (size_t)expand->in,
                        .out = (size_t)expand->out,
                        .constant = constant_norms(s),
                        .weight_gradient = gradient_of(s, b->expand.tensor),
                        .tap_gradient = gradient_of(s, b->depthwise.tensor)};
    pack_taps(m, s->taps, value_of(s, b->depthwise.tensor), (size_t)depthwise->out,
              (size_t)(depthwise->kernel * depthwise->kernel));
    if (dx) pack_scaled(&h);
    if (b->remakes) pack_forward(m, s->again, value_of(s, b->expand.tensor), h.in, h.out);
    pool_barrier(s->team);
    const size_t places = run_strips(&h);
    norm_derive(m, &b->expand, &b->rows_in, &(norm_gradient){0});
    if (h.tap_gradient)
        strip_gather(m, &b->depthwise, s->weight_sums + h.layout.taps, places, h.layout.size, h.tap_gradient);
    if (!h.weight_gradient) {
        pool_barrier(s->team);
        return;
    }
    add_places(&h, places);
    finish_weights(&h);
    if (dx && !h.constant) correct_inputs(&h);
}
