/* SPDX-License-Identifier: Apache-2.0
 *
 * See layer.h. The limits are those of a network's description, in the same words.
 */
#include "net/layer.h"

static effnet_status check_range(const char *member, int value, int low, int high, effnet_error *error)
{
    if (value >= low && value <= high) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_ARGUMENT, "%s is %d; wanted %d to %d", member, value, low, high);
}

static bool has_hidden(const net_layer *layer)
{
    return layer->kind == NET_INVERTED || layer->kind == NET_BOTTLENECK;
}

static effnet_status check_hidden(const net_layer *layer, effnet_error *error)
{
    TRY(check_range("the expansion", layer->expand, 1, NET_MAX_EXPAND, error));
    if (!(layer->se >= 0 && layer->se <= 1))
        return error_set(error, EFFNET_ERR_ARGUMENT, "the squeeze ratio is %g; wanted 0 to 1", layer->se);
    if (layer->kind == NET_INVERTED)
        return check_range("input channels times expansion", layer->in * layer->expand, 1, NET_MAX_CHANNELS,
                           error);
    if (layer->out % layer->expand == 0) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_ARGUMENT,
                     "a bottleneck's %d output channels are not a multiple of its expansion, %d", layer->out,
                     layer->expand);
}

static effnet_status check_layer(const net_layer *layer, effnet_error *error)
{
    TRY(check_range("the kind of layer", (int)layer->kind, NET_STANDARD, NET_LAYER_KINDS - 1, error));
    TRY(check_range("the kernel", layer->kernel, 1, NET_MAX_KERNEL, error));
    if (layer->kernel % 2 == 0)
        return error_set(error, EFFNET_ERR_ARGUMENT, "the kernel is %d; wanted an odd number", layer->kernel);
    TRY(check_range("the stride", layer->stride, 1, NET_MAX_STRIDE, error));
    TRY(check_range("input channels", layer->in, 1, NET_MAX_CHANNELS, error));
    TRY(check_range("output channels", layer->out, 1, NET_MAX_CHANNELS, error));
    TRY(check_range("the height", layer->height, 1, NET_MAX_SIZE, error));
    TRY(check_range("the width", layer->width, 1, NET_MAX_SIZE, error));
    return has_hidden(layer) ? check_hidden(layer, error) : EFFNET_OK;
}

/* Appends a convolution of what the one before gives. */
static void append(net_layer_graph *graph, const net_layer *layer, int out, int kernel, int stride,
                   bool depthwise)
{
    net_conv conv = {.depthwise = depthwise,
                     .in = layer->in,
                     .out = out,
                     .kernel = kernel,
                     .stride = stride,
                     .in_height = layer->height,
                     .in_width = layer->width};
    if (graph->count > 0) {
        const net_conv *last = &graph->convs[graph->count - 1];
        conv.in = last->out;
        conv.in_height = last->out_height;
        conv.in_width = last->out_width;
    }
    net_conv_place(&conv, NET_PAD_SAME);
    graph->convs[graph->count++] = conv;
}

static void place_inverted(net_layer_graph *graph, const net_layer *layer)
{
    const int hidden = layer->in * layer->expand;
    if (layer->expand > 1) append(graph, layer, hidden, 1, 1, false);
    append(graph, layer, hidden, layer->kernel, layer->stride, true);
    append(graph, layer, layer->out, 1, 1, false);
    graph->squeeze = net_squeeze_channels(layer->se, layer->in);
    graph->squeezed = graph->squeeze ? hidden : 0;
}

effnet_status net_layer_place(net_layer_graph *out, const net_layer *layer, effnet_error *error)
{
    TRY(check_layer(layer, error));
    net_layer_graph graph = {.count = 0};
    switch (layer->kind) {
    case NET_STANDARD: append(&graph, layer, layer->out, layer->kernel, layer->stride, false); break;
    case NET_SEPARABLE:
        append(&graph, layer, layer->in, layer->kernel, layer->stride, true);
        append(&graph, layer, layer->out, 1, 1, false);
        break;
    case NET_INVERTED: place_inverted(&graph, layer); break;
    case NET_BOTTLENECK:
        append(&graph, layer, layer->out / layer->expand, 1, 1, false);
        append(&graph, layer, layer->out / layer->expand, layer->kernel, layer->stride, false);
        append(&graph, layer, layer->out, 1, 1, false);
        break;
    case NET_LAYER_KINDS: break;
    }
    const net_cost cost = net_layer_cost(&graph);
    if (cost.macs > INT64_MAX)
        return error_set(error, EFFNET_ERR_ARGUMENT, "the layer would need more than 2^63 multiply-adds");
    *out = graph;
    return EFFNET_OK;
}

net_cost net_layer_cost(const net_layer_graph *graph)
{
    net_cost cost = {0};
    for (int i = 0; i < graph->count; i++)
        net_cost_add(&cost, net_cost_conv(&graph->convs[i]));
    if (graph->squeeze) {
        net_cost_add(&cost, net_cost_linear(graph->squeezed, graph->squeeze));
        net_cost_add(&cost, net_cost_linear(graph->squeeze, graph->squeezed));
    }
    return cost;
}
