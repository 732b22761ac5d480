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

/* 2^n, where the low bits of u hold n + 127; n is held to the exponents of normal floats. */
INLINE vec vec_exponent_of(vec u)
{
    const int32x4_t low = vdupq_n_s32(0x4B400001), high = vdupq_n_s32(0x4B4000FE);
    const int32x4_t n = vminq_s32(vmaxq_s32(vreinterpretq_s32_f32(u), low), high);
    return vreinterpretq_f32_s32(vshlq_n_s32(n, 23));
}

/* Keeps a loaded value in a register, rather than loaded again for every multiply-add. */
INLINE void vec_keep(vec *a)
{
    __asm__("" : "+w"(*a));
}

#endif
