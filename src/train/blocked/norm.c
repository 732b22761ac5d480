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

enum { MAX_VECTOR = 16, MOMENT_KINDS = 2, SLOPE_KINDS = 2, GATED_KINDS = 5 };

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
static void settle_vector(const member *m, unit *u, const division *d, size_t v)
{
    const blocked_step *s = m->s;
    const size_t vector = s->vector, parts = s->count * d->parts;
    const double count = (double)(s->count * d->items * d->width);
    double mean[MAX_VECTOR] = {0}, squares[MAX_VECTOR] = {0};
    for (size_t i = 0; i < parts; i++) {
        const float *sums = sums_at(m, u, d, MOMENT_KINDS, 0, i, v);
        for (size_t lane = 0; lane < vector; lane++)
            mean[lane] += (double)sums[lane];
    }
    for (size_t lane = 0; lane < vector; lane++)
        mean[lane] /= count;
    for (size_t i = 0; i < parts; i++) {
        const float *sums = sums_at(m, u, d, MOMENT_KINDS, 0, i, v);
        size_t first, end;
        division_part(d, i % d->parts, &first, &end);
        const double pixels = (double)((end - first) * d->width), each = 1 / pixels;
        for (size_t lane = 0; lane < vector; lane++) {
            const double off = (double)sums[lane] * each - mean[lane];
            squares[lane] += (double)sums[vector + lane] + pixels * off * off;
        }
    }
    for (size_t lane = 0; lane < vector; lane++) {
        u->mean[v * vector + lane] = (float)mean[lane];
        u->variance[v * vector + lane] = (float)(squares[lane] / count);
    }
}

void norm_settle(const member *m, unit *u, const division *d)
{
    const blocked_step *s = m->s;
    const float *weight = value_of(s, u->tensor + 1), *bias = value_of(s, u->tensor + 2);
    const float *mean = value_of(s, u->tensor + 3), *variance = value_of(s, u->tensor + 4);
    const size_t channels = (size_t)u->conv->out;
    size_t first, end;
    pool_share(u->vectors, m->number, m->count, &first, &end);
    for (size_t v = first; v < end && !constant_norms(s); v++)
        settle_vector(m, u, d, v);
    for (size_t c = first * s->vector; c < end * s->vector; c++) {
        if (c >= channels) {
            u->mean[c] = u->variance[c] = u->inverse[c] = u->gain[c] = u->bias[c] = 0;
            continue;
        }
        if (constant_norms(s)) {
            u->mean[c] = mean[c];
            u->variance[c] = variance[c];
        }
        const double inverse = 1 / sqrt((double)u->variance[c] + s->graph->variant.bn_epsilon);
        u->inverse[c] = (float)inverse;
        u->gain[c] = (float)(inverse * (double)weight[c]);
        u->bias[c] = bias[c];
    }
    pool_barrier(s->team);
}

/* ---- Backward ---- */

/* The sums of g and of g c over the batch for one vector of channels. */
static void total_vector(const member *m, const unit *u, const division *d, const norm_gradient *g, size_t v,
                         double *total, double *total_c)
{
    const size_t vector = m->s->vector, kinds = g->gated ? GATED_KINDS : SLOPE_KINDS;
    const float *ones = m->s->ones, *zeros = m->s->zeros;
    for (size_t image = 0; image < m->s->count; image++) {
        const float *factor = g->factor ? map_at(g->factor, vector, v, image) : ones,
                    *offset = g->offset ? map_at(g->offset, vector, v, image) : zeros;
        const double scale = g->image_scale ? (double)g->image_scale[image] : 1;
        for (size_t part = 0; part < d->parts; part++) {
            const float *sums = sums_at(m, u, d, kinds, image, part, v);
            for (size_t lane = 0; lane < vector; lane++) {
                const double by = scale * (double)factor[lane];
                total[lane] += by * (double)sums[lane];
                total_c[lane] += by * (double)sums[vector + lane];
            }
            for (size_t lane = 0; lane < vector && g->gated; lane++) {
                total[lane] += (double)offset[lane] * (double)sums[3 * vector + lane];
                total_c[lane] += (double)offset[lane] * (double)sums[4 * vector + lane];
            }
        }
    }
}

/* The constants of one channel and the gradients of its weight and bias. */
static void derive_channel(const blocked_step *s, unit *u, size_t c, double pixels, double total,
                           double total_c)
{
    float *dweight = gradient_of(s, u->tensor + 1), *dbias = gradient_of(s, u->tensor + 2);
    const double inverse = (double)u->inverse[c], gain = (double)u->gain[c];
    u->slope[c] = u->constant[c] = 0;
    if (c >= (size_t)u->conv->out) return;
    if (dweight) dweight[c] += (float)(inverse * total_c);
    if (dbias) dbias[c] += (float)total;
    if (constant_norms(s)) return;
    u->constant[c] = (float)(-gain * total / pixels);
    u->slope[c] = (float)(-gain * inverse * inverse * total_c / pixels);
}

void norm_derive(const member *m, unit *u, const division *d, const norm_gradient *g)
{
    const blocked_step *s = m->s;
    const double pixels = (double)(s->count * d->items * d->width);
    size_t first, end;
    pool_share(u->vectors, m->number, m->count, &first, &end);
    for (size_t v = first; v < end; v++) {
        double total[MAX_VECTOR] = {0}, total_c[MAX_VECTOR] = {0};
        total_vector(m, u, d, g, v, total, total_c);
        for (size_t lane = 0; lane < s->vector; lane++)
            derive_channel(s, u, v * s->vector + lane, pixels, total[lane], total_c[lane]);
    }
    pool_barrier(s->team);
}
