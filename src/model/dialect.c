/* SPDX-License-Identifier: Apache-2.0
 *
 * Tensor names by dialect: a prefix that says where, a middle that says which layer, a suffix that says which
 * tensor of it.
 *
 * Sources: efficientnet_pytorch 0.7.1 and efficientnet_lite_pytorch 0.1.0 model.py, torchvision
 * models/efficientnet.py and mobilenetv2.py, timm models/efficientnet.py and _efficientnet_blocks.py.
 * scripts/make_dialect_names.py asks those packages for their names; tests/unit/test_dialect.c compares.
 */
#include "model/dialect.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { PART_COUNT = NET_CLASSIFIER + 1 };

static const char *const effnet_parts[PART_COUNT] = {
    [NET_STEM_CONV] = "stem.conv",           [NET_STEM_BN] = "stem.bn",
    [NET_EXPAND_CONV] = "expand.conv",       [NET_EXPAND_BN] = "expand.bn",
    [NET_DEPTHWISE_CONV] = "depthwise.conv", [NET_DEPTHWISE_BN] = "depthwise.bn",
    [NET_SE_REDUCE] = "se.reduce",           [NET_SE_EXPAND] = "se.expand",
    [NET_PROJECT_CONV] = "project.conv",     [NET_PROJECT_BN] = "project.bn",
    [NET_HEAD_CONV] = "head.conv",           [NET_HEAD_BN] = "head.bn",
    [NET_CLASSIFIER] = "classifier",
};

static const char *const lukemelas_parts[PART_COUNT] = {
    [NET_STEM_CONV] = "_conv_stem",
    [NET_STEM_BN] = "_bn0",
    [NET_EXPAND_CONV] = "_expand_conv",
    [NET_EXPAND_BN] = "_bn0",
    [NET_DEPTHWISE_CONV] = "_depthwise_conv",
    [NET_DEPTHWISE_BN] = "_bn1",
    [NET_SE_REDUCE] = "_se_reduce",
    [NET_SE_EXPAND] = "_se_expand",
    [NET_PROJECT_CONV] = "_project_conv",
    [NET_PROJECT_BN] = "_bn2",
    [NET_HEAD_CONV] = "_conv_head",
    [NET_HEAD_BN] = "_bn1",
    [NET_CLASSIFIER] = "_fc",
};

/* timm's InvertedResidual. */
static const char *const timm_parts[PART_COUNT] = {
    [NET_STEM_CONV] = "conv_stem",      [NET_STEM_BN] = "bn1",
    [NET_EXPAND_CONV] = "conv_pw",      [NET_EXPAND_BN] = "bn1",
    [NET_DEPTHWISE_CONV] = "conv_dw",   [NET_DEPTHWISE_BN] = "bn2",
    [NET_SE_REDUCE] = "se.conv_reduce", [NET_SE_EXPAND] = "se.conv_expand",
    [NET_PROJECT_CONV] = "conv_pwl",    [NET_PROJECT_BN] = "bn3",
    [NET_HEAD_CONV] = "conv_head",      [NET_HEAD_BN] = "bn2",
    [NET_CLASSIFIER] = "classifier",
};

/* timm's DepthwiseSeparableConv, which stands for a block that does not expand. */
static const char *timm_separable_part(net_part part)
{
    switch (part) {
    case NET_DEPTHWISE_BN: return "bn1";
    case NET_PROJECT_CONV: return "conv_pw";
    case NET_PROJECT_BN: return "bn2";
    default: return timm_parts[part];
    }
}

static void name_effnet(char out[DIALECT_NAME_SIZE], const net_graph *graph, const net_tensor *tensor)
{
    (void)graph;
    if (tensor->block < 0)
        snprintf(out, DIALECT_NAME_SIZE, "%s", effnet_parts[tensor->part]);
    else
        snprintf(out, DIALECT_NAME_SIZE, "blocks.%d.%s", tensor->block, effnet_parts[tensor->part]);
}

static void name_lukemelas(char out[DIALECT_NAME_SIZE], const net_graph *graph, const net_tensor *tensor)
{
    (void)graph;
    if (tensor->block < 0)
        snprintf(out, DIALECT_NAME_SIZE, "%s", lukemelas_parts[tensor->part]);
    else
        snprintf(out, DIALECT_NAME_SIZE, "_blocks.%d.%s", tensor->block, lukemelas_parts[tensor->part]);
}

static void name_timm(char out[DIALECT_NAME_SIZE], const net_graph *graph, const net_tensor *tensor)
{
    if (tensor->block < 0) {
        snprintf(out, DIALECT_NAME_SIZE, "%s", timm_parts[tensor->part]);
        return;
    }
    const net_block *block = &graph->blocks[tensor->block];
    const char *part = block->expands ? timm_parts[tensor->part] : timm_separable_part(tensor->part);
    snprintf(out, DIALECT_NAME_SIZE, "blocks.%d.%d.%s", block->stage, block->repeat, part);
}

static bool is_batch_norm(net_part part)
{
    return part == NET_STEM_BN || part == NET_EXPAND_BN || part == NET_DEPTHWISE_BN ||
           part == NET_PROJECT_BN || part == NET_HEAD_BN;
}

/* torchvision builds networks with squeeze-and-excitation as EfficientNet and all others as MobileNetV2,
 * which nest differently. */
static bool torchvision_nests_stages(const net_graph *graph)
{
    for (int i = 0; i < graph->block_count; i++)
        if (graph->blocks[i].squeeze) return true;
    return false;
}

/* MBConv: a list of [expand,] depthwise, [squeeze-and-excitation,] project; convolution 0 and batch norm 1 of
 * each. */
static void name_mbconv(char out[DIALECT_NAME_SIZE], const net_block *block, net_part part)
{
    const int depthwise = block->expands ? 1 : 0, squeeze = depthwise + 1,
              project = squeeze + (block->squeeze ? 1 : 0);
    char layer[16];
    switch (part) {
    case NET_SE_REDUCE: snprintf(layer, sizeof layer, "%d.fc1", squeeze); break;
    case NET_SE_EXPAND: snprintf(layer, sizeof layer, "%d.fc2", squeeze); break;
    case NET_DEPTHWISE_CONV:
    case NET_DEPTHWISE_BN: snprintf(layer, sizeof layer, "%d.%d", depthwise, is_batch_norm(part)); break;
    case NET_PROJECT_CONV:
    case NET_PROJECT_BN: snprintf(layer, sizeof layer, "%d.%d", project, is_batch_norm(part)); break;
    default: snprintf(layer, sizeof layer, "0.%d", is_batch_norm(part)); break;
    }
    snprintf(out, DIALECT_NAME_SIZE, "features.%d.%d.block.%s", block->stage + 1, block->repeat, layer);
}

/* MobileNetV2's InvertedResidual: the projection and its batch norm lie one level higher than the rest. */
static void name_inverted_residual(char out[DIALECT_NAME_SIZE], const net_block *block, int index,
                                   net_part part)
{
    const int depthwise = block->expands ? 1 : 0;
    char layer[16];
    switch (part) {
    case NET_DEPTHWISE_CONV:
    case NET_DEPTHWISE_BN: snprintf(layer, sizeof layer, "%d.%d", depthwise, is_batch_norm(part)); break;
    case NET_PROJECT_CONV:
    case NET_PROJECT_BN: snprintf(layer, sizeof layer, "%d", depthwise + 1 + is_batch_norm(part)); break;
    default: snprintf(layer, sizeof layer, "0.%d", is_batch_norm(part)); break;
    }
    snprintf(out, DIALECT_NAME_SIZE, "features.%d.conv.%s", index + 1, layer);
}

static void name_torchvision(char out[DIALECT_NAME_SIZE], const net_graph *graph, const net_tensor *tensor)
{
    const bool nests = torchvision_nests_stages(graph);
    if (tensor->part == NET_CLASSIFIER) {
        snprintf(out, DIALECT_NAME_SIZE, "classifier.1"); /* 0 is the dropout */
    } else if (tensor->block < 0) {
        const bool head = tensor->part == NET_HEAD_CONV || tensor->part == NET_HEAD_BN;
        const int last = (nests ? graph->arch.stage_count : graph->block_count) + 1;
        snprintf(out, DIALECT_NAME_SIZE, "features.%d.%d", head ? last : 0, is_batch_norm(tensor->part));
    } else if (nests) {
        name_mbconv(out, &graph->blocks[tensor->block], tensor->part);
    } else {
        name_inverted_residual(out, &graph->blocks[tensor->block], tensor->block, tensor->part);
    }
}

static const struct {
    const char *name, *stem, *classifier;
    void (*module)(char out[DIALECT_NAME_SIZE], const net_graph *graph, const net_tensor *tensor);
} dialects[DIALECT_COUNT] = {
    [DIALECT_EFFNET] = {"effnet", "stem.conv.weight", "classifier.weight", name_effnet},
    [DIALECT_LUKEMELAS] = {"efficientnet_pytorch", "_conv_stem.weight", "_fc.weight", name_lukemelas},
    [DIALECT_TORCHVISION] = {"torchvision", "features.0.0.weight", "classifier.1.weight", name_torchvision},
    [DIALECT_TIMM] = {"timm", "conv_stem.weight", "classifier.weight", name_timm},
};

static void append(char out[DIALECT_NAME_SIZE], const char *suffix)
{
    const size_t length = strlen(out);
    assert(length + strlen(suffix) < DIALECT_NAME_SIZE);
    memcpy(out + length, suffix, strlen(suffix) + 1);
}

void dialect_tensor_name(char out[DIALECT_NAME_SIZE], dialect d, const net_graph *graph,
                         const net_tensor *tensor)
{
    static const char *const suffixes[] = {[NET_WEIGHT] = ".weight",
                                           [NET_BIAS] = ".bias",
                                           [NET_MEAN] = ".running_mean",
                                           [NET_VARIANCE] = ".running_var"};
    dialects[d].module(out, graph, tensor);
    append(out, suffixes[tensor->field]);
}

void dialect_counter_name(char out[DIALECT_NAME_SIZE], dialect d, const net_graph *graph,
                          const net_tensor *tensor)
{
    assert(is_batch_norm(tensor->part));
    dialects[d].module(out, graph, tensor);
    append(out, ".num_batches_tracked");
}

const char *dialect_name(dialect d)
{
    return dialects[d].name;
}

bool dialect_parse(const char *name, dialect *out)
{
    if (!strcmp(name, "lukemelas") || !strcmp(name, "efficientnet_lite_pytorch")) {
        *out = DIALECT_LUKEMELAS;
        return true;
    }
    for (int i = 0; i < DIALECT_COUNT; i++) {
        if (strcmp(name, dialects[i].name)) continue;
        *out = (dialect)i;
        return true;
    }
    return false;
}

const char *dialect_stem(dialect d)
{
    return dialects[d].stem;
}

const char *dialect_classifier(dialect d)
{
    return dialects[d].classifier;
}
