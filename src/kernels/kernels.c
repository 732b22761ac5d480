/* SPDX-License-Identifier: Apache-2.0
 *
 * Which kernel serves which operation at which level.
 */
#include "kernels/blocked/blocked.h"
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

kernel_peak kernels_peak(cpu_level level)
{
    const blocked_table *blocked = blocked_table_for(level);
    if (!blocked) return peak_f32_ref;
    return (kernel_peak){.lanes = KERNEL_PEAK_CHAINS * blocked->vector, .run = blocked->peak};
}

typedef struct kernel_row {
    const char *operation, *kernel;
} kernel_row;

bool kernels_describe(cpu_level level, size_t index, const char **operation, const char **kernel)
{
    kernel_table table;
    kernels_init(&table, level);
    const blocked_table *blocked = blocked_table_for(level);
    const kernel_row rows[] = {
        {"convolution", blocked ? blocked->dot_name : table.convolution->name},
        {"pointwise", blocked ? blocked->dot_name : table.pointwise->name},
        {"depthwise", blocked ? blocked->depthwise_name : table.depthwise->name},
        {"linear", blocked ? blocked->dense_name : table.linear->name},
        {"pool", table.pool->name}, /* blocked: in the last convolution's epilogue */
    };
    const size_t count = sizeof rows / sizeof rows[0] - (blocked != NULL);
    if (index >= count) return false;
    *operation = rows[index].operation;
    *kernel = rows[index].kernel;
    return true;
}
