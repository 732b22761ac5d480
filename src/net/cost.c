/* SPDX-License-Identifier: Apache-2.0
 *
 * Counting. Sums saturate instead of wrapping, so that net_graph_create can refuse what does not fit.
 */
#include "net/cost.h"

enum { FLOAT_BYTES = 4 };

static uint64_t add(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static uint64_t multiply(uint64_t a, uint64_t b)
{
    uint64_t product;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static uint64_t map_size(int channels, int height, int width)
{
    return (uint64_t)channels * (uint64_t)height * (uint64_t)width; /* at most 2^16 x 2^14 x 2^14 */
}

static uint64_t output_size(const net_conv *conv)
{
    return map_size(conv->out, conv->out_height, conv->out_width);
}

static void add_layer(net_cost *cost, uint64_t parameters, uint64_t outputs, uint64_t macs_per_output)
{
    cost->parameters = add(cost->parameters, parameters);
    cost->macs = add(cost->macs, multiply(outputs, macs_per_output));
    cost->activation_bytes = add(cost->activation_bytes, outputs * FLOAT_BYTES);
}

/* A convolution without bias and the two trainable vectors of its batch norm. */
static void add_conv_bn(net_cost *cost, const net_conv *conv)
{
    const uint64_t in = conv->depthwise ? 1 : (uint64_t)conv->in, out = (uint64_t)conv->out;
    const uint64_t taps = in * (uint64_t)conv->kernel * (uint64_t)conv->kernel;
    add_layer(cost, out * taps + 2 * out, output_size(conv), taps);
}

/* Fully connected, with bias: SE's 1x1 convolutions on a 1x1 map, and the classifier. */
static void add_linear(net_cost *cost, int in, int out)
{
    add_layer(cost, (uint64_t)out * (uint64_t)in + (uint64_t)out, (uint64_t)out, (uint64_t)in);
}

net_cost net_cost_stem(const net_graph *graph)
{
    net_cost cost = {0};
    add_conv_bn(&cost, &graph->stem);
    return cost;
}

net_cost net_cost_block(const net_graph *graph, int block)
{
    const net_block *b = &graph->blocks[block];
    net_cost cost = {0};
    if (b->expands) add_conv_bn(&cost, &b->expand);
    add_conv_bn(&cost, &b->depthwise);
    if (b->squeeze) {
        add_linear(&cost, b->depthwise.out, b->squeeze);
        add_linear(&cost, b->squeeze, b->depthwise.out);
    }
    add_conv_bn(&cost, &b->project);
    return cost;
}

net_cost net_cost_head(const net_graph *graph)
{
    net_cost cost = {0};
    if (graph->has_head) add_conv_bn(&cost, &graph->head);
    return cost;
}

net_cost net_cost_classifier(const net_graph *graph)
{
    net_cost cost = {0};
    if (graph->arch.classes) add_linear(&cost, graph->features, graph->arch.classes);
    return cost;
}

static void add_cost(net_cost *sum, net_cost part)
{
    sum->parameters = add(sum->parameters, part.parameters);
    sum->macs = add(sum->macs, part.macs);
    sum->activation_bytes = add(sum->activation_bytes, part.activation_bytes);
}

net_cost net_cost_total(const net_graph *graph)
{
    net_cost sum = net_cost_stem(graph);
    for (int i = 0; i < graph->block_count; i++)
        add_cost(&sum, net_cost_block(graph, i));
    add_cost(&sum, net_cost_head(graph));
    add_cost(&sum, net_cost_classifier(graph));
    return sum;
}

/* ---- Peak ---- */

/* Values that live while `conv` runs, `kept` of others besides. */
static uint64_t live(const net_conv *conv, uint64_t kept)
{
    return map_size(conv->in, conv->in_height, conv->in_width) + output_size(conv) + kept;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t block_peak(const net_block *b)
{
    const net_conv *first = b->expands ? &b->expand : &b->depthwise;
    const uint64_t kept = b->residual ? map_size(first->in, first->in_height, first->in_width) : 0;
    uint64_t peak = live(first, 0); /* its input is the block's own */
    if (b->expands) peak = larger(peak, live(&b->depthwise, kept));
    return larger(peak, live(&b->project, kept));
}

uint64_t net_activation_peak(const net_graph *graph)
{
    uint64_t peak = live(&graph->stem, 0);
    for (int i = 0; i < graph->block_count; i++)
        peak = larger(peak, block_peak(&graph->blocks[i]));
    if (graph->has_head) peak = larger(peak, live(&graph->head, 0));
    return peak * FLOAT_BYTES;
}
