/* SPDX-License-Identifier: Apache-2.0
 *
 * From a description to every layer with its shape: compound scaling, padding, squeeze widths, residuals and
 * drop-connect rates, by the rules of the source (lukemelas/EfficientNet-PyTorch model.py and utils.py).
 */
#include "net/graph.h"

#include <math.h>
#include <stdlib.h>

#include "net/cost.h"

const net_variant net_variant_source = {.padding = NET_PAD_SAME, .bn_epsilon = 1e-3, .bn_momentum = 0.01};

/* What flows between layers while the graph is built. */
typedef struct flow {
    const net_arch *arch;
    net_padding padding;
    int channels, height, width;
    size_t tensors; /* parameter tensors so far */
} flow;

/* Tensors of a convolution with its batch norm, and of SE's two convolutions with their biases. */
enum { CONV_BN_TENSORS = 5, SE_TENSORS = 4 };

static int scaled_channels(const net_arch *arch, int channels, net_scaling scaling)
{
    if (scaling == NET_FIXED) return channels;
    const double width = scaling == NET_NOT_LESS ? fmax(1.0, arch->width) : arch->width;
    return net_round_channels(channels, width, arch->divisor);
}

static int scaled_repeats(const net_arch *arch, int stage)
{
    const bool end = stage == 0 || stage == arch->stage_count - 1;
    const int repeats = arch->stages[stage].repeats;
    return end && arch->fixed_ends ? repeats : net_round_repeats(repeats, arch->depth);
}

/* Output size and padding of one direction. */
static int convolve_side(int in, int kernel, int stride, net_padding padding, int *before)
{
    if (padding == NET_PAD_SYMMETRIC) {
        *before = kernel / 2;
        return (in + 2 * (kernel / 2) - kernel) / stride + 1;
    }
    const int out = (in + stride - 1) / stride;
    const int total = (out - 1) * stride + kernel - in;
    *before = total > 0 ? total / 2 : 0;
    return out;
}

void net_conv_place(net_conv *conv, net_padding padding)
{
    conv->out_height = convolve_side(conv->in_height, conv->kernel, conv->stride, padding, &conv->pad_top);
    conv->out_width = convolve_side(conv->in_width, conv->kernel, conv->stride, padding, &conv->pad_left);
}

/* A convolution of what flows to `out` channels; what flows on is its output. */
static net_conv convolve(flow *f, int out, int kernel, int stride, bool depthwise)
{
    net_conv conv = {.depthwise = depthwise,
                     .in = f->channels,
                     .out = out,
                     .kernel = kernel,
                     .stride = stride,
                     .in_height = f->height,
                     .in_width = f->width};
    net_conv_place(&conv, f->padding);
    f->channels = out;
    f->height = conv.out_height;
    f->width = conv.out_width;
    f->tensors += CONV_BN_TENSORS;
    return conv;
}

int net_squeeze_channels(double ratio, int in)
{
    if (ratio <= 0) return 0;
    const int squeeze = (int)(in * ratio);
    return squeeze > 1 ? squeeze : 1;
}

static net_block make_block(flow *f, int stage_index, int repeat)
{
    const net_stage *stage = &f->arch->stages[stage_index];
    const int in = f->channels, hidden = in * stage->expand;
    const int out = scaled_channels(f->arch, stage->out, NET_SCALED);
    const int stride = repeat == 0 ? stage->stride : 1;
    net_block block = {
        .stage = stage_index,
        .repeat = repeat,
        .expands = stage->expand != 1,
        .residual = stride == 1 && in == out && !stage->no_skip,
        .squeeze = net_squeeze_channels(stage->se, in),
        .first_tensor = f->tensors,
    };
    if (block.expands) block.expand = convolve(f, hidden, 1, 1, false);
    block.depthwise = convolve(f, hidden, stage->kernel, stride, true);
    if (block.squeeze) f->tensors += SE_TENSORS;
    block.project = convolve(f, out, 1, 1, false);
    return block;
}

static effnet_status check_channels(const char *where, int index, int channels, effnet_error *error)
{
    if (channels <= NET_MAX_CHANNELS) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_ARGUMENT, "%s %d would have %d channels; at most %d are possible",
                     where, index, channels, NET_MAX_CHANNELS);
}

static effnet_status count_blocks(int *out, const net_arch *arch, effnet_error *error)
{
    int count = 0;
    for (int i = 0; i < arch->stage_count; i++)
        count += scaled_repeats(arch, i); /* at most NET_MAX_STAGES x NET_MAX_BLOCKS x NET_MAX_MULTIPLIER */
    if (count > NET_MAX_BLOCKS)
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "the network would have %d blocks; at most %d are possible", count, NET_MAX_BLOCKS);
    *out = count;
    return EFFNET_OK;
}

static effnet_status make_blocks(net_graph *graph, flow *f, effnet_error *error)
{
    int index = 0;
    for (int stage = 0; stage < f->arch->stage_count; stage++) {
        const int repeats = scaled_repeats(f->arch, stage);
        for (int repeat = 0; repeat < repeats; repeat++, index++) {
            net_block *block = &graph->blocks[index];
            *block = make_block(f, stage, repeat);
            block->drop_rate = f->arch->drop_connect * ((double)index / graph->block_count);
            TRY(check_channels("block", index, block->depthwise.out, error));
            TRY(check_channels("block", index, block->project.out, error));
        }
    }
    return EFFNET_OK;
}

static effnet_status make_layers(net_graph *graph, effnet_error *error)
{
    const net_arch *arch = &graph->arch;
    flow f = {.arch = arch,
              .padding = graph->variant.padding,
              .channels = arch->in_channels,
              .height = graph->height,
              .width = graph->width};
    graph->stem = convolve(&f, scaled_channels(arch, arch->stem, arch->stem_scaling), arch->stem_kernel,
                           arch->stem_stride, false);
    TRY(check_channels("the stem's layer", 0, graph->stem.out, error));
    TRY(make_blocks(graph, &f, error));
    graph->has_head = arch->head > 0;
    if (graph->has_head)
        graph->head = convolve(&f, scaled_channels(arch, arch->head, arch->head_scaling), 1, 1, false);
    graph->features = f.channels;
    return check_channels("the head's layer", 0, graph->features, error);
}

/* Sums that saturated or that a signed 64-bit integer (JSON's) cannot hold. */
static effnet_status check_cost(const net_graph *graph, effnet_error *error)
{
    const net_cost total = net_cost_total(graph);
    if (total.macs <= INT64_MAX && total.parameters <= INT64_MAX && total.activation_bytes <= INT64_MAX &&
        total.bytes_moved <= INT64_MAX)
        return EFFNET_OK;
    return error_set(error, EFFNET_ERR_ARGUMENT,
                     "the network would need more than 2^63 multiply-adds at %d x %d", graph->height,
                     graph->width);
}

static effnet_status check_input(const net_variant *variant, int height, int width, effnet_error *error)
{
    if (height < NET_MIN_SIZE || height > NET_MAX_SIZE || width < NET_MIN_SIZE || width > NET_MAX_SIZE)
        return error_set(error, EFFNET_ERR_ARGUMENT, "the input is %d x %d; wanted %d to %d on each side",
                         height, width, NET_MIN_SIZE, NET_MAX_SIZE);
    if (variant->padding != NET_PAD_SAME && variant->padding != NET_PAD_SYMMETRIC)
        return error_set(error, EFFNET_ERR_ARGUMENT, "unknown padding %d", (int)variant->padding);
    if (!(variant->bn_epsilon > 0 && variant->bn_epsilon < 1))
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "batch norm's epsilon is %g; wanted more than 0, less than 1", variant->bn_epsilon);
    if (!(variant->bn_momentum >= 0 && variant->bn_momentum <= 1))
        return error_set(error, EFFNET_ERR_ARGUMENT, "batch norm's momentum is %g; wanted 0 to 1",
                         variant->bn_momentum);
    return EFFNET_OK;
}

effnet_status net_graph_create(net_graph **out, const net_arch *arch, const net_variant *variant, int height,
                               int width, effnet_error *error)
{
    *out = NULL;
    if (!variant) variant = &net_variant_source;
    if (height == 0) height = arch->size;
    if (width == 0) width = arch->size;
    int block_count = 0;
    TRY(net_arch_check(arch, error));
    TRY(check_input(variant, height, width, error));
    TRY(count_blocks(&block_count, arch, error));
    net_graph *graph = calloc(1, sizeof *graph);
    if (!graph) return error_memory(error);
    *graph = (net_graph){
        .arch = *arch, .variant = *variant, .height = height, .width = width, .block_count = block_count};
    graph->blocks = calloc((size_t)block_count, sizeof *graph->blocks);
    effnet_status status = graph->blocks ? make_layers(graph, error) : error_memory(error);
    if (status == EFFNET_OK) status = check_cost(graph, error);
    if (status == EFFNET_OK)
        *out = graph;
    else
        net_graph_free(graph);
    return status;
}

void net_graph_free(net_graph *graph)
{
    if (!graph) return;
    free(graph->blocks);
    free(graph);
}

size_t net_graph_parts(const net_graph *graph)
{
    return 1 + (size_t)graph->block_count + graph->has_head + (graph->arch.classes > 0);
}
