/* SPDX-License-Identifier: Apache-2.0
 *
 * The body of the kernel that measures: multiply-adds in registers and nothing else, as many in a second as
 * the processor can do. What the others reach is told as a share of it.
 */
#ifndef KERNELS_BLOCKED_PEAK_H
#define KERNELS_BLOCKED_PEAK_H

#include "kernels/blocked/blocked.h"

static void peak(float *values, size_t rounds)
{
    const vec factor = vec_set(KERNEL_PEAK_FACTOR), addend = vec_set(KERNEL_PEAK_ADDEND);
    vec chain[KERNEL_PEAK_CHAINS];
    UNROLL for (int i = 0; i < KERNEL_PEAK_CHAINS; i++) chain[i] = vec_load(values + i * V);
    for (size_t r = 0; r < rounds; r++)
        UNROLL for (int i = 0; i < KERNEL_PEAK_CHAINS; i++) chain[i] = vec_fma(chain[i], factor, addend);
    UNROLL for (int i = 0; i < KERNEL_PEAK_CHAINS; i++) vec_store(values + i * V, chain[i]);
}

#endif
