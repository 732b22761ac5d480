/* SPDX-License-Identifier: Apache-2.0
 *
 * Costs and scaling as a program uses them: defaults, estimators of the caller's own, arguments that cannot
 * be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "effnet.h"

static effnet_network *make(const char *name)
{
    effnet_network *network;
    effnet_error error;
    if (effnet_network_create(&network, name, NULL, &error)) fail_msg("%s", error.message);
    return network;
}

static void costs_of_layers_and_networks(void **state)
{
    (void)state;
    effnet_cost cost, standard, part, sum = {.macs = 0};
    effnet_layer layer = {
        .kernel = 3, .stride = 1, .in_channels = 3, .out_channels = 16, .height = 8, .width = 8};
    assert_int_equal(effnet_layer_cost(&cost, &layer, NULL), EFFNET_OK);
    assert_true(cost.macs == 27 * 16 * 64);
    assert_true(fabs(cost.intensity - 2.0 * (double)cost.macs / (double)cost.bytes_moved) < 1e-12);
    layer.kind = (effnet_layer_kind)9;
    assert_int_equal(effnet_layer_cost(&cost, &layer, NULL), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_layer_cost(NULL, &layer, NULL), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_layer_cost(&cost, NULL, NULL), EFFNET_ERR_ARGUMENT);

    effnet_network *network = make("mobilenet-v2");
    effnet_network_cost(network, &cost, &standard);
    assert_true(cost.macs == 300774272 && standard.macs > 4 * cost.macs);
    for (size_t i = 0; effnet_network_part_cost(network, i, &part, NULL); i++) {
        sum.macs += part.macs;
        sum.parameters += part.parameters;
    }
    assert_true(sum.macs == cost.macs && sum.parameters == cost.parameters);
    effnet_network_free(network);
}

static void scaling_by_defaults(void **state)
{
    (void)state;
    effnet_network *base = make("efficientnet-b0"), *network;
    effnet_network_info info;
    effnet_scaled scaled;
    assert_int_equal(effnet_network_scale(&network, &scaled, base, &(effnet_scaling){.phi = 1}, NULL),
                     EFFNET_OK);
    effnet_network_get_info(network, &info);
    assert_true(info.height == 258 && info.width_multiplier == 1.1 && info.depth_multiplier == 1.2);
    assert_true(fabs(scaled.product - 1.92027) < 1e-9 && fabs(scaled.asked - 1.92027) < 1e-9);
    assert_string_equal(scaled.warning, "");
    effnet_network_free(network);
    assert_int_equal(effnet_network_scale(&network, NULL, base, &(effnet_scaling){.depth = 2}, NULL),
                     EFFNET_OK);
    effnet_network_free(network);

    effnet_error error;
    assert_int_equal(effnet_network_scale(&network, NULL, base, &(effnet_scaling){.phi = NAN}, &error),
                     EFFNET_ERR_ARGUMENT);
    assert_null(network);
    assert_string_equal(error.message, "phi is nan; wanted -50 to 50");
    assert_int_equal(effnet_network_scale(NULL, NULL, base, &(effnet_scaling){.phi = 1}, NULL),
                     EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_network_scale(&network, NULL, NULL, &(effnet_scaling){.phi = 1}, NULL),
                     EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_network_scale(&network, NULL, base, NULL, NULL), EFFNET_ERR_ARGUMENT);
    effnet_network_free(base);
}

/* One millisecond for 10 million multiply-adds; *context counts the calls. */
static effnet_status estimate(effnet_estimate *out, const effnet_network *network, void *context,
                              effnet_error *error)
{
    (void)error;
    effnet_network_info info;
    effnet_network_get_info(network, &info);
    assert_non_null(effnet_network_get_json(network));
    ++*(int *)context;
    *out = (effnet_estimate){.memory_bytes = 4 * info.parameters, .latency_ms = (double)info.macs / 1e7};
    return EFFNET_OK;
}

static void fitting_by_estimators(void **state)
{
    (void)state;
    effnet_network *base = make("mobilenet-v2-0.35");
    const effnet_scaling scaling = {.multiple = 1};
    effnet_fit fit, by_macs;
    int calls = 0;
    effnet_budget budget = {.macs = 100000000, .latency_ms = 10, .estimate = estimate, .context = &calls};
    assert_int_equal(effnet_network_fit(&fit, base, &scaling, &budget, NULL), EFFNET_OK);
    assert_true(calls > 0 && fit.best.latency_ms <= 10);
    assert_int_equal(fit.next.over, EFFNET_LIMIT_MACS | EFFNET_LIMIT_LATENCY);
    const effnet_budget only_macs = {.macs = 100000000};
    assert_int_equal(effnet_network_fit(&by_macs, base, &scaling, &only_macs, NULL), EFFNET_OK);
    assert_true(by_macs.best.phi == fit.best.phi && by_macs.best.memory_bytes == 0);

    /* Without an estimator memory is the engine's own plan, and time is not known. */
    const effnet_budget memory = {.macs = 100000000, .memory_bytes = UINT64_C(1) << 40};
    effnet_memory plan;
    effnet_network *network;
    assert_int_equal(effnet_network_fit(&fit, base, &scaling, &memory, NULL), EFFNET_OK);
    assert_int_equal(effnet_network_scale(&network, NULL, base, &(effnet_scaling){.phi = fit.best.phi}, NULL),
                     EFFNET_OK);
    assert_int_equal(effnet_network_get_memory(network, EFFNET_LEVEL_BEST, 0, &plan, NULL), EFFNET_OK);
    assert_true(plan.total == fit.best.memory_bytes);
    effnet_network_free(network);
    const effnet_budget latency = {.latency_ms = 10};
    assert_int_equal(effnet_network_fit(&fit, base, &scaling, &latency, NULL), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_network_fit(NULL, base, &scaling, &budget, NULL), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_network_fit(&fit, base, NULL, &budget, NULL), EFFNET_ERR_ARGUMENT);
    effnet_network_free(base);
}

/* The table of reference: phi from depth, width and resolution of each of B1 to B7. */
static void the_published_ones(void **state)
{
    (void)state;
    static const double phi[7][3] = {{0.52, 0.00, 0.49}, {1.00, 1.00, 1.07}, {1.85, 1.91, 2.09},
                                     {3.22, 3.53, 3.78}, {4.32, 4.93, 5.09}, {5.24, 6.17, 6.14},
                                     {6.21, 7.27, 7.05}};
    effnet_published p;
    size_t count = 0;
    for (; effnet_published_get(count, NULL, &p); count++) {
        if (count < 1 || count > 7) continue;
        assert_true(fabs(p.phi_depth - phi[count - 1][0]) < 0.0051);
        assert_true(fabs(p.phi_width - phi[count - 1][1]) < 0.0051);
        assert_true(fabs(p.phi_resolution - phi[count - 1][2]) < 0.0051);
    }
    assert_int_equal(count, 10);
    assert_true(effnet_published_get(3, &(effnet_scaling){.alpha = 1}, &p) && isnan(p.phi_depth));
    assert_false(effnet_published_get(0, NULL, NULL));
    effnet_paper_row row;
    assert_true(effnet_paper_row_get(0, &row));
    assert_string_equal(row.top1, "72.0");
    assert_false(effnet_paper_row_get(10, &row));
    assert_false(effnet_paper_row_get(0, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(costs_of_layers_and_networks),
        cmocka_unit_test(scaling_by_defaults),
        cmocka_unit_test(fitting_by_estimators),
        cmocka_unit_test(the_published_ones),
    };
    return cmocka_run_group_tests_name("scale_api", tests, NULL, NULL);
}
