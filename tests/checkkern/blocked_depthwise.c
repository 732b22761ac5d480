/* SPDX-License-Identifier: Apache-2.0
 *
 * The depthwise kernel on trial. Each row of the kernel's window has a guarded buffer of its own.
 */
#include "blocked.h"

#include "blocked_naive.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 7 };
enum buffer { WEIGHTS, BIAS, SUM, OUT, ROWS, BUFFERS = ROWS + MOST_ROWS };

typedef struct depthwise_trial {
    const depthwise_shape *s;
    const blocked_table *table;
    guard buffers[BUFFERS];
    const float *rows[MOST_ROWS];
    blocked_depthwise job;
} depthwise_trial;

/* Vectors of input that a row of outputs sees. */
static size_t row_width(const depthwise_shape *s)
{
    return (s->width - 1) * s->stride + s->kernel;
}

/* Row `y` of the window for every row of outputs: numbers where the kernel looks, NaN between. */
static guard create_rows(const depthwise_trial *d, const trial *t, uint64_t key)
{
    const depthwise_shape *s = d->s;
    const size_t step = d->job.row_step, width = row_width(s) * d->table->vector;
    guard g = guard_create((s->height - 1) * step + width, t->side);
    for (size_t r = 0; r < s->height; r++)
        numbers_fill(g.data + r * step, width, t->kind, 4, key + r);
    return g;
}

static void plant(depthwise_trial *d, const trial *t, uint64_t random)
{
    if (t->planted == 0) return;
    guard *row = &d->buffers[ROWS + random % d->s->kernel];
    row->data[random / 8 % d->s->height * d->job.row_step +
              random / 64 % (row_width(d->s) * d->table->vector)] = t->planted;
}

static void depthwise_create(depthwise_trial *d, const checker *k, const depthwise_shape *s, const trial *t)
{
    const size_t vector = k->blocked->vector;
    guard *b = d->buffers;
    d->s = s;
    d->table = k->blocked;
    d->job = (blocked_depthwise){
        .rows = d->rows,
        .row_step = (row_width(s) + s->gap) * vector,
        .kernel = s->kernel,
        .stride = s->stride,
        .activation = s->activation,
        .height = s->height,
        .width = s->width,
        .sum_step = (1 + s->gap) * vector,
    };
    b[WEIGHTS] = trial_buffer(k, t, s->kernel * s->kernel * vector, 3, WEIGHTS);
    b[BIAS] = trial_buffer(k, t, vector, 8, BIAS);
    b[SUM] = guard_create((s->height - 1) * d->job.sum_step + vector, t->side);
    b[OUT] = guard_create(s->height * s->width * vector, t->side);
    for (size_t y = 0; y < s->kernel; y++) {
        b[ROWS + y] = create_rows(d, t, check_random(k, ROWS + y));
        d->rows[y] = b[ROWS + y].data;
    }
    d->job.weights = b[WEIGHTS].data;
    d->job.bias = b[BIAS].data;
    d->job.out = b[OUT].data;
    d->job.sum = s->summed ? b[SUM].data : NULL;
    plant(d, t, check_random(k, BUFFERS));
}

/* A rectangle of the outputs alone, as a job of its own; sums only of whole rows. */
static void run_part(const depthwise_trial *d, size_t row, size_t rows, size_t column, size_t columns)
{
    const size_t vector = d->table->vector;
    const bool whole = columns == d->s->width;
    for (size_t r = row; r < row + rows; r += whole ? rows : 1) {
        const float *window[MOST_ROWS];
        blocked_depthwise job = d->job;
        job.rows = window;
        for (size_t y = 0; y < d->s->kernel; y++)
            window[y] = d->rows[y] + r * d->job.row_step + column * d->s->stride * vector;
        job.out += (r * d->s->width + column) * vector;
        job.height = whole ? rows : 1;
        job.width = columns;
        job.sum = job.sum && whole ? job.sum + r * job.sum_step : NULL;
        if (columns > 0) d->table->depthwise(&job);
    }
}

static void check_values(checker *k, const depthwise_trial *d, bool exact)
{
    const size_t vector = d->table->vector;
    const float *got = d->job.out;
    for (size_t y = 0; y < d->s->height; y++)
        for (size_t x = 0; x < d->s->width; x++)
            for (size_t lane = 0; lane < vector; lane++, got++) {
                const naive_output want = naive_depthwise(&d->job, vector, y, x, lane);
                if (naive_allows(&want, *got, d->s->activation, exact)) continue;
                check_fail(k, "row %zu, column %zu, channel %zu is %.9g, not %.9g +- %.2g", y, x, lane, *got,
                           want.value, exact ? 0 : want.bound);
                return;
            }
}

/* The sums of rows against the outputs as they are, and nothing written between them. */
static void check_sums(checker *k, depthwise_trial *d)
{
    const size_t vector = d->table->vector, width = d->s->width;
    for (size_t y = 0; y < d->s->height; y++) {
        float *sum = d->job.sum + y * d->job.sum_step;
        for (size_t lane = 0; lane < vector; lane++) {
            double value = 0, magnitude = 0;
            for (size_t x = 0; x < width; x++) {
                const double output = d->job.out[(y * width + x) * vector + lane];
                value += output;
                magnitude += fabs(output);
            }
            const naive_output want = {.value = value,
                                       .bound = (double)(width - 1) * NAIVE_HALF_ULP * magnitude};
            if (naive_allows(&want, sum[lane], KERNEL_LINEAR, false)) continue;
            check_fail(k, "the sum of row %zu, channel %zu is %.9g, not %.9g", y, lane, sum[lane], value);
            return;
        }
        guard_blank_part(sum, vector);
    }
    if (!guard_all_blank(&d->buffers[SUM])) check_fail(k, "wrote between its sums");
}

/* Rows, and then columns, computed apart have the bits of the whole. */
static void check_parts(checker *k, depthwise_trial *d, const float *whole)
{
    const depthwise_shape *s = d->s;
    guard *out = &d->buffers[OUT], *sum = &d->buffers[SUM];
    const size_t row = check_random(k, BUFFERS + 1) % s->height,
                 column = check_random(k, BUFFERS + 2) % s->width, outputs = out->count * sizeof(float);
    guard_blank(out);
    guard_blank(sum);
    run_part(d, 0, row, 0, s->width);
    run_part(d, row, s->height - row, 0, s->width);
    if (memcmp(out->data, whole, outputs) != 0 ||
        memcmp(sum->data, whole + out->count, sum->count * sizeof(float)) != 0)
        check_fail(k, "rows alone differ from the whole");
    guard_blank(out);
    run_part(d, 0, s->height, 0, column);
    run_part(d, 0, s->height, column, s->width - column);
    if (memcmp(out->data, whole, outputs) != 0) check_fail(k, "columns alone differ from the whole");
}

static void run_trial(checker *k, const void *shape, const trial *t)
{
    const depthwise_shape *s = shape;
    depthwise_trial d;
    depthwise_create(&d, k, s, t);
    guard *out = &d.buffers[OUT], *sum = &d.buffers[SUM];
    float *whole = malloc((out->count + sum->count) * sizeof *whole);
    if (!whole) abort();
    d.table->depthwise(&d.job);
    memcpy(whole, out->data, out->count * sizeof(float));
    memcpy(whole + out->count, sum->data, sum->count * sizeof(float));
    check_values(k, &d, t->kind == NUMBERS_INTEGERS);
    if (s->summed) check_sums(k, &d);
    check_parts(k, &d, whole);
    trial_end(k, d.buffers, ROWS + s->kernel);
    free(whole);
}

void check_depthwise(checker *k, const depthwise_shape *s)
{
    char text[128];
    snprintf(text, sizeof text, "k%zu s%zu, %zux%zu, %s%s", s->kernel, s->stride, s->height, s->width,
             case_activation_name(s->activation), s->summed ? ", summed" : "");
    if (check_begin(k, k->blocked->depthwise_name, text)) trial_each(k, s, s->activation, run_trial);
}
