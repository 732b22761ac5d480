/* SPDX-License-Identifier: Apache-2.0
 *
 * The dot kernel on trial. What lies between its inputs and its outputs is NaN of a kind of its own: inputs
 * that it must not read would spoil the values, outputs that it must not write would be missed.
 */
#include "blocked.h"

#include "blocked_naive.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum buffer { X, WEIGHTS, HALF_WEIGHTS, BIAS, ADD, SUM, OUT, PLACE, BUFFERS };

typedef struct dot_trial {
    const dot_shape *s;
    const blocked_table *table;
    guard buffers[BUFFERS];
    blocked_dot job; /* the whole of it */
    size_t lanes;    /* outputs of the last vector */
    float *whole;    /* what the whole gave: outputs, then sums */
} dot_trial;

static size_t row_length(const dot_shape *s, size_t row)
{
    return row + 1 == s->rows ? s->last : s->length;
}

/* Floats from the first input to the last; whole vectors where a pixel is one. */
static size_t input_size(const dot_shape *s, size_t vector)
{
    size_t size = 0;
    for (size_t r = 0; r < s->rows; r++) {
        const size_t end = (s->pixels - 1) * s->x_pixel + r * s->x_row + row_length(s, r);
        if (end > size) size = end;
    }
    return s->x_pixel == vector ? (size + vector - 1) / vector * vector : size;
}

static void fill_inputs(dot_trial *d, const trial *t, uint64_t key)
{
    const dot_shape *s = d->s;
    for (size_t p = 0; p < s->pixels; p++)
        for (size_t r = 0; r < s->rows; r++)
            for (size_t i = 0; i < row_length(s, r); i++) {
                const size_t at = p * s->x_pixel + r * s->x_row + i;
                d->buffers[X].data[at] = numbers_value(t->kind, 4, key, at);
            }
    if (t->planted == 0) return;
    const size_t r = key % s->rows;
    d->buffers[X].data[key / 8 % s->pixels * s->x_pixel + r * s->x_row + key / 64 % row_length(s, r)] =
        t->planted;
}

/* Pixels go to every second place, around a plane of an odd number of places. */
static guard scattered(const dot_trial *d, guard_side side)
{
    const size_t pixels = d->s->pixels;
    guard g = guard_create(pixels, side);
    for (size_t p = 0; p < pixels; p++) {
        const uint32_t place = (uint32_t)((2 * p + 1) % (2 * pixels + 1) * d->table->vector);
        memcpy(&g.data[p], &place, sizeof place);
    }
    return g;
}

/* The weights of a half panel, from those of a whole one: for two inputs the whole vectors of each, then the
 * outputs of the last vector for one and the other in turn. */
static guard half_weights(const dot_shape *s, const float *plain, size_t vector, guard_side side)
{
    const size_t inputs = (s->rows - 1) * s->length + s->last, lanes = s->panel * vector,
                 whole = lanes - vector;
    guard g = guard_create(inputs / 2 * (2 * whole + vector), side);
    float *to = g.data;
    for (size_t i = 0; i < inputs; i += 2) {
        const float *first = plain + i * lanes, *second = first + lanes;
        for (size_t n = 0; n < whole; n++)
            *to++ = first[n];
        for (size_t n = 0; n < whole; n++)
            *to++ = second[n];
        for (size_t n = whole; n < whole + vector / 2; n++) {
            *to++ = first[n];
            *to++ = second[n];
        }
    }
    return g;
}

static dot_trial dot_create(const checker *k, const dot_shape *s, const trial *t)
{
    const size_t vector = k->blocked->vector, lanes = s->panel * vector;
    const size_t weights = ((s->rows - 1) * s->length + s->last) * lanes;
    const size_t plane = s->placed ? 2 * s->pixels + 1 : s->pixels;
    const size_t out_block = (plane + s->out_gap) * vector;
    const size_t outputs = (s->panel - 1) * out_block + plane * vector;
    const bool shifted = t->side == GUARD_AT_START && s->x_pixel != vector; /* x is not made of vectors */
    dot_trial d = {.s = s,
                   .table = k->blocked,
                   .lanes = s->half ? vector / 2 : vector,
                   .whole = malloc((outputs + lanes) * sizeof *d.whole)};
    if (!d.whole) abort();
    guard *b = d.buffers;
    b[X] = guard_create(input_size(s, vector), shifted ? GUARD_NEAR_START : t->side);
    fill_inputs(&d, t, check_random(k, X));
    b[WEIGHTS] = trial_buffer(k, t, weights, 3, WEIGHTS);
    b[HALF_WEIGHTS] = s->half ? half_weights(s, b[WEIGHTS].data, vector, t->side) : guard_create(1, t->side);
    b[BIAS] = trial_buffer(k, t, lanes, 8, BIAS);
    b[ADD] = trial_buffer(k, t, outputs, 8, ADD);
    b[SUM] = trial_buffer(k, t, lanes, 8, SUM);
    b[OUT] = guard_create(outputs, t->side);
    b[PLACE] = scattered(&d, t->side);
    d.job = (blocked_dot){
        .x = b[X].data,
        .x_pixel = s->x_pixel,
        .x_row = s->x_row,
        .rows = s->rows,
        .length = s->length,
        .last = s->last,
        .weights = b[s->half ? HALF_WEIGHTS : WEIGHTS].data,
        .bias = b[BIAS].data,
        .panel = s->panel,
        .half = s->half,
        .pixels = s->pixels,
        .activation = s->activation,
        .out = b[OUT].data,
        .out_block = out_block,
        .place = s->placed ? (const uint32_t *)(const void *)b[PLACE].data : NULL,
        .add = s->added ? b[ADD].data : NULL,
        .sum = s->summed ? b[SUM].data : NULL,
    };
    return d;
}

/* Pixels [first, end) alone. */
static void run_part(const dot_trial *d, size_t first, size_t end)
{
    const size_t vector = d->table->vector;
    blocked_dot job = d->job;
    job.x += first * job.x_pixel;
    job.pixels = end - first;
    if (job.place) {
        job.place += first;
    } else {
        if (job.out) job.out += first * vector;
        if (job.add) job.add += first * vector;
    }
    if (first < end) d->table->dot(&job);
}

static float *output_at(const dot_trial *d, size_t n, size_t pixel)
{
    const size_t at = d->job.place ? d->job.place[pixel] : pixel * d->table->vector;
    return d->job.out + n * d->job.out_block + at;
}

static void check_values(checker *k, const dot_trial *d, bool exact)
{
    const size_t vector = d->table->vector;
    blocked_dot plain = d->job;
    plain.weights = d->buffers[WEIGHTS].data;
    for (size_t n = 0; n < d->s->panel; n++)
        for (size_t p = 0; p < d->s->pixels; p++)
            for (size_t lane = 0; lane < (n + 1 < d->s->panel ? vector : d->lanes); lane++) {
                const naive_output want = naive_dot(&plain, vector, n, p, lane);
                const float got = output_at(d, n, p)[lane];
                if (naive_allows(&want, got, d->s->activation, exact)) continue;
                check_fail(k, "vector %zu, pixel %zu, channel %zu is %.9g, not %.9g +- %.2g", n, p, lane, got,
                           want.value, exact ? 0 : want.bound);
                return;
            }
}

/* `before` and the outputs, added pixel by pixel: the very bits of the kernel's sums. */
static void check_sums(checker *k, const dot_trial *d, const float *before)
{
    const size_t vector = d->table->vector;
    for (size_t n = 0; n < d->s->panel; n++)
        for (size_t lane = 0; lane < vector; lane++) {
            float sum = before[n * vector + lane];
            for (size_t p = 0; p < d->s->pixels; p++)
                sum += output_at(d, n, p)[lane];
            const float got = d->job.sum[n * vector + lane];
            if (got == sum || (isnan(got) && isnan(sum))) continue;
            check_fail(k, "the sum of vector %zu, channel %zu is %.9g, not %.9g", n, lane, got, sum);
            return;
        }
}

/* Nothing but the outputs was written to their buffer. */
static void check_gaps(checker *k, const dot_trial *d)
{
    for (size_t n = 0; n < d->s->panel; n++)
        for (size_t p = 0; p < d->s->pixels; p++)
            guard_blank_part(output_at(d, n, p), d->table->vector);
    if (!guard_all_blank(&d->buffers[OUT])) check_fail(k, "wrote between its outputs");
}

/* Runs the job in two parts, cut at pixel `cut`, into outputs and sums made new: the same bits as the whole.
 */
static void check_parts(checker *k, dot_trial *d, const float *before, size_t cut, const char *what)
{
    guard *out = &d->buffers[OUT], *sum = &d->buffers[SUM];
    guard_blank(out);
    memcpy(sum->data, before, sum->count * sizeof *before);
    run_part(d, 0, cut);
    run_part(d, cut, d->s->pixels);
    const bool same_out = !d->job.out || memcmp(out->data, d->whole, out->count * sizeof(float)) == 0;
    if (!same_out || memcmp(sum->data, d->whole + out->count, sum->count * sizeof(float)) != 0)
        check_fail(k, "%s differs from the whole", what);
}

static void run_trial(checker *k, const void *shape, const trial *t)
{
    const dot_shape *s = shape;
    dot_trial d = dot_create(k, s, t);
    guard *out = &d.buffers[OUT], *sum = &d.buffers[SUM];
    float *before = malloc(sum->count * sizeof *before);
    if (!before) abort();
    memcpy(before, sum->data, sum->count * sizeof *before);
    run_part(&d, 0, s->pixels);
    memcpy(d.whole, out->data, out->count * sizeof(float));
    memcpy(d.whole + out->count, sum->data, sum->count * sizeof(float));
    check_values(k, &d, t->kind == NUMBERS_INTEGERS);
    if (s->summed) check_sums(k, &d, before);
    check_gaps(k, &d);
    check_parts(k, &d, before, check_random(k, BUFFERS) % (s->pixels + 1), "a part");
    if (s->summed) {
        d.job.out = NULL;
        check_parts(k, &d, before, 0, "without outputs, the sum");
    }
    trial_end(k, d.buffers, BUFFERS);
    free(before);
    free(d.whole);
}

void check_dot(checker *k, const dot_shape *s)
{
    char text[128];
    snprintf(text, sizeof text, "%zu%s vectors, %zu pixels, %zux%zu+%zu, x +%zu, %s%s%s%s",
             s->half ? s->panel - 1 : s->panel, s->half ? ".5" : "", s->pixels, s->rows - 1, s->length,
             s->last, s->x_pixel, case_activation_name(s->activation), s->placed ? ", placed" : "",
             s->added ? ", added" : "", s->summed ? ", summed" : "");
    if (check_begin(k, k->blocked->dot_name, text)) trial_each(k, s, s->activation, run_trial);
}
