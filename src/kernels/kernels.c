/* SPDX-License-Identifier: Apache-2.0
 *
 * Which kernel serves which operation at which level.
 */
#include <string.h>

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
    const kernel_row plain[] = {
        {"convolution", table.convolution->name},
        {"pointwise", table.pointwise->name},
        {"depthwise", table.depthwise->name},
        {"linear", table.linear->name},
        {"pool", table.pool->name},
    };
    kernel_row rows[sizeof plain / sizeof plain[0]];
    size_t count = sizeof plain / sizeof plain[0];
    memcpy(rows, plain, sizeof plain);
    const blocked_table *blocked = blocked_table_for(level);
    if (blocked) {
        rows[0] = rows[1] = (kernel_row){"convolution", blocked->dot_name};
        rows[1].operation = "pointwise";
        rows[2].kernel = blocked->depthwise_name;
        rows[3].kernel = blocked->dense_name;
        count = 4; /* pooling is in the head's epilogue */
    }
    if (index >= count) return false;
    *operation = rows[index].operation;
    *kernel = rows[index].kernel;
    return true;
}
