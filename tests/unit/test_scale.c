/* SPDX-License-Identifier: Apache-2.0
 *
 * Compound scaling: factors, rounding and names; the catalogue's networks out of the first one; what is
 * refused and what is only warned of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "net/paper.h"
#include "net/scale.h"
#include "unit/named_graph.h"

static net_graph *scaled(const net_graph *base, net_factors f, int multiple)
{
    effnet_error error;
    net_graph *graph = NULL;
    if (net_scale(&graph, base, &f, multiple, &error)) fail_msg("%s", error.message);
    return graph;
}

static void phi_gives_the_papers_factors(void **state)
{
    (void)state;
    net_factors f;
    assert_int_equal(net_factors_at(&f, &net_coefficients_paper, 0, NULL), EFFNET_OK);
    assert_true(f.depth == 1 && f.width == 1 && f.resolution == 1);
    assert_int_equal(net_factors_at(&f, &net_coefficients_paper, 2, NULL), EFFNET_OK);
    assert_true(f.depth == 1.44 && f.width == 1.21 && f.resolution == 1.3225);
    assert_true(fabs(net_factors_growth(&f) - 1.44 * 1.21 * 1.21 * 1.3225 * 1.3225) < 1e-12);
    assert_true(fabs(net_coefficients_product(&net_coefficients_paper) - 1.92027) < 1e-6);
    assert_true(fabs(net_phi_of(1.2, 1.44) - 2) < 1e-12);
    assert_true(isnan(net_phi_of(1, 2)));
}

/* sqrt(2)^2 is a little over 2 in double; a third block for it would be wrong. */
static void noise_does_not_round_up(void **state)
{
    (void)state;
    const net_coefficients c = {sqrt(2), 1, 1};
    net_factors f;
    assert_int_equal(net_factors_at(&f, &c, 2, NULL), EFFNET_OK);
    assert_true(f.depth == 2);
}

/* B0 scaled by the table's factors is each of the others: same counts, same layers. */
static void the_catalogue_is_b0_scaled(void **state)
{
    (void)state;
    net_graph *base = named_graph("efficientnet-b0", 0, 0);
    net_arch arch;
    int compared = 0;
    for (size_t i = 1; net_arch_catalogue(&arch, i) && strstr(arch.name, "lite") == NULL; i++, compared++) {
        net_graph *theirs = named_graph(arch.name, 0, 0);
        net_graph *ours = scaled(base, (net_factors){arch.depth, arch.width, arch.size / 224.0}, 1);
        assert_int_equal(ours->height, arch.size);
        assert_int_equal(ours->block_count, theirs->block_count);
        assert_true(net_cost_total(ours).macs == net_cost_total(theirs).macs);
        assert_true(net_cost_total(ours).parameters == net_cost_total(theirs).parameters);
        net_graph_free(ours);
        net_graph_free(theirs);
    }
    assert_int_equal(compared, 9); /* B1 to B8, L2 */
    net_graph_free(base);
}

static void resolution_is_rounded_to_a_multiple(void **state)
{
    (void)state;
    net_graph *base = named_graph("mobilenet-v2", 0, 0);
    static const struct {
        double factor;
        int multiple, size;
    } cases[] = {{1.3, 1, 291},  {1.3, 8, 288},   {1.3, 32, 288},
                 {1.15, 1, 258}, {1.15, 32, 256}, {1, 100, 200}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        net_graph *graph = scaled(base, (net_factors){1, 1, cases[i].factor}, cases[i].multiple);
        assert_int_equal(graph->height, cases[i].size);
        assert_int_equal(graph->arch.size, cases[i].size);
        net_graph_free(graph);
    }
    net_graph_free(base);
}

/* A rectangle stays one; the description, which knows squares only, has its longer side. */
static void rectangles_keep_their_shape(void **state)
{
    (void)state;
    net_arch arch;
    net_graph *base;
    assert_int_equal(net_arch_by_name(&arch, "efficientnet-b0", NULL), EFFNET_OK);
    assert_int_equal(net_graph_create(&base, &arch, NULL, 100, 160, NULL), EFFNET_OK);
    net_graph *graph = scaled(base, (net_factors){1, 1, 1.5}, 1);
    assert_int_equal(graph->height, 150);
    assert_int_equal(graph->width, 240);
    assert_int_equal(graph->arch.size, 240);
    net_graph_free(graph);
    net_graph_free(base);
}

static void scaled_networks_have_names_of_their_own(void **state)
{
    (void)state;
    net_graph *base = named_graph("efficientnet-b0", 0, 0);
    net_graph *same = scaled(base, (net_factors){1, 1, 1}, 1);
    net_graph *other = scaled(base, (net_factors){1.2, 1.1, 1.15}, 1);
    assert_string_equal(same->arch.name, "efficientnet-b0");
    assert_string_equal(other->arch.name, "efficientnet-b0-d1.2-w1.1-r1.15");
    memset(base->arch.name, 'x', NET_NAME_SIZE - 1);
    net_graph *long_name = scaled(base, (net_factors){1.2, 1.1, 1.15}, 1);
    assert_string_equal(long_name->arch.name, "custom");
    net_graph_free(long_name);
    net_graph_free(other);
    net_graph_free(same);
    net_graph_free(base);
}

static void bad_scalings_name_the_limit(void **state)
{
    (void)state;
    net_graph *base = named_graph("efficientnet-b0", 0, 0);
    static const struct {
        net_factors f;
        int multiple;
        const char *message;
    } cases[] = {
        {{0, 1, 1}, 1, "the factor of depth is 0; wanted a finite number over 0"},
        {{1, -1, 1}, 1, "the factor of width is -1; wanted a finite number over 0"},
        {{1, 1, NAN}, 1, "the factor of resolution is nan; wanted a finite number over 0"},
        {{1, 1, INFINITY}, 1, "the factor of resolution is inf; wanted a finite number over 0"},
        {{1, 1, 1}, 0, "the resolution's multiple is 0; wanted 1 to 16384"},
        {{1, 1, 0.14}, 1, "a resolution of 224 times 0.14 would be 31 pixels; the smallest is 32"},
        {{1, 1, 1}, 1000, "a resolution of 224 times 1 would be 0 pixels; the smallest is 32"},
        {{1, 1, 1e300},
         1,
         "a resolution of 224 times 1e+300 would be 2.24e+302 pixels; at most 16384 are possible"},
        {{1, 0.05, 1}, 1, "a width of 0.05 would leave 0.8 of 16 channels; at least 1 must remain"},
        {{1, 101, 1}, 1, "width is 101; wanted more than 0 and at most 100"},
        {{1e308, 1, 1}, 1, "depth is 1e+308; wanted more than 0 and at most 100"},
        {{1, 60, 1}, 1, "block 12 would have 69120 channels; at most 65536 are possible"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        net_graph *graph;
        effnet_error error;
        assert_int_equal(net_scale(&graph, base, &cases[i].f, cases[i].multiple, &error),
                         EFFNET_ERR_ARGUMENT);
        assert_null(graph);
        assert_string_equal(error.message, cases[i].message);
    }
    net_graph_free(base);
}

static void bad_coefficients_name_the_limit(void **state)
{
    (void)state;
    effnet_error error;
    net_factors f;
    const net_coefficients zero = {1.2, 0, 1.15}, infinite = {1.2, 1.1, INFINITY};
    assert_int_equal(net_factors_at(&f, &net_coefficients_paper, NAN, &error), EFFNET_ERR_ARGUMENT);
    assert_string_equal(error.message, "phi is nan; wanted -50 to 50");
    assert_int_equal(net_factors_at(&f, &net_coefficients_paper, 50.5, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(net_factors_at(&f, &zero, 1, &error), EFFNET_ERR_ARGUMENT);
    assert_string_equal(error.message, "beta is 0; wanted a finite number over 0");
    assert_int_equal(net_factors_at(&f, &infinite, 1, &error), EFFNET_ERR_ARGUMENT);
}

static void what_is_unusual_is_told(void **state)
{
    (void)state;
    char text[NET_WARNING_SIZE];
    const net_coefficients off = {1.2, 1.2, 1.2}, shrinking = {2.2, 0.95, 1};
    net_scale_warning(text, &net_coefficients_paper, &(net_factors){1.2, 1.1, 1.15});
    assert_string_equal(text, "");
    net_scale_warning(text, &off, &(net_factors){1.2, 1.2, 1.2});
    assert_string_equal(text, "alpha beta^2 gamma^2 is 2.488, not about 2");
    net_scale_warning(text, &shrinking, &(net_factors){2.2, 0.95, 1});
    assert_string_equal(text, "coefficient beta is 0.95, below 1; the factor of width is 0.95, below 1");
    net_scale_warning(text, NULL, &(net_factors){0.5, 1, 0.5});
    assert_string_equal(text,
                        "the factor of depth is 0.5, below 1; the factor of resolution is 0.5, below 1");
    const net_coefficients all = {0.1, 0.1, 0.1};
    net_scale_warning(text, &all, &(net_factors){0.123456, 0.123456, 0.123456});
    assert_true(strlen(text) < NET_WARNING_SIZE);
}

/* Billions with as many digits as the paper prints. */
static void print_like(char out[16], const char *printed, double billions)
{
    const char *point = strchr(printed, '.');
    snprintf(out, 16, "%.*f", point ? (int)strlen(point + 1) : 0, billions);
}

/* Tables 3 and 7 as counted here, in the paper's digits. Where a count is not the printed one,
 * docs/scaling.md says by how much and what would be. */
static void the_papers_rows(void **state)
{
    (void)state;
    static const char *const counted[] = {"0.3", "1.2", "1.1", "1.2", "1.4",
                                          "0.4", "1.6", "1.4", "1.5", "1.8"};
    net_paper_row row;
    size_t i = 0;
    for (; net_paper_row_at(&row, i); i++) {
        char text[16];
        net_graph *base = named_graph(row.base, 0, 0), *graph = scaled(base, row.factors, 1);
        print_like(text, row.macs, (double)net_cost_total(graph).macs / 1e9);
        assert_string_equal(text, counted[i]);
        net_graph_free(graph);
        net_graph_free(base);
    }
    assert_int_equal(i, sizeof counted / sizeof *counted);
    /* The compound MobileNetV2 is the paper's at 288 pixels, a multiple of 32, in place of 291. */
    net_graph *base = named_graph("mobilenet-v2", 0, 0),
              *graph = scaled(base, (net_factors){1.4, 1.2, 1.3}, 32);
    assert_true(net_cost_total(graph).macs == 1284428256);
    net_graph_free(graph);
    net_graph_free(base);
}

/* Table 2: parameters to the printed digit but for B2's (9.1, which the paper prints as 9.2). */
static void the_papers_networks(void **state)
{
    (void)state;
    static const char *const macs[] = {"0.39", "0.69", "1.0", "1.8", "4.4", "10.3", "19", "38"};
    net_paper_network network;
    size_t i = 0;
    for (; net_paper_network_at(&network, i); i++) {
        char text[16];
        net_graph *graph = named_graph(network.name, 0, 0);
        const net_cost cost = net_cost_total(graph);
        print_like(text, network.parameters, (double)cost.parameters / 1e6);
        assert_string_equal(text, strcmp(network.parameters, "9.2") == 0 ? "9.1" : network.parameters);
        print_like(text, network.macs, (double)cost.macs / 1e9);
        assert_string_equal(text, macs[i]);
        net_graph_free(graph);
    }
    assert_int_equal(i, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phi_gives_the_papers_factors),
        cmocka_unit_test(noise_does_not_round_up),
        cmocka_unit_test(the_catalogue_is_b0_scaled),
        cmocka_unit_test(resolution_is_rounded_to_a_multiple),
        cmocka_unit_test(rectangles_keep_their_shape),
        cmocka_unit_test(scaled_networks_have_names_of_their_own),
        cmocka_unit_test(bad_scalings_name_the_limit),
        cmocka_unit_test(bad_coefficients_name_the_limit),
        cmocka_unit_test(what_is_unusual_is_told),
        cmocka_unit_test(the_papers_rows),
        cmocka_unit_test(the_papers_networks),
    };
    return cmocka_run_group_tests_name("scale", tests, NULL, NULL);
}
