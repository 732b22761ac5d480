/* SPDX-License-Identifier: Apache-2.0
 *
 * One layer made real: its tensors in guarded memory, filled with numbers of a seed, and the kernel that is
 * on trial.
 */
#ifndef CHECKKERN_LAYER_H
#define CHECKKERN_LAYER_H

#include "cases.h"
#include "naive.h"
#include "numbers.h"

typedef struct layer {
    const check_case *c;
    const kernel_op *op; /* NULL for pooling */
    const kernel_pool_op *pool;
    float *weights; /* PyTorch's layout */
    guard packed, bias, input, scale, residual, output;
} layer;

/* The kernel of `table` for `operation`, as a name to print and as an address to compare. */
const char *layer_kernel_name(const kernel_table *table, check_operation operation);
const void *layer_kernel(const kernel_table *table, check_operation operation);

layer layer_create(const kernel_table *table, const check_case *c, numbers kind, guard_side side,
                   uint64_t seed);
void layer_free(layer *l);

/* Computes part [first, end) of the output. */
void layer_run(layer *l, size_t first, size_t end);

/* What the naive reference reads. */
naive_data layer_data(const layer *l);

#endif
