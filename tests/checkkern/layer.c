/* SPDX-License-Identifier: Apache-2.0
 *
 * Making and running one layer.
 */
#include "layer.h"

#include "base/rng.h"

#include <stdlib.h>

/* Streams of random numbers. */
enum { WEIGHTS = 1, BIAS, INPUT, SCALE, RESIDUAL };

static const kernel_op *filter_kernel(const kernel_table *table, check_operation operation)
{
    switch (operation) {
    case CHECK_CONVOLUTION: return table->convolution;
    case CHECK_POINTWISE: return table->pointwise;
    case CHECK_DEPTHWISE: return table->depthwise;
    case CHECK_LINEAR: return table->linear;
    case CHECK_POOL: break;
    }
    return NULL;
}

const char *layer_kernel_name(const kernel_table *table, check_operation operation)
{
    return operation == CHECK_POOL ? table->pool->name : filter_kernel(table, operation)->name;
}

const void *layer_kernel(const kernel_table *table, check_operation operation)
{
    return operation == CHECK_POOL ? (const void *)table->pool : filter_kernel(table, operation);
}

/* Integers in [-most, most], or reals in [-1, 1). */
static void fill(float *values, size_t count, layer_numbers numbers, int most, uint64_t key)
{
    for (size_t i = 0; i < count; i++) {
        const float u = rng_uniform(key, i);
        values[i] = numbers == LAYER_REALS ? 2 * u - 1 : floorf(u * (float)(2 * most + 1)) - (float)most;
    }
}

static guard filled(size_t count, layer_numbers numbers, int most, guard_side side, uint64_t key)
{
    guard g = guard_create(count, side);
    fill(g.data, count, numbers, most, key);
    return g;
}

layer layer_create(const kernel_table *table, const check_case *c, layer_numbers numbers, guard_side side,
                   uint64_t seed)
{
    layer l = {.c = c, .op = filter_kernel(table, c->operation), .pool = table->pool};
    const size_t weights = case_weights_size(c);
    l.weights = malloc((weights + 1) * sizeof *l.weights);
    if (!l.weights) abort();
    fill(l.weights, weights, numbers, 3, rng_mix(seed + WEIGHTS));
    l.packed = guard_create(l.op ? l.op->packed_size(&c->filter) : 0, side);
    if (l.op) l.op->pack(l.packed.data, &c->filter, l.weights);
    l.bias = filled(c->filter.out, numbers, 8, side, rng_mix(seed + BIAS));
    l.input = filled(case_input_size(c), numbers, 4, side, rng_mix(seed + INPUT));
    l.scale = filled(c->filter.in, numbers, 2, side, rng_mix(seed + SCALE));
    l.residual = filled(case_output_size(c), numbers, 8, side, rng_mix(seed + RESIDUAL));
    l.output = guard_create(case_output_size(c), side);
    return l;
}

void layer_free(layer *l)
{
    guard *guards[] = {&l->packed, &l->bias, &l->input, &l->scale, &l->residual, &l->output};
    for (size_t i = 0; i < sizeof guards / sizeof guards[0]; i++)
        guard_free(guards[i]);
    free(l->weights);
}

void layer_run(layer *l, size_t first, size_t end)
{
    const check_case *c = l->c;
    if (!l->op) {
        l->pool->run(l->output.data, l->input.data, c->plane.in_height, c->plane.in_width, c->filter.in,
                     first, end);
        return;
    }
    const kernel_layer call = {
        .filter = c->filter,
        .plane = c->plane,
        .weights = l->packed.data,
        .bias = l->bias.data,
        .input = l->input.data,
        .scale = c->scaled ? l->scale.data : NULL,
        .residual = c->residual ? l->residual.data : NULL,
        .output = l->output.data,
    };
    l->op->run(&call, first, end);
}

naive_data layer_data(const layer *l)
{
    return (naive_data){
        .weights = l->weights,
        .bias = l->bias.data,
        .input = l->input.data,
        .scale = l->c->scaled ? l->scale.data : NULL,
        .residual = l->c->residual ? l->residual.data : NULL,
    };
}
