/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers made of blocked tensors, filled without regard to what is padding: speed does not depend on it.
 */
#include "blocked_bench.h"

#include "bench.h"
#include "numbers.h"

#include "engine/blocked/blocked_engine.h"

typedef struct blocked_layer {
    const check_case *c;
    const blocked_table *table;
    size_t vectors;                     /* of outputs */
    size_t padded_width, padded_height; /* of the input of a convolution */
    guard x, weights, bias, add, out;
} blocked_layer;

/* The gates of squeeze-and-excitation are made where they are used, panel by panel. */
static bool is_gate(const check_case *c)
{
    return c->operation == CHECK_LINEAR && c->filter.activation == KERNEL_SIGMOID;
}

const char *blocked_bench_name(const blocked_table *table, const check_case *c)
{
    switch (c->operation) {
    case CHECK_CONVOLUTION:
    case CHECK_POINTWISE: return table->dot_name;
    case CHECK_DEPTHWISE: return table->depthwise_name;
    case CHECK_LINEAR: return is_gate(c) ? table->dot_name : table->dense_name;
    case CHECK_POOL: break;
    }
    return NULL;
}

static size_t round_up(size_t channels, size_t vector)
{
    return vectors_for(channels, vector) * vector;
}

static blocked_layer create(const checker *k, const check_case *c)
{
    const size_t vector = k->blocked->vector, kernel = c->filter.kernel,
                 out = round_up(c->filter.out, vector);
    blocked_layer l = {
        .c = c,
        .table = k->blocked,
        .vectors = out / vector,
        .padded_width = (c->plane.out_width - 1) * c->filter.stride + kernel,
        .padded_height = (c->plane.out_height - 1) * c->filter.stride + kernel,
    };
    const bool depthwise = c->operation == CHECK_DEPTHWISE;
    const size_t in = c->operation == CHECK_CONVOLUTION ? c->filter.in : round_up(c->filter.in, vector);
    const size_t pixels =
        c->operation == CHECK_POINTWISE ? kernel_pixels(&c->plane) : l.padded_width * l.padded_height;
    const size_t products = kernel * kernel * (depthwise ? 1 : c->filter.in);
    const size_t outputs = kernel_pixels(&c->plane) * out;
    l.x = numbers_guarded(pixels * in, NUMBERS_REALS, 1, GUARD_AT_START, 1);
    l.weights = numbers_guarded(products * out, NUMBERS_REALS, 1, GUARD_AT_START, 2);
    l.bias = numbers_guarded(out, NUMBERS_REALS, 1, GUARD_AT_START, 3);
    l.add = numbers_guarded(c->residual ? outputs : 1, NUMBERS_REALS, 1, GUARD_AT_START, 4);
    l.out = guard_create(outputs, GUARD_AT_START);
    return l;
}

static void destroy(blocked_layer *l)
{
    guard *guards[] = {&l->x, &l->weights, &l->bias, &l->add, &l->out};
    for (size_t i = 0; i < sizeof guards / sizeof guards[0]; i++)
        guard_free(guards[i]);
}

/* Runs `job` for every panel of outputs; `products` of each, weights and outputs of the first panel are in
 * the job. */
static void run_panels(const blocked_layer *l, blocked_dot job, size_t products)
{
    const size_t vector = l->table->vector;
    const blocked_dot base = job;
    for (size_t i = 0; i < panel_count(l->vectors); i++) {
        const size_t first = panel_first(i);
        job.panel = panel_width(l->vectors, i);
        job.weights = base.weights + first * products * vector;
        job.bias = base.bias + first * vector;
        job.out = base.out + first * base.out_block;
        if (base.add) job.add = base.add + first * base.out_block;
        l->table->dot(&job);
    }
}

static void run_pointwise(void *context)
{
    const blocked_layer *l = context;
    const check_case *c = l->c;
    const size_t vector = l->table->vector, rows = vectors_for(c->filter.in, vector),
                 pixels = kernel_pixels(&c->plane);
    const bool gate = is_gate(c); /* its one pixel is one row of inputs */
    run_panels(l,
               (blocked_dot){
                   .x = l->x.data,
                   .x_pixel = vector,
                   .x_row = pixels * vector,
                   .rows = gate ? 1 : rows,
                   .length = gate ? c->filter.in : vector,
                   .last = gate ? c->filter.in : c->filter.in - (rows - 1) * vector,
                   .weights = l->weights.data,
                   .bias = l->bias.data,
                   .pixels = pixels,
                   .activation = c->filter.activation,
                   .out = l->out.data,
                   .out_block = pixels * vector,
                   .add = c->residual ? l->add.data : NULL,
               },
               c->filter.in);
}

static void run_convolution(void *context)
{
    const blocked_layer *l = context;
    const check_case *c = l->c;
    const size_t vector = l->table->vector, in = c->filter.in, kernel = c->filter.kernel;
    const size_t row = l->padded_width * in;
    for (size_t y = 0; y < c->plane.out_height; y++)
        run_panels(l,
                   (blocked_dot){
                       .x = l->x.data + y * c->filter.stride * row,
                       .x_pixel = c->filter.stride * in,
                       .x_row = row,
                       .rows = kernel,
                       .length = kernel * in,
                       .last = kernel * in,
                       .weights = l->weights.data,
                       .bias = l->bias.data,
                       .pixels = c->plane.out_width,
                       .activation = c->filter.activation,
                       .out = l->out.data + y * c->plane.out_width * vector,
                       .out_block = kernel_pixels(&c->plane) * vector,
                   },
                   kernel * kernel * in);
}

static void run_depthwise(void *context)
{
    const blocked_layer *l = context;
    const check_case *c = l->c;
    const size_t vector = l->table->vector, kernel = c->filter.kernel, row = l->padded_width * vector;
    for (size_t n = 0; n < l->vectors; n++) {
        const float *rows[16];
        for (size_t y = 0; y < kernel; y++)
            rows[y] = l->x.data + (n * l->padded_height + y) * row;
        l->table->depthwise(&(blocked_depthwise){
            .rows = rows,
            .row_step = c->filter.stride * row,
            .kernel = kernel,
            .stride = c->filter.stride,
            .weights = l->weights.data + n * kernel * kernel * vector,
            .bias = l->bias.data + n * vector,
            .activation = c->filter.activation,
            .out = l->out.data + n * kernel_pixels(&c->plane) * vector,
            .height = c->plane.out_height,
            .width = c->plane.out_width,
        });
    }
}

static void run_dense(void *context)
{
    const blocked_layer *l = context;
    l->table->dense(&(blocked_dense){.x = l->x.data,
                                     .k = l->c->filter.in,
                                     .weights = l->weights.data,
                                     .bias = l->bias.data,
                                     .end = l->vectors,
                                     .vectors = l->vectors,
                                     .activation = l->c->filter.activation,
                                     .out = l->out.data});
}

double blocked_bench_time(const checker *k, const check_case *c)
{
    blocked_layer l = create(k, c);
    const bench_run run = c->operation == CHECK_CONVOLUTION             ? run_convolution
                          : c->operation == CHECK_DEPTHWISE             ? run_depthwise
                          : c->operation == CHECK_LINEAR && !is_gate(c) ? run_dense
                                                                        : run_pointwise;
    const double ns = bench_time(run, &l);
    destroy(&l);
    return ns;
}
