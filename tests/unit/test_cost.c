/* SPDX-License-Identifier: Apache-2.0
 *
 * Parameters, multiply-adds and output bytes against PyTorch's own networks, to the unit. The table comes
 * from scripts/count_pytorch.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/cost.h"
#include "unit/named_graph.h"
#include "unit/table.h"

static void costs_equal_pytorch(void **state)
{
    (void)state;
    table t;
    size_t rows = 0, networks = 0;
    char last[64] = "";
    assert_true(table_open(&t, "net_costs.csv"));
    for (; table_next(&t); rows++) {
        net_arch arch;
        effnet_error error;
        const char *name = table_text(&t);
        if (net_arch_by_name(&arch, name, &error)) fail_msg("%s", error.message);
        assert_string_equal(arch.name, name);
        networks += strcmp(last, name) != 0;
        snprintf(last, sizeof last, "%s", name);
        const int height = table_int(&t), width = table_int(&t);
        arch.in_channels = table_int(&t);
        arch.classes = table_int(&t);
        const unsigned long long parameters = table_number(&t), macs = table_number(&t),
                                 bytes = table_number(&t);
        for (net_padding padding = NET_PAD_SAME; padding <= NET_PAD_SYMMETRIC; padding++) {
            net_variant variant = net_variant_source;
            net_graph *graph;
            variant.padding = padding;
            if (net_graph_create(&graph, &arch, &variant, height, width, &error))
                fail_msg("%s", error.message);
            const net_cost cost = net_cost_total(graph);
            if (cost.parameters != parameters || cost.macs != macs || cost.activation_bytes != bytes)
                fail_msg("%s at %dx%d: %llu parameters, %llu multiply-adds, %llu bytes; PyTorch has %llu, "
                         "%llu, %llu",
                         name, height, width, (unsigned long long)cost.parameters,
                         (unsigned long long)cost.macs, (unsigned long long)cost.activation_bytes, parameters,
                         macs, bytes);
            net_graph_free(graph);
        }
    }
    net_arch arch;
    size_t catalogue = 0;
    while (net_arch_catalogue(&arch, catalogue))
        catalogue++;
    assert_int_equal(networks, catalogue);
    assert_true(rows >= 5 * catalogue);
}

/* The parts add up to the whole, and the tensors to the parameters. */
static void parts_add_up(void **state)
{
    (void)state;
    net_arch arch;
    for (size_t i = 0; net_arch_catalogue(&arch, i); i++) {
        net_graph *graph = named_graph(arch.name, 64, 64);
        net_cost total = net_cost_total(graph), sum = net_cost_stem(graph);
        const net_cost head = net_cost_head(graph), classifier = net_cost_classifier(graph);
        for (int b = 0; b < graph->block_count; b++) {
            const net_cost block = net_cost_block(graph, b);
            sum.parameters += block.parameters;
            sum.macs += block.macs;
            sum.activation_bytes += block.activation_bytes;
        }
        assert_true(sum.parameters + head.parameters + classifier.parameters == total.parameters);
        assert_true(sum.macs + head.macs + classifier.macs == total.macs);
        assert_true(sum.activation_bytes + head.activation_bytes + classifier.activation_bytes ==
                    total.activation_bytes);
        uint64_t trained = 0;
        for (size_t t = 0; t < net_tensor_count(graph); t++) {
            const net_tensor tensor = net_tensor_at(graph, t);
            if (tensor.field != NET_MEAN && tensor.field != NET_VARIANCE) trained += tensor.count;
        }
        assert_true(trained == total.parameters);
        net_graph_free(graph);
    }
}

static void no_classifier_no_cost(void **state)
{
    (void)state;
    net_arch arch;
    net_graph *graph;
    assert_int_equal(net_arch_by_name(&arch, "efficientnet-b0", NULL), EFFNET_OK);
    arch.classes = 0;
    assert_int_equal(net_graph_create(&graph, &arch, NULL, 224, 224, NULL), EFFNET_OK);
    assert_int_equal(net_cost_total(graph).parameters, 5288548 - 1281000);
    assert_int_equal(net_cost_classifier(graph).parameters, 0);
    net_graph_free(graph);
    arch.head = 0;
    assert_int_equal(net_graph_create(&graph, &arch, NULL, 224, 224, NULL), EFFNET_OK);
    assert_int_equal(net_cost_head(graph).parameters, 0);
    assert_int_equal(net_cost_head(graph).macs, 0);
    assert_int_equal(graph->features, 320);
    net_graph_free(graph);
}

/* B0 at 224 is widest at block 1: 96 channels in at 112 x 112 and out at 56 x 56. Its expansion, 16 to 96 at
 * 112 x 112, comes next. */
static void peak_by_hand(void **state)
{
    (void)state;
    net_graph *graph = named_graph("efficientnet-b0", 224, 224);
    assert_true(net_activation_peak(graph) == 4 * (96 * 112 * 112 + 96 * 56 * 56));
    net_graph_free(graph);
}

/* With a residual in the widest block its input is kept: 16 -> 96 -> 96 -> 16 at 64x64 after a stem of
 * stride 1. */
static void peak_keeps_residuals(void **state)
{
    (void)state;
    static const char json[] =
        "{\"blocks\": [\"r1_k3_s11_e6_i16_o16\"], \"divisor\": 1, \"head\": {\"filters\": 0},"
        "\"stem\": {\"filters\": 16, \"stride\": 1}, \"size\": 64}";
    net_arch arch;
    net_graph *graph;
    assert_int_equal(net_arch_parse(&arch, json, sizeof json - 1, NULL), EFFNET_OK);
    assert_int_equal(net_graph_create(&graph, &arch, NULL, 0, 0, NULL), EFFNET_OK);
    assert_true(graph->blocks[0].residual);
    assert_true(net_activation_peak(graph) == 4 * (16 + 96 + 96) * 64 * 64);
    graph->blocks[0].residual = false;
    assert_true(net_activation_peak(graph) == 4 * (96 + 96) * 64 * 64);
    net_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(costs_equal_pytorch),   cmocka_unit_test(parts_add_up),
        cmocka_unit_test(no_classifier_no_cost), cmocka_unit_test(peak_by_hand),
        cmocka_unit_test(peak_keeps_residuals),
    };
    return cmocka_run_group_tests_name("cost", tests, NULL, NULL);
}
