/* SPDX-License-Identifier: Apache-2.0
 *
 * The gradients of convolutions and the transposition on trial.
 */
#include "training.h"

#include "blocked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs `check` on integers, then on reals, the guards now on this side, now on that. */
static void both(checker *k, const blocked_training *kernels, const void *shape,
                 void (*check)(checker *k, const blocked_training *kernels, const void *shape,
                               const trial *t))
{
    const guard_side side = check_random(k, 0) % 2 ? GUARD_AT_START : GUARD_AT_END,
                     other = side == GUARD_AT_END ? GUARD_AT_START : GUARD_AT_END;
    check(k, kernels, shape, &(trial){NUMBERS_INTEGERS, side, 0});
    check(k, kernels, shape, &(trial){NUMBERS_REALS, other, 0});
}

/* What the kernel is to add to. */
static float *copy_of(const guard *g)
{
    float *copy = malloc(g->count * sizeof *copy);
    if (!copy) abort();
    memcpy(copy, g->data, g->count * sizeof *copy);
    return copy;
}

/* ---- The outer product ---- */

typedef struct outer_shape {
    size_t x_pixel, rows, length, last, vectors, pixels, gap;
} outer_shape;

static training_sum outer_wanted(const blocked_outer *job, size_t vector, size_t row, size_t i, size_t column,
                                 float before)
{
    training_sum want = {0};
    training_add(&want, before, 0);
    for (size_t p = 0; p < job->pixels; p++)
        training_add(&want,
                     (double)job->x[p * job->x_pixel + row * job->x_row + i] *
                         (double)job->y[column / vector * job->y_block + p * vector + column % vector],
                     0);
    return want;
}

static void check_outer(checker *k, const blocked_training *kernels, const void *shape, const trial *t)
{
    const outer_shape *s = shape;
    const size_t vector = k->blocked->vector, columns = s->vectors * vector;
    blocked_outer job = {
        .x_pixel = s->x_pixel,
        .x_row = s->pixels * s->x_pixel + s->length + s->gap,
        .rows = s->rows,
        .length = s->length,
        .last = s->last,
        .y_block = (s->pixels + s->gap) * vector,
        .vectors = s->vectors,
        .pixels = s->pixels,
        .out_step = columns + s->gap * vector,
    };
    const size_t inputs = (s->rows - 1) * s->length + s->last;
    guard b[] = {
        trial_buffer(k, t, (s->rows - 1) * job.x_row + (s->pixels - 1) * s->x_pixel + s->length, 3, 1),
        trial_buffer(k, t, (s->vectors - 1) * job.y_block + s->pixels * vector, 4, 2),
        trial_buffer(k, t, (inputs - 1) * job.out_step + columns, 8, 3),
    };
    float *before = copy_of(&b[2]);
    job.x = b[0].data;
    job.y = b[1].data;
    job.out = b[2].data;
    kernels->outer(&job);
    for (size_t i = 0; i < inputs; i++)
        for (size_t c = 0; c < job.out_step && i * job.out_step + c < b[2].count; c++) {
            const size_t at = i * job.out_step + c;
            if (c >= columns) {
                if (job.out[at] != before[at]) check_fail(k, "wrote between its rows");
                continue;
            }
            const training_sum want = outer_wanted(&job, vector, i / s->length, i % s->length, c, before[at]);
            training_compare(k, "product", at, &want, job.out[at], t->kind == NUMBERS_INTEGERS);
        }
    free(before);
    training_end(k, b, 3);
}

static void test_outer(checker *k, const blocked_training *kernels, const outer_shape *s)
{
    char text[128];
    snprintf(text, sizeof text, "%zux%zu+%zu by %zu vectors, %zu pixels %zu apart", s->rows - 1, s->length,
             s->last, s->vectors, s->pixels, s->x_pixel);
    if (check_begin(k, kernels->outer_name, text)) both(k, kernels, s, check_outer);
}

static void test_outers(checker *k, const blocked_training *kernels)
{
    static const size_t pixels[] = {1, 2, 7, 50};
    const size_t vector = k->blocked->vector;
    for (size_t vectors = 1; vectors <= 8; vectors++)
        for (size_t i = 1; i <= 2 * vector + 1; i++) {
            const size_t count = pixels[(vectors + i) % 4];
            if (k->quick && i > vector) break;
            test_outer(k, kernels,
                       &(outer_shape){.x_pixel = vector, /* pointwise */
                                      .rows = 1 + i / vector,
                                      .length = vector,
                                      .last = 1 + i % vector,
                                      .vectors = vectors,
                                      .pixels = count,
                                      .gap = i % 3});
            test_outer(k, kernels,
                       &(outer_shape){.x_pixel = 1 + i % 7, /* the stem */
                                      .rows = 1 + 2 * (i % 3),
                                      .length = i,
                                      .last = i,
                                      .vectors = vectors,
                                      .pixels = count,
                                      .gap = (i + 1) % 3});
        }
}

/* ---- Depthwise ---- */

typedef struct plane_shape {
    size_t kernel, stride, height, width, gap;
} plane_shape;

static training_sum taps_wanted(const blocked_depthwise_outer *job, size_t vector, size_t y, size_t x,
                                size_t lane, float before)
{
    training_sum want = {0};
    training_add(&want, before, 0);
    for (size_t r = 0; r < job->height; r++)
        for (size_t p = 0; p < job->width; p++)
            training_add(&want,
                         (double)job->rows[r * job->stride + y][(p * job->stride + x) * vector + lane] *
                             (double)job->dy[r * job->dy_step + p * vector + lane],
                         0);
    return want;
}

static void check_taps(checker *k, const blocked_training *kernels, const void *shape, const trial *t)
{
    enum { MOST_ROWS = 32 };
    const plane_shape *s = shape;
    const size_t vector = k->blocked->vector, columns = (s->width - 1) * s->stride + s->kernel,
                 rows = (s->height - 1) * s->stride + s->kernel, taps = s->kernel * s->kernel;
    const float *row[MOST_ROWS];
    blocked_depthwise_outer job = {.rows = row,
                                   .dy_step = (s->width + s->gap) * vector,
                                   .kernel = s->kernel,
                                   .stride = s->stride,
                                   .height = s->height,
                                   .width = s->width};
    guard b[] = {
        trial_buffer(k, t, rows * columns * vector, 3, 1),
        trial_buffer(k, t, (s->height - 1) * job.dy_step + s->width * vector, 4, 2),
        trial_buffer(k, t, taps * vector, 8, 3),
    };
    for (size_t r = 0; r < rows; r++) /* upside down: any order must do */
        row[r] = b[0].data + (rows - 1 - r) * columns * vector;
    float *before = copy_of(&b[2]);
    job.dy = b[1].data;
    job.out = b[2].data;
    kernels->depthwise_outer(&job);
    for (size_t i = 0; i < taps * vector; i++) {
        const size_t tap = i / vector;
        const training_sum want =
            taps_wanted(&job, vector, tap / s->kernel, tap % s->kernel, i % vector, before[i]);
        training_compare(k, "weight", i, &want, job.out[i], t->kind == NUMBERS_INTEGERS);
    }
    free(before);
    training_end(k, b, 3);
}

static training_sum input_wanted(const blocked_depthwise_back *job, size_t vector, size_t row, size_t column,
                                 size_t lane)
{
    const size_t top = job->first + row + job->pad_top, left = column + job->pad_left, S = job->stride;
    training_sum want = {0};
    for (size_t y = top % S; y < job->kernel; y += S)
        for (size_t x = left % S; x < job->kernel; x += S) {
            const ptrdiff_t a = ((ptrdiff_t)top - (ptrdiff_t)y) / (ptrdiff_t)S,
                            b = ((ptrdiff_t)left - (ptrdiff_t)x) / (ptrdiff_t)S;
            training_add(&want,
                         (double)job->dy[a * job->dy_step + b * (ptrdiff_t)vector + (ptrdiff_t)lane] *
                             (double)job->weights[(y * job->kernel + x) * vector + lane],
                         0);
        }
    return want;
}

/* The smallest and the largest place that a row or column of inputs sees. */
static void seen(const plane_shape *s, size_t first, size_t count, size_t pad, ptrdiff_t *low,
                 ptrdiff_t *high)
{
    *low = PTRDIFF_MAX;
    *high = PTRDIFF_MIN;
    for (size_t i = first; i < first + count; i++)
        for (size_t y = (i + pad) % s->stride; y < s->kernel; y += s->stride) {
            const ptrdiff_t at = ((ptrdiff_t)(i + pad) - (ptrdiff_t)y) / (ptrdiff_t)s->stride;
            if (at < *low) *low = at;
            if (at > *high) *high = at;
        }
    if (*low > *high) *low = *high = 0;
}

static void check_inputs(checker *k, const blocked_training *kernels, const void *shape, const trial *t)
{
    const plane_shape *s = shape;
    const size_t vector = k->blocked->vector, outputs = s->height * s->width * vector;
    blocked_depthwise_back job = {.kernel = s->kernel,
                                  .stride = s->stride,
                                  .pad_top = check_random(k, 4) % s->kernel,
                                  .pad_left = check_random(k, 5) % s->kernel,
                                  .first = check_random(k, 6) % 4,
                                  .height = s->height,
                                  .width = s->width};
    ptrdiff_t top, bottom, left, right;
    seen(s, job.first, s->height, job.pad_top, &top, &bottom);
    seen(s, 0, s->width, job.pad_left, &left, &right);
    const size_t columns = (size_t)(right - left + 1), rows = (size_t)(bottom - top + 1);
    job.dy_step = (ptrdiff_t)((columns + s->gap) * vector);
    guard b[] = {
        trial_buffer(k, t, (rows - 1) * (size_t)job.dy_step + columns * vector, 4, 1),
        trial_buffer(k, t, s->kernel * s->kernel * vector, 3, 2),
        guard_create(outputs, t->side),
    };
    job.dy = b[0].data - top * job.dy_step - left * (ptrdiff_t)vector;
    job.weights = b[1].data;
    job.out = b[2].data;
    kernels->depthwise_back(&job);
    for (size_t i = 0; i < outputs; i++) {
        const size_t pixel = i / vector;
        const training_sum want = input_wanted(&job, vector, pixel / s->width, pixel % s->width, i % vector);
        training_compare(k, "input", i, &want, job.out[i], t->kind == NUMBERS_INTEGERS);
    }
    training_end(k, b, 3);
}

static void test_depthwise(checker *k, const blocked_training *kernels)
{
    for (size_t kernel = 1; kernel <= 7; kernel++)
        for (size_t stride = 1; stride <= 3; stride++)
            for (size_t width = 1; width <= 31; width++) {
                const plane_shape s = {kernel, stride, 1 + width % 4, width, width % 3};
                char text[128];
                if (k->quick && width % 3 != kernel % 3) continue;
                snprintf(text, sizeof text, "k%zu s%zu, %zux%zu", kernel, stride, s.height, width);
                if (!check_begin(k, kernels->depthwise_name, text)) continue;
                both(k, kernels, &s, check_taps);
                both(k, kernels, &s, check_inputs);
            }
}

/* ---- Transposition ---- */

static void check_transpose(checker *k, const blocked_training *kernels, size_t rows, size_t columns)
{
    const size_t vector = k->blocked->vector, gap = columns % 3;
    const trial t = {NUMBERS_REALS, check_random(k, 0) % 2 ? GUARD_NEAR_START : GUARD_AT_END, 0};
    const blocked_transpose shape = {
        .x_step = columns + gap, .rows = rows, .columns = columns, .out_step = vector + gap};
    blocked_transpose job = shape;
    guard b[] = {
        trial_buffer(k, &t, (rows - 1) * job.x_step + columns, 1, 1),
        guard_create((columns - 1) * job.out_step + vector, t.side),
    };
    job.x = b[0].data;
    job.out = b[1].data;
    kernels->transpose(&job);
    for (size_t c = 0; c < columns; c++) {
        float *row = job.out + c * job.out_step;
        for (size_t r = 0; r < vector; r++)
            if (row[r] != (r < rows ? job.x[r * job.x_step + c] : 0))
                check_fail(k, "row %zu, column %zu is %.9g", r, c, row[r]);
        guard_blank_part(row, vector);
    }
    if (!guard_all_blank(&b[1])) check_fail(k, "wrote between its rows");
    training_end(k, b, 2);
}

void training_test_products(checker *k, const blocked_training *kernels)
{
    test_outers(k, kernels);
    test_depthwise(k, kernels);
    for (size_t rows = 1; rows <= k->blocked->vector; rows++)
        for (size_t columns = 1; columns <= 3 * k->blocked->vector + 1; columns++) {
            char text[64];
            snprintf(text, sizeof text, "%zux%zu at level %s", rows, columns, cpu_level_name(k->level));
            if (check_begin(k, "transpose", text)) check_transpose(k, kernels, rows, columns);
        }
}
