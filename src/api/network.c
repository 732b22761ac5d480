/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet_network: argument checks and translation around src/net.
 */
#include <stdio.h>
#include <stdlib.h>

#include "api/handles.h"
#include "model/variant.h"
#include "net/cost.h"

/* The public rates: 0 keeps the network's own, negative means none. */
static void override_rate(double *rate, double wanted)
{
    if (wanted > 0) *rate = wanted;
    if (wanted < 0) *rate = 0;
}

void api_network_override(net_arch *arch, const effnet_network_options *options)
{
    if (options->num_classes)
        arch->classes = options->num_classes == EFFNET_NO_CLASSIFIER ? 0 : options->num_classes;
    if (options->in_channels) arch->in_channels = options->in_channels;
    override_rate(&arch->dropout, options->dropout);
    override_rate(&arch->drop_connect, options->drop_connect);
}

effnet_status api_network_wrap(effnet_network *network, net_graph *graph, bool borrowed, effnet_error *error)
{
    *network = (effnet_network){.graph = graph, .borrowed = borrowed};
    return net_arch_format(&network->json, &graph->arch, error);
}

void api_network_clear(effnet_network *network)
{
    if (!network->borrowed) net_graph_free(network->graph);
    free(network->json);
}

effnet_status api_network_of(effnet_network **out, net_graph *graph, effnet_error *error)
{
    effnet_network *network = calloc(1, sizeof *network);
    const effnet_status status =
        network ? api_network_wrap(network, graph, false, error) : error_memory(error);
    *out = status == EFFNET_OK ? network : NULL;
    if (status == EFFNET_OK) return status;
    net_graph_free(graph);
    free(network);
    return status;
}

effnet_status effnet_network_create(effnet_network **out, const char *name,
                                    const effnet_network_options *options, effnet_error *error)
{
    if (!out) return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_network_create: out is NULL");
    *out = NULL;
    if (!name) return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_network_create: name is NULL");
    const effnet_network_options defaults = {0};
    if (!options) options = &defaults;
    net_arch arch;
    net_variant variant = net_variant_source;
    TRY(net_arch_load(&arch, name, error));
    api_network_override(&arch, options);
    if (options->variant) TRY(variant_parse(&variant, options->variant, DIALECT_EFFNET, arch.name, error));
    net_graph *graph;
    TRY(net_graph_create(&graph, &arch, &variant, options->height, options->width, error));
    return api_network_of(out, graph, error);
}

void effnet_network_free(effnet_network *network)
{
    if (!network) return;
    api_network_clear(network);
    free(network);
}

void effnet_network_get_info(const effnet_network *network, effnet_network_info *info)
{
    const net_graph *graph = network->graph;
    const net_cost total = net_cost_total(graph);
    *info = (effnet_network_info){
        .name = graph->arch.name,
        .activation = net_activation_name(graph->arch.activation),
        .padding = graph->variant.padding == NET_PAD_SAME ? "same" : "symmetric",
        .bn_epsilon = graph->variant.bn_epsilon,
        .height = graph->height,
        .width = graph->width,
        .channels = graph->arch.in_channels,
        .num_classes = graph->arch.classes,
        .features = graph->features,
        .part_count = net_graph_parts(graph),
        .parameters = total.parameters,
        .macs = total.macs,
        .activation_bytes_peak = net_activation_peak(graph),
        .width_multiplier = graph->arch.width,
        .depth_multiplier = graph->arch.depth,
    };
}

static void set_cost(effnet_part_info *info, net_cost cost)
{
    info->parameters = cost.parameters;
    info->macs = cost.macs;
    info->activation_bytes = cost.activation_bytes;
}

static effnet_part_info conv_part(const char *name, const net_conv *conv)
{
    effnet_part_info info = {.kind = "conv",
                             .kernel = conv->kernel,
                             .stride = conv->stride,
                             .in_channels = conv->in,
                             .out_channels = conv->out,
                             .height = conv->out_height,
                             .width = conv->out_width};
    snprintf(info.name, sizeof info.name, "%s", name);
    return info;
}

static effnet_part_info block_part(const net_graph *graph, int index)
{
    const net_block *block = &graph->blocks[index];
    char name[sizeof((effnet_part_info *)0)->name];
    snprintf(name, sizeof name, "block:%d", index);
    effnet_part_info info = conv_part(name, &block->depthwise);
    info.kind = block->expands ? "mbconv" : "dsconv";
    info.expand = graph->arch.stages[block->stage].expand;
    info.in_channels = block->expands ? block->expand.in : block->depthwise.in;
    info.out_channels = block->project.out;
    info.squeeze = block->squeeze;
    info.residual = block->residual;
    set_cost(&info, net_cost_block(graph, index));
    return info;
}

static effnet_part_info classifier_part(const net_graph *graph)
{
    effnet_part_info info = {.name = "classifier", .kind = "linear", .height = 1, .width = 1};
    info.in_channels = graph->features;
    info.out_channels = graph->arch.classes;
    set_cost(&info, net_cost_classifier(graph));
    return info;
}

bool effnet_network_get_part(const effnet_network *network, size_t index, effnet_part_info *info)
{
    const net_graph *graph = network->graph;
    const size_t blocks = (size_t)graph->block_count;
    if (index >= net_graph_parts(graph)) return false;
    if (index == 0) {
        *info = conv_part("stem", &graph->stem);
        set_cost(info, net_cost_stem(graph));
    } else if (index <= blocks) {
        *info = block_part(graph, (int)index - 1);
    } else if (graph->has_head && index == blocks + 1) {
        *info = conv_part("head", &graph->head);
        set_cost(info, net_cost_head(graph));
    } else {
        *info = classifier_part(graph);
    }
    return true;
}

effnet_status effnet_network_get_shape(const effnet_network *network, const char *endpoint,
                                       effnet_shape *shape, effnet_error *error)
{
    net_endpoint at;
    if (!network || !endpoint || !shape)
        return error_set(error, EFFNET_ERR_ARGUMENT, "get_shape: network, endpoint or shape is NULL");
    TRY(net_endpoint_find(&at, network->graph, endpoint, error));
    *shape = (effnet_shape){at.height, at.width, at.channels};
    return EFFNET_OK;
}

const char *effnet_network_get_json(const effnet_network *network)
{
    return network->json;
}

bool effnet_catalogue_get(size_t index, char name[EFFNET_NAME_SIZE])
{
    net_arch arch;
    if (!net_arch_catalogue(&arch, index)) return false;
    snprintf(name, EFFNET_NAME_SIZE, "%s", arch.name);
    return true;
}
