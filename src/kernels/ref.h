/* SPDX-License-Identifier: Apache-2.0
 *
 * What the plain C kernels share. They are written as their formulas, with the channels innermost and in
 * strips of a fixed length, because that is the form in which compilers keep the sums of a strip in vector
 * registers.
 */
#ifndef KERNELS_REF_H
#define KERNELS_REF_H

#include "kernels/kernels.h"

#include <string.h>

/* Channels of a strip. */
enum { REF_STRIP = 24 };

extern const kernel_op convolution_f32_ref, pointwise_f32_ref, depthwise_f32_ref, linear_f32_ref;
extern const kernel_pool_op pool_f32_ref;
extern const kernel_peak peak_f32_ref;

/* Replaces each of `count` values by activation(value). */
void ref_activate(float *values, size_t count, kernel_activation activation);

static inline size_t ref_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* sums[o] += input[i] * weights[i][o], for i ascending. Works on a copy, which the compiler keeps in
 * registers. */
static inline void ref_add_products(float sums[REF_STRIP], const float *input /* [count] */,
                                    const float *weights /* [count][REF_STRIP] */, size_t count)
{
    float sum[REF_STRIP];
    memcpy(sum, sums, sizeof sum);
    for (size_t i = 0; i < count; i++)
        for (size_t o = 0; o < REF_STRIP; o++)
            sum[o] += input[i] * weights[i * REF_STRIP + o];
    memcpy(sums, sum, sizeof sum);
}

/* The values k in [*first, *end) of a kernel for which position * stride - pad + k is in [0, size). */
static inline void ref_taps(size_t position, size_t stride, size_t pad, size_t kernel, size_t size,
                            size_t *first, size_t *end)
{
    const size_t start = position * stride; /* the first tap's place, counted from the edge of the padding */
    *first = start < pad ? pad - start : 0;
    *end = start + kernel <= size + pad ? kernel : size + pad - start;
}

#endif
