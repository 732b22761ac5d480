/* SPDX-License-Identifier: Apache-2.0
 *
 * Vectors of 8 floats on AVX2 and FMA, for the kernel bodies in kernels/blocked.
 */
#ifndef KERNELS_X86_VEC_AVX2_H
#define KERNELS_X86_VEC_AVX2_H

#include <immintrin.h>

#include "kernels/blocked/unroll.h"

#define V 8

typedef __m256 vec;

INLINE vec vec_load(const float *p)
{
    return _mm256_loadu_ps(p);
}

INLINE void vec_store(float *p, vec a)
{
    _mm256_storeu_ps(p, a);
}

INLINE vec vec_broadcast(const float *p)
{
    return _mm256_broadcast_ss(p);
}

INLINE vec vec_set(float a)
{
    return _mm256_set1_ps(a);
}

INLINE vec vec_add(vec a, vec b)
{
    return _mm256_add_ps(a, b);
}

INLINE vec vec_sub(vec a, vec b)
{
    return _mm256_sub_ps(a, b);
}

INLINE vec vec_mul(vec a, vec b)
{
    return _mm256_mul_ps(a, b);
}

INLINE vec vec_div(vec a, vec b)
{
    return _mm256_div_ps(a, b);
}

INLINE vec vec_min(vec a, vec b)
{
    return _mm256_min_ps(a, b);
}

INLINE vec vec_max(vec a, vec b)
{
    return _mm256_max_ps(a, b);
}

/* a * b + c, rounded once. */
INLINE vec vec_fma(vec a, vec b, vec c)
{
    return _mm256_fmadd_ps(a, b, c);
}

/* t - round(t), and round(t) in a form for vec_scale: adding ROUNDING rounds t, and the low bits then are the
 * exponent of 2^round(t) as a float has it. */
#define ROUNDING (0x1.8p23f + 127.0f)

INLINE vec vec_fraction(vec t, vec *rounded)
{
    *rounded = vec_add(t, vec_set(ROUNDING));
    return vec_sub(t, vec_sub(*rounded, vec_set(ROUNDING)));
}

/* a 2^n, n from vec_fraction and held to the exponents of normal floats. */
INLINE vec vec_scale(vec a, vec n)
{
    const __m256i low = _mm256_set1_epi32(0x4B400001), high = _mm256_set1_epi32(0x4B4000FE);
    const __m256i exponent = _mm256_min_epi32(_mm256_max_epi32(_mm256_castps_si256(n), low), high);
    return vec_mul(a, _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23)));
}

/* Keeps a value in a register. Without it gcc folds a load into every multiply-add that uses it, and moves
 * accumulators to memory. */
INLINE void vec_keep(vec *a)
{
    __asm__("" : "+x"(*a));
}

#endif
