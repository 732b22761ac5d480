/* SPDX-License-Identifier: Apache-2.0
 *
 * The bodies of training's elementwise kernels: batch norm with activation, its derivative, and the sums that
 * both need. Loops are instances for each activation, so that nothing is decided inside them; two pixels at a
 * time, so that sums do not wait for each other.
 */
#ifndef KERNELS_BLOCKED_NORMALISE_H
#define KERNELS_BLOCKED_NORMALISE_H

#include "kernels/blocked/activate.h"
#include "kernels/blocked/training.h"

#define LOG2_E 1.44269504f
#define LN_2   0.693147181f

enum { ACTIVATION_KINDS = KERNEL_SIGMOID + 1 };

/* A norm in registers. Swish and the sigmoid work on t = -log2(e) s (activate.h): gain and bias carry that
 * factor. */
typedef struct norm_vectors {
    vec mean, gain, bias;
} norm_vectors;

INLINE norm_vectors norm_load(const blocked_norm *norm)
{
    const bool exponential = norm->activation == KERNEL_SWISH || norm->activation == KERNEL_SIGMOID;
    const vec scale = vec_set(exponential ? -LOG2_E : 1.0f);
    return (norm_vectors){vec_load(norm->mean), vec_mul(vec_load(norm->gain), scale),
                          vec_mul(vec_load(norm->bias), scale)};
}

/* act(s) of the (scaled) sum, but for a factor -log2(e) in the result of Swish. */
INLINE vec activated(vec s, const kernel_activation activation)
{
    vec d, q;
    switch (activation) {
    case KERNEL_LINEAR: break;
    case KERNEL_SWISH: return swish_scaled(s);
    case KERNEL_RELU6: return relu6(s);
    case KERNEL_RELU: return relu(s);
    case KERNEL_HARD_SWISH: return vec_mul(vec_mul(s, vec_set(1.0f / 6)), relu6(vec_add(s, vec_set(3))));
    case KERNEL_SIGMOID: exp2_quotient(s, &d, &q); return vec_div(d, q);
    }
    return s;
}

/* d and e with 2^t = e / d, as exp2_quotient has them: 1 - sigmoid is e / (d + e), which a difference would
 * lose. */
INLINE void exp2_terms(vec t, vec *e, vec *d)
{
    vec n;
    const vec f = vec_fraction(t, &n);
    *d = vec_fma(f, vec_sub(f, vec_set(QUOTIENT_K)), vec_set(QUOTIENT_C));
    *e = vec_mul(vec_fma(vec_set(2 * QUOTIENT_K), f, *d), vec_exp2(n));
}

/* act(s) and act'(s) of the (scaled) sum. With p = sigmoid(s): swish' = p + s p (1 - p). */
INLINE vec sloped(vec s, const kernel_activation activation, vec *slope)
{
    const vec zero = vec_set(0), one = vec_set(1);
    vec e, d, p, inverse, y;
    switch (activation) {
    case KERNEL_LINEAR: break;
    case KERNEL_SWISH:
        exp2_terms(s, &e, &d);
        inverse = vec_div(one, vec_add(d, e));
        p = vec_mul(d, inverse);
        y = vec_mul(vec_mul(s, vec_set(-LN_2)), p);
        *slope = vec_fma(y, vec_mul(e, inverse), p);
        return y;
    case KERNEL_RELU6:
        *slope = vec_where_positive(s, vec_where_positive(vec_sub(vec_set(6), s), one));
        return relu6(s);
    case KERNEL_RELU: *slope = vec_where_positive(s, one); return relu(s);
    case KERNEL_HARD_SWISH:
        /* 0 up to -3, s / 3 + 1 / 2, 1 from 3: the middle less 1 where s < 3, plus 1, where s > -3 */
        y = vec_fma(s, vec_set(1.0f / 3), vec_set(-0.5f));
        y = vec_add(vec_where_positive(vec_sub(vec_set(3), s), y), one);
        *slope = vec_where_positive(vec_add(s, vec_set(3)), y);
        return vec_mul(vec_mul(s, vec_set(1.0f / 6)), relu6(vec_add(s, vec_set(3))));
    case KERNEL_SIGMOID:
        exp2_terms(s, &e, &d);
        inverse = vec_div(one, vec_add(d, e));
        p = vec_mul(d, inverse);
        *slope = vec_mul(p, vec_mul(e, inverse));
        return p;
    }
    *slope = vec_add(zero, one);
    return s;
}

/* Where an exponential keeps the processor busy, it looks too little ahead on its own. */
enum { NORM_AHEAD = 512 /* floats */ };

INLINE void norm_ahead(const float *x, const kernel_activation activation)
{
    if (activation == KERNEL_SWISH) __builtin_prefetch(x + NORM_AHEAD);
}

/* ---- Forward ---- */

/* What a loop over one row reads and writes. */
typedef struct apply_row {
    const float *x, *add;
    float *out;
} apply_row;

INLINE void apply_one(const norm_vectors *n, const apply_row *row, size_t p, vec factor, vec *sum,
                      const kernel_activation activation, const bool adds, const bool stores, const bool sums)
{
    norm_ahead(row->x + p * V, activation);
    const vec s = vec_fma(vec_sub(vec_load(row->x + p * V), n->mean), n->gain, n->bias);
    vec y = vec_mul(activated(s, activation), factor);
    if (sums) *sum = vec_add(*sum, y);
    if (adds) y = vec_add(y, vec_load(row->add + p * V));
    if (stores) vec_store(row->out + p * V, y);
}

INLINE void apply_loop(const blocked_apply *job, const kernel_activation activation, const bool adds,
                       const bool stores, const bool sums)
{
    const norm_vectors n = norm_load(&job->norm);
    const size_t width = job->width;
    vec factor = job->factor ? vec_load(job->factor) : vec_set(1), sum[2] = {vec_set(0), vec_set(0)};
    if (activation == KERNEL_SWISH) factor = vec_mul(factor, vec_set(-LN_2));
    for (size_t r = 0; r < job->height; r++) {
        const apply_row row = {job->x + r * job->x_step, adds ? job->add + r * job->x_step : NULL,
                               stores ? job->out + r * job->out_step : NULL};
        size_t p = 0;
        for (; p + 2 <= width; p += 2)
            UNROLL for (size_t i = 0; i < 2; i++)
                apply_one(&n, &row, p + i, factor, &sum[i], activation, adds, stores, sums);
        if (p < width) apply_one(&n, &row, p, factor, &sum[0], activation, adds, stores, sums);
    }
    if (sums) vec_store(job->sum, vec_add(sum[0], sum[1]));
}

INLINE void apply_kind(const blocked_apply *job, const kernel_activation activation)
{
    if (job->out && !job->add && !job->sum)
        apply_loop(job, activation, false, true, false);
    else if (!job->out && !job->add)
        apply_loop(job, activation, false, false, true);
    else if (!job->sum)
        apply_loop(job, activation, true, job->out != NULL, false);
    else
        apply_loop(job, activation, job->add != NULL, job->out != NULL, true);
}

/* ---- Sums of derivatives ---- */

/* The five sums of blocked_slope. */
typedef struct slope_sums {
    vec g, gc, dyz, slope, slope_c;
} slope_sums;

INLINE void slope_one(const blocked_slope *job, const norm_vectors *n, slope_sums *sums, size_t p,
                      const kernel_activation activation, const bool gated)
{
    vec slope;
    const vec c = vec_sub(vec_load(job->x + p * V), n->mean);
    const vec y = sloped(vec_fma(c, n->gain, n->bias), activation, &slope);
    const vec dy = job->dy ? vec_load(job->dy + p * V) : vec_set(1), g = vec_mul(dy, slope);
    if (job->out && job->past)
        vec_stream(job->out + p * V, job->raw ? dy : g);
    else if (job->out)
        vec_store(job->out + p * V, job->raw ? dy : g);
    sums->g = vec_add(sums->g, g);
    sums->gc = vec_fma(g, c, sums->gc);
    if (!gated) return;
    sums->dyz = vec_fma(dy, y, sums->dyz);
    sums->slope = vec_add(sums->slope, slope);
    sums->slope_c = vec_fma(slope, c, sums->slope_c);
}

INLINE void slope_loop(const blocked_slope *given, const kernel_activation activation, const bool gated)
{
    const blocked_slope job = *given; /* of which no store below changes anything, as the compiler can see */
    const norm_vectors n = norm_load(&job.norm);
    const vec zero = vec_set(0);
    slope_sums sums[2] = {{zero, zero, zero, zero, zero}, {zero, zero, zero, zero, zero}};
    size_t p = 0;
    for (; p + 2 <= job.pixels; p += 2)
        UNROLL for (size_t i = 0; i < 2; i++) slope_one(&job, &n, &sums[i], p + i, activation, gated);
    if (p < job.pixels) slope_one(&job, &n, &sums[0], p, activation, gated);
    if (job.past) vec_stream_end();
    vec_store(job.sums, vec_add(sums[0].g, sums[1].g));
    vec_store(job.sums + V, vec_add(sums[0].gc, sums[1].gc));
    if (!gated) return;
    vec_store(job.sums + 2 * V, vec_add(sums[0].dyz, sums[1].dyz));
    vec_store(job.sums + 3 * V, vec_add(sums[0].slope, sums[1].slope));
    vec_store(job.sums + 4 * V, vec_add(sums[0].slope_c, sums[1].slope_c));
}

INLINE void slope_kind(const blocked_slope *job, const kernel_activation activation)
{
    if (job->gated)
        slope_loop(job, activation, true);
    else
        slope_loop(job, activation, false);
}

/* ---- Backward ---- */

INLINE void undo_kind(const blocked_undo *job, const kernel_activation activation)
{
    const norm_vectors n = norm_load(&job->norm);
    const vec factor = vec_load(job->factor), offset = vec_load(job->offset), by = vec_load(job->slope),
              constant = vec_load(job->constant);
    const size_t width = job->width;
    for (size_t r = 0; r < job->height; r++) {
        const float *x = job->x + r * job->x_step, *dy = job->dy ? job->dy + r * job->dy_step : NULL;
        float *out = job->out + r * job->out_step;
        for (size_t p = 0; p < width; p++) {
            vec slope;
            norm_ahead(x + p * V, activation);
            if (dy) norm_ahead(dy + p * V, activation);
            const vec c = vec_sub(vec_load(x + p * V), n.mean);
            (void)sloped(vec_fma(c, n.gain, n.bias), activation, &slope);
            const vec g = dy ? vec_fma(factor, vec_load(dy + p * V), offset) : offset;
            vec_store(out + p * V, vec_fma(g, slope, vec_fma(by, c, constant)));
        }
    }
}

/* ---- Instances ---- */

#define NORMALISE_KINDS(_)                                                                                   \
    _(KERNEL_LINEAR) _(KERNEL_SWISH) _(KERNEL_RELU6) _(KERNEL_RELU) _(KERNEL_HARD_SWISH) _(KERNEL_SIGMOID)
#define NORMALISE_CASE(ACTIVATION)                                                                           \
    case ACTIVATION: NORMALISE_BODY(job, ACTIVATION); break;

static void apply(const blocked_apply *job)
{
#define NORMALISE_BODY apply_kind
    switch (job->norm.activation) {
        NORMALISE_KINDS(NORMALISE_CASE)
    }
#undef NORMALISE_BODY
}

static void slope(const blocked_slope *job)
{
#define NORMALISE_BODY slope_kind
    switch (job->norm.activation) {
        NORMALISE_KINDS(NORMALISE_CASE)
    }
#undef NORMALISE_BODY
}

static void undo(const blocked_undo *job)
{
#define NORMALISE_BODY undo_kind
    switch (job->norm.activation) {
        NORMALISE_KINDS(NORMALISE_CASE)
    }
#undef NORMALISE_BODY
}

/* ---- Statistics ---- */

enum { MOMENT_CHAINS = 4 };

INLINE void moment_add(vec *chain, const float *x, float *copy, vec from, const bool squared)
{
    const vec given = vec_load(x), d = vec_sub(given, from);
    if (copy) vec_stream(copy, given);
    *chain = squared ? vec_fma(d, d, *chain) : vec_add(*chain, d);
}

/* The sum of what each vector differs from `from`, or of its square. */
INLINE vec moment_sum(const float *x, size_t pixels, float *copy, vec from, const bool squared)
{
    vec chain[MOMENT_CHAINS];
    UNROLL for (int i = 0; i < MOMENT_CHAINS; i++) chain[i] = vec_set(0);
    size_t p = 0;
    for (; p + MOMENT_CHAINS <= pixels; p += MOMENT_CHAINS)
        UNROLL for (size_t i = 0; i < MOMENT_CHAINS; i++)
            moment_add(&chain[i], x + (p + i) * V, copy ? copy + (p + i) * V : NULL, from, squared);
    for (; p < pixels; p++)
        moment_add(&chain[0], x + p * V, copy ? copy + p * V : NULL, from, squared);
    return vec_add(vec_add(chain[0], chain[1]), vec_add(chain[2], chain[3]));
}

/* Two passes over what the caller has just written, so that a mean far from zero costs no precision. */
static void moments(const blocked_moments *job)
{
    const vec sum = moment_sum(job->x, job->pixels, NULL, vec_set(0), false);
    const vec mean = vec_mul(sum, vec_set(1.0f / (float)job->pixels));
    vec_store(job->sum, sum);
    if (job->copy) {
        vec_store(job->squares, moment_sum(job->x, job->pixels, job->copy, mean, true));
        vec_stream_end();
    } else {
        vec_store(job->squares, moment_sum(job->x, job->pixels, NULL, mean, true));
    }
}

#endif
