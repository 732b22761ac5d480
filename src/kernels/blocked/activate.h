/* SPDX-License-Identifier: Apache-2.0
 *
 * Activations on vectors in registers. Swish works on t = -log2(e) x, a factor that packing folds into the
 * weights of every layer that feeds a Swish, and gives -log2(e) swish(x) = t / (1 + 2^t), which packing
 * divides out of the layer that follows: one multiplication less per value.
 *
 * 2^t = 2^n 2^f with n = round(t), |f| <= 1/2, and 2^f = (f^2 + k f + c) / (f^2 - k f + c): the quotient
 * saves a division since t / (1 + 2^t) = t d / (d + e 2^n). k and c make its largest relative error smallest,
 * 4.4e-7; with roundings it is 6.1e-7. Large |t| is right without special cases: n is held to the exponents
 * of normal floats. The operations are shared out evenly: half of them multiply, half of them do not.
 */
#ifndef KERNELS_BLOCKED_ACTIVATE_H
#define KERNELS_BLOCKED_ACTIVATE_H

#include "kernels/kernels.h"

#define QUOTIENT_K 8.67783876f
#define QUOTIENT_C 25.0391064f

/* d, and 1 + 2^t = q / d. */
INLINE void exp2_quotient(vec t, vec *d, vec *q)
{
    vec n;
    const vec f = vec_fraction(t, &n);
    *d = vec_fma(f, vec_sub(f, vec_set(QUOTIENT_K)), vec_set(QUOTIENT_C));
    *q = vec_fma(vec_fma(vec_set(2 * QUOTIENT_K), f, *d), vec_exp2(n), *d);
}

INLINE vec swish_scaled(vec t)
{
    vec d, q;
    exp2_quotient(t, &d, &q);
    return vec_div(vec_mul(t, d), q);
}

INLINE vec sigmoid(vec x)
{
    vec d, q;
    exp2_quotient(vec_mul(x, vec_set(-1.44269504f)), &d, &q);
    return vec_div(d, q);
}

/* x is the second operand of vec_max and vec_min, the one that x86 gives back where either is NaN: NaN stays
 * NaN. */
INLINE vec relu(vec x)
{
    return vec_max(vec_set(0), x);
}

INLINE vec relu6(vec x)
{
    return vec_min(vec_set(6), relu(x));
}

INLINE void activate(vec *x, const int count, kernel_activation activation)
{
    switch (activation) {
    case KERNEL_LINEAR: break;
    case KERNEL_SWISH: UNROLL for (int i = 0; i < count; i++) x[i] = swish_scaled(x[i]); break;
    case KERNEL_RELU6: UNROLL for (int i = 0; i < count; i++) x[i] = relu6(x[i]); break;
    case KERNEL_RELU: UNROLL for (int i = 0; i < count; i++) x[i] = relu(x[i]); break;
    case KERNEL_HARD_SWISH:
        UNROLL for (int i = 0; i < count; i++) x[i] =
            vec_mul(vec_mul(x[i], vec_set(1.0f / 6)), relu6(vec_add(x[i], vec_set(3))));
        break;
    case KERNEL_SIGMOID: UNROLL for (int i = 0; i < count; i++) x[i] = sigmoid(x[i]); break;
    }
}

#endif
