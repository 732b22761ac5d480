/* SPDX-License-Identifier: Apache-2.0
 *
 * The names of the places at which values can be taken out of a network.
 */
#include "net/graph.h"

#include <string.h>

/* Output of block `block`, or of the stem for -1. */
static net_endpoint after_block(const net_graph *graph, int block)
{
    const net_conv *conv = block < 0 ? &graph->stem : &graph->blocks[block].project;
    return (net_endpoint){.kind = block < 0 ? NET_AT_STEM : NET_AT_BLOCK,
                          .block = block,
                          .channels = conv->out,
                          .height = conv->out_height,
                          .width = conv->out_width};
}

static net_endpoint at_features(const net_graph *graph)
{
    net_endpoint e = after_block(graph, graph->block_count - 1); /* the head keeps height and width */
    e.kind = NET_AT_FEATURES;
    e.block = -1;
    e.channels = graph->features;
    return e;
}

static net_endpoint at_vector(net_endpoint_kind kind, int length)
{
    return (net_endpoint){.kind = kind, .block = -1, .channels = length, .height = 1, .width = 1};
}

/* Walks as extract_endpoints does (lukemelas/EfficientNet-PyTorch model.py): a block that loses height ends a
 * reduction, whose endpoint is what the block was given; the last block ends one with its own output, unless
 * it loses height itself; the head's output is one more. Returns how many reductions the blocks give, and in
 * *out number `wanted` of them, if there are so many. */
static int find_reduction(net_endpoint *out, const net_graph *graph, int wanted)
{
    int count = 0;
    for (int i = 0; i < graph->block_count; i++) {
        const net_block *block = &graph->blocks[i];
        const bool shrinks = block->depthwise.out_height < block->depthwise.in_height;
        if (!shrinks && i < graph->block_count - 1) continue;
        if (++count == wanted) *out = after_block(graph, shrinks ? i - 1 : i);
    }
    if (count + 1 == wanted) *out = at_features(graph);
    return count;
}

/* Digits to the end of `text`, at most six of them; -1 for anything else. */
static int read_number(const char *text)
{
    const size_t length = strspn(text, "0123456789");
    if (length == 0 || length > 6 || text[length]) return -1;
    int value = 0;
    for (size_t i = 0; i < length; i++)
        value = 10 * value + (text[i] - '0');
    return value;
}

/* The number behind `prefix`; -1 if `name` is not of that form. */
static int numbered(const char *name, const char *prefix)
{
    const size_t length = strlen(prefix);
    return strncmp(name, prefix, length) == 0 ? read_number(name + length) : -1;
}

static effnet_status not_found(const net_graph *graph, const char *name, effnet_error *error)
{
    net_endpoint unused;
    return error_set(error, EFFNET_ERR_ARGUMENT,
                     "no endpoint is called '%.60s'; there are reduction_1 to reduction_%d, stem, block:0 to "
                     "block:%d, features, pooled%s",
                     name, find_reduction(&unused, graph, 0), graph->block_count - 1,
                     graph->arch.classes ? ", logits" : " (and no classifier)");
}

effnet_status net_endpoint_find(net_endpoint *out, const net_graph *graph, const char *name,
                                effnet_error *error)
{
    const int reduction = numbered(name, "reduction_"), block = numbered(name, "block:");
    if (!strcmp(name, "features")) {
        *out = at_features(graph);
    } else if (!strcmp(name, "pooled")) {
        *out = at_vector(NET_AT_POOLED, graph->features);
    } else if (!strcmp(name, "logits") && graph->arch.classes > 0) {
        *out = at_vector(NET_AT_LOGITS, graph->arch.classes);
    } else if (!strcmp(name, "stem")) {
        *out = after_block(graph, -1);
    } else if (block >= 0 && block < graph->block_count) {
        *out = after_block(graph, block);
    } else if (reduction < 1 || find_reduction(out, graph, reduction) + 1 < reduction) {
        return not_found(graph, name, error);
    }
    return EFFNET_OK;
}
