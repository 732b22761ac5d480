/* SPDX-License-Identifier: Apache-2.0
 *
 * The budget search against a scan over every hundredth of phi, for random budgets of one limit and of
 * several, for coefficients that grow and for one that shrinks; what binds; what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "net/budget.h"
#include "unit/named_graph.h"

enum { POINTS = 2 * NET_MAX_PHI * NET_PHI_STEPS + 1, BUDGETS = 100 };

/* Every network of the grid. */
typedef struct scan {
    struct {
        bool built;
        net_cost cost;
        net_estimate estimate;
    } points[POINTS];
} scan;

static double phi_at(int point)
{
    return (point - NET_MAX_PHI * NET_PHI_STEPS) / (double)NET_PHI_STEPS;
}

/* Memory and time that do not grow steadily: they jump where channels do not fill vectors of 16. */
static effnet_status estimate(net_estimate *out, const net_graph *graph, void *context, effnet_error *error)
{
    (void)context;
    (void)error;
    const net_cost cost = net_cost_total(graph);
    const int odd = graph->blocks[graph->block_count - 1].project.out % 16 + graph->height % 4;
    out->memory_bytes = 4 * cost.parameters + net_activation_peak(graph) * (uint64_t)(1 + odd % 3);
    out->training_bytes = 16 * cost.parameters + cost.activation_bytes * (uint64_t)(8 + odd % 2);
    out->latency_ms = (double)cost.macs / 1e8 * (1 + 0.1 * odd);
    return EFFNET_OK;
}

static scan *scan_all(const net_graph *base, const net_coefficients *c)
{
    scan *all = calloc(1, sizeof *all);
    assert_non_null(all);
    for (int i = 0; i < POINTS; i++) {
        net_factors f;
        net_graph *graph = NULL;
        if (net_factors_at(&f, c, phi_at(i), NULL) == EFFNET_OK) (void)!net_scale(&graph, base, &f, 1, NULL);
        if (!graph) continue;
        all->points[i].built = true;
        all->points[i].cost = net_cost_total(graph);
        assert_int_equal(estimate(&all->points[i].estimate, graph, NULL, NULL), EFFNET_OK);
        net_graph_free(graph);
    }
    return all;
}

static unsigned over(const net_budget *b, const net_cost *cost, const net_estimate *e)
{
    unsigned bits = 0;
    if (b->macs && cost->macs > b->macs) bits |= NET_LIMIT_MACS;
    if (b->parameters && cost->parameters > b->parameters) bits |= NET_LIMIT_PARAMETERS;
    if (b->memory_bytes && e->memory_bytes > b->memory_bytes) bits |= NET_LIMIT_MEMORY;
    if (b->training_bytes && e->training_bytes > b->training_bytes) bits |= NET_LIMIT_TRAINING;
    if (b->latency_ms > 0 && e->latency_ms > b->latency_ms) bits |= NET_LIMIT_LATENCY;
    return bits;
}

/* The last point that is built and over nothing; -1 if there is none. */
static int best_of(const scan *all, const net_budget *b)
{
    int best = -1;
    for (int i = 0; i < POINTS; i++)
        if (all->points[i].built && !over(b, &all->points[i].cost, &all->points[i].estimate)) best = i;
    return best;
}

/* The next of a row of random numbers, by its logarithm. */
static uint64_t random_between(uint64_t *drawn, double low, double high)
{
    return (uint64_t)(low * pow(high / low, (double)rng_uniform(7, (*drawn)++)));
}

/* Some of the limits, from well below the smallest network to the largest ones. */
static net_budget random_budget(uint64_t *drawn)
{
    net_budget b = {.estimate = estimate};
    unsigned which = 1 + (unsigned)(rng_bits(7, (*drawn)++) % 31);
    if (rng_bits(7, (*drawn)++) % 32) which |= NET_LIMIT_MACS; /* without it a search is long */
    if (which & NET_LIMIT_MACS) b.macs = random_between(drawn, 1e6, 1e13);
    if (which & NET_LIMIT_PARAMETERS) b.parameters = random_between(drawn, 1e5, 1e9);
    if (which & NET_LIMIT_MEMORY) b.memory_bytes = random_between(drawn, 1e6, 1e10);
    if (which & NET_LIMIT_TRAINING) b.training_bytes = random_between(drawn, 1e7, 1e11);
    if (which & NET_LIMIT_LATENCY) b.latency_ms = (double)random_between(drawn, 1, 1e5);
    return b;
}

static void compare(const char *name, net_coefficients c, int budgets)
{
    net_graph *base = named_graph(name, 0, 0);
    scan *all = scan_all(base, &c);
    uint64_t drawn = 0;
    int found = 0;
    for (int i = 0; i < budgets; i++) {
        const net_budget b = random_budget(&drawn);
        const int best = best_of(all, &b);
        net_fit fit;
        effnet_error error;
        const effnet_status status = net_budget_fit(&fit, base, &c, 1, &b, &error);
        if (best < 0) {
            assert_int_equal(status, EFFNET_ERR_ARGUMENT);
            continue;
        }
        found++;
        if (status) fail_msg("%s", error.message);
        assert_true(fit.best.phi == phi_at(best));
        assert_true(fit.best.cost.macs == all->points[best].cost.macs);
        assert_int_equal(fit.best.over, 0);
        if (best + 1 == POINTS) continue;
        assert_true(fit.next.phi == phi_at(best + 1));
        assert_int_equal(fit.next.over, all->points[best + 1].built ? over(&b, &all->points[best + 1].cost,
                                                                           &all->points[best + 1].estimate)
                                                                    : 0);
    }
    assert_true(found > 0);
    free(all);
    net_graph_free(base);
}

static void the_search_finds_what_a_scan_finds(void **state)
{
    (void)state;
    compare("efficientnet-b0", net_coefficients_paper, BUDGETS);
}

static void also_for_one_dimension(void **state)
{
    (void)state;
    compare("mobilenet-v2-0.35", (net_coefficients){1, 1, 1.4}, 10);
}

/* Width that shrinks while the rest grows: nothing is monotone, and all of the grid is asked. */
static void also_where_a_coefficient_shrinks(void **state)
{
    (void)state;
    compare("mobilenet-v2-0.35", (net_coefficients){3, 0.9, 1.3}, 2);
}

static void what_binds_is_told(void **state)
{
    (void)state;
    net_graph *base = named_graph("efficientnet-b0", 0, 0);
    const net_cost b0 = net_cost_total(base);
    net_fit fit;
    /* B0 itself and no more: both counts bind, or the one that is tight. */
    net_budget b = {.macs = b0.macs, .parameters = b0.parameters};
    assert_int_equal(net_budget_fit(&fit, base, &net_coefficients_paper, 1, &b, NULL), EFFNET_OK);
    assert_true(fit.best.phi == 0 && fit.next.phi == 0.01);
    assert_int_equal(fit.next.over, NET_LIMIT_MACS | NET_LIMIT_PARAMETERS);
    b.macs *= 2;
    assert_int_equal(net_budget_fit(&fit, base, &net_coefficients_paper, 1, &b, NULL), EFFNET_OK);
    assert_true(fit.best.phi == 0);
    assert_int_equal(fit.next.over, NET_LIMIT_PARAMETERS);
    /* Nothing binds: the largest that can be built. */
    b = (net_budget){.macs = INT64_MAX};
    assert_int_equal(net_budget_fit(&fit, base, &net_coefficients_paper, 1, &b, NULL), EFFNET_OK);
    assert_int_equal(fit.next.over, 0);
    assert_true(fit.best.phi > 20 && fit.best.phi < 30);
    net_graph_free(base);
}

static void bad_budgets_name_the_limit(void **state)
{
    (void)state;
    net_graph *base = named_graph("efficientnet-b0", 0, 0);
    static const net_coefficients ones = {1, 1, 1}, negative = {1.2, -1, 1};
    static const struct {
        net_budget budget;
        const net_coefficients *c;
        int multiple;
        const char *message;
    } cases[] = {
        {{.macs = 1000},
         NULL,
         1,
         "no phi fits: the lowest that can be built, -14.03, needs 839424 multiply-adds; the limit is 1000"},
        {{.parameters = 1000},
         NULL,
         1,
         "no phi fits: the lowest that can be built, -14.03, needs 466932 parameters; the limit is 1000"},
        {{.memory_bytes = 1000, .estimate = estimate}, NULL, 1, "bytes of memory; the limit is 1000"},
        {{.latency_ms = 1e-6, .estimate = estimate}, NULL, 1, "ms; the limit is 1e-06"},
        {{.latency_ms = 1}, NULL, 1, "a limit of latency needs an estimator"},
        {{.memory_bytes = 1}, NULL, 1, "a limit of memory needs an estimator"},
        {{.latency_ms = NAN, .estimate = estimate}, NULL, 1, "the limit of latency is nan ms"},
        {{.macs = 0}, NULL, 1, "this one limits nothing"},
        {{.macs = 1}, &ones, 1, "alpha, beta and gamma are all 1: phi scales nothing"},
        {{.macs = 1}, &negative, 1, "beta is -1; wanted a finite number over 0"},
        {{.macs = 1}, NULL, 0, "no phi gives a network that can be built"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        net_fit fit;
        effnet_error error;
        const net_coefficients *c = cases[i].c ? cases[i].c : &net_coefficients_paper;
        assert_int_equal(net_budget_fit(&fit, base, c, cases[i].multiple, &cases[i].budget, &error),
                         EFFNET_ERR_ARGUMENT);
        if (!strstr(error.message, cases[i].message)) fail_msg("%s", error.message);
    }
    net_graph_free(base);
}

static effnet_status broken(net_estimate *out, const net_graph *graph, void *context, effnet_error *error)
{
    (void)out;
    (void)graph;
    (void)context;
    if (error) *error = (effnet_error){.code = EFFNET_ERR_IO, .message = "no figures"};
    return EFFNET_ERR_IO;
}

static void an_estimators_error_ends_the_search(void **state)
{
    (void)state;
    net_graph *base = named_graph("efficientnet-b0", 0, 0);
    net_fit fit;
    effnet_error error;
    const net_budget b = {.macs = 1000000000, .latency_ms = 10, .estimate = broken};
    assert_int_equal(net_budget_fit(&fit, base, &net_coefficients_paper, 1, &b, &error), EFFNET_ERR_IO);
    assert_string_equal(error.message, "no figures");
    net_graph_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_search_finds_what_a_scan_finds),
        cmocka_unit_test(also_for_one_dimension),
        cmocka_unit_test(also_where_a_coefficient_shrinks),
        cmocka_unit_test(what_binds_is_told),
        cmocka_unit_test(bad_budgets_name_the_limit),
        cmocka_unit_test(an_estimators_error_ends_the_search),
    };
    return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
