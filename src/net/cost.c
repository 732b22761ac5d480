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

static net_cost layer_cost(uint64_t parameters, uint64_t inputs, uint64_t outputs, uint64_t macs_per_output)
{
    return (net_cost){
        .parameters = parameters,
        .macs = multiply(outputs, macs_per_output),
        .activation_bytes = outputs * FLOAT_BYTES,
        .bytes_moved = multiply(add(add(inputs, outputs), parameters), FLOAT_BYTES),
    };
}

/* The two trainable vectors of batch norm are among the parameters. */
net_cost net_cost_conv(const net_conv *conv)
{
    const uint64_t in = conv->depthwise ? 1 : (uint64_t)conv->in, out = (uint64_t)conv->out;
    const uint64_t taps = in * (uint64_t)conv->kernel * (uint64_t)conv->kernel;
    return layer_cost(out * taps + 2 * out, map_size(conv->in, conv->in_height, conv->in_width),
                      output_size(conv), taps);
}

/* SE's 1x1 convolutions on a 1x1 map, and the classifier. */
net_cost net_cost_linear(int in, int out)
{
    return layer_cost((uint64_t)out * (uint64_t)in + (uint64_t)out, (uint64_t)in, (uint64_t)out,
                      (uint64_t)in);
}

void net_cost_add(net_cost *sum, net_cost part)
{
    sum->parameters = add(sum->parameters, part.parameters);
    sum->macs = add(sum->macs, part.macs);
    sum->activation_bytes = add(sum->activation_bytes, part.activation_bytes);
    sum->bytes_moved = add(sum->bytes_moved, part.bytes_moved);
}

net_cost net_cost_stem(const net_graph *graph)
{
    return net_cost_conv(&graph->stem);
}

/* What a block has whichever way its spatial convolution is made. */
static net_cost expansion_and_squeeze(const net_block *b)
{
    net_cost cost = {0};
    if (b->expands) net_cost_add(&cost, net_cost_conv(&b->expand));
    if (b->squeeze) {
        net_cost_add(&cost, net_cost_linear(b->depthwise.out, b->squeeze));
        net_cost_add(&cost, net_cost_linear(b->squeeze, b->depthwise.out));
    }
    return cost;
}

net_cost net_cost_block(const net_graph *graph, int block)
{
    const net_block *b = &graph->blocks[block];
    net_cost cost = expansion_and_squeeze(b);
    net_cost_add(&cost, net_cost_conv(&b->depthwise));
    net_cost_add(&cost, net_cost_conv(&b->project));
    return cost;
}

net_conv net_standard_conv(const net_block *block)
{
    net_conv conv = block->depthwise;
    conv.depthwise = false;
    conv.out = block->project.out;
    return conv;
}

net_cost net_cost_block_standard(const net_graph *graph, int block)
{
    const net_block *b = &graph->blocks[block];
    const net_conv conv = net_standard_conv(b);
    net_cost cost = expansion_and_squeeze(b);
    net_cost_add(&cost, net_cost_conv(&conv));
    return cost;
}

net_cost net_cost_head(const net_graph *graph)
{
    return graph->has_head ? net_cost_conv(&graph->head) : (net_cost){0};
}

net_cost net_cost_classifier(const net_graph *graph)
{
    return graph->arch.classes ? net_cost_linear(graph->features, graph->arch.classes) : (net_cost){0};
}

static net_cost total(const net_graph *graph, net_cost (*block)(const net_graph *, int))
{
    net_cost sum = net_cost_stem(graph);
    for (int i = 0; i < graph->block_count; i++)
        net_cost_add(&sum, block(graph, i));
    net_cost_add(&sum, net_cost_head(graph));
    net_cost_add(&sum, net_cost_classifier(graph));
    return sum;
}

net_cost net_cost_total(const net_graph *graph)
{
    return total(graph, net_cost_block);
}

net_cost net_cost_total_standard(const net_graph *graph)
{
    return total(graph, net_cost_block_standard);
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
