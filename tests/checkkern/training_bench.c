/* SPDX-License-Identifier: Apache-2.0
 *
 * Times the kernels of training on the layers of a network, beside the plain reference in double: the weight
 * gradient of each convolution, the input gradient of a depthwise one (a pointwise one's is the dot kernel
 * with transposed weights), and what is done at every output: statistics, norm with activation, and their
 * derivative.
 */
#include "training.h"

#include "bench.h"

#include "train/reference/plain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct bench_layer {
    const blocked_training *kernels;
    const check_case *c;
    size_t vector, ins, outs; /* vectors of inputs and outputs */
    size_t pixels, padded_width, padded_height;
    guard x, dy, weights, sums, rows;           /* blocked */
    double *px, *pdy, *pweights, *pout, *pnorm; /* plain */
    net_conv conv;
} bench_layer;

static double *plain_numbers(size_t count, uint64_t key)
{
    double *out = malloc(count * sizeof *out);
    if (!out) abort();
    for (size_t i = 0; i < count; i++)
        out[i] = (double)numbers_value(NUMBERS_REALS, 1, key, i);
    return out;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static bench_layer create(const checker *k, const check_case *c)
{
    const size_t vector = k->blocked->vector, kernel = c->filter.kernel, pixels = kernel_pixels(&c->plane);
    bench_layer l = {.kernels = blocked_training_for(k->level),
                     .c = c,
                     .vector = vector,
                     .ins = (c->filter.in + vector - 1) / vector,
                     .outs = (c->filter.out + vector - 1) / vector,
                     .pixels = pixels,
                     .padded_width = (c->plane.out_width - 1) * c->filter.stride + kernel,
                     .padded_height = (c->plane.out_height - 1) * c->filter.stride + kernel};
    const size_t padded = larger(l.padded_width, c->plane.in_width + kernel) *
                          larger(l.padded_height, c->plane.in_height + kernel);
    const size_t products = kernel * kernel * larger(c->filter.in, c->filter.out) * vector;
    l.x = numbers_guarded(padded * l.ins * vector, NUMBERS_REALS, 1, GUARD_AT_START, 1);
    l.dy = numbers_guarded(larger(pixels, padded) * l.outs * vector, NUMBERS_REALS, 1, GUARD_AT_START, 2);
    l.weights = numbers_guarded(products * larger(l.ins, l.outs), NUMBERS_REALS, 1, GUARD_AT_START, 3);
    l.sums = numbers_guarded(7 * vector, NUMBERS_REALS, 1, GUARD_AT_START, 4);
    l.rows = numbers_guarded(larger(pixels * l.outs, padded) * vector, NUMBERS_REALS, 1, GUARD_AT_START, 5);
    l.conv = (net_conv){.depthwise = c->operation == CHECK_DEPTHWISE,
                        .in = (int)c->filter.in,
                        .out = (int)c->filter.out,
                        .kernel = (int)kernel,
                        .stride = (int)c->filter.stride,
                        .in_height = (int)c->plane.in_height,
                        .in_width = (int)c->plane.in_width,
                        .out_height = (int)c->plane.out_height,
                        .out_width = (int)c->plane.out_width,
                        .pad_top = (int)c->plane.pad_top,
                        .pad_left = (int)c->plane.pad_left};
    l.px = plain_numbers(case_input_size(c), 1);
    l.pdy = plain_numbers(case_output_size(c), 2);
    l.pweights = plain_numbers(case_weights_size(c), 3);
    l.pout = plain_numbers(larger(case_input_size(c), case_output_size(c)), 5);
    l.pnorm = plain_numbers(6 * c->filter.out, 6);
    for (size_t i = 0; i < 6 * c->filter.out; i++) /* some are variances */
        l.pnorm[i] = fabs(l.pnorm[i]);
    return l;
}

static void destroy(bench_layer *l)
{
    guard *guards[] = {&l->x, &l->dy, &l->weights, &l->sums, &l->rows};
    double *plain[] = {l->px, l->pdy, l->pweights, l->pout, l->pnorm};
    for (size_t i = 0; i < sizeof guards / sizeof *guards; i++)
        guard_free(guards[i]);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        free(plain[i]);
}

/* ---- Weight and input gradients ---- */

/* As train/blocked has it: vectors along the wider side; the stem's a row of outputs at a time. */
static void run_outer(void *context)
{
    const bench_layer *l = context;
    const kernel_filter *f = &l->c->filter;
    const size_t V = l->vector, kernel = f->kernel;
    if (kernel == 1) {
        const bool turned = f->in < f->out;
        const size_t channels = turned ? f->in : f->out, rows = turned ? l->ins : l->outs,
                     vectors = turned ? l->outs : l->ins;
        l->kernels->outer(&(blocked_outer){.x = turned ? l->x.data : l->dy.data,
                                           .x_pixel = V,
                                           .x_row = l->pixels * V,
                                           .rows = rows,
                                           .length = V,
                                           .last = channels - (rows - 1) * V,
                                           .y = turned ? l->dy.data : l->x.data,
                                           .y_block = l->pixels * V,
                                           .vectors = vectors,
                                           .pixels = l->pixels,
                                           .out = l->weights.data,
                                           .out_step = vectors * V});
        return;
    }
    const size_t row = l->padded_width * f->in;
    for (size_t y = 0; y < l->c->plane.out_height; y++)
        l->kernels->outer(&(blocked_outer){.x = l->x.data + y * f->stride * row,
                                           .x_pixel = f->stride * f->in,
                                           .x_row = row,
                                           .rows = kernel,
                                           .length = kernel * f->in,
                                           .last = kernel * f->in,
                                           .y = l->dy.data + y * l->c->plane.out_width * V,
                                           .y_block = l->pixels * V,
                                           .vectors = l->outs,
                                           .pixels = l->c->plane.out_width,
                                           .out = l->weights.data,
                                           .out_step = l->outs * V});
}

static void run_taps(void *context)
{
    enum { MOST_ROWS = 1024 };
    const bench_layer *l = context;
    const kernel_filter *f = &l->c->filter;
    const size_t row = l->padded_width * l->vector;
    const float *rows[MOST_ROWS];
    for (size_t v = 0; v < l->outs; v++) {
        for (size_t y = 0; y < l->padded_height && y < MOST_ROWS; y++)
            rows[y] = l->x.data + (v * l->padded_height + y) * row;
        l->kernels->depthwise_outer(&(blocked_depthwise_outer){
            .rows = rows,
            .dy = l->dy.data + v * l->pixels * l->vector,
            .dy_step = l->c->plane.out_width * l->vector,
            .kernel = f->kernel,
            .stride = f->stride,
            .height = l->c->plane.out_height,
            .width = l->c->plane.out_width,
            .out = l->weights.data + v * f->kernel * f->kernel * l->vector,
        });
    }
}

static void run_inputs(void *context)
{
    const bench_layer *l = context;
    const kernel_filter *f = &l->c->filter;
    const kernel_plane *p = &l->c->plane;
    const size_t step = (p->out_width + 2 * f->kernel) * l->vector;
    for (size_t v = 0; v < l->outs; v++) /* all read the same gradients, among which padding lies */
        l->kernels->depthwise_back(&(blocked_depthwise_back){
            .dy = l->rows.data + f->kernel * l->vector,
            .dy_step = (ptrdiff_t)step,
            .kernel = f->kernel,
            .stride = f->stride,
            .pad_top = f->kernel - 1,
            .pad_left = p->pad_left,
            .weights = l->weights.data + v * f->kernel * f->kernel * l->vector,
            .height = p->in_height > f->kernel ? p->in_height - f->kernel : 1,
            .width = p->in_width,
            .out = l->x.data,
        });
}

static void plain_outer(void *context)
{
    const bench_layer *l = context;
    plain_dense_backward(&l->conv, 1, l->pweights, l->px, l->pdy, l->pweights, NULL);
}

static void plain_taps(void *context)
{
    const bench_layer *l = context;
    plain_depthwise_backward(&l->conv, 1, l->pweights, l->px, l->pdy, l->pweights, NULL);
}

static void plain_inputs(void *context)
{
    const bench_layer *l = context;
    plain_depthwise_backward(&l->conv, 1, l->pweights, l->px, l->pdy, NULL, l->pout);
}

/* ---- Outputs ---- */

static blocked_norm norm_of(const bench_layer *l)
{
    return (blocked_norm){l->weights.data, l->weights.data + l->vector, l->weights.data + 2 * l->vector,
                          l->c->filter.activation};
}

static void run_moments(void *context)
{
    const bench_layer *l = context;
    for (size_t v = 0; v < l->outs; v++)
        l->kernels->moments(&(blocked_moments){.x = l->dy.data + v * l->pixels * l->vector,
                                               .pixels = l->pixels,
                                               .sum = l->sums.data,
                                               .squares = l->sums.data + l->vector});
}

static void run_apply(void *context)
{
    const bench_layer *l = context;
    for (size_t v = 0; v < l->outs; v++)
        l->kernels->apply(&(blocked_apply){.norm = norm_of(l),
                                           .x = l->dy.data + v * l->pixels * l->vector,
                                           .height = 1,
                                           .width = l->pixels,
                                           .out = l->rows.data + v * l->pixels * l->vector});
}

static void run_slope(void *context)
{
    const bench_layer *l = context;
    for (size_t v = 0; v < l->outs; v++) {
        float *x = l->dy.data + v * l->pixels * l->vector;
        l->kernels->slope(&(blocked_slope){.norm = norm_of(l),
                                           .x = x,
                                           .dy = l->rows.data + v * l->pixels * l->vector,
                                           .pixels = l->pixels,
                                           .sums = l->sums.data});
    }
}

static void run_undo(void *context)
{
    const bench_layer *l = context;
    const float *constants = l->sums.data;
    for (size_t v = 0; v < l->outs; v++)
        l->kernels->undo(&(blocked_undo){.norm = norm_of(l),
                                         .x = l->dy.data + v * l->pixels * l->vector,
                                         .dy = l->rows.data + v * l->pixels * l->vector,
                                         .height = 1,
                                         .width = l->pixels,
                                         .factor = constants,
                                         .offset = constants + l->vector,
                                         .slope = constants + 2 * l->vector,
                                         .constant = constants + 3 * l->vector,
                                         .out = l->rows.data + v * l->pixels * l->vector});
}

static net_activation activation_of(kernel_activation activation)
{
    switch (activation) {
    case KERNEL_RELU6: return NET_RELU6;
    case KERNEL_RELU: return NET_RELU;
    case KERNEL_HARD_SWISH: return NET_HARD_SWISH;
    default: return NET_SWISH;
    }
}

static plain_norm plain_norm_of(const bench_layer *l)
{
    const size_t channels = l->c->filter.out;
    return (plain_norm){
        l->pixels,          channels, 1e-3, l->pnorm, l->pnorm + channels, l->pnorm + 2 * channels,
        l->pnorm + channels};
}

static void plain_moments(void *context)
{
    const bench_layer *l = context;
    plain_norm_measure(l->pixels, l->c->filter.out, l->pdy, l->pnorm + 4 * l->c->filter.out,
                       l->pnorm + 5 * l->c->filter.out);
}

static void plain_apply(void *context)
{
    const bench_layer *l = context;
    const plain_norm norm = plain_norm_of(l);
    plain_norm_forward(&norm, l->pdy, l->pout);
    if (l->c->filter.activation != KERNEL_LINEAR)
        plain_activation_forward(activation_of(l->c->filter.activation), case_output_size(l->c), l->pout,
                                 l->pout);
}

static void plain_slope(void *context)
{
    const bench_layer *l = context;
    const plain_norm norm = plain_norm_of(l);
    if (l->c->filter.activation != KERNEL_LINEAR)
        plain_activation_backward(activation_of(l->c->filter.activation), case_output_size(l->c), l->pdy,
                                  l->pdy, l->pout);
    plain_norm_backward(&norm, false, l->pdy, l->pdy, l->pnorm + 4 * l->c->filter.out,
                        l->pnorm + 5 * l->c->filter.out, NULL);
}

static void plain_undo(void *context)
{
    const bench_layer *l = context;
    const plain_norm norm = plain_norm_of(l);
    if (l->c->filter.activation != KERNEL_LINEAR)
        plain_activation_backward(activation_of(l->c->filter.activation), case_output_size(l->c), l->pdy,
                                  l->pdy, l->pout);
    plain_norm_backward(&norm, false, l->pdy, l->pdy, NULL, NULL, l->pout);
}

/* ---- All of them ---- */

typedef struct trial_kernel {
    const char *name;
    bench_run fast, plain;
    size_t arrays; /* read and written, of all outputs; 0: a convolution's gradient, whose work is its own */
} trial_kernel;

static void time_kernel(checker *k, const bench_layer *l, const trial_kernel *t, training_visitor visit,
                        void *context)
{
    char text[CASE_TEXT_SIZE];
    case_describe(text, sizeof text, l->c);
    if (!check_begin(k, t->name, text)) return;
    void *layer = (void *)(uintptr_t)l;
    visit(context, t->name,
          &(training_time){.ns = bench_time(t->fast, layer),
                           .ref_ns = bench_time(t->plain, layer),
                           .macs = t->arrays ? 0 : case_macs(l->c),
                           .bytes = (double)(t->arrays * case_output_size(l->c)) * sizeof(float)});
}

void training_bench(checker *k, const check_case *c, training_visitor visit, void *context)
{
    const blocked_training *kernels = blocked_training_for(k->level);
    if (!kernels || c->operation == CHECK_POOL || c->operation == CHECK_LINEAR) return;
    char taps[64], inputs[64];
    snprintf(taps, sizeof taps, "%s weights", kernels->depthwise_name);
    snprintf(inputs, sizeof inputs, "%s inputs", kernels->depthwise_name);
    const trial_kernel outer = {kernels->outer_name, run_outer, plain_outer, 0};
    const trial_kernel depthwise[] = {{taps, run_taps, plain_taps, 0}, {inputs, run_inputs, plain_inputs, 0}};
    static const trial_kernel outputs[] = {{"moments", run_moments, plain_moments, 1},
                                           {"apply", run_apply, plain_apply, 2},
                                           {"slope", run_slope, plain_slope, 2},
                                           {"undo", run_undo, plain_undo, 3}};
    bench_layer l = create(k, c);
    for (size_t i = 0; i < 2 && c->operation == CHECK_DEPTHWISE; i++)
        time_kernel(k, &l, &depthwise[i], visit, context);
    if (c->operation != CHECK_DEPTHWISE) time_kernel(k, &l, &outer, visit, context);
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
        char name[32];
        trial_kernel one = outputs[i];
        snprintf(name, sizeof name, "%s_%s", one.name, cpu_level_name(k->level));
        one.name = name;
        time_kernel(k, &l, &one, visit, context);
    }
    destroy(&l);
}
