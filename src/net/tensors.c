/* SPDX-License-Identifier: Apache-2.0
 *
 * The parameters of a network in the order of the source's state dict (without num_batches_tracked), found by
 * index without a list being kept: a binary search for the block, then a walk over its few layers.
 */
#include "net/graph.h"

#include <assert.h>

/* One layer that owns tensors, and where it is. */
typedef struct layer {
    net_part part;
    bool present;
} layer;

/* How many tensors a layer has: a convolution its weight, SE and the classifier weight and bias, batch norm
 * all four. */
static size_t field_count(net_part part)
{
    switch (part) {
    case NET_STEM_BN:
    case NET_EXPAND_BN:
    case NET_DEPTHWISE_BN:
    case NET_PROJECT_BN:
    case NET_HEAD_BN: return 4;
    case NET_SE_REDUCE:
    case NET_SE_EXPAND:
    case NET_CLASSIFIER: return 2;
    case NET_STEM_CONV:
    case NET_EXPAND_CONV:
    case NET_DEPTHWISE_CONV:
    case NET_PROJECT_CONV:
    case NET_HEAD_CONV: return 1;
    }
    return 0;
}

static void set_vector(net_tensor *t, int length)
{
    t->rank = 1;
    t->shape[0] = (size_t)length;
}

static void set_conv(net_tensor *t, int out, int in, int kernel)
{
    t->rank = 4;
    t->shape[0] = (size_t)out;
    t->shape[1] = (size_t)in;
    t->shape[2] = t->shape[3] = (size_t)kernel;
}

static void set_conv_of(net_tensor *t, const net_conv *conv)
{
    set_conv(t, conv->out, conv->depthwise ? 1 : conv->in, conv->kernel);
}

/* SE and the classifier have a bias as long as their output. */
static void set_se(net_tensor *t, int out, int in)
{
    if (t->field == NET_BIAS)
        set_vector(t, out);
    else
        set_conv(t, out, in, 1);
}

static void set_classifier(net_tensor *t, int out, int in)
{
    set_vector(t, out);
    if (t->field == NET_BIAS) return;
    t->rank = 2;
    t->shape[1] = (size_t)in;
}

static void set_shape(net_tensor *t, const net_graph *graph, const net_block *block)
{
    switch (t->part) {
    case NET_STEM_CONV: set_conv_of(t, &graph->stem); break;
    case NET_STEM_BN: set_vector(t, graph->stem.out); break;
    case NET_EXPAND_CONV: set_conv_of(t, &block->expand); break;
    case NET_EXPAND_BN: set_vector(t, block->expand.out); break;
    case NET_DEPTHWISE_CONV: set_conv_of(t, &block->depthwise); break;
    case NET_DEPTHWISE_BN: set_vector(t, block->depthwise.out); break;
    case NET_SE_REDUCE: set_se(t, block->squeeze, block->depthwise.out); break;
    case NET_SE_EXPAND: set_se(t, block->depthwise.out, block->squeeze); break;
    case NET_PROJECT_CONV: set_conv_of(t, &block->project); break;
    case NET_PROJECT_BN: set_vector(t, block->project.out); break;
    case NET_HEAD_CONV: set_conv_of(t, &graph->head); break;
    case NET_HEAD_BN: set_vector(t, graph->head.out); break;
    case NET_CLASSIFIER: set_classifier(t, graph->arch.classes, graph->features); break;
    }
}

/* Tensor `index` of the layers that are present. */
static net_tensor tensor_of(const net_graph *graph, int block, const layer *layers, size_t count,
                            size_t index)
{
    net_tensor t = {.block = block};
    for (size_t i = 0; i < count; i++) {
        const size_t fields = layers[i].present ? field_count(layers[i].part) : 0;
        if (index >= fields) {
            index -= fields;
            continue;
        }
        t.part = layers[i].part;
        t.field = (net_field)index;
        set_shape(&t, graph, block < 0 ? NULL : &graph->blocks[block]);
        t.count = 1;
        for (int d = 0; d < t.rank; d++)
            t.count *= t.shape[d]; /* at most NET_MAX_CLASSES x NET_MAX_CHANNELS */
        return t;
    }
    assert(false && "a tensor index past the end");
    return t;
}

static net_tensor stem_tensor(const net_graph *graph, size_t index)
{
    const layer layers[] = {{NET_STEM_CONV, true}, {NET_STEM_BN, true}};
    return tensor_of(graph, -1, layers, sizeof layers / sizeof *layers, index);
}

static net_tensor block_tensor(const net_graph *graph, int block, size_t index)
{
    const net_block *b = &graph->blocks[block];
    const layer layers[] = {
        {NET_EXPAND_CONV, b->expands}, {NET_EXPAND_BN, b->expands},     {NET_DEPTHWISE_CONV, true},
        {NET_DEPTHWISE_BN, true},      {NET_SE_REDUCE, b->squeeze > 0}, {NET_SE_EXPAND, b->squeeze > 0},
        {NET_PROJECT_CONV, true},      {NET_PROJECT_BN, true},
    };
    return tensor_of(graph, block, layers, sizeof layers / sizeof *layers, index);
}

static net_tensor head_tensor(const net_graph *graph, size_t index)
{
    const layer layers[] = {{NET_HEAD_CONV, graph->has_head},
                            {NET_HEAD_BN, graph->has_head},
                            {NET_CLASSIFIER, graph->arch.classes > 0}};
    return tensor_of(graph, -1, layers, sizeof layers / sizeof *layers, index);
}

/* Index of the first tensor behind the blocks. */
static size_t head_start(const net_graph *graph)
{
    const net_block *last = &graph->blocks[graph->block_count - 1];
    return last->first_tensor + (last->expands ? 5u : 0u) + 5u + (last->squeeze ? 4u : 0u) + 5u;
}

size_t net_tensor_count(const net_graph *graph)
{
    return head_start(graph) + (graph->has_head ? 5u : 0u) + (graph->arch.classes > 0 ? 2u : 0u);
}

/* The block that tensor `index` belongs to: the last one that starts at or before it. */
static int block_of(const net_graph *graph, size_t index)
{
    int low = 0, high = graph->block_count;
    while (high - low > 1) {
        const int middle = low + (high - low) / 2;
        if (graph->blocks[middle].first_tensor <= index)
            low = middle;
        else
            high = middle;
    }
    return low;
}

net_tensor net_tensor_at(const net_graph *graph, size_t index)
{
    assert(index < net_tensor_count(graph));
    if (index < graph->blocks[0].first_tensor) return stem_tensor(graph, index);
    const size_t behind = head_start(graph);
    if (index >= behind) return head_tensor(graph, index - behind);
    const int block = block_of(graph, index);
    return block_tensor(graph, block, index - graph->blocks[block].first_tensor);
}
