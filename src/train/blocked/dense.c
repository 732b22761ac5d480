/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers of one pixel for each image: squeeze-and-excitation's two and the classifier. A batch of them is a
 * pointwise convolution of a plane of `count` pixels, whose outputs are divided among members; weights are
 * packed by the member that uses them.
 */
#include <string.h>

#include "train/blocked/layers.h"

enum { MAX_VECTOR = 16, GATED_KINDS = 5 };

/* ---- One layer ---- */

static blocked_dot product(const member *m, const map *x, size_t channels)
{
    const size_t vector = m->s->vector, rows = vectors_of(channels, vector);
    return (blocked_dot){
        .x = x->data,
        .x_pixel = vector,
        .x_row = x->block,
        .rows = rows,
        .length = vector,
        .last = channels - (rows - 1) * vector,
        .weights = m->scratch,
        .bias = m->s->zeros,
        .pixels = m->s->count,
    };
}

void dense_forward(const member *m, size_t tensor, const map *x, const map *y)
{
    const blocked_step *s = m->s;
    const size_t vector = s->vector;
    const float *weights = value_of(s, tensor), *bias = value_of(s, tensor + 1);
    float *padded = m->scratch + BLOCKED_MAX_PANEL * vector * x->channels;
    size_t first, end;
    pool_share(panel_count(y->vectors), m->number, m->count, &first, &end);
    for (size_t panel = first; panel < end; panel++) {
        blocked_dot job = product(m, x, x->channels);
        job.panel = panel_width(y->vectors, panel);
        for (size_t i = 0; i < job.panel * vector; i++) {
            const size_t o = 2 * panel * vector + i;
            padded[i] = o < y->channels ? bias[o] : 0;
        }
        pack_forward_panel(m, m->scratch, weights, x->channels, y->channels, panel);
        job.bias = padded;
        job.out = map_at(y, vector, 2 * panel, 0);
        job.out_block = y->block;
        s->kernels->dot(&job);
    }
    pool_barrier(s->team);
}

/* V rows of the weight gradient, and of the bias's. */
static void add_rows(const member *m, const map *x, const map *dy, size_t v, float *dweight, float *dbias)
{
    const blocked_step *s = m->s;
    const size_t vector = s->vector, step = x->vectors * vector, first = v * vector;
    const size_t rows = dy->channels - first < vector ? dy->channels - first : vector;
    memset(m->scratch, 0, rows * step * sizeof *m->scratch);
    s->training->outer(&(blocked_outer){.x = map_at(dy, vector, v, 0),
                                        .x_pixel = vector,
                                        .rows = 1,
                                        .length = rows,
                                        .last = rows,
                                        .y = x->data,
                                        .y_block = x->block,
                                        .vectors = x->vectors,
                                        .pixels = s->count,
                                        .out = m->scratch,
                                        .out_step = step});
    for (size_t r = 0; dweight && r < rows; r++)
        for (size_t c = 0; c < x->channels; c++)
            dweight[(first + r) * x->channels + c] += m->scratch[r * step + c];
    for (size_t image = 0; dbias && image < s->count; image++)
        for (size_t r = 0; r < rows; r++)
            dbias[first + r] += map_at(dy, vector, v, image)[r];
}

void dense_backward(const member *m, size_t tensor, const map *x, const map *dy, const map *dx)
{
    const blocked_step *s = m->s;
    const size_t vector = s->vector;
    float *dweight = gradient_of(s, tensor), *dbias = gradient_of(s, tensor + 1);
    size_t first, end;
    pool_share(dy->vectors, m->number, m->count, &first, &end);
    for (size_t v = first; (dweight || dbias) && v < end; v++)
        add_rows(m, x, dy, v, dweight, dbias);
    pool_share(panel_count(x->vectors), m->number, m->count, &first, &end);
    for (size_t panel = first; dx && panel < end; panel++) {
        blocked_dot job = product(m, dy, dy->channels);
        pack_backward_panel(m, m->scratch, value_of(s, tensor), x->channels, dy->channels, panel);
        job.panel = panel_width(x->vectors, panel);
        job.out = map_at(dx, vector, 2 * panel, 0);
        job.out_block = dx->block;
        s->kernels->dot(&job);
    }
    pool_barrier(s->team);
}

/* ---- Pooling ---- */

void pool_forward(const member *m, const source *in, const map *pooled)
{
    const blocked_step *s = m->s;
    const size_t vector = s->vector;
    const blocked_norm plain = {s->zeros, s->ones, s->zeros, KERNEL_LINEAR};
    float mean[MAX_VECTOR];
    size_t first, end;
    for (size_t i = 0; i < vector; i++)
        mean[i] = 1 / (float)in->x.pixels;
    pool_share(in->x.vectors * s->count, m->number, m->count, &first, &end);
    for (size_t i = first; i < end; i++) {
        const size_t v = i / s->count, image = i % s->count;
        s->training->apply(&(blocked_apply){
            .norm = in->norm ? norm_of(in->norm, vector, v) : plain,
            .x = map_at(&in->x, vector, v, image * in->x.pixels),
            .height = 1,
            .width = in->x.pixels,
            .factor = mean,
            .sum = map_at(pooled, vector, v, image),
        });
    }
    pool_barrier(s->team);
}

/* ---- Squeeze-and-excitation (Hu et al. 2018): gate = sigmoid(expand(act(reduce(pooled)))) ---- */

static void activate_map(const member *m, const map *x, const map *y, kernel_activation activation)
{
    const blocked_step *s = m->s;
    size_t first, end;
    pool_share(x->vectors, m->number, m->count, &first, &end);
    for (size_t v = first; v < end; v++)
        s->training->apply(&(blocked_apply){
            .norm = {s->zeros, s->ones, s->zeros, activation},
            .x = map_at(x, s->vector, v, 0),
            .height = 1,
            .width = s->count,
            .out = map_at(y, s->vector, v, 0),
        });
    pool_barrier(s->team);
}

void squeeze_forward(const member *m, block_state *b)
{
    squeeze *q = &b->se;
    const source in = {.x = b->depthwise.raw, .norm = &b->depthwise};
    pool_forward(m, &in, &q->pooled);
    dense_forward(m, q->tensor, &q->pooled, &q->reduced);
    activate_map(m, &q->reduced, &q->activated, b->depthwise.activation);
    dense_forward(m, q->tensor + 2, &q->activated, &q->gate);
    activate_map(m, &q->gate, &q->gate, KERNEL_SIGMOID);
}

/* The gradient of what the sigmoid is taken of, from the sums of dy y of the pieces. */
static void derive_gate(const member *m, const block_state *b)
{
    const blocked_step *s = m->s;
    const size_t vector = s->vector;
    const division *d = &b->project_pieces.image;
    size_t first, end;
    pool_share(b->depthwise.vectors, m->number, m->count, &first, &end);
    for (size_t v = first; v < end; v++)
        for (size_t image = 0; image < s->count; image++) {
            const float *gate = map_at(&b->se.gate, vector, v, image);
            float *dgate = map_at(&b->se.dgate, vector, v, image);
            for (size_t i = 0; i < vector; i++) {
                float sum = 0;
                for (size_t part = 0; part < d->parts; part++)
                    sum += sums_at(m, &b->depthwise, d, GATED_KINDS, image, part, v)[2 * vector + i];
                dgate[i] = sum * gate[i] * (1 - gate[i]);
            }
        }
    pool_barrier(s->team);
}

static void derive_reduced(const member *m, const block_state *b)
{
    const blocked_step *s = m->s;
    float sums[2 * MAX_VECTOR];
    size_t first, end;
    pool_share(b->se.reduced.vectors, m->number, m->count, &first, &end);
    for (size_t v = first; v < end; v++) {
        float *d = map_at(&b->se.dreduced, s->vector, v, 0);
        s->training->slope(&(blocked_slope){
            .norm = {s->zeros, s->ones, s->zeros, b->depthwise.activation},
            .x = map_at(&b->se.reduced, s->vector, v, 0),
            .dy = d,
            .pixels = s->count,
            .out = d,
            .sums = sums,
        });
    }
    pool_barrier(s->team);
}

void squeeze_backward(const member *m, block_state *b)
{
    const blocked_step *s = m->s;
    squeeze *q = &b->se;
    float each[MAX_VECTOR]; /* pixel's share of what is pooled */
    size_t first, end;
    derive_gate(m, b);
    dense_backward(m, q->tensor + 2, &q->activated, &q->dgate, &q->dreduced);
    derive_reduced(m, b);
    dense_backward(m, q->tensor, &q->pooled, &q->dreduced, &q->dpooled);
    for (size_t i = 0; i < s->vector; i++)
        each[i] = 1 / (float)b->depthwise.raw.pixels;
    pool_share(q->dpooled.vectors, m->number, m->count, &first, &end);
    for (size_t v = first; v < end; v++)
        s->kernels->scale(map_at(&q->dpooled, s->vector, v, 0), each, s->count);
    pool_barrier(s->team);
}
