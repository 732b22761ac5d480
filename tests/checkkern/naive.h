/* SPDX-License-Identifier: Apache-2.0
 *
 * One output of a layer, worked out from the formula in double precision, in the most obvious way. Shares
 * nothing with the kernels, so that both cannot be wrong together.
 */
#ifndef CHECKKERN_NAIVE_H
#define CHECKKERN_NAIVE_H

#include "cases.h"

/* What a layer reads; weights in PyTorch's layout. */
typedef struct naive_data {
    const float *weights, *bias, *input, *scale, *residual;
} naive_data;

typedef struct naive_output {
    double value;
    double bound; /* how far a float32 kernel may be from it */
} naive_output;

/* Half a unit in the last place of a float. */
#define NAIVE_HALF_ULP 0x1p-24

/* The activation of a sum that a float32 kernel may have wrong by `error`. */
naive_output naive_activate(double sum, double error, kernel_activation activation);

/* How far a float32 sum of `terms` products, whose magnitudes add up to `magnitude`, may be from the true
 * one, in whatever order it was taken. */
double naive_sum_error(double terms, double magnitude);

naive_output naive_layer(const check_case *c, const naive_data *d, size_t y, size_t x, size_t o);

#endif
