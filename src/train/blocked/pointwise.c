/* SPDX-License-Identifier: Apache-2.0
 *
 * Pointwise convolutions forward and backward, piece by piece: what a piece reads is made in scratch memory
 * that stays in cache while every product of the piece is taken from it.
 */
#include <assert.h>
#include <string.h>

#include "train/blocked/layers.h"

enum { MAX_VECTOR = 16, MOMENT_KINDS = 2, SLOPE_KINDS = 2, GATED_KINDS = 5 };

/* Memory of a piece: what it reads, and the gradient of what it gives. */
typedef struct buffers {
    float *x, *dy; /* [vectors][pixels][V] */
    float *aside;  /* [BLOCKED_MAX_PANEL][pixels][V] */
} buffers;

static buffers buffers_of(const member *m, const unit *u, size_t pixels)
{
    const size_t row = pixels * m->s->vector;
    float *dy = m->scratch + BLOCKED_MAX_PANEL * row;
    return (buffers){.aside = m->scratch, .dy = dy, .x = dy + u->vectors * row};
}

/* ---- What a piece reads ---- */

static void apply_piece(const member *m, const source *in, const piece *p, size_t v, float *to)
{
    const size_t vector = m->s->vector, runs = in->gate ? p->images : 1,
                 pixels = in->gate ? p->each : p->pixels;
    for (size_t i = 0; i < runs; i++)
        m->s->training->apply(&(blocked_apply){
            .norm = norm_of(in->norm, vector, v),
            .x = map_at(&in->x, vector, v, p->first + i * pixels),
            .height = 1,
            .width = pixels,
            .factor = in->gate ? map_at(in->gate, vector, v, p->image + i) : NULL,
            .out = to + i * pixels * vector,
        });
}

const float *pointwise_read(const member *m, const source *in, const piece *p, float *to, size_t *row)
{
    const size_t vector = m->s->vector;
    *row = in->norm ? p->pixels * vector : in->x.block;
    if (!in->norm) return map_at(&in->x, vector, 0, p->first);
    for (size_t v = 0; v < in->x.vectors; v++)
        apply_piece(m, in, p, v, to + v * *row);
    return to;
}

blocked_dot pointwise_product(const member *m, const float *x, size_t x_row, size_t channels, size_t pixels)
{
    const size_t vector = m->s->vector, rows = vectors_of(channels, vector);
    return (blocked_dot){
        .x = x,
        .x_pixel = vector,
        .x_row = x_row,
        .rows = rows,
        .length = vector,
        .last = channels - (rows - 1) * vector,
        .bias = m->s->zeros,
        .pixels = pixels,
    };
}

/* ---- Forward ---- */

/* Where outputs of the panel from vector `first` on are to be made: a large map's in scratch memory at first,
 * from where the pass that reads them copies them. */
static float *aim(blocked_dot *job, const map *out, size_t vector, size_t first, const piece *p,
                  float *scratch)
{
    job->out = scratch ? scratch : map_at(out, vector, first, p->first);
    job->out_block = scratch ? p->pixels * vector : out->block;
    return scratch;
}

static void forward_piece(const member *m, const unit *u, const source *in, const map *out, const pieces *cut,
                          const piece *p, bool measured)
{
    const size_t vector = m->s->vector, channels = (size_t)u->conv->in;
    float *aside = measured && map_is_large(m->s, out) ? m->scratch : NULL;
    size_t row;
    const float *x = pointwise_read(m, in, p, m->scratch + BLOCKED_MAX_PANEL * vector * p->pixels, &row);
    for (size_t panel = 0; panel < panel_count(u->vectors); panel++) {
        blocked_dot job = pointwise_product(m, x, row, channels, p->pixels);
        job.panel = panel_width(u->vectors, panel);
        job.weights = m->s->packed + 2 * panel * vector * channels;
        const float *made = aim(&job, out, vector, 2 * panel, p, aside);
        m->s->kernels->dot(&job);
        for (size_t n = 0; measured && n < job.panel; n++)
            for (size_t i = 0; i < p->images; i++)
                norm_measure(m, u, &cut->image, p->image + i, p->part, 2 * panel + n,
                             made ? made + (n * p->pixels + i * p->each) * vector : NULL);
    }
}

void pointwise_forward(const member *m, unit *u, const source *in, const map *out, const pieces *cut,
                       bool measured)
{
    blocked_step *s = m->s;
    size_t first, end;
    pack_forward(m, s->packed, value_of(s, u->tensor), (size_t)u->conv->in, (size_t)u->conv->out);
    pool_barrier(s->team);
    pool_share(pieces_count(cut, s->count), m->number, m->count, &first, &end);
    for (size_t i = first; i < end; i++) {
        const piece p = piece_at(cut, s->count, i);
        forward_piece(m, u, in, out, cut, &p, measured && !constant_norms(s));
    }
    pool_barrier(s->team);
    if (measured) norm_settle(m, u, &cut->image);
}

/* ---- Backward ---- */

/* One vector of the gradient of the unit's raw output for one image of a piece. */
static void undo_image(const member *m, const unit *u, const pointwise_gradient *g, size_t v, size_t image,
                       size_t first, size_t pixels, float *to)
{
    const size_t vector = m->s->vector;
    const float *gain = u->gain + v * vector,
                *offsets = g->offset ? map_at(g->offset, vector, v, image) : NULL;
    float factor[MAX_VECTOR], offset[MAX_VECTOR];
    for (size_t i = 0; i < vector; i++) {
        factor[i] = g->image_scale ? gain[i] * g->image_scale[image] : gain[i];
        offset[i] = offsets ? gain[i] * offsets[i] : 0;
    }
    blocked_norm norm = norm_of(u, vector, v);
    if (g->dy) norm.activation = KERNEL_LINEAR; /* dy is the gradient in front of the activation already */
    m->s->training->undo(&(blocked_undo){
        .norm = norm,
        .x = map_at(&u->raw, vector, v, first),
        .dy = g->dy ? map_at(g->dy, vector, v, first) : NULL,
        .height = 1,
        .width = pixels,
        .factor = factor,
        .offset = offset,
        .slope = u->slope + v * vector,
        .constant = u->constant + v * vector,
        .out = to,
    });
}

static void undo_piece(const member *m, const unit *u, const pointwise_gradient *g, const piece *p, float *to)
{
    const bool by_image = g->image_scale || g->offset;
    const size_t runs = by_image ? p->images : 1, pixels = by_image ? p->each : p->pixels;
    for (size_t v = 0; v < u->vectors; v++)
        for (size_t i = 0; i < runs; i++)
            undo_image(m, u, g, v, p->image + i, p->first + i * pixels, pixels,
                       to + (v * p->pixels + i * pixels) * m->s->vector);
}

/* The weight gradient has vectors along the wider side: [out][in], or turned to [in][out]. */
static bool is_turned(const unit *u)
{
    return u->conv->in < u->conv->out;
}

static size_t weight_step(const unit *u, size_t vector)
{
    return vectors_of((size_t)(is_turned(u) ? u->conv->out : u->conv->in), vector) * vector;
}

static size_t weight_rows(const unit *u)
{
    return (size_t)(is_turned(u) ? u->conv->in : u->conv->out);
}

static void add_weights(const member *m, const unit *u, const float *x, size_t x_row, const float *dy,
                        size_t pixels, float *sums)
{
    const size_t vector = m->s->vector, dy_row = pixels * vector, step = weight_step(u, vector);
    const bool turned = is_turned(u);
    const size_t channels = weight_rows(u), rows = vectors_of(channels, vector);
    m->s->training->outer(&(blocked_outer){
        .x = turned ? x : dy,
        .x_pixel = vector,
        .x_row = turned ? x_row : dy_row,
        .rows = rows,
        .length = vector,
        .last = channels - (rows - 1) * vector,
        .y = turned ? dy : x,
        .y_block = turned ? dy_row : x_row,
        .vectors = step / vector,
        .pixels = pixels,
        .out = sums,
        .out_step = step,
    });
}

/* The slopes of what was read, at the gradient that has just been made of it (at `made`, or in its place).
 * Where there is no gate, what is kept is the gradient in front of the activation. */
static void measure_slopes(const member *m, const source *in, const pieces *cut, const pointwise_gradient *g,
                           const piece *p, size_t v, const float *made)
{
    const size_t vector = m->s->vector, kinds = in->gate ? GATED_KINDS : SLOPE_KINDS;
    for (size_t i = 0; i < p->images; i++) {
        const size_t pixel = p->first + i * p->each;
        float *place = map_at(g->dx, vector, v, pixel);
        m->s->training->slope(&(blocked_slope){
            .norm = norm_of(in->norm, vector, v),
            .x = map_at(&in->x, vector, v, pixel),
            .dy = made ? made + i * p->each * vector : place,
            .pixels = p->each,
            .out = made || !in->gate ? place : NULL,
            .raw = in->gate != NULL,
            .past = made != NULL,
            .gated = in->gate != NULL,
            .sums = sums_at(m, in->norm, &cut->image, kinds, p->image + i, p->part, v),
        });
    }
}

static void backward_piece(const member *m, const unit *u, const source *in, const pieces *cut,
                           const pointwise_gradient *g, const piece *p, float *weight_sums)
{
    const size_t vector = m->s->vector, outputs = (size_t)u->conv->out;
    const buffers b = buffers_of(m, u, p->pixels);
    float *aside = g->slopes && map_is_large(m->s, g->dx) ? b.aside : NULL;
    size_t row;
    undo_piece(m, u, g, p, b.dy);
    if (weight_sums) {
        const float *x = pointwise_read(m, in, p, b.x, &row);
        add_weights(m, u, x, row, b.dy, p->pixels, weight_sums);
    }
    for (size_t panel = 0; g->dx && panel < panel_count(in->x.vectors); panel++) {
        blocked_dot job = pointwise_product(m, b.dy, p->pixels * vector, outputs, p->pixels);
        job.panel = panel_width(in->x.vectors, panel);
        job.weights = m->s->packed + 2 * panel * vector * outputs;
        const float *made = aim(&job, g->dx, vector, 2 * panel, p, aside);
        if (g->add) {
            assert(g->add->block == g->dx->block);
            job.add = map_at(g->add, vector, 2 * panel, p->first);
        }
        m->s->kernels->dot(&job);
        for (size_t n = 0; g->slopes && n < job.panel; n++)
            measure_slopes(m, in, cut, g, p, 2 * panel + n, made ? made + n * p->pixels * vector : NULL);
    }
}

/* ---- The sums of weight gradients ---- */

/* Adds up all places of rows [first, end) into the first one. */
static void add_places(float *sums, size_t places, size_t size, size_t first, size_t end)
{
    for (size_t place = 1; place < places; place++)
        for (size_t i = first; i < end; i++)
            sums[i] += sums[place * size + i];
}

void pointwise_add_turned(const member *m, const unit *u, const float *sums, size_t step, size_t first,
                          float *gradient)
{
    const size_t vector = m->s->vector, in = (size_t)u->conv->in, out = (size_t)u->conv->out;
    const size_t rows = in - first < vector ? in - first : vector;
    m->s->training->transpose(&(blocked_transpose){.x = sums + first * step,
                                                   .x_step = step,
                                                   .rows = rows,
                                                   .columns = out,
                                                   .out = m->scratch,
                                                   .out_step = vector});
    for (size_t o = 0; o < out; o++)
        for (size_t r = 0; r < rows; r++)
            gradient[o * in + first + r] += m->scratch[o * vector + r];
}

static void gather_weights(const member *m, const unit *u, size_t places, float *gradient)
{
    const size_t vector = m->s->vector, step = weight_step(u, vector), rows = weight_rows(u),
                 columns = (size_t)(is_turned(u) ? u->conv->out : u->conv->in);
    float *sums = m->s->weight_sums;
    size_t first, end;
    pool_share(vectors_of(rows, vector), m->number, m->count, &first, &end);
    for (size_t v = first; v < end; v++) {
        const size_t from = v * vector, to = from + vector < rows ? from + vector : rows;
        add_places(sums, places, rows * step, from * step, to * step);
        if (is_turned(u)) {
            pointwise_add_turned(m, u, sums, step, from, gradient);
            continue;
        }
        for (size_t r = from; r < to; r++)
            for (size_t c = 0; c < columns; c++)
                gradient[r * columns + c] += sums[r * step + c];
    }
}

void pointwise_backward(const member *m, const unit *u, const source *in, const pieces *cut,
                        const pointwise_gradient *g)
{
    blocked_step *s = m->s;
    float *gradient = gradient_of(s, u->tensor);
    const size_t size = weight_rows(u) * weight_step(u, s->vector), all = pieces_count(cut, s->count),
                 places = slots_count(all, size);
    size_t first, end;
    if (g->dx) pack_backward(m, s->packed, value_of(s, u->tensor), (size_t)u->conv->in, (size_t)u->conv->out);
    pool_barrier(s->team);
    pool_share(places, m->number, m->count, &first, &end);
    for (size_t place = first; place < end; place++) {
        float *sums = gradient ? s->weight_sums + place * size : NULL;
        size_t from, to;
        pool_share(all, place, places, &from, &to);
        if (sums) memset(sums, 0, size * sizeof *sums);
        for (size_t i = from; i < to; i++) {
            const piece p = piece_at(cut, s->count, i);
            backward_piece(m, u, in, cut, g, &p, sums);
        }
    }
    pool_barrier(s->team);
    if (gradient) gather_weights(m, u, places, gradient);
    pool_barrier(s->team);
}
