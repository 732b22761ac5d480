/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernel that measures, in plain C: multiplications and additions, rounded apart as in all of *_ref.c.
 */
#include "kernels/ref.h"

/* Vectors of four: what compilers assume of any processor. */
enum { LANES = 4 * KERNEL_PEAK_CHAINS };

static void run(float *values, size_t rounds)
{
    float chain[LANES];
    memcpy(chain, values, sizeof chain);
    for (size_t r = 0; r < rounds; r++)
        for (size_t i = 0; i < LANES; i++)
            chain[i] = chain[i] * KERNEL_PEAK_FACTOR + KERNEL_PEAK_ADDEND;
    memcpy(values, chain, sizeof chain);
}

const kernel_peak peak_f32_ref = {.lanes = LANES, .run = run};
