/* SPDX-License-Identifier: Apache-2.0
 *
 * See layers.h.
 */
#include "engine/latency/layers.h"

#include <string.h>

#include "net/cost.h"

/* Weights of a convolution, or values of a plane, that are measured at most: 1 GiB. */
enum { MOST_VALUES = 1 << 28 };

/* Where the layer that is asked for lies among the parts of its probe, and how many parts that has. */
enum { CONVOLUTION_PART = 0, BLOCK_PART = 2, PROBE_PARTS = 5 };

static effnet_status check_size(const net_conv *c, effnet_error *error)
{
    const uint64_t weights = (uint64_t)(c->depthwise ? 1 : c->in) * (uint64_t)c->out * (uint64_t)c->kernel *
                             (uint64_t)c->kernel,
                   in = (uint64_t)c->in * (uint64_t)c->in_height * (uint64_t)c->in_width,
                   out = (uint64_t)c->out * (uint64_t)c->out_height * (uint64_t)c->out_width;
    if (weights <= MOST_VALUES && in <= MOST_VALUES && out <= MOST_VALUES) return EFFNET_OK;
    return error_set(
        error, EFFNET_ERR_LIMIT,
        "a convolution of %llu weights, %llu inputs and %llu outputs; at most %d of each are measured",
        (unsigned long long)weights, (unsigned long long)in, (unsigned long long)out, MOST_VALUES);
}

/* Takes `probe` over. */
static effnet_status run(double *ms, net_graph *probe, size_t part, const prober *p, effnet_error *error)
{
    double part_ms[PROBE_PARTS] = {0};
    const effnet_status status = probe_run(part_ms, probe, p->level, p->team, NET_AT_BLOCK, p->effort, error);
    net_graph_free(probe);
    *ms = part_ms[part];
    return status;
}

static effnet_status measure_convolution(double *ms, const net_conv *conv, net_activation activation,
                                         const prober *p, effnet_error *error)
{
    net_graph *probe;
    TRY(check_size(conv, error));
    TRY(probe_of_convolution(&probe, conv, activation, error));
    return run(ms, probe, CONVOLUTION_PART, p, error);
}

/* The layer as a block: its convolutions are [1x1], depthwise, 1x1. */
static net_block block_of(const net_layer_graph *layer)
{
    const net_conv *c = layer->convs;
    const bool expands = !c->depthwise;
    net_block b = {.expands = expands, .squeeze = layer->squeeze};
    if (expands) b.expand = *c++;
    b.depthwise = c[0];
    b.project = c[1];
    return b;
}

static bool has_depthwise(const net_layer_graph *layer)
{
    return layer->convs[0].depthwise || (layer->count > 1 && layer->convs[1].depthwise);
}

effnet_status layers_measure(double *ms, const net_layer_graph *layer, const prober *p, effnet_error *error)
{
    *ms = 0;
    for (int i = 0; i < layer->count; i++)
        TRY(check_size(&layer->convs[i], error));
    if (has_depthwise(layer)) {
        const net_block block = block_of(layer);
        net_graph *probe;
        TRY(probe_of_block(&probe, &block, NET_RELU, error));
        return run(ms, probe, BLOCK_PART, p, error);
    }
    for (int i = 0; i < layer->count; i++) {
        double one;
        TRY(measure_convolution(&one, &layer->convs[i], NET_RELU, p, error));
        *ms += one;
    }
    return EFFNET_OK;
}

static bool same_shape(const net_block *a, const net_block *b)
{
    return a->expands == b->expands && memcmp(&a->expand, &b->expand, sizeof a->expand) == 0 &&
           memcmp(&a->depthwise, &b->depthwise, sizeof a->depthwise) == 0 && a->project.out == b->project.out;
}

static effnet_status measure_block(double *ms, const net_block *block, net_activation activation,
                                   const prober *p, effnet_error *error)
{
    const net_conv conv = net_standard_conv(block);
    double expand = 0;
    if (block->expands) TRY(measure_convolution(&expand, &block->expand, activation, p, error));
    TRY(measure_convolution(ms, &conv, activation, p, error));
    *ms += expand;
    return EFFNET_OK;
}

effnet_status layers_measure_standard(double *part_ms, const net_graph *graph, const prober *p,
                                      effnet_error *error)
{
    const net_activation activation = graph->arch.activation;
    TRY(measure_convolution(&part_ms[0], &graph->stem, activation, p, error));
    for (int i = 0; i < graph->block_count; i++) {
        const net_block *b = &graph->blocks[i];
        if (i > 0 && same_shape(b, b - 1))
            part_ms[i + 1] = part_ms[i];
        else
            TRY(measure_block(&part_ms[i + 1], b, activation, p, error));
    }
    return EFFNET_OK;
}
