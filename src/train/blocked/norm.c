/* SPDX-License-Identifier: Apache-2.0
 *
 * Batch norm from sums of pieces: the norm as kernels apply it, and the constants of its derivative. All sums
 * over pieces are in double and in their order.
 *
 * With c = x - mean, m pixels and r = 1 / sqrt(variance + epsilon), the derivative of y = weight c r + bias
 * is dx = weight r (dy - sum(dy) / m - c r^2 sum(dy c) / m) (Ioffe and Szegedy 2015, section 3), dweight = r
 * sum(dy c), dbias = sum(dy).
 */
#include <math.h>

#include "train/blocked/layers.h"

enum { MOMENT_KINDS = 2, SLOPE_KINDS = 2, GATED_KINDS = 5 };

blocked_norm norm_of(const unit *u, size_t vector, size_t v)
{
    return (blocked_norm){u->mean + v * vector, u->gain + v * vector, u->bias + v * vector, u->activation};
}

float *sums_at(const member *m, const unit *u, const division *d, size_t kinds, size_t image, size_t part,
               size_t v)
{
    return m->s->sums + ((image * d->parts + part) * u->vectors + v) * kinds * m->s->vector;
}

void norm_measure(const member *m, const unit *u, const division *d, size_t image, size_t part, size_t v,
                  const float *made)
{
    size_t first, end;
    division_part(d, part, &first, &end);
    float *sums = sums_at(m, u, d, MOMENT_KINDS, image, part, v);
    float *place = map_at(&u->raw, m->s->vector, v, image * u->raw.pixels + first * d->width);
    m->s->training->moments(&(blocked_moments){
        .x = made ? made : place,
        .pixels = (end - first) * d->width,
        .sum = sums,
        .squares = sums + m->s->vector,
        .copy = made ? place : NULL,
    });
}

/* ---- Forward ---- */

/* Chan, Golub and LeVeque 1979: the squares of parts from their own means, and those of the means. */
static void settle_channel(const member *m, unit *u, const division *d, size_t v, size_t lane)
{
    const blocked_step *s = m->s;
    const size_t at = v * s->vector + lane;
    double sum = 0, squares = 0, count = 0;
    for (size_t i = 0; i < s->count * d->parts; i++)
        sum += (double)sums_at(m, u, d, MOMENT_KINDS, 0, i, v)[lane];
    count = (double)(s->count * d->items * d->width);
    const double mean = sum / count;
    for (size_t i = 0; i < s->count * d->parts; i++) {
        const float *sums = sums_at(m, u, d, MOMENT_KINDS, 0, i, v);
        size_t first, end;
        division_part(d, i % d->parts, &first, &end);
        const double pixels = (double)((end - first) * d->width), off = (double)sums[lane] / pixels - mean;
        squares += (double)sums[s->vector + lane] + pixels * off * off;
    }
    u->mean[at] = (float)mean;
    u->variance[at] = (float)(squares / count);
}

void norm_settle(const member *m, unit *u, const division *d)
{
    const blocked_step *s = m->s;
    const float *weight = value_of(s, u->tensor + 1), *bias = value_of(s, u->tensor + 2);
    const float *mean = value_of(s, u->tensor + 3), *variance = value_of(s, u->tensor + 4);
    const size_t channels = (size_t)u->conv->out;
    size_t first, end;
    pool_share(u->vectors, m->number, m->count, &first, &end);
    for (size_t c = first * s->vector; c < end * s->vector; c++) {
        if (c >= channels) {
            u->mean[c] = u->variance[c] = u->inverse[c] = u->gain[c] = u->bias[c] = 0;
            continue;
        }
        if (constant_norms(s)) {
            u->mean[c] = mean[c];
            u->variance[c] = variance[c];
        } else {
            settle_channel(m, u, d, c / s->vector, c % s->vector);
        }
        const double inverse = 1 / sqrt((double)u->variance[c] + s->graph->variant.bn_epsilon);
        u->inverse[c] = (float)inverse;
        u->gain[c] = (float)(inverse * (double)weight[c]);
        u->bias[c] = bias[c];
    }
    pool_barrier(s->team);
}

/* ---- Backward ---- */

/* The sums of g and of g c over the batch for one channel. */
static void total_channel(const member *m, const unit *u, const division *d, const norm_gradient *g, size_t v,
                          size_t lane, double *total, double *total_c)
{
    const size_t vector = m->s->vector, kinds = g->gated ? GATED_KINDS : SLOPE_KINDS;
    *total = *total_c = 0;
    for (size_t image = 0; image < m->s->count; image++) {
        double by = g->image_scale ? (double)g->image_scale[image] : 1, plus = 0;
        if (g->factor) by *= (double)map_at(g->factor, vector, v, image)[lane];
        if (g->offset) plus = (double)map_at(g->offset, vector, v, image)[lane];
        for (size_t part = 0; part < d->parts; part++) {
            const float *sums = sums_at(m, u, d, kinds, image, part, v) + lane;
            *total += by * (double)sums[0];
            *total_c += by * (double)sums[vector];
            if (!g->gated) continue;
            *total += plus * (double)sums[3 * vector];
            *total_c += plus * (double)sums[4 * vector];
        }
    }
}

void norm_derive(const member *m, unit *u, const division *d, const norm_gradient *g)
{
    const blocked_step *s = m->s;
    float *dweight = gradient_of(s, u->tensor + 1), *dbias = gradient_of(s, u->tensor + 2);
    const double pixels = (double)(s->count * d->items * d->width);
    size_t first, end;
    pool_share(u->vectors, m->number, m->count, &first, &end);
    for (size_t c = first * s->vector; c < end * s->vector; c++) {
        u->slope[c] = u->constant[c] = 0;
        if (c >= (size_t)u->conv->out) continue;
        double total, total_c;
        total_channel(m, u, d, g, c / s->vector, c % s->vector, &total, &total_c);
        const double inverse = (double)u->inverse[c], gain = (double)u->gain[c];
        if (dweight) dweight[c] += (float)(inverse * total_c);
        if (dbias) dbias[c] += (float)total;
        if (constant_norms(s)) continue;
        u->constant[c] = (float)(-gain * total / pixels);
        u->slope[c] = (float)(-gain * inverse * inverse * total_c / pixels);
    }
    pool_barrier(s->team);
}
