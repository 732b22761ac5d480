/* SPDX-License-Identifier: Apache-2.0
 *
 * Vectors of 16 floats on AVX-512, for the kernel bodies in kernels/blocked.
 */
#ifndef KERNELS_X86_VEC_AVX512_H
#define KERNELS_X86_VEC_AVX512_H

#include <immintrin.h>

#include "kernels/blocked/unroll.h"

#define V 16

typedef __m512 vec;

INLINE vec vec_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

INLINE void vec_store(float *p, vec a)
{
    _mm512_storeu_ps(p, a);
}

INLINE vec vec_broadcast(const float *p)
{
    return _mm512_set1_ps(*p);
}

/* p[0] in even lanes, p[1] in odd ones. */
INLINE vec vec_broadcast_pair(const float *p)
{
    return _mm512_castpd_ps(_mm512_broadcastsd_pd(_mm_load_sd((const double *)(const void *)p)));
}

/* The sums of lanes 2 j and 2 j + 1 in lane j, zero in the upper half. */
INLINE vec vec_sum_pairs(vec a)
{
    return _mm512_maskz_compress_ps(0x5555, _mm512_add_ps(a, _mm512_permute_ps(a, 0xB1)));
}

INLINE vec vec_set(float a)
{
    return _mm512_set1_ps(a);
}

INLINE vec vec_add(vec a, vec b)
{
    return _mm512_add_ps(a, b);
}

INLINE vec vec_sub(vec a, vec b)
{
    return _mm512_sub_ps(a, b);
}

INLINE vec vec_mul(vec a, vec b)
{
    return _mm512_mul_ps(a, b);
}

INLINE vec vec_div(vec a, vec b)
{
    return _mm512_div_ps(a, b);
}

INLINE vec vec_min(vec a, vec b)
{
    return _mm512_min_ps(a, b);
}

INLINE vec vec_max(vec a, vec b)
{
    return _mm512_max_ps(a, b);
}

/* a * b + c, rounded once. */
INLINE vec vec_fma(vec a, vec b, vec c)
{
    return _mm512_fmadd_ps(a, b, c);
}

/* t - round(t), and round(t) itself for vec_exp2. */
INLINE vec vec_fraction(vec t, vec *rounded)
{
    const vec f = _mm512_reduce_ps(t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    *rounded = _mm512_sub_ps(t, f);
    return f;
}

/* 2^n, n from vec_fraction. */
INLINE vec vec_exp2(vec n)
{
    return _mm512_scalef_ps(vec_set(1), n);
}

/* a where x > 0, else 0; 0 too where x is NaN. */
INLINE vec vec_where_positive(vec x, vec a)
{
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_GT_OQ), a);
}

/* A square of V vectors, turned over: rows by pairs and by fours, which leaves squares of 4 x 4 in place;
 * then those change places, by pairs and by halves. */
INLINE void vec_transpose(vec *square)
{
    vec pair[V], four[V];
    UNROLL for (int r = 0; r < V; r += 2)
    {
        pair[r] = _mm512_unpacklo_ps(square[r], square[r + 1]);
        pair[r + 1] = _mm512_unpackhi_ps(square[r], square[r + 1]);
    }
    UNROLL for (int r = 0; r < V; r += 4) UNROLL for (int i = 0; i < 2; i++)
    {
        four[r + 2 * i] = _mm512_shuffle_ps(pair[r + i], pair[r + 2 + i], 0x44);
        four[r + 2 * i + 1] = _mm512_shuffle_ps(pair[r + i], pair[r + 2 + i], 0xEE);
    }
    UNROLL for (int r = 0; r < 4; r++)
    {
        const vec even_low = _mm512_shuffle_f32x4(four[r], four[r + 4], 0x88);
        const vec odd_low = _mm512_shuffle_f32x4(four[r], four[r + 4], 0xDD);
        const vec even_high = _mm512_shuffle_f32x4(four[r + 8], four[r + 12], 0x88);
        const vec odd_high = _mm512_shuffle_f32x4(four[r + 8], four[r + 12], 0xDD);
        square[r] = _mm512_shuffle_f32x4(even_low, even_high, 0x88);
        square[r + 4] = _mm512_shuffle_f32x4(odd_low, odd_high, 0x88);
        square[r + 8] = _mm512_shuffle_f32x4(even_low, even_high, 0xDD);
        square[r + 12] = _mm512_shuffle_f32x4(odd_low, odd_high, 0xDD);
    }
}

/* A store that goes past the caches, for what is not read again soon: memory then is written without having
 * been fetched first. Others see it after vec_stream_end. */
INLINE void vec_stream(float *p, vec a)
{
    _mm512_stream_ps(p, a);
}

INLINE void vec_stream_end(void)
{
    _mm_sfence();
}

/* Keeps a value in a register. Without it gcc folds a load into every multiply-add that uses it, and moves
 * accumulators to memory. */
INLINE void vec_keep(vec *a)
{
    __asm__("" : "+v"(*a));
}

#endif
