/* SPDX-License-Identifier: Apache-2.0
 *
 * Single layers and blocks against the formulas of the papers, and a network with standard convolutions
 * against its blocks taken one by one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "net/layer.h"

static net_cost cost_of(net_layer layer)
{
    net_layer_graph graph;
    effnet_error error;
    if (net_layer_place(&graph, &layer, &error)) fail_msg("%s", error.message);
    return net_layer_cost(&graph);
}

/* k k di h w dj, and h w di (k k + dj) of MobileNetV2 (Sandler et al., 2018, section 3.1), whose ratio is
 * 1/dj + 1/k^2; with stride 2 too, where h and w are the output's. */
static void separable_against_standard(void **state)
{
    (void)state;
    for (int kernel = 1; kernel <= 7; kernel += 2)
        for (int stride = 1; stride <= 2; stride++)
            for (int in = 3; in < 100; in += 31)
                for (int out = 8; out < 200; out += 63) {
                    net_layer layer = {NET_STANDARD, kernel, stride, in, out, 29, 14, 0, 0};
                    const net_cost standard = cost_of(layer);
                    layer.kind = NET_SEPARABLE;
                    const net_cost separable = cost_of(layer);
                    const uint64_t places =
                        (uint64_t)((29 + stride - 1) / stride * ((14 + stride - 1) / stride));
                    const uint64_t taps = (uint64_t)(kernel * kernel), di = (uint64_t)in, dj = (uint64_t)out;
                    assert_true(standard.macs == taps * di * places * dj);
                    assert_true(separable.macs == places * di * (taps + dj));
                    assert_true(standard.parameters == taps * di * dj + 2 * dj);
                    assert_true(separable.parameters == taps * di + 2 * di + di * dj + 2 * dj);
                    const double ratio = (double)separable.macs / (double)standard.macs;
                    assert_true(fabs(ratio - (1.0 / out + 1.0 / (kernel * kernel))) < 1e-12);
                }
}

/* What each layer reads and writes: 4 bytes of 3 x 8 x 8 in, 16 x 4 x 4 out, 3 x 3 x 3 x 16 weights and 32 of
 * batch norm. */
static void bytes_moved_by_hand(void **state)
{
    (void)state;
    const net_cost cost = cost_of((net_layer){NET_STANDARD, 3, 2, 3, 16, 8, 8, 0, 0});
    assert_true(cost.bytes_moved == 4 * (3 * 64 + 16 * 16 + 432 + 32));
    assert_true(cost.activation_bytes == 4 * 16 * 16);
}

/* Block 3 of B0: 24 to 40 channels at 56, kernel 5, stride 2, expansion 6, SE. */
static void an_inverted_residual_is_the_networks_block(void **state)
{
    (void)state;
    net_arch arch;
    net_graph *graph;
    assert_int_equal(net_arch_by_name(&arch, "efficientnet-b0", NULL), EFFNET_OK);
    assert_int_equal(net_graph_create(&graph, &arch, NULL, 0, 0, NULL), EFFNET_OK);
    const net_cost block = net_cost_block(graph, 3);
    const net_cost layer = cost_of((net_layer){NET_INVERTED, 5, 2, 24, 40, 56, 56, 6, 0.25});
    assert_memory_equal(&block, &layer, sizeof block);
    const net_cost first = net_cost_block(graph, 0); /* expansion 1: no expanding convolution */
    const net_cost plain = cost_of((net_layer){NET_INVERTED, 3, 1, 32, 16, 112, 112, 1, 0.25});
    assert_memory_equal(&first, &plain, sizeof first);
    net_graph_free(graph);
}

/* ResNet-50's first repeated block: 256 to 64, 3 x 3, 64 to 256, at 56. */
static void a_bottleneck_by_hand(void **state)
{
    (void)state;
    const net_cost cost = cost_of((net_layer){NET_BOTTLENECK, 3, 1, 256, 256, 56, 56, 4, 0});
    assert_true(cost.macs == 56 * 56 * (256 * 64 + 9 * 64 * 64 + 64 * 256));
    assert_true(cost.parameters == 256 * 64 + 9 * 64 * 64 + 64 * 256 + 2 * (64 + 64 + 256));
}

static void a_network_with_standard_convolutions(void **state)
{
    (void)state;
    static const char *const names[] = {"efficientnet-b0", "efficientnet-lite0", "mobilenet-v2"};
    for (size_t n = 0; n < 3; n++) {
        net_arch arch;
        net_graph *graph;
        assert_int_equal(net_arch_by_name(&arch, names[n], NULL), EFFNET_OK);
        assert_int_equal(net_graph_create(&graph, &arch, NULL, 0, 0, NULL), EFFNET_OK);
        const net_cost total = net_cost_total(graph), standard = net_cost_total_standard(graph);
        uint64_t macs = total.macs, parameters = total.parameters;
        for (int i = 0; i < graph->block_count; i++) {
            const net_conv *d = &graph->blocks[i].depthwise, *p = &graph->blocks[i].project;
            const uint64_t places = (uint64_t)d->out_height * (uint64_t)d->out_width;
            const uint64_t taps = (uint64_t)d->kernel * (uint64_t)d->kernel, hidden = (uint64_t)d->out;
            macs += places * hidden * (taps * (uint64_t)p->out - taps - (uint64_t)p->out);
            parameters += taps * hidden * (uint64_t)p->out;
            parameters -= taps * hidden + 2 * hidden + hidden * (uint64_t)p->out;
        }
        assert_true(standard.macs == macs);
        assert_true(standard.parameters == parameters);
        net_graph_free(graph);
    }
}

static void bad_layers_name_the_limit(void **state)
{
    (void)state;
    static const struct {
        net_layer layer;
        const char *message;
    } cases[] = {
        {{NET_LAYER_KINDS, 3, 1, 8, 8, 8, 8, 0, 0}, "the kind of layer is 4; wanted 0 to 3"},
        {{NET_STANDARD, 17, 1, 8, 8, 8, 8, 0, 0}, "the kernel is 17; wanted 1 to 15"},
        {{NET_STANDARD, 2, 1, 8, 8, 8, 8, 0, 0}, "the kernel is 2; wanted an odd number"},
        {{NET_STANDARD, 3, 3, 8, 8, 8, 8, 0, 0}, "the stride is 3; wanted 1 to 2"},
        {{NET_STANDARD, 3, 1, 0, 8, 8, 8, 0, 0}, "input channels is 0; wanted 1 to 65536"},
        {{NET_STANDARD, 3, 1, 8, 70000, 8, 8, 0, 0}, "output channels is 70000; wanted 1 to 65536"},
        {{NET_STANDARD, 3, 1, 8, 8, 0, 8, 0, 0}, "the height is 0; wanted 1 to 16384"},
        {{NET_STANDARD, 3, 1, 8, 8, 8, 20000, 0, 0}, "the width is 20000; wanted 1 to 16384"},
        {{NET_INVERTED, 3, 1, 8, 8, 8, 8, 0, 0}, "the expansion is 0; wanted 1 to 64"},
        {{NET_INVERTED, 3, 1, 8, 8, 8, 8, 6, NAN}, "the squeeze ratio is nan; wanted 0 to 1"},
        {{NET_INVERTED, 3, 1, 20000, 8, 8, 8, 6, 0},
         "input channels times expansion is 120000; wanted 1 to 65536"},
        {{NET_BOTTLENECK, 3, 1, 8, 10, 8, 8, 4, 0},
         "a bottleneck's 10 output channels are not a multiple of its expansion, 4"},
        {{NET_STANDARD, 15, 1, 65536, 65536, 16384, 16384, 0, 0},
         "the layer would need more than 2^63 multiply-adds"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        net_layer_graph graph;
        effnet_error error;
        assert_int_equal(net_layer_place(&graph, &cases[i].layer, &error), EFFNET_ERR_ARGUMENT);
        assert_string_equal(error.message, cases[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(separable_against_standard),
        cmocka_unit_test(bytes_moved_by_hand),
        cmocka_unit_test(an_inverted_residual_is_the_networks_block),
        cmocka_unit_test(a_bottleneck_by_hand),
        cmocka_unit_test(a_network_with_standard_convolutions),
        cmocka_unit_test(bad_layers_name_the_limit),
    };
    return cmocka_run_group_tests_name("layer", tests, NULL, NULL);
}
