/* SPDX-License-Identifier: Apache-2.0
 *
 * Which kernel serves which operation at which level.
 */
#include "kernels/ref.h"

void kernels_init(kernel_table *table, cpu_level level)
{
    *table = (kernel_table){
        .convolution = &convolution_f32_ref,
        .pointwise = &pointwise_f32_ref,
        .depthwise = &depthwise_f32_ref,
        .linear = &linear_f32_ref,
        .pool = &pool_f32_ref,
    };
    (void)level; /* no level has kernels of its own yet */
}

bool kernels_describe(const kernel_table *table, size_t index, const char **operation, const char **kernel)
{
    const struct {
        const char *operation, *kernel;
    } rows[] = {
        {"convolution", table->convolution->name},
        {"pointwise", table->pointwise->name},
        {"depthwise", table->depthwise->name},
        {"linear", table->linear->name},
        {"pool", table->pool->name},
    };
    if (index >= sizeof rows / sizeof rows[0]) return false;
    *operation = rows[index].operation;
    *kernel = rows[index].kernel;
    return true;
}
