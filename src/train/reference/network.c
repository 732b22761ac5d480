/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole network forward and backward, one operation after the other. Each backward function undoes the
 * forward function above it from the last line to the first.
 */
#include "train/reference/reference_step.h"

#include <assert.h>
#include <string.h>

#include "train/masks.h"
#include "train/reference/plain.h"

/* A pass over the network: the step, its parameters and, backward, their derivatives. */
typedef struct run {
    reference_step *step;
    const double *values;
    double *gradients;
} run;

static const double *value(const run *r, size_t tensor)
{
    return r->values + r->step->layout->slots[tensor].offset;
}

/* Where a tensor's derivative is added; NULL where it is not wanted. */
static double *gradient(const run *r, size_t tensor)
{
    return tensor < r->step->options.first_trained ? NULL
                                                   : r->gradients + r->step->layout->slots[tensor].offset;
}

static size_t pixels_of(const net_conv *conv)
{
    return (size_t)conv->out_height * (size_t)conv->out_width;
}

/* ---- Convolution, batch norm, activation ---- */

/* Batch norm's mean and variance are constants in this pass. */
static bool constant_statistics(const reference_step *s)
{
    return s->pass.mode == TRAIN_EVALUATE || (s->pass.mode == TRAIN_LEARN && s->options.frozen_norms);
}

static plain_norm norm_of(const run *r, const reference_unit *u)
{
    const bool constant = constant_statistics(r->step);
    return (plain_norm){
        .rows = r->step->count * pixels_of(u->conv),
        .channels = (size_t)u->conv->out,
        .epsilon = r->step->graph->variant.bn_epsilon,
        .weight = value(r, u->tensor + 1),
        .bias = value(r, u->tensor + 2),
        .mean = constant ? value(r, u->tensor + 3) : u->mean,
        .variance = constant ? value(r, u->tensor + 4) : u->variance,
    };
}

static void convolve_forward(const run *r, const reference_unit *u, const double *x)
{
    (u->conv->depthwise ? plain_depthwise_forward
                        : plain_dense_forward)(u->conv, r->step->count, value(r, u->tensor), x, u->convolved);
}

static void convolve_backward(const run *r, const reference_unit *u, const double *x, const double *dy,
                              double *dx)
{
    (u->conv->depthwise ? plain_depthwise_backward : plain_dense_backward)(
        u->conv, r->step->count, value(r, u->tensor), x, dy, gradient(r, u->tensor), dx);
}

/* Fills u->out from x, [n][in_height][in_width][in]. */
static void unit_forward(const run *r, const reference_unit *u, const double *x)
{
    const plain_norm norm = norm_of(r, u);
    convolve_forward(r, u, x);
    if (!constant_statistics(r->step))
        plain_norm_measure(norm.rows, norm.channels, u->convolved, u->mean, u->variance);
    plain_norm_forward(&norm, u->convolved, u->normed);
    if (u->activates)
        plain_activation_forward(r->step->graph->arch.activation, norm.rows * norm.channels, u->normed,
                                 u->out);
}

/* From d, the derivative of u->out, to dx; d is used up. */
static void unit_backward(const run *r, const reference_unit *u, const double *x, double *d, double *dx)
{
    const plain_norm norm = norm_of(r, u);
    if (u->activates)
        plain_activation_backward(r->step->graph->arch.activation, norm.rows * norm.channels, u->normed, d,
                                  d);
    plain_norm_backward(&norm, constant_statistics(r->step), u->convolved, d, gradient(r, u->tensor + 1),
                        gradient(r, u->tensor + 2), d);
    convolve_backward(r, u, x, d, dx);
}

/* ---- Squeeze-and-excitation (Hu et al. 2018): out = x sigmoid(expand(act(reduce(mean(x))))) ---- */

static void squeeze_forward(const run *r, const reference_squeeze *s, const net_block *block, const double *x)
{
    const size_t n = r->step->count, pixels = pixels_of(&block->depthwise);
    const size_t channels = (size_t)block->depthwise.out, inner = (size_t)block->squeeze;
    plain_pool_forward(n, pixels, channels, x, s->pooled);
    plain_linear_forward(n, channels, inner, value(r, s->tensor), value(r, s->tensor + 1), s->pooled,
                         s->reduced);
    plain_activation_forward(r->step->graph->arch.activation, n * inner, s->reduced, s->activated);
    plain_linear_forward(n, inner, channels, value(r, s->tensor + 2), value(r, s->tensor + 3), s->activated,
                         s->gate);
    plain_sigmoid_forward(n * channels, s->gate, s->gate);
    plain_gate_forward(n, pixels, channels, s->gate, x, s->out);
}

/* From d, the derivative of s->out, to that of x in its place. x goes two ways: through the gate, and into
 * it. */
static void squeeze_backward(const run *r, const reference_squeeze *s, const net_block *block,
                             const double *x, double *d)
{
    const size_t n = r->step->count, pixels = pixels_of(&block->depthwise);
    const size_t channels = (size_t)block->depthwise.out, inner = (size_t)block->squeeze;
    double *vector = r->step->narrow, *other = r->step->inner;
    plain_gate_backward(n, pixels, channels, s->gate, x, d, vector, d);
    plain_sigmoid_backward(n * channels, s->gate, vector, vector);
    plain_linear_backward(n, inner, channels, value(r, s->tensor + 2), s->activated, vector,
                          gradient(r, s->tensor + 2), gradient(r, s->tensor + 3), other);
    plain_activation_backward(r->step->graph->arch.activation, n * inner, s->reduced, other, other);
    plain_linear_backward(n, channels, inner, value(r, s->tensor), s->pooled, other, gradient(r, s->tensor),
                          gradient(r, s->tensor + 1), vector);
    plain_pool_backward(n, pixels, channels, vector, d);
}

/* ---- Blocks ---- */

static size_t image_size(const net_conv *conv)
{
    return pixels_of(conv) * (size_t)conv->out;
}

static void block_forward(const run *r, int number, const double *x)
{
    const net_block *of = &r->step->graph->blocks[number];
    const reference_block *b = &r->step->blocks[number];
    const size_t n = r->step->count, size = image_size(&of->project);
    if (of->expands) unit_forward(r, &b->expand, x);
    unit_forward(r, &b->depthwise, of->expands ? b->expand.out : x);
    if (of->squeeze > 0) squeeze_forward(r, &b->squeeze, of, b->depthwise.out);
    unit_forward(r, &b->project, of->squeeze > 0 ? b->squeeze.out : b->depthwise.out);
    if (!of->residual) return;
    for (size_t image = 0; image < n; image++)
        b->scale[image] = train_branch_scale(&r->step->pass, of, (size_t)number, image);
    plain_scale(n, size, b->scale, b->project.out, b->out);
    plain_add(n * size, x, b->out);
}

/* From d, the derivative of the block's output, to dx, that of its input x. */
static void block_backward(const run *r, int number, const double *x, const double *d, double *dx)
{
    const net_block *of = &r->step->graph->blocks[number];
    const reference_block *b = &r->step->blocks[number];
    const size_t n = r->step->count, size = image_size(&of->project);
    double *narrow = r->step->narrow, *wide = r->step->wide;
    if (of->residual)
        plain_scale(n, size, b->scale, d, narrow);
    else
        memcpy(narrow, d, n * size * sizeof *d);
    unit_backward(r, &b->project, of->squeeze > 0 ? b->squeeze.out : b->depthwise.out, narrow, wide);
    if (of->squeeze > 0) squeeze_backward(r, &b->squeeze, of, b->depthwise.out, wide);
    if (of->expands) {
        unit_backward(r, &b->depthwise, b->expand.out, wide, narrow);
        unit_backward(r, &b->expand, x, narrow, dx);
    } else {
        unit_backward(r, &b->depthwise, x, wide, dx);
    }
    if (of->residual) plain_add(n * size, d, dx);
}

/* ---- The network ---- */

/* What block `number` reads. */
static const double *block_input(const reference_step *s, int number)
{
    return number > 0 ? s->blocks[number - 1].out : s->stem.out;
}

/* The last convolution, whose output is pooled. */
static const net_conv *last_conv(const net_graph *graph)
{
    return graph->has_head ? &graph->head : &graph->blocks[graph->block_count - 1].project;
}

static size_t classifier_tensor(const net_graph *graph)
{
    return net_tensor_count(graph) - 2;
}

static void classify_forward(const run *r)
{
    const reference_step *s = r->step;
    const size_t features = (size_t)s->graph->features, classes = (size_t)s->graph->arch.classes;
    const size_t tensor = classifier_tensor(s->graph);
    if (classes == 0) {
        memcpy(s->logits, s->pooled, s->count * features * sizeof *s->logits);
        return;
    }
    const train_dropout draws = train_dropout_of(&s->pass, &s->graph->arch);
    for (size_t i = 0; i < s->count * features; i++)
        s->dropout[i] = train_feature_scale(&draws, i / features, i % features);
    plain_scale(s->count * features, 1, s->dropout, s->pooled, s->dropped);
    plain_linear_forward(s->count, features, classes, value(r, tensor), value(r, tensor + 1), s->dropped,
                         s->logits);
}

/* From the derivative of the logits to d, that of the pooled features. */
static void classify_backward(const run *r, const double *dlogits, double *d)
{
    const reference_step *s = r->step;
    const size_t features = (size_t)s->graph->features, classes = (size_t)s->graph->arch.classes;
    const size_t tensor = classifier_tensor(s->graph);
    if (classes == 0) {
        memcpy(d, dlogits, s->count * features * sizeof *d);
        return;
    }
    plain_linear_backward(s->count, features, classes, value(r, tensor), s->dropped, dlogits,
                          gradient(r, tensor), gradient(r, tensor + 1), d);
    plain_scale(s->count * features, 1, s->dropout, d, d);
}

void reference_forward_double(reference_step *step, const train_pass *pass, const double *values,
                              const double *images, size_t count)
{
    const run r = {.step = step, .values = values};
    const net_graph *g = step->graph;
    step->pass = *pass;
    step->count = count;
    step->input = images;
    unit_forward(&r, &step->stem, images);
    for (int i = 0; i < g->block_count; i++)
        block_forward(&r, i, block_input(step, i));
    const double *last = block_input(step, g->block_count);
    if (g->has_head) unit_forward(&r, &step->head, last);
    plain_pool_forward(count, pixels_of(last_conv(g)), (size_t)g->features,
                       g->has_head ? step->head.out : last, step->pooled);
    classify_forward(&r);
}

/* All tensors of this unit and of what lies before it are ones whose derivatives are not wanted. */
static bool frozen_up_to(const reference_step *s, const reference_unit *u)
{
    return u->tensor + REFERENCE_UNIT_TENSORS <= s->options.first_trained;
}

static void swap(double **a, double **b)
{
    double *kept = *a;
    *a = *b;
    *b = kept;
}

void reference_backward_double(reference_step *step, const double *values, const double *dlogits,
                               double *gradients)
{
    const run r = {.step = step, .values = values, .gradients = gradients};
    const net_graph *g = step->graph;
    const net_conv *last = last_conv(g);
    double *d = step->d, *dx = step->dx;
    classify_backward(&r, dlogits, dx);
    memset(d, 0, step->count * image_size(last) * sizeof *d);
    plain_pool_backward(step->count, pixels_of(last), (size_t)g->features, dx, d);
    if (g->has_head) {
        if (frozen_up_to(step, &step->head)) return;
        unit_backward(&r, &step->head, block_input(step, g->block_count), d, dx);
        swap(&d, &dx);
    }
    for (int i = g->block_count - 1; i >= 0; i--) {
        if (frozen_up_to(step, &step->blocks[i].project)) return;
        block_backward(&r, i, block_input(step, i), d, dx);
        swap(&d, &dx);
    }
    if (!frozen_up_to(step, &step->stem)) unit_backward(&r, &step->stem, step->input, d, NULL);
}

/* ---- Running statistics ---- */

static void update_unit(const reference_step *s, const reference_unit *u, double *values)
{
    plain_norm_update(s->count * pixels_of(u->conv), (size_t)u->conv->out, s->graph->variant.bn_momentum,
                      u->mean, u->variance, values + s->layout->slots[u->tensor + 3].offset,
                      values + s->layout->slots[u->tensor + 4].offset);
}

void reference_update_statistics_double(reference_step *step, double *values)
{
    assert(step->pass.mode != TRAIN_EVALUATE);
    if (constant_statistics(step)) return;
    update_unit(step, &step->stem, values);
    for (int i = 0; i < step->graph->block_count; i++) {
        const reference_block *b = &step->blocks[i];
        if (step->graph->blocks[i].expands) update_unit(step, &b->expand, values);
        update_unit(step, &b->depthwise, values);
        update_unit(step, &b->project, values);
    }
    if (step->graph->has_head) update_unit(step, &step->head, values);
}
