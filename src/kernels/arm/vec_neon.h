/* SPDX-License-Identifier: Apache-2.0
 *
 * Vectors of 4 floats on AArch64's Advanced SIMD (NEON), for the kernel bodies in kernels/blocked. 32-bit Arm
 * has neither the division nor denormal numbers in vectors and is left to the reference.
 */
#ifndef KERNELS_ARM_VEC_NEON_H
#define KERNELS_ARM_VEC_NEON_H

#include <arm_neon.h>

#include "kernels/blocked/unroll.h"

#define V 4

typedef float32x4_t vec;

INLINE vec vec_load(const float *p)
{
    return vld1q_f32(p);
}

INLINE void vec_store(float *p, vec a)
{
    vst1q_f32(p, a);
}

INLINE vec vec_broadcast(const float *p)
{
    return vld1q_dup_f32(p);
}

INLINE vec vec_set(float a)
{
    return vdupq_n_f32(a);
}

INLINE vec vec_add(vec a, vec b)
{
    return vaddq_f32(a, b);
}

INLINE vec vec_sub(vec a, vec b)
{
    return vsubq_f32(a, b);
}

INLINE vec vec_mul(vec a, vec b)
{
    return vmulq_f32(a, b);
}

INLINE vec vec_div(vec a, vec b)
{
    return vdivq_f32(a, b);
}

INLINE vec vec_min(vec a, vec b)
{
    return vminq_f32(a, b);
}

INLINE vec vec_max(vec a, vec b)
{
    return vmaxq_f32(a, b);
}

/* a * b + c, rounded once. */
INLINE vec vec_fma(vec a, vec b, vec c)
{
    return vfmaq_f32(c, a, b);
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
    const int32x4_t low = vdupq_n_s32(0x4B400001), high = vdupq_n_s32(0x4B4000FE);
    const int32x4_t exponent = vminq_s32(vmaxq_s32(vreinterpretq_s32_f32(n), low), high);
    return vreinterpretq_f32_s32(vshlq_n_s32(exponent, 23));
}

/* a where x > 0, else 0; 0 too where x is NaN. */
INLINE vec vec_where_positive(vec x, vec a)
{
    return vreinterpretq_f32_u32(vandq_u32(vcgtzq_f32(x), vreinterpretq_u32_f32(a)));
}

/* A square of V vectors, turned over. */
INLINE void vec_transpose(vec *square)
{
    const float32x4x2_t first = vtrnq_f32(square[0], square[1]), second = vtrnq_f32(square[2], square[3]);
    square[0] = vcombine_f32(vget_low_f32(first.val[0]), vget_low_f32(second.val[0]));
    square[1] = vcombine_f32(vget_low_f32(first.val[1]), vget_low_f32(second.val[1]));
    square[2] = vcombine_f32(vget_high_f32(first.val[0]), vget_high_f32(second.val[0]));
    square[3] = vcombine_f32(vget_high_f32(first.val[1]), vget_high_f32(second.val[1]));
}

/* x86 has stores that go past the caches; here they are like others. */
INLINE void vec_stream(float *p, vec a)
{
    vst1q_f32(p, a);
}

INLINE void vec_stream_end(void) {}

/* Keeps a loaded value in a register, rather than loaded again for every multiply-add. */
INLINE void vec_keep(vec *a)
{
    __asm__("" : "+w"(*a));
}

#endif
