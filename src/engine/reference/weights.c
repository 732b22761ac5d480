/* SPDX-License-Identifier: Apache-2.0
 *
 * From a network's tensors to the weights that kernels read: batch norm folded into the convolution before
 * it, packed by the kernel that will run. Tensors are read one at a time into one buffer, so that loading
 * needs little more memory than the result.
 */
#include "engine/reference/reference.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

float *engine_alloc(size_t count)
{
    if (count > SIZE_MAX / sizeof(float) - ENGINE_ALIGNED_FLOATS) return NULL;
    return aligned_alloc(ENGINE_ALIGNMENT, engine_aligned(count > 0 ? count : 1) * sizeof(float));
}

/* ---- Which layers there are ---- */

static kernel_activation activation_of(const net_arch *arch)
{
    switch (arch->activation) {
    case NET_SWISH: return KERNEL_SWISH;
    case NET_RELU6: return KERNEL_RELU6;
    case NET_RELU: return KERNEL_RELU;
    case NET_HARD_SWISH: return KERNEL_HARD_SWISH;
    }
    assert(false);
    return KERNEL_LINEAR;
}

static void add_layer(reference_weights *w, net_part part, const kernel_op *op, kernel_filter filter)
{
    w->layers[w->layer_count++] = (reference_layer){.part = part, .op = op, .filter = filter};
}

static void add_convolution(reference_weights *w, net_part part, const kernel_op *op, const net_conv *conv,
                            kernel_activation activation)
{
    add_layer(w, part, op,
              (kernel_filter){
                  .in = (size_t)conv->in,
                  .out = (size_t)conv->out,
                  .kernel = (size_t)conv->kernel,
                  .stride = (size_t)conv->stride,
                  .activation = activation,
              });
}

static void add_linear(reference_weights *w, net_part part, int in, int out, kernel_activation activation)
{
    add_layer(w, part, w->kernels.linear,
              (kernel_filter){
                  .in = (size_t)in, .out = (size_t)out, .kernel = 1, .stride = 1, .activation = activation});
}

static void add_block(reference_weights *w, const net_block *block, kernel_activation activation)
{
    const int hidden = block->depthwise.out;
    if (block->expands) add_convolution(w, NET_EXPAND_CONV, w->kernels.pointwise, &block->expand, activation);
    add_convolution(w, NET_DEPTHWISE_CONV, w->kernels.depthwise, &block->depthwise, activation);
    if (block->squeeze > 0) {
        add_linear(w, NET_SE_REDUCE, hidden, block->squeeze, activation);
        add_linear(w, NET_SE_EXPAND, block->squeeze, hidden, KERNEL_SIGMOID);
    }
    add_convolution(w, NET_PROJECT_CONV, w->kernels.pointwise, &block->project, KERNEL_LINEAR);
}

static void add_layers(reference_weights *w, const net_graph *graph)
{
    const kernel_activation activation = activation_of(&graph->arch);
    add_convolution(w, NET_STEM_CONV, w->kernels.convolution, &graph->stem, activation);
    for (int i = 0; i < graph->block_count; i++)
        add_block(w, &graph->blocks[i], activation);
    if (graph->has_head) add_convolution(w, NET_HEAD_CONV, w->kernels.pointwise, &graph->head, activation);
    if (graph->arch.classes > 0)
        add_linear(w, NET_CLASSIFIER, graph->features, graph->arch.classes, KERNEL_LINEAR);
}

/* Stem, head and classifier, and at most five layers in a block. */
static size_t most_layers(const net_graph *graph)
{
    return 3 + 5 * (size_t)graph->block_count;
}

/* ---- Where their weights lie ---- */

static size_t weights_size(const reference_layer *layer)
{
    return engine_aligned(layer->op->packed_size(&layer->filter));
}

effnet_status reference_weights_plan(reference_weights *w, const net_graph *graph, cpu_level level,
                                     size_t *floats, effnet_error *error)
{
    kernels_init(&w->kernels, level);
    w->layers = calloc(most_layers(graph), sizeof *w->layers);
    if (!w->layers) return error_memory(error);
    add_layers(w, graph);
    *floats = 0;
    for (size_t i = 0; i < w->layer_count; i++)
        *floats += weights_size(&w->layers[i]) + engine_aligned(w->layers[i].filter.out);
    return EFFNET_OK;
}

static effnet_status place_layers(reference_weights *w, size_t floats, effnet_error *error)
{
    float *next = w->memory = engine_alloc(floats);
    if (!next) return error_memory(error);
    for (size_t i = 0; i < w->layer_count; i++) {
        w->layers[i].weights = next;
        next += weights_size(&w->layers[i]);
        w->layers[i].bias = next;
        next += engine_aligned(w->layers[i].filter.out);
    }
    return EFFNET_OK;
}

/* ---- Reading, folding, packing ---- */

typedef struct loader {
    const net_graph *graph;
    engine_reader read;
    void *context;
    size_t next;   /* tensor to be read */
    float *tensor; /* room for the largest */
    float *norm;   /* [4][norm_size]: batch norm's weight, bias, mean, variance */
    size_t norm_size;
} loader;

static effnet_status read_next(loader *l, net_part part, net_field field, float *out, effnet_error *error)
{
    const net_tensor tensor = net_tensor_at(l->graph, l->next++);
    assert(tensor.part == part && tensor.field == field);
    (void)part, (void)field;
    return l->read(l->context, &tensor, out, error);
}

/* Batch norm y = (x - mean) / sqrt(variance + epsilon) * weight + bias (Ioffe and Szegedy 2015) after a
 * convolution is the convolution with its filters scaled and a bias added. Worked out in double: a small
 * variance must not cost precision. */
static void fold(reference_layer *layer, float *weights /* [out][per_output] */, size_t per_output,
                 const float *norm /* [4][norm_size] */, size_t norm_size, double epsilon)
{
    const float *weight = norm, *bias = norm + norm_size, *mean = bias + norm_size,
                *variance = mean + norm_size;
    for (size_t o = 0; o < layer->filter.out; o++) {
        const double scale = weight[o] / sqrt((double)variance[o] + epsilon);
        layer->bias[o] = (float)(bias[o] - mean[o] * scale);
        for (size_t i = 0; i < per_output; i++)
            weights[o * per_output + i] = (float)(weights[o * per_output + i] * scale);
    }
}

static bool has_norm(const reference_layer *layer)
{
    return layer->part != NET_SE_REDUCE && layer->part != NET_SE_EXPAND && layer->part != NET_CLASSIFIER;
}

static effnet_status load_layer(loader *l, reference_layer *layer, effnet_error *error)
{
    const size_t count = net_tensor_at(l->graph, l->next).count;
    TRY(read_next(l, layer->part, NET_WEIGHT, l->tensor, error));
    if (has_norm(layer)) {
        const net_part norm = layer->part + 1;
        for (net_field field = NET_WEIGHT; field <= NET_VARIANCE; field++)
            TRY(read_next(l, norm, field, l->norm + (size_t)field * l->norm_size, error));
        fold(layer, l->tensor, count / layer->filter.out, l->norm, l->norm_size,
             l->graph->variant.bn_epsilon);
    } else {
        TRY(read_next(l, layer->part, NET_BIAS, layer->bias, error));
    }
    layer->op->pack(layer->weights, &layer->filter, l->tensor);
    return EFFNET_OK;
}

static size_t largest_tensor(const net_graph *graph)
{
    size_t largest = 0;
    for (size_t i = 0; i < net_tensor_count(graph); i++) {
        const net_tensor tensor = net_tensor_at(graph, i);
        if (tensor.count > largest) largest = tensor.count;
    }
    return largest;
}

static size_t most_outputs(const reference_weights *w)
{
    size_t most = 0;
    for (size_t i = 0; i < w->layer_count; i++)
        if (w->layers[i].filter.out > most) most = w->layers[i].filter.out;
    return most;
}

size_t reference_loading_floats(const net_graph *graph, const reference_weights *w)
{
    return engine_aligned(largest_tensor(graph)) + engine_aligned(4 * most_outputs(w));
}

static effnet_status load_layers(reference_weights *w, loader *l, effnet_error *error)
{
    l->norm_size = most_outputs(w);
    l->tensor = engine_alloc(largest_tensor(l->graph));
    l->norm = engine_alloc(4 * l->norm_size);
    if (!l->tensor || !l->norm) return error_memory(error);
    for (size_t i = 0; i < w->layer_count; i++)
        TRY(load_layer(l, &w->layers[i], error));
    assert(l->next == net_tensor_count(l->graph));
    return EFFNET_OK;
}

effnet_status reference_weights_create(reference_weights **out, const net_graph *graph, cpu_level level,
                                       engine_reader read, void *context, effnet_error *error)
{
    assert(cpu_has_level(level));
    *out = NULL;
    reference_weights *w = calloc(1, sizeof *w);
    if (!w) return error_memory(error);
    loader l = {.graph = graph, .read = read, .context = context};
    size_t floats = 0;
    effnet_status status = reference_weights_plan(w, graph, level, &floats, error);
    if (status == EFFNET_OK) status = place_layers(w, floats, error);
    if (status == EFFNET_OK) status = load_layers(w, &l, error);
    free(l.tensor);
    free(l.norm);
    if (status == EFFNET_OK)
        *out = w;
    else
        reference_weights_free(w);
    return status;
}

void reference_weights_free(reference_weights *weights)
{
    if (!weights) return;
    free(weights->memory);
    free(weights->layers);
    free(weights);
}
