/* SPDX-License-Identifier: Apache-2.0
 *
 * Shapes, padding, endpoints and parameter order against PyTorch's own networks (tables by
 * scripts/count_pytorch.py), and the rules that no published network shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "net/cost.h"
#include "net/graph.h"
#include "unit/table.h"

static net_arch by_name(const char *name)
{
    net_arch arch;
    effnet_error error;
    if (net_arch_by_name(&arch, name, &error)) fail_msg("%s", error.message);
    return arch;
}

static net_graph *make(const net_arch *arch, int height, int width)
{
    net_graph *graph;
    effnet_error error;
    if (net_graph_create(&graph, arch, NULL, height, width, &error)) fail_msg("%s", error.message);
    return graph;
}

/* A small network of our own: `count` block strings, stem of `stem` channels and stride 2, divisor 1. */
static net_arch custom(int stem, size_t count, const char *const *blocks)
{
    net_arch arch = by_name("efficientnet-b0");
    effnet_error error;
    arch.stem = stem;
    arch.divisor = 1;
    arch.stage_count = (int)count;
    for (size_t i = 0; i < count; i++)
        if (net_stage_parse(&arch.stages[i], blocks[i], &error)) fail_msg("%s", error.message);
    return arch;
}

static void refuses(const net_arch *arch, const net_variant *variant, int height, int width,
                    const char *words)
{
    net_graph *graph;
    effnet_error error;
    assert_int_equal(net_graph_create(&graph, arch, variant, height, width, &error), EFFNET_ERR_ARGUMENT);
    assert_null(graph);
    if (!strstr(error.message, words)) fail_msg("'%s' does not say '%s'", error.message, words);
}

/* ---- Against PyTorch ---- */

static void check_conv(table *t, const net_conv *conv)
{
    assert_int_equal(conv->out, table_int(t));
    assert_int_equal(conv->out_height, table_int(t));
    assert_int_equal(conv->out_width, table_int(t));
    assert_int_equal(conv->depthwise ? 1 : conv->in, table_int(t));
    assert_int_equal(conv->kernel, table_int(t));
    assert_int_equal(conv->stride, table_int(t));
    assert_int_equal(conv->pad_left, table_int(t));
    assert_int_equal(conv->pad_top, table_int(t));
}

static void next_conv(table *t, const char *network)
{
    assert_true(table_next(t));
    assert_string_equal(table_text(t), network);
    table_text(t);
    table_text(t);
    assert_string_equal(table_text(t), "conv");
}

static void check_squeeze(table *t, const char *network, int in, int out)
{
    next_conv(t, network);
    const net_conv squeeze = {
        .in = in, .out = out, .kernel = 1, .stride = 1, .out_height = 1, .out_width = 1};
    check_conv(t, &squeeze);
}

static void check_block(table *t, const char *network, const net_block *block)
{
    if (block->expands) {
        next_conv(t, network);
        check_conv(t, &block->expand);
    }
    next_conv(t, network);
    check_conv(t, &block->depthwise);
    if (block->squeeze) {
        check_squeeze(t, network, block->depthwise.out, block->squeeze);
        check_squeeze(t, network, block->squeeze, block->depthwise.out);
    }
    next_conv(t, network);
    check_conv(t, &block->project);
}

static void check_endpoint(table *t, const net_graph *graph, const char *name)
{
    net_endpoint e;
    effnet_error error;
    if (net_endpoint_find(&e, graph, name, &error)) fail_msg("%s", error.message);
    assert_int_equal(e.channels, table_int(t));
    assert_int_equal(e.height, table_int(t));
    assert_int_equal(e.width, table_int(t));
}

static void layers_equal_pytorch(void **state)
{
    (void)state;
    table t;
    size_t networks = 0, endpoints = 0;
    net_graph *graph = NULL;
    assert_true(table_open(&t, "net_layers.csv"));
    while (table_next(&t)) {
        const char *name = table_text(&t);
        const int height = table_int(&t), width = table_int(&t);
        const char *place = table_text(&t);
        if (strcmp(place, "conv") != 0) { /* behind the layers of the network that is already made */
            check_endpoint(&t, graph, place);
            endpoints++;
            continue;
        }
        net_graph_free(graph);
        const net_arch arch = by_name(name);
        graph = make(&arch, height, width);
        check_conv(&t, &graph->stem);
        for (int i = 0; i < graph->block_count; i++)
            check_block(&t, arch.name, &graph->blocks[i]);
        next_conv(&t, arch.name);
        check_conv(&t, &graph->head);
        networks++;
    }
    net_graph_free(graph);
    assert_int_equal(networks, 5);
    assert_int_equal(endpoints, 24);
}

static const char *source_name(net_part part)
{
    switch (part) {
    case NET_STEM_CONV: return "_conv_stem";
    case NET_STEM_BN: return "_bn0";
    case NET_EXPAND_CONV: return "_expand_conv";
    case NET_EXPAND_BN: return "_bn0";
    case NET_DEPTHWISE_CONV: return "_depthwise_conv";
    case NET_DEPTHWISE_BN: return "_bn1";
    case NET_SE_REDUCE: return "_se_reduce";
    case NET_SE_EXPAND: return "_se_expand";
    case NET_PROJECT_CONV: return "_project_conv";
    case NET_PROJECT_BN: return "_bn2";
    case NET_HEAD_CONV: return "_conv_head";
    case NET_HEAD_BN: return "_bn1";
    case NET_CLASSIFIER: return "_fc";
    }
    return NULL;
}

static void check_tensor(table *t, const net_tensor *tensor)
{
    static const char *const fields[] = {"weight", "bias", "running_mean", "running_var"};
    char block[32] = "", name[96], shape[96] = "";
    if (tensor->block >= 0) snprintf(block, sizeof block, "_blocks.%d.", tensor->block);
    snprintf(name, sizeof name, "%s%s.%s", block, source_name(tensor->part), fields[tensor->field]);
    assert_string_equal(name, table_text(t));
    size_t count = 1;
    for (int d = 0; d < tensor->rank; d++) {
        const size_t length = strlen(shape);
        snprintf(shape + length, sizeof shape - length, "%s%zu", d ? "x" : "", tensor->shape[d]);
        count *= tensor->shape[d];
    }
    assert_string_equal(shape, table_text(t));
    assert_int_equal(count, tensor->count);
}

static void tensors_equal_state_dict(void **state)
{
    (void)state;
    table t;
    size_t index = 0;
    const net_arch arch = by_name("efficientnet-b0");
    net_graph *graph = make(&arch, 0, 0);
    assert_true(table_open(&t, "net_tensors.csv"));
    for (; table_next(&t); index++) {
        const net_tensor tensor = net_tensor_at(graph, index);
        check_tensor(&t, &tensor);
    }
    assert_int_equal(index, net_tensor_count(graph));
    net_graph_free(graph);
}

/* ---- Rules ---- */

static void tensors_of_every_network(void **state)
{
    (void)state;
    net_arch arch;
    for (size_t i = 0; net_arch_catalogue(&arch, i); i++) {
        arch.classes = i % 2 ? 0 : 7;
        arch.head = i % 3 ? arch.head : 0;
        net_graph *graph = make(&arch, 32, 32);
        const size_t count = net_tensor_count(graph);
        int block = -1;
        for (size_t t = 0; t < count; t++) {
            const net_tensor tensor = net_tensor_at(graph, t);
            assert_true(tensor.block == -1 || tensor.block == block || tensor.block == block + 1);
            if (tensor.block > block) assert_int_equal(graph->blocks[++block].first_tensor, t);
        }
        assert_int_equal(block, graph->block_count - 1);
        const net_tensor last = net_tensor_at(graph, count - 1);
        assert_int_equal(last.part, arch.classes ? NET_CLASSIFIER : arch.head ? NET_HEAD_BN : NET_PROJECT_BN);
        net_graph_free(graph);
    }
}

static void symmetric_padding(void **state)
{
    (void)state;
    const net_arch arch = by_name("efficientnet-b0");
    const net_variant variant = {.padding = NET_PAD_SYMMETRIC, .bn_epsilon = 1e-5, .bn_momentum = 0.1};
    net_graph *graph;
    assert_int_equal(net_graph_create(&graph, &arch, &variant, 224, 97, NULL), EFFNET_OK);
    assert_int_equal(graph->stem.pad_top, 1);
    assert_int_equal(graph->stem.pad_left, 1);
    assert_int_equal(graph->stem.out_height, 112);
    assert_int_equal(graph->stem.out_width, 49);
    assert_int_equal(graph->blocks[3].depthwise.pad_top, 2); /* kernel 5 */
    assert_int_equal(graph->blocks[3].expand.pad_top, 0);
    assert_true(graph->variant.bn_epsilon == variant.bn_epsilon);
    net_graph_free(graph);
    graph =
        make(&arch, 224, 97); /* SAME pads one pixel in all at an even size, one on each side at an odd one */
    assert_int_equal(graph->stem.pad_top, 0);
    assert_int_equal(graph->stem.pad_left, 1);
    assert_true(graph->variant.padding == NET_PAD_SAME && graph->variant.bn_epsilon == 1e-3);
    net_graph_free(graph);
}

static void a_kernel_smaller_than_its_stride(void **state)
{
    (void)state;
    static const char *const blocks[] = {"r1_k1_s2_e1_i8_o8"};
    const net_arch arch = custom(8, 1, blocks);
    net_graph *graph = make(&arch, 35, 32);
    assert_int_equal(graph->blocks[0].depthwise.in_height, 18);
    assert_int_equal(graph->blocks[0].depthwise.out_height, 9);
    assert_int_equal(graph->blocks[0].depthwise.pad_top, 0);
    net_graph_free(graph);
}

static void squeeze_follows_input(void **state)
{
    (void)state;
    static const char *const blocks[] = {"r2_k3_s1_e4_i10_o24_se0.25", "r1_k3_s1_e6_i24_o4",
                                         "r1_k3_s1_e1_i4_o4_se0.1"};
    const net_arch arch = custom(10, 3, blocks);
    net_graph *graph = make(&arch, 32, 32);
    assert_int_equal(graph->blocks[0].squeeze, 2); /* int(10 x 0.25) */
    assert_int_equal(graph->blocks[1].squeeze, 6);
    assert_int_equal(graph->blocks[2].squeeze, 0);
    assert_int_equal(graph->blocks[3].squeeze, 1); /* never less */
    net_graph_free(graph);
}

static void residuals_where_shapes_match(void **state)
{
    (void)state;
    static const char *const blocks[] = {"r2_k3_s1_e1_i8_o8", "r2_k3_s2_e2_i8_o8", "r2_k3_s1_e2_i8_o8_noskip",
                                         "r2_k3_s1_e2_i8_o16"};
    static const bool expected[] = {true, true, false, true, false, false, false, true};
    const net_arch arch = custom(8, 4, blocks);
    net_graph *graph = make(&arch, 64, 64);
    assert_int_equal(graph->block_count, 8);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(graph->blocks[i].residual, expected[i]);
        assert_int_equal(graph->blocks[i].expands, i >= 2);
        assert_int_equal(graph->blocks[i].stage, i / 2);
        assert_int_equal(graph->blocks[i].repeat, i % 2);
        assert_int_equal(graph->blocks[i].depthwise.stride, i == 2 ? 2 : 1);
    }
    net_graph_free(graph);
}

static void drop_rates_grow_linearly(void **state)
{
    (void)state;
    net_arch arch = by_name("efficientnet-b0");
    net_graph *graph = make(&arch, 0, 0);
    for (int i = 0; i < 16; i++)
        assert_true(graph->blocks[i].drop_rate == 0.2 * (i / 16.0));
    net_graph_free(graph);
    arch = by_name("mobilenet-v2");
    graph = make(&arch, 0, 0);
    assert_true(graph->blocks[graph->block_count - 1].drop_rate == 0);
    net_graph_free(graph);
}

static void default_size(void **state)
{
    (void)state;
    const net_arch arch = by_name("efficientnet-lite3");
    net_graph *graph = make(&arch, 0, 0);
    assert_int_equal(graph->height, 280);
    assert_int_equal(graph->width, 280);
    net_graph_free(graph);
    graph = make(&arch, 0, 99);
    assert_int_equal(graph->height, 280);
    assert_int_equal(graph->width, 99);
    net_graph_free(graph);
    net_graph_free(NULL);
}

/* ---- Endpoints ---- */

static net_endpoint find(const net_graph *graph, const char *name)
{
    net_endpoint e;
    effnet_error error;
    if (net_endpoint_find(&e, graph, name, &error)) fail_msg("%s", error.message);
    return e;
}

static void is_endpoint(const net_graph *graph, const char *name, net_endpoint_kind kind, int block,
                        int channels, int height, int width)
{
    const net_endpoint e = find(graph, name);
    assert_int_equal(e.kind, kind);
    assert_int_equal(e.block, block);
    assert_int_equal(e.channels, channels);
    assert_int_equal(e.height, height);
    assert_int_equal(e.width, width);
}

static void is_no_endpoint(const net_graph *graph, const char *name, const char *words)
{
    net_endpoint e;
    effnet_error error;
    assert_int_equal(net_endpoint_find(&e, graph, name, &error), EFFNET_ERR_ARGUMENT);
    if (!strstr(error.message, words)) fail_msg("'%s' does not say '%s'", error.message, words);
}

static void endpoints_by_name(void **state)
{
    (void)state;
    net_arch arch = by_name("efficientnet-b0");
    net_graph *graph = make(&arch, 224, 224);
    is_endpoint(graph, "reduction_1", NET_AT_BLOCK, 0, 16, 112, 112);
    is_endpoint(graph, "reduction_2", NET_AT_BLOCK, 2, 24, 56, 56);
    is_endpoint(graph, "reduction_3", NET_AT_BLOCK, 4, 40, 28, 28);
    is_endpoint(graph, "reduction_4", NET_AT_BLOCK, 10, 112, 14, 14);
    is_endpoint(graph, "reduction_5", NET_AT_BLOCK, 15, 320, 7, 7);
    is_endpoint(graph, "reduction_6", NET_AT_FEATURES, -1, 1280, 7, 7);
    is_endpoint(graph, "features", NET_AT_FEATURES, -1, 1280, 7, 7);
    is_endpoint(graph, "stem", NET_AT_STEM, -1, 32, 112, 112);
    is_endpoint(graph, "block:0", NET_AT_BLOCK, 0, 16, 112, 112);
    is_endpoint(graph, "block:15", NET_AT_BLOCK, 15, 320, 7, 7);
    is_endpoint(graph, "pooled", NET_AT_POOLED, -1, 1280, 1, 1);
    is_endpoint(graph, "logits", NET_AT_LOGITS, -1, 1000, 1, 1);
    static const char *const bad[] = {"reduction_0",   "reduction_7",
                                      "reduction_",    "block:16",
                                      "block:-1",      "block:0x1",
                                      "block:",        "block: 1",
                                      "Features",      "",
                                      "block:1000000", "reduction_99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        is_no_endpoint(graph, bad[i],
                       "reduction_1 to reduction_5, stem, block:0 to block:15, features, pooled, logits");
    net_graph_free(graph);
    arch.classes = 0;
    graph = make(&arch, 224, 224);
    is_no_endpoint(graph, "logits", "no classifier");
    net_graph_free(graph);
}

/* With a stem of stride 1 there is one halving less, and one reduction less. */
static void endpoints_of_small_pictures(void **state)
{
    (void)state;
    net_arch arch = by_name("mobilenet-v2");
    arch.stem_stride = 1;
    net_graph *graph = make(&arch, 32, 48);
    is_endpoint(graph, "reduction_1", NET_AT_BLOCK, 0, 16, 32, 48);
    is_endpoint(graph, "reduction_5", NET_AT_BLOCK, 16, 320, 2, 3);
    is_endpoint(graph, "reduction_6", NET_AT_FEATURES, -1, 1280, 2, 3);
    is_no_endpoint(graph, "reduction_7", "reduction_1 to reduction_5");
    net_graph_free(graph);
}

/* Where a block that halves comes first the endpoint is the stem; where it comes last its own output is none.
 */
static void endpoints_at_the_ends(void **state)
{
    (void)state;
    static const char *const blocks[] = {"r1_k3_s2_e1_i8_o8", "r1_k3_s1_e2_i8_o12", "r1_k3_s2_e2_i12_o16"};
    net_arch arch = custom(8, 3, blocks);
    arch.head = 0;
    net_graph *graph = make(&arch, 64, 64);
    is_endpoint(graph, "reduction_1", NET_AT_STEM, -1, 8, 32, 32);
    is_endpoint(graph, "reduction_2", NET_AT_BLOCK, 1, 12, 16, 16);
    is_endpoint(graph, "reduction_3", NET_AT_FEATURES, -1, 16, 8, 8);
    is_endpoint(graph, "pooled", NET_AT_POOLED, -1, 16, 1, 1);
    is_no_endpoint(graph, "reduction_4", "reduction_1 to reduction_2");
    net_graph_free(graph);
}

/* ---- What cannot be built ---- */

static void impossible_inputs(void **state)
{
    (void)state;
    const net_arch arch = by_name("efficientnet-b0");
    refuses(&arch, NULL, 31, 224, "31 x 224");
    refuses(&arch, NULL, 224, 16385, "224 x 16385");
    refuses(&arch, NULL, -1, 224, "-1 x 224");
    net_variant variant = net_variant_source;
    variant.padding = (net_padding)7;
    refuses(&arch, &variant, 0, 0, "padding");
    variant = net_variant_source;
    variant.bn_epsilon = (double)NAN;
    refuses(&arch, &variant, 0, 0, "epsilon");
    variant.bn_epsilon = 0;
    refuses(&arch, &variant, 0, 0, "epsilon");
    variant = net_variant_source;
    variant.bn_momentum = -0.5;
    refuses(&arch, &variant, 0, 0, "momentum");
}

static void impossible_networks(void **state)
{
    (void)state;
    net_arch arch = by_name("efficientnet-b0");
    arch.width = 90;
    refuses(&arch, NULL, 0, 0, "channels");
    arch = by_name("efficientnet-b0");
    arch.width = 52; /* head 1280 x 52 */
    refuses(&arch, NULL, 0, 0, "channels");
    arch = by_name("efficientnet-b0");
    arch.stem = 65536;
    arch.stages[0].in = 65536;
    arch.width = 1.5;
    refuses(&arch, NULL, 0, 0, "98304 channels");
    arch = by_name("efficientnet-b0");
    arch.depth = 100;
    arch.stages[3].repeats = 4096;
    refuses(&arch, NULL, 0, 0, "blocks");
    arch.stage_count = 0;
    refuses(&arch, NULL, 0, 0, "blocks");
    static const char *const wide[] = {"r64_k15_s1_e1_i65536_o65536"};
    arch = custom(65536, 1, wide);
    arch.stem_stride = 1;
    arch.head = 0;
    refuses(&arch, NULL, 16384, 16384, "2^63");
    net_graph *graph = make(&arch, 32, 32); /* the same is only large at a small size */
    assert_true(net_cost_total(graph).macs > UINT64_C(1) << 47);
    net_graph_free(graph);
}

static void the_narrowest_network(void **state)
{
    (void)state;
    net_arch arch = by_name("efficientnet-b0");
    arch.width = 1e-300;
    arch.depth = 1e-300;
    net_graph *graph = make(&arch, 32, 32);
    assert_int_equal(graph->stem.out, 8); /* never under the divisor */
    assert_int_equal(graph->block_count, 7);
    net_graph_free(graph);
    arch.divisor = 1;
    graph = make(&arch, 32, 32);
    assert_int_equal(graph->stem.out, 1);
    assert_int_equal(graph->blocks[6].squeeze, 1);
    net_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_equal_pytorch),
        cmocka_unit_test(tensors_equal_state_dict),
        cmocka_unit_test(tensors_of_every_network),
        cmocka_unit_test(symmetric_padding),
        cmocka_unit_test(a_kernel_smaller_than_its_stride),
        cmocka_unit_test(squeeze_follows_input),
        cmocka_unit_test(residuals_where_shapes_match),
        cmocka_unit_test(drop_rates_grow_linearly),
        cmocka_unit_test(default_size),
        cmocka_unit_test(endpoints_by_name),
        cmocka_unit_test(endpoints_of_small_pictures),
        cmocka_unit_test(endpoints_at_the_ends),
        cmocka_unit_test(impossible_inputs),
        cmocka_unit_test(impossible_networks),
        cmocka_unit_test(the_narrowest_network),
    };
    return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
