/* SPDX-License-Identifier: Apache-2.0
 *
 * Activations in plain C, with the C library's exponential.
 */
#include "kernels/ref.h"

#include <math.h>

/* Comparisons are written so that NaN stays NaN. */
static inline float clamp6(float x)
{
    return x < 0 ? 0 : x > 6 ? 6 : x;
}

void ref_activate(float *values, size_t count, kernel_activation activation)
{
    switch (activation) {
    case KERNEL_LINEAR: break;
    case KERNEL_SWISH:
        for (size_t i = 0; i < count; i++)
            values[i] = values[i] / (1 + expf(-values[i]));
        break;
    case KERNEL_RELU6:
        for (size_t i = 0; i < count; i++)
            values[i] = clamp6(values[i]);
        break;
    case KERNEL_RELU:
        for (size_t i = 0; i < count; i++)
            values[i] = values[i] < 0 ? 0 : values[i];
        break;
    case KERNEL_HARD_SWISH:
        for (size_t i = 0; i < count; i++)
            values[i] = values[i] * clamp6(values[i] + 3) / 6;
        break;
    case KERNEL_SIGMOID:
        for (size_t i = 0; i < count; i++)
            values[i] = 1 / (1 + expf(-values[i]));
        break;
    }
}
