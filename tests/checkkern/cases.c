/* SPDX-License-Identifier: Apache-2.0
 *
 * Enumeration of layers.
 */
#include "cases.h"

#include "net/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const activation_names[] = {
    [KERNEL_LINEAR] = "linear", [KERNEL_SWISH] = "swish",           [KERNEL_RELU6] = "relu6",
    [KERNEL_RELU] = "relu",     [KERNEL_HARD_SWISH] = "hard-swish", [KERNEL_SIGMOID] = "sigmoid"};

const char *case_activation_name(kernel_activation a)
{
    return activation_names[a];
}

size_t case_units(const check_case *c)
{
    switch (c->operation) {
    case CHECK_CONVOLUTION:
    case CHECK_DEPTHWISE: return c->plane.out_height;
    case CHECK_POINTWISE: return kernel_pixels(&c->plane);
    case CHECK_LINEAR:
    case CHECK_POOL: return c->filter.out;
    }
    return 0;
}

size_t case_input_size(const check_case *c)
{
    return c->plane.in_height * c->plane.in_width * c->filter.in;
}

size_t case_weights_size(const check_case *c)
{
    const kernel_filter *f = &c->filter;
    if (c->operation == CHECK_POOL) return 0;
    return f->out * (c->operation == CHECK_DEPTHWISE ? 1 : f->in) * f->kernel * f->kernel;
}

size_t case_output_size(const check_case *c)
{
    return kernel_pixels(&c->plane) * c->filter.out;
}

double case_macs(const check_case *c)
{
    if (c->operation == CHECK_POOL) return (double)case_input_size(c);
    return (double)kernel_pixels(&c->plane) * (double)case_weights_size(c);
}

void case_describe(char *out, size_t capacity, const check_case *c)
{
    snprintf(out, capacity, "%zu->%zu k%zu s%zu %zux%zu %s%s%s", c->filter.in, c->filter.out,
             c->filter.kernel, c->filter.stride, c->plane.in_height, c->plane.in_width,
             activation_names[c->filter.activation], c->scaled ? " +scale" : "",
             c->residual ? " +residual" : "");
}

/* ---- Odd sizes ---- */

static const kernel_activation activations[] = {KERNEL_SWISH, KERNEL_RELU6,      KERNEL_LINEAR,
                                                KERNEL_RELU,  KERNEL_HARD_SWISH, KERNEL_SIGMOID};
enum { ACTIVATIONS = sizeof activations / sizeof activations[0] };

/* Twice the widest tile of any level in sight, and one. */
enum { MOST_CHANNELS = 2 * 32 + 1 };

static kernel_plane pixels(size_t height, size_t width)
{
    return (kernel_plane){.in_height = height, .in_width = width, .out_height = height, .out_width = width};
}

static void odd_pointwise(check_visitor visit, void *context)
{
    static const size_t ins[] = {1, 2, 7, 16, 33}, widths[] = {1, 2, 3, 5, 7, 13, 29};
    size_t turn = 0;
    for (size_t out = 1; out <= MOST_CHANNELS; out++)
        for (size_t i = 0; i < sizeof ins / sizeof ins[0]; i++, turn++) {
            check_case c = {
                .operation = CHECK_POINTWISE,
                .filter = {.in = ins[i],
                           .out = out,
                           .kernel = 1,
                           .stride = 1,
                           .activation = activations[turn % ACTIVATIONS]},
                .plane = pixels(1 + turn % 3, widths[turn % 7]),
                .scaled = turn % 2 == 1,
                .residual = turn % 4 >= 2,
            };
            visit(context, &c);
            c.operation = CHECK_LINEAR;
            c.plane = pixels(1, 1);
            c.scaled = c.residual = false;
            visit(context, &c);
        }
}

/* A square kernel on `height` x `width`, with TensorFlow's SAME padding or PyTorch's k / 2. */
static kernel_plane window(size_t kernel, size_t stride, size_t height, size_t width, bool same)
{
    const size_t in[2] = {height, width};
    size_t out[2], pad[2];
    for (int i = 0; i < 2; i++) {
        pad[i] = kernel / 2;
        out[i] = (in[i] + 2 * pad[i] - kernel) / stride + 1;
        if (!same) continue;
        out[i] = (in[i] + stride - 1) / stride;
        const size_t covered = (out[i] - 1) * stride + kernel;
        pad[i] = covered > in[i] ? (covered - in[i]) / 2 : 0;
    }
    return (kernel_plane){.in_height = height,
                          .in_width = width,
                          .out_height = out[0],
                          .out_width = out[1],
                          .pad_top = pad[0],
                          .pad_left = pad[1]};
}

static void odd_windows(check_visitor visit, void *context, check_operation operation, size_t in, size_t out,
                        size_t turn)
{
    static const size_t heights[] = {1, 2, 3, 5, 8, 11}, widths[] = {1, 4, 6, 7, 13, 16, 31};
    for (size_t kernel = 1; kernel <= 7; kernel++)
        for (size_t stride = 1; stride <= 3; stride++, turn++) {
            const check_case c = {
                .operation = operation,
                .filter = {.in = in,
                           .out = out,
                           .kernel = kernel,
                           .stride = stride,
                           .activation = activations[turn % ACTIVATIONS]},
                .plane = window(kernel, stride, heights[turn % 6], widths[turn % 7], turn % 2 == 0),
            };
            visit(context, &c);
        }
}

void cases_odd(check_visitor visit, void *context)
{
    odd_pointwise(visit, context);
    for (size_t channels = 1; channels <= MOST_CHANNELS; channels++) {
        odd_windows(visit, context, CHECK_DEPTHWISE, channels, channels, channels);
        const check_case pool = {
            .operation = CHECK_POOL,
            .filter = {.in = channels, .out = channels, .kernel = 1, .stride = 1},
            .plane = {.in_height = 1 + channels % 5,
                      .in_width = 1 + channels % 9,
                      .out_height = 1,
                      .out_width = 1},
        };
        visit(context, &pool);
    }
    for (size_t out = 1; out <= MOST_CHANNELS; out += 3)
        odd_windows(visit, context, CHECK_CONVOLUTION, 1 + out % 5, out, out);
}

/* ---- Networks ---- */

static kernel_activation activation_of(net_activation a)
{
    switch (a) {
    case NET_SWISH: return KERNEL_SWISH;
    case NET_RELU6: return KERNEL_RELU6;
    case NET_RELU: return KERNEL_RELU;
    case NET_HARD_SWISH: return KERNEL_HARD_SWISH;
    }
    return KERNEL_LINEAR;
}

static check_case case_of(check_operation operation, const net_conv *conv, kernel_activation activation)
{
    return (check_case){
        .operation = operation,
        .filter = {.in = (size_t)conv->in,
                   .out = (size_t)conv->out,
                   .kernel = (size_t)conv->kernel,
                   .stride = (size_t)conv->stride,
                   .activation = activation},
        .plane = {.in_height = (size_t)conv->in_height,
                  .in_width = (size_t)conv->in_width,
                  .out_height = (size_t)conv->out_height,
                  .out_width = (size_t)conv->out_width,
                  .pad_top = (size_t)conv->pad_top,
                  .pad_left = (size_t)conv->pad_left},
    };
}

static check_case linear_case(int in, int out, kernel_activation activation)
{
    return (check_case){
        .operation = CHECK_LINEAR,
        .filter = {.in = (size_t)in, .out = (size_t)out, .kernel = 1, .stride = 1, .activation = activation},
        .plane = pixels(1, 1),
    };
}

static check_case pool_case(const net_conv *conv)
{
    const size_t channels = (size_t)conv->out;
    return (check_case){
        .operation = CHECK_POOL,
        .filter = {.in = channels, .out = channels, .kernel = 1, .stride = 1},
        .plane = {.in_height = (size_t)conv->out_height,
                  .in_width = (size_t)conv->out_width,
                  .out_height = 1,
                  .out_width = 1},
    };
}

static void visit_block(const net_block *b, kernel_activation activation, check_visitor visit, void *context)
{
    check_case c = case_of(CHECK_POINTWISE, &b->expand, activation);
    if (b->expands) visit(context, &c);
    c = case_of(CHECK_DEPTHWISE, &b->depthwise, activation);
    visit(context, &c);
    if (b->squeeze > 0) {
        c = pool_case(&b->depthwise);
        visit(context, &c);
        c = linear_case(b->depthwise.out, b->squeeze, activation);
        visit(context, &c);
        c = linear_case(b->squeeze, b->depthwise.out, KERNEL_SIGMOID);
        visit(context, &c);
    }
    c = case_of(CHECK_POINTWISE, &b->project, KERNEL_LINEAR);
    c.scaled = b->squeeze > 0;
    c.residual = b->residual;
    visit(context, &c);
}

static void visit_network(const net_arch *arch, check_visitor visit, void *context)
{
    net_graph *graph = NULL;
    effnet_error error;
    if (net_graph_create(&graph, arch, &net_variant_source, 0, 0, &error) != EFFNET_OK) {
        fprintf(stderr, "checkkern: %s: %s\n", arch->name, error.message);
        exit(1);
    }
    const kernel_activation activation = activation_of(arch->activation);
    check_case c = case_of(CHECK_CONVOLUTION, &graph->stem, activation);
    visit(context, &c);
    for (int i = 0; i < graph->block_count; i++)
        visit_block(&graph->blocks[i], activation, visit, context);
    if (graph->has_head) {
        c = case_of(CHECK_POINTWISE, &graph->head, activation);
        visit(context, &c);
        c = pool_case(&graph->head);
        visit(context, &c);
    }
    if (arch->classes > 0) {
        c = linear_case(graph->features, arch->classes, KERNEL_LINEAR);
        visit(context, &c);
    }
    net_graph_free(graph);
}

bool cases_network(const char *name, check_visitor visit, void *context)
{
    net_arch arch;
    if (net_arch_by_name(&arch, name, NULL) != EFFNET_OK) return false;
    visit_network(&arch, visit, context);
    return true;
}

/* ---- The catalogue, each filter once ---- */

typedef struct seen {
    check_case *cases;
    size_t count, capacity;
} seen;

static bool same_filter(const check_case *a, const check_case *b)
{
    return a->operation == b->operation && a->filter.in == b->filter.in && a->filter.out == b->filter.out &&
           a->filter.kernel == b->filter.kernel && a->filter.stride == b->filter.stride &&
           a->filter.activation == b->filter.activation && a->scaled == b->scaled &&
           a->residual == b->residual;
}

static void remember(void *context, const check_case *c)
{
    seen *s = context;
    for (size_t i = 0; i < s->count; i++)
        if (same_filter(&s->cases[i], c)) return;
    if (s->count == s->capacity) {
        s->capacity = 2 * s->capacity + 64;
        s->cases = realloc(s->cases, s->capacity * sizeof *s->cases);
        if (!s->cases) abort();
    }
    s->cases[s->count++] = *c;
}

/* The same filter on a plane so small that the naive reference takes milliseconds. */
static check_case shrunk(const check_case *c)
{
    enum { MOST_MACS = 200000, WIDEST = 13 };
    check_case small = *c;
    const size_t pixels_within = MOST_MACS / (case_weights_size(c) + 1);
    const size_t wide = pixels_within < 1 ? 1 : pixels_within < WIDEST ? pixels_within : WIDEST;
    switch (c->operation) {
    case CHECK_POINTWISE: small.plane = pixels(1, wide); break;
    case CHECK_CONVOLUTION:
    case CHECK_DEPTHWISE: small.plane = window(c->filter.kernel, c->filter.stride, 7, 2 + wide, true); break;
    case CHECK_POOL: small.plane.in_height = small.plane.in_width = 7; break;
    case CHECK_LINEAR: break;
    }
    return small;
}

void cases_catalogue(check_visitor visit, void *context)
{
    seen s = {0};
    net_arch arch;
    for (size_t i = 0; net_arch_catalogue(&arch, i); i++)
        visit_network(&arch, remember, &s);
    for (size_t i = 0; i < s.count; i++) {
        const check_case small = shrunk(&s.cases[i]);
        visit(context, &small);
    }
    free(s.cases);
}
