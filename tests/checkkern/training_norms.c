/* SPDX-License-Identifier: Apache-2.0
 *
 * Batch norm with activation, its derivative, sums and statistics on trial. Near the corner of an activation,
 * a rounded sum may fall on either side: the bound then has the step of the slope in it.
 */
#include "training.h"

#include "blocked.h"

#include <math.h>
#include <stdio.h>

enum { ACTIVATIONS = KERNEL_SIGMOID + 1, SUMS = 5 };
enum buffer { MEAN, GAIN, BIAS, FACTOR, OFFSET, SLOPE, CONSTANT, X, DY, OUT, RESULT, BUFFERS };

/* Rows of pixels with gaps between them. */
typedef struct norm_shape {
    size_t height, width, gap;
    kernel_activation activation;
    numbers kind;
    guard_side side;
    unsigned variant; /* of what is asked for */
} norm_shape;

typedef struct norm_trial {
    const blocked_training *kernels;
    const norm_shape *s;
    size_t vector, x_step, out_step; /* floats */
    bool exact;
    blocked_norm norm;
    guard b[BUFFERS];
} norm_trial;

static norm_trial create(const checker *k, const blocked_training *kernels, const norm_shape *s)
{
    const size_t vector = k->blocked->vector;
    norm_trial t = {
        .kernels = kernels,
        .s = s,
        .vector = vector,
        .x_step = (s->width + s->gap) * vector,
        .out_step = (s->width + 2 * s->gap) * vector,
        .exact = s->kind == NUMBERS_INTEGERS && s->activation <= KERNEL_RELU && s->activation != KERNEL_SWISH,
    };
    const trial fill = {s->kind, s->side, 0};
    const size_t floats = (s->height - 1) * t.x_step + s->width * vector;
    for (size_t i = 0; i < X; i++)
        t.b[i] = trial_buffer(k, &fill, vector, 2, i);
    t.b[X] = trial_buffer(k, &fill, floats, 4, X);
    t.b[DY] = trial_buffer(k, &fill, floats, 4, DY);
    t.b[OUT] = guard_create((s->height - 1) * t.out_step + s->width * vector, s->side);
    t.b[RESULT] = guard_create(SUMS * vector, s->side);
    t.norm = (blocked_norm){t.b[MEAN].data, t.b[GAIN].data, t.b[BIAS].data, s->activation};
    if (s->kind == NUMBERS_REALS) /* sums on both sides of every corner */
        for (size_t i = 0; i < vector; i++)
            t.b[GAIN].data[i] *= 8;
    return t;
}

/* ---- The formulas ---- */

/* One element: its distance from the mean, its sum, and what follows from it. */
typedef struct element {
    double c, s;
    naive_output y, slope;
} element;

/* How far the slope may be off: by the curve, or by a whole step where the sum is at a corner. */
static double corner(double s, double error, double at, double step)
{
    return fabs(s - at) <= error ? step : 0;
}

static naive_output naive_slope(double s, double error, kernel_activation a)
{
    const double p = 1 / (1 + exp(-s)), q = 1 / (1 + exp(s)), ulps = 24 * NAIVE_HALF_ULP, tiny = 0x1p-120;
    switch (a) {
    case KERNEL_LINEAR: break;
    case KERNEL_SWISH:
        return (naive_output){p + s * p * q, 0.5 * error + ulps * (p + fabs(s) * p * q) + tiny};
    case KERNEL_RELU6: return (naive_output){s > 0 && s < 6, corner(s, error, 0, 1) + corner(s, error, 6, 1)};
    case KERNEL_RELU: return (naive_output){s > 0, corner(s, error, 0, 1)};
    case KERNEL_HARD_SWISH:
        return (naive_output){s <= -3  ? 0
                              : s >= 3 ? 1
                                       : s / 3 + 0.5,
                              error / 3 + ulps + corner(s, error, -3, 0.5) + corner(s, error, 3, 0.5)};
    case KERNEL_SIGMOID: return (naive_output){p * q, 0.1 * error + ulps * p * q + tiny};
    }
    return (naive_output){1, 0};
}

static element element_at(const norm_trial *t, size_t row, size_t pixel, size_t lane)
{
    const double x = t->b[X].data[row * t->x_step + pixel * t->vector + lane];
    const double gain = t->b[GAIN].data[lane], bias = t->b[BIAS].data[lane];
    element e = {.c = x - t->b[MEAN].data[lane]};
    e.s = gain * e.c + bias;
    const double error = t->exact ? 0 : 6 * NAIVE_HALF_ULP * (fabs(gain * e.c) + fabs(bias));
    e.y = naive_activate(e.s, error, t->s->activation);
    e.y.bound += 0x1p-120;
    e.slope = naive_slope(e.s, error, t->s->activation);
    return e;
}

/* ---- Kernels ---- */

/* The outputs against `want`, and nothing written between rows. */
static void check_outputs(checker *k, norm_trial *t,
                          training_sum (*want)(const norm_trial *t, size_t row, size_t pixel, size_t lane))
{
    for (size_t r = 0; r < t->s->height; r++) {
        float *row = t->b[OUT].data + r * t->out_step;
        for (size_t i = 0; i < t->s->width * t->vector; i++) {
            const training_sum w = want(t, r, i / t->vector, i % t->vector);
            training_compare(k, "output", r * t->s->width * t->vector + i, &w, row[i], t->exact);
        }
        guard_blank_part(row, t->s->width * t->vector);
    }
    if (!guard_all_blank(&t->b[OUT])) check_fail(k, "wrote between its rows");
}

enum { ADDED = 1, STORED = 2, SUMMED = 4, SCALED = 8 };

/* The activation times the factor, without what is added. */
static training_sum apply_value(const norm_trial *t, size_t row, size_t pixel, size_t lane)
{
    const element e = element_at(t, row, pixel, lane);
    const double factor = t->s->variant & SCALED ? t->b[FACTOR].data[lane] : 1;
    training_sum want = {0};
    training_add(&want, factor * e.y.value,
                 fabs(factor) * e.y.bound + 4 * NAIVE_HALF_ULP * fabs(factor * e.y.value));
    return want;
}

static training_sum apply_wanted(const norm_trial *t, size_t row, size_t pixel, size_t lane)
{
    training_sum want = apply_value(t, row, pixel, lane);
    if (t->s->variant & ADDED)
        training_add(&want, t->b[DY].data[row * t->x_step + pixel * t->vector + lane], 0);
    return want;
}

static void check_apply(checker *k, norm_trial *t)
{
    const unsigned variant = t->s->variant;
    t->kernels->apply(&(blocked_apply){
        .norm = t->norm,
        .x = t->b[X].data,
        .x_step = t->x_step,
        .height = t->s->height,
        .width = t->s->width,
        .factor = variant & SCALED ? t->b[FACTOR].data : NULL,
        .add = variant & ADDED ? t->b[DY].data : NULL,
        .out = variant & STORED ? t->b[OUT].data : NULL,
        .out_step = t->out_step,
        .sum = variant & SUMMED ? t->b[RESULT].data : NULL,
    });
    if (variant & STORED) check_outputs(k, t, apply_wanted);
    for (size_t lane = 0; variant & SUMMED && lane < t->vector; lane++) {
        training_sum sum = {0};
        for (size_t i = 0; i < t->s->height * t->s->width; i++) {
            const training_sum one = apply_value(t, i / t->s->width, i % t->s->width, lane);
            training_add(&sum, one.value, one.bound);
        }
        training_compare(k, "the sum of channel", lane, &sum, t->b[RESULT].data[lane], t->exact);
    }
}

static training_sum undo_wanted(const norm_trial *t, size_t row, size_t pixel, size_t lane)
{
    const element e = element_at(t, row, pixel, lane);
    const double dy = t->s->variant & 1 ? t->b[DY].data[row * t->x_step + pixel * t->vector + lane] : 0;
    const double part = t->b[FACTOR].data[lane] * dy, offset = t->b[OFFSET].data[lane];
    training_sum want = {0};
    training_add(&want, part * e.slope.value, fabs(part) * e.slope.bound);
    training_add(&want, offset * e.slope.value, fabs(offset) * e.slope.bound);
    training_add(&want, t->b[SLOPE].data[lane] * e.c, 0);
    training_add(&want, t->b[CONSTANT].data[lane], 0);
    return want;
}

static void check_undo(checker *k, norm_trial *t)
{
    t->kernels->undo(&(blocked_undo){
        .norm = t->norm,
        .x = t->b[X].data,
        .x_step = t->x_step,
        .dy = t->s->variant & 1 ? t->b[DY].data : NULL,
        .dy_step = t->x_step,
        .height = t->s->height,
        .width = t->s->width,
        .factor = t->b[FACTOR].data,
        .offset = t->b[OFFSET].data,
        .slope = t->b[SLOPE].data,
        .constant = t->b[CONSTANT].data,
        .out = t->b[OUT].data,
        .out_step = t->out_step,
    });
    check_outputs(k, t, undo_wanted);
}

/* Over one row. Variants: 1 dy is given, 2 something is stored, 4 gated, 8 it is dy, 16 past the caches. */
static training_sum slope_wanted(const norm_trial *t, size_t row, size_t pixel, size_t lane)
{
    const element e = element_at(t, row, pixel, lane);
    const double dy = t->s->variant & 1 ? t->b[DY].data[row * t->x_step + pixel * t->vector + lane] : 1;
    training_sum want = {0};
    if (t->s->variant & 8)
        training_add(&want, dy, 0);
    else
        training_add(&want, dy * e.slope.value, fabs(dy) * e.slope.bound);
    return want;
}

static void add_slope_sums(const norm_trial *t, size_t pixel, size_t lane, training_sum sums[SUMS])
{
    const element e = element_at(t, 0, pixel, lane);
    const double dy = t->s->variant & 1 ? t->b[DY].data[pixel * t->vector + lane] : 1;
    const double g = dy * e.slope.value, g_bound = fabs(dy) * e.slope.bound;
    training_add(&sums[0], g, g_bound);
    training_add(&sums[1], g * e.c, g_bound * fabs(e.c));
    training_add(&sums[2], dy * e.y.value, fabs(dy) * e.y.bound);
    training_add(&sums[3], e.slope.value, e.slope.bound);
    training_add(&sums[4], e.slope.value * e.c, e.slope.bound * fabs(e.c));
}

static void check_slope(checker *k, norm_trial *t)
{
    const bool gated = (t->s->variant & 4) != 0;
    t->kernels->slope(&(blocked_slope){
        .norm = t->norm,
        .x = t->b[X].data,
        .dy = t->s->variant & 1 ? t->b[DY].data : NULL,
        .pixels = t->s->width,
        .out = t->s->variant & 2 ? t->b[OUT].data : NULL,
        .raw = (t->s->variant & 8) != 0,
        .past = (t->s->variant & 16) != 0,
        .gated = gated,
        .sums = t->b[RESULT].data,
    });
    if (t->s->variant & 2) check_outputs(k, t, slope_wanted);
    for (size_t lane = 0; lane < t->vector; lane++) {
        training_sum sums[SUMS] = {{0}};
        for (size_t p = 0; p < t->s->width; p++)
            add_slope_sums(t, p, lane, sums);
        for (size_t i = 0; i < (gated ? SUMS : 2); i++)
            training_compare(k, "sum", i * t->vector + lane, &sums[i],
                             t->b[RESULT].data[i * t->vector + lane], t->exact);
    }
}

static training_sum copy_wanted(const norm_trial *t, size_t row, size_t pixel, size_t lane)
{
    return (training_sum){.value = t->b[X].data[row * t->x_step + pixel * t->vector + lane]};
}

/* Squares are never exact: their mean is divided by. */
static void check_moments(checker *k, norm_trial *t)
{
    const size_t vector = t->vector, pixels = t->s->width;
    float *result = t->b[RESULT].data;
    float *copy = t->s->variant ? t->b[OUT].data : NULL;
    t->kernels->moments(&(blocked_moments){t->b[X].data, pixels, result, result + vector, copy});
    if (copy) check_outputs(k, t, copy_wanted);
    for (size_t lane = 0; lane < vector; lane++) {
        training_sum sum = {0}, squares = {0};
        for (size_t p = 0; p < pixels; p++)
            training_add(&sum, t->b[X].data[p * vector + lane], 0);
        const double mean = sum.value / (double)pixels;
        const double off = naive_sum_error((double)pixels, sum.magnitude) / (double)pixels;
        for (size_t p = 0; p < pixels; p++) {
            const double d = t->b[X].data[p * vector + lane] - mean;
            training_add(&squares, d * d, 2 * fabs(d) * off + off * off);
        }
        training_compare(k, "sum", lane, &sum, result[lane], t->exact);
        training_compare(k, "squares", lane, &squares, result[vector + lane], false);
    }
}

/* ---- All of them ---- */

static void run(checker *k, const blocked_training *kernels, const char *name, norm_shape s,
                void (*check)(checker *k, norm_trial *t))
{
    char text[128];
    snprintf(text, sizeof text, "%zux%zu, %s, variant %u at level %s", s.height, s.width,
             case_activation_name(s.activation), s.variant, cpu_level_name(k->level));
    if (!check_begin(k, name, text)) return;
    for (numbers kind = NUMBERS_INTEGERS; kind <= NUMBERS_REALS; kind++) {
        s.kind = kind;
        s.side = check_random(k, BUFFERS) % 2 ? GUARD_AT_START : GUARD_AT_END;
        norm_trial t = create(k, kernels, &s);
        check(k, &t);
        training_end(k, t.b, BUFFERS);
    }
}

void training_test_norms(checker *k, const blocked_training *kernels)
{
    static const size_t widths[] = {1, 2, 3, 4, 5, 7, 8, 31, 112};
    static const unsigned applies[] = {STORED,          STORED | SCALED,         SUMMED, SUMMED | SCALED,
                                       STORED | SUMMED, STORED | ADDED | SCALED, 15};
    for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++)
        for (size_t a = 0; a < ACTIVATIONS; a++) {
            norm_shape s = {.width = widths[w], .activation = (kernel_activation)a};
            s.height = 1 + w % 3;
            s.gap = (w + a) % 3;
            for (size_t i = 0; i < sizeof applies / sizeof applies[0]; i++) {
                s.variant = applies[i];
                run(k, kernels, "apply", s, check_apply);
            }
            for (s.variant = 0; s.variant < 2; s.variant++)
                run(k, kernels, "undo", s, check_undo);
            s.height = 1;
            for (s.variant = 0; s.variant < 32; s.variant++)
                run(k, kernels, "slope", s, check_slope);
            for (s.variant = 0; a == KERNEL_LINEAR && s.variant < 2; s.variant++)
                run(k, kernels, "moments", s, check_moments);
        }
}
