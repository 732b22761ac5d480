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

layer layer_create(const kernel_table *table, const check_case *c, numbers kind, guard_side side,
                   uint64_t seed)
{
    layer l = {.c = c, .op = filter_kernel(table, c->operation), .pool = table->pool};
    const size_t weights = case_weights_size(c);
    l.weights = malloc((weights + 1) * sizeof *l.weights);
    if (!l.weights) abort();
    numbers_fill(l.weights, weights, kind, 3, rng_mix(seed + WEIGHTS));
    l.packed = guard_create(l.op ? l.op->packed_size(&c->filter) : 0, side);
    if (l.op) l.op->pack(l.packed.data, &c->filter, l.weights);
    l.bias = numbers_guarded(c->filter.out, kind, 8, side, rng_mix(seed + BIAS));
    l.input = numbers_guarded(case_input_size(c), kind, 4, side, rng_mix(seed + INPUT));
    l.scale = numbers_guarded(c->filter.in, kind, 2, side, rng_mix(seed + SCALE));
    l.residual = numbers_guarded(case_output_size(c), kind, 8, side, rng_mix(seed + RESIDUAL));
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
