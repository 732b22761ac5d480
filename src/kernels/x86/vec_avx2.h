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

/* t - round(t), and round(t) in a form for vec_exp2: adding ROUNDING rounds t, and the low bits then are the
 * exponent of 2^round(t) as a float has it. */
#define ROUNDING (0x1.8p23f + 127.0f)

INLINE vec vec_fraction(vec t, vec *rounded)
{
    *rounded = vec_add(t, vec_set(ROUNDING));
    return vec_sub(t, vec_sub(*rounded, vec_set(ROUNDING)));
}

/* 2^n, n from vec_fraction and held to the exponents of normal floats. */
INLINE vec vec_exp2(vec n)
{
    const __m256i low = _mm256_set1_epi32(0x4B400001), high = _mm256_set1_epi32(0x4B4000FE);
    const __m256i exponent = _mm256_min_epi32(_mm256_max_epi32(_mm256_castps_si256(n), low), high);
    return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
}

/* a where x > 0, else 0; 0 too where x is NaN. */
INLINE vec vec_where_positive(vec x, vec a)
{
    return _mm256_and_ps(_mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_GT_OQ), a);
}

/* A square of V vectors, turned over: rows by pairs, by fours, then halves change places. */
INLINE void vec_transpose(vec *square)
{
    vec pair[V], four[V];
    UNROLL for (int r = 0; r < V; r += 2)
    {
        pair[r] = _mm256_unpacklo_ps(square[r], square[r + 1]);
        pair[r + 1] = _mm256_unpackhi_ps(square[r], square[r + 1]);
    }
    UNROLL for (int r = 0; r < V; r += 4) UNROLL for (int i = 0; i < 2; i++)
    {
        four[r + 2 * i] = _mm256_shuffle_ps(pair[r + i], pair[r + 2 + i], 0x44);
        four[r + 2 * i + 1] = _mm256_shuffle_ps(pair[r + i], pair[r + 2 + i], 0xEE);
    }
    UNROLL for (int r = 0; r < 4; r++)
    {
        square[r] = _mm256_permute2f128_ps(four[r], four[r + 4], 0x20);
        square[r + 4] = _mm256_permute2f128_ps(four[r], four[r + 4], 0x31);
    }
}

/* A store that goes past the caches, for what is not read again soon: memory then is written without having
 * been fetched first. Others see it after vec_stream_end. */
INLINE void vec_stream(float *p, vec a)
{
    _mm256_stream_ps(p, a);
}

INLINE void vec_stream_end(void)
{
    _mm_sfence();
}

/* Keeps a value in a register. Without it gcc folds a load into every multiply-add that uses it, and moves
 * accumulators to memory. */
INLINE void vec_keep(vec *a)
{
    __asm__("" : "+x"(*a));
}

#endif
