/* SPDX-License-Identifier: Apache-2.0
 *
 * The naive reference and its error bounds.
 */
#include "naive.h"

#include <math.h>

/* NaN stays NaN, which fmin and fmax would not do. */
static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

static double activate(double x, kernel_activation activation)
{
    switch (activation) {
    case KERNEL_LINEAR: return x;
    case KERNEL_SWISH: return x / (1 + exp(-x));
    case KERNEL_RELU6: return clamp(x, 0, 6);
    case KERNEL_RELU: return clamp(x, 0, INFINITY);
    case KERNEL_HARD_SWISH: return x * clamp(x + 3, 0, 6) / 6;
    case KERNEL_SIGMOID: return 1 / (1 + exp(-x));
    }
    return NAN;
}

/* The steepest slope of each: how much of an error in the sum gets through. */
static double slope(kernel_activation activation)
{
    switch (activation) {
    case KERNEL_SWISH: return 1.1;
    case KERNEL_HARD_SWISH: return 1.5;
    case KERNEL_SIGMOID: return 0.25;
    case KERNEL_LINEAR:
    case KERNEL_RELU6:
    case KERNEL_RELU: break;
    }
    return 1;
}

/* The error budget of the activation itself, in half ulps of its result. */
static double budget(kernel_activation activation)
{
    switch (activation) {
    case KERNEL_SWISH:
    case KERNEL_SIGMOID: return 16; /* 8 ulp: approximations of the exponential are welcome */
    case KERNEL_HARD_SWISH: return 6;
    case KERNEL_LINEAR:
    case KERNEL_RELU6:
    case KERNEL_RELU: break;
    }
    return 0;
}

naive_output naive_activate(double sum, double error, kernel_activation activation)
{
    const double value = activate(sum, activation);
    return (naive_output){
        .value = value,
        .bound = slope(activation) * error + budget(activation) * NAIVE_HALF_ULP * fabs(value),
    };
}

/* Twice the bound of Higham, Accuracy and Stability, 3.1: a sum of K products in any order, each with up to
 * two roundings before it is added, is off by at most (K + 2) half ulps of the sum of magnitudes, to first
 * order. */
double naive_sum_error(double terms, double magnitude)
{
    return 2 * (terms + 2) * NAIVE_HALF_ULP * magnitude;
}

/* Adds up `value` and `magnitude` of all products of output (y, x, o); returns how many there are. */
static double sum_products(const check_case *c, const naive_data *d, size_t y, size_t x, size_t o,
                           double *value, double *magnitude)
{
    const kernel_filter *f = &c->filter;
    const kernel_plane *p = &c->plane;
    const bool depthwise = c->operation == CHECK_DEPTHWISE;
    const size_t inputs = depthwise ? 1 : f->in; /* that one output sees */
    double terms = 0;
    for (size_t i = 0; i < inputs; i++)
        for (size_t ky = 0; ky < f->kernel; ky++)
            for (size_t kx = 0; kx < f->kernel; kx++) {
                const long in_y = (long)(y * f->stride + ky) - (long)p->pad_top;
                const long in_x = (long)(x * f->stride + kx) - (long)p->pad_left;
                if (in_y < 0 || in_y >= (long)p->in_height || in_x < 0 || in_x >= (long)p->in_width) continue;
                const size_t channel = depthwise ? o : i;
                const size_t pixel = (size_t)in_y * p->in_width + (size_t)in_x;
                double product = d->input[pixel * f->in + channel];
                product *= d->weights[((o * inputs + i) * f->kernel + ky) * f->kernel + kx];
                if (d->scale) product *= d->scale[channel];
                *value += product;
                *magnitude += fabs(product);
                terms++;
            }
    return terms;
}

static naive_output naive_pool(const check_case *c, const naive_data *d, size_t o)
{
    const size_t pixels = c->plane.in_height * c->plane.in_width;
    double value = 0, magnitude = 0;
    for (size_t pixel = 0; pixel < pixels; pixel++) {
        value += d->input[pixel * c->filter.in + o];
        magnitude += fabs((double)d->input[pixel * c->filter.in + o]);
    }
    const double count = (double)pixels;
    return (naive_output){.value = value / count, .bound = (count + 1) * NAIVE_HALF_ULP * magnitude / count};
}

naive_output naive_layer(const check_case *c, const naive_data *d, size_t y, size_t x, size_t o)
{
    if (c->operation == CHECK_POOL) return naive_pool(c, d, o);
    double sum = d->bias[o], magnitude = fabs(sum);
    const double terms = sum_products(c, d, y, x, o, &sum, &magnitude);
    naive_output out = naive_activate(sum, naive_sum_error(terms, magnitude), c->filter.activation);
    if (d->residual) {
        out.value += d->residual[(y * c->plane.out_width + x) * c->filter.out + o];
        out.bound += 2 * NAIVE_HALF_ULP * fabs(out.value);
    }
    return out;
}
