/* SPDX-License-Identifier: Apache-2.0
 *
 * The naive reference of blocked kernels.
 */
#include "blocked_naive.h"

#include <math.h>

/* Kernels hold the exponential to normal floats, after it has been multiplied by up to 30. */
static const double underflow = 0x1p-123;

/* The error of the exponential and of what is done with it, in half ulps: 6.1e-7 is 10.2 of them. */
static const double budget = 11;

naive_output naive_blocked_activate(double sum, double error, kernel_activation activation)
{
    naive_output out = naive_activate(sum, error, activation);
    if (activation == KERNEL_SWISH) {
        out.value = sum / (1 + exp2(sum));
        out.bound = 1.1 * error + budget * NAIVE_HALF_ULP * fabs(out.value) + fabs(sum) * underflow;
    } else if (activation == KERNEL_SIGMOID) {
        /* The kernel multiplies by log2(e) itself: that rounding is an error of the exponent. */
        out.bound = 0.25 * error + (budget + 2 * fabs(sum)) * NAIVE_HALF_ULP * fabs(out.value) + underflow;
    }
    return out;
}

/* A sum of products as it grows. */
typedef struct sum {
    double value, magnitude, terms;
} sum;

static void add_product(sum *s, float x, float w)
{
    const double product = (double)x * (double)w;
    s->value += product;
    s->magnitude += fabs(product);
    s->terms++;
}

static sum sum_from(float bias)
{
    return (sum){.value = bias, .magnitude = fabs((double)bias)};
}

static naive_output finish(const sum *s, kernel_activation activation)
{
    return naive_blocked_activate(s->value, naive_sum_error(s->terms, s->magnitude), activation);
}

naive_output naive_dot(const blocked_dot *job, size_t vector, size_t n, size_t pixel, size_t lane)
{
    sum s = sum_from(job->bias[n * vector + lane]);
    for (size_t r = 0; r < job->rows; r++)
        for (size_t i = 0; i < (r + 1 == job->rows ? job->last : job->length); i++)
            add_product(&s, job->x[pixel * job->x_pixel + r * job->x_row + i],
                        job->weights[((r * job->length + i) * job->panel + n) * vector + lane]);
    naive_output out = finish(&s, job->activation);
    if (job->add) {
        const size_t at = job->place ? job->place[pixel] : pixel * vector;
        out.value += job->add[n * job->out_block + at + lane];
        out.bound += 2 * NAIVE_HALF_ULP * fabs(out.value);
    }
    return out;
}

naive_output naive_depthwise(const blocked_depthwise *job, size_t vector, size_t row, size_t column,
                             size_t lane)
{
    sum s = sum_from(job->bias[lane]);
    for (size_t y = 0; y < job->kernel; y++)
        for (size_t x = 0; x < job->kernel; x++)
            add_product(&s, job->rows[y][row * job->row_step + (column * job->stride + x) * vector + lane],
                        job->weights[(y * job->kernel + x) * vector + lane]);
    return finish(&s, job->activation);
}

naive_output naive_dense(const blocked_dense *job, size_t vector, size_t panel, size_t o)
{
    const size_t n = o / vector, first = n / panel * panel;
    const size_t width = job->vectors - first < panel ? job->vectors - first : panel;
    sum s = sum_from(job->bias[o]);
    for (size_t k = 0; k < job->k; k++)
        add_product(&s, job->x[k],
                    job->weights[first * job->k * vector + (k * width + n - first) * vector + o % vector]);
    return finish(&s, job->activation);
}

bool naive_allows(const naive_output *want, float got, kernel_activation activation, bool exact)
{
    if (isnan(want->value)) return isnan(got);
    if (exact) return got == (float)want->value;
    if (isfinite(want->bound)) return fabs(got - want->value) <= want->bound;
    const bool exponential = activation == KERNEL_SWISH || activation == KERNEL_SIGMOID;
    return got == (float)want->value || (exponential && isnan(got));
}
