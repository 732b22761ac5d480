/* SPDX-License-Identifier: Apache-2.0
 *
 * Activations on vectors in registers. Swish works on t = -log2(e) x, a factor that packing folds into the
 * weights of every layer that feeds a Swish, and gives -log2(e) swish(x) = t / (1 + 2^t), which packing
 * divides out of the layer that follows: one multiplication less per value.
 *
 * 2^t = 2^n 2^f with n = round(t), and 2^f = (A + f) / (A - f), A = 0.115236066 f^2 + 2.885408123, |f| <=
 * 1/2: the [2/2]-like quotient saves a division since t / (1 + 2^t) = t (A - f) / ((A - f) + (A + f) 2^n).
 * Largest relative error 5.3e-7. Large |t| is right without special cases: n is held to the exponents of
 * normal floats.
 */
#ifndef KERNELS_BLOCKED_ACTIVATE_H
#define KERNELS_BLOCKED_ACTIVATE_H

#include "kernels/kernels.h"

/* d and e with 2^t = e / d. */
INLINE void exp2_quotient(vec t, vec *e, vec *d)
{
    vec n;
    const vec f = vec_fraction(t, &n);
    const vec a = vec_fma(vec_mul(f, f), vec_set(0.115236066f), vec_set(2.885408123f));
    *d = vec_sub(a, f);
    *e = vec_scale(vec_add(a, f), n);
}

INLINE vec swish_scaled(vec t)
{
    vec e, d;
    exp2_quotient(t, &e, &d);
    return vec_div(vec_mul(t, d), vec_add(d, e));
}

INLINE vec sigmoid(vec x)
{
    vec e, d;
    exp2_quotient(vec_mul(x, vec_set(-1.44269504f)), &e, &d);
    return vec_div(d, vec_add(d, e));
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
