/* SPDX-License-Identifier: Apache-2.0
 *
 * What convolutions cost: argument checks and translation around net/cost and net/layer.
 */
#include "api/handles.h"
#include "net/cost.h"

static effnet_cost public_cost(net_cost cost)
{
    return (effnet_cost){
        .macs = cost.macs,
        .parameters = cost.parameters,
        .activation_bytes = cost.activation_bytes,
        .bytes_moved = cost.bytes_moved,
        .intensity = cost.bytes_moved ? 2.0 * (double)cost.macs / (double)cost.bytes_moved : 0,
    };
}

static void set(effnet_cost *separable, effnet_cost *standard, net_cost as_it_is, net_cost as_standard)
{
    if (separable) *separable = public_cost(as_it_is);
    if (standard) *standard = public_cost(as_standard);
}

effnet_status api_layer_place(net_layer_graph *out, const effnet_layer *layer, effnet_error *error)
{
    static const net_layer_kind kinds[] = {NET_STANDARD, NET_SEPARABLE, NET_INVERTED, NET_BOTTLENECK};
    if (layer->kind > EFFNET_LAYER_BOTTLENECK)
        return error_set(error, EFFNET_ERR_ARGUMENT, "there is no kind of layer %d", (int)layer->kind);
    const net_layer inner = {
        .kind = kinds[layer->kind],
        .kernel = layer->kernel,
        .stride = layer->stride,
        .in = layer->in_channels,
        .out = layer->out_channels,
        .height = layer->height,
        .width = layer->width,
        .expand = layer->expand,
        .se = layer->se,
    };
    return net_layer_place(out, &inner, error);
}

effnet_status effnet_layer_cost(effnet_cost *out, const effnet_layer *layer, effnet_error *error)
{
    if (!out || !layer)
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_layer_cost: out or layer is NULL");
    net_layer_graph graph;
    *out = (effnet_cost){0};
    TRY(api_layer_place(&graph, layer, error));
    *out = public_cost(net_layer_cost(&graph));
    return EFFNET_OK;
}

void effnet_network_cost(const effnet_network *network, effnet_cost *separable, effnet_cost *standard)
{
    const net_graph *graph = network->graph;
    set(separable, standard, net_cost_total(graph), net_cost_total_standard(graph));
}

bool effnet_network_part_cost(const effnet_network *network, size_t index, effnet_cost *separable,
                              effnet_cost *standard)
{
    const net_graph *graph = network->graph;
    effnet_part_info part;
    if (!effnet_network_get_part(network, index, &part)) return false;
    const int block = (int)index - 1;
    if (block >= 0 && block < graph->block_count) {
        set(separable, standard, net_cost_block(graph, block), net_cost_block_standard(graph, block));
        return true;
    }
    net_cost cost = net_cost_stem(graph);
    if (block >= 0) cost = part.kernel ? net_cost_head(graph) : net_cost_classifier(graph);
    set(separable, standard, cost, cost);
    return true;
}
