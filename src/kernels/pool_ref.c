/* SPDX-License-Identifier: Apache-2.0
 *
 * Global average pooling in plain C: the mean of each row's sum, rows and columns ascending. Two levels of
 * sums, because one chain over a large plane would lose several bits in float32.
 */
#include "kernels/ref.h"

#include <assert.h>

static void run_strip(float *output /* [count] */, const float *input, size_t height, size_t width,
                      size_t channels, size_t count)
{
    float total[REF_STRIP] = {0};
    for (size_t y = 0; y < height; y++) {
        float row[REF_STRIP] = {0};
        for (size_t x = 0; x < width; x++)
            for (size_t c = 0; c < count; c++)
                row[c] += input[(y * width + x) * channels + c];
        for (size_t c = 0; c < count; c++)
            total[c] += row[c];
    }
    for (size_t c = 0; c < count; c++)
        output[c] = total[c] / (float)(height * width);
}

static void run(float *output, const float *input, size_t height, size_t width, size_t channels, size_t first,
                size_t end)
{
    assert(height > 0 && width > 0 && first <= end && end <= channels);
    for (size_t c = first; c < end; c += REF_STRIP)
        run_strip(output + c, input + c, height, width, channels, ref_min(REF_STRIP, end - c));
}

const kernel_pool_op pool_f32_ref = {
    .name = "pool_f32_ref",
    .level = CPU_REF,
    .grain = REF_STRIP,
    .run = run,
};
