/* SPDX-License-Identifier: Apache-2.0
 *
 * Which candidates a search has: grids against a count in whole numbers, with no floating point in it; real
 * multiply-adds against networks scaled one by one; controls; equal networks; what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/candidates.h"
#include "unit/named_graph.h"

/* A grid in hundredths or thousandths: all numbers are over `unit`. */
typedef struct whole_grid {
    int unit, step, alpha[2], beta[2], gamma[2], tolerance;
    size_t points, survivors; /* 0: not known beforehand */
} whole_grid;

static const whole_grid grids[] = {
    {10, 1, {10, 20}, {10, 15}, {10, 15}, 1, 396, 20}, /* reference counts */
    {100, 5, {100, 200}, {100, 150}, {100, 150}, 10, 2541, 108},
    {100, 5, {100, 200}, {100, 150}, {100, 150}, 8, 2541, 0}, /* the published product is 0.08 off */
    {100, 2, {100, 140}, {100, 130}, {110, 150}, 3, 0, 0},
    {1000, 125, {1000, 3000}, {1000, 2000}, {1000, 1500}, 50, 0, 0},
};
enum { GRIDS = sizeof grids / sizeof *grids };

static effnet_range over(const int ends[2], int unit)
{
    return (effnet_range){ends[0] / (double)unit, ends[1] / (double)unit};
}

static effnet_search_options options_of(const whole_grid *g)
{
    return (effnet_search_options){.step = g->step / (double)g->unit,
                                   .alpha = over(g->alpha, g->unit),
                                   .beta = over(g->beta, g->unit),
                                   .gamma = over(g->gamma, g->unit),
                                   .tolerance = g->tolerance / (double)g->unit};
}

/* The n-th grid candidate must be this point. */
static void check_point(const search_candidates *all, size_t n, const whole_grid *g, const int at[3])
{
    const size_t first = all->count - all->survivors;
    assert_true(first + n < all->count);
    const search_candidate *c = &all->items[first + n];
    assert_int_equal(c->kind, EFFNET_CANDIDATE_GRID);
    assert_int_equal(lrint(c->c.alpha * g->unit), at[0]);
    assert_int_equal(lrint(c->c.beta * g->unit), at[1]);
    assert_int_equal(lrint(c->c.gamma * g->unit), at[2]);
}

static void check_grid(const net_graph *base, const whole_grid *g)
{
    search_candidates all;
    const effnet_search_options options = options_of(g);
    assert_int_equal(search_enumerate(&all, base, &options, NULL), EFFNET_OK);
    const long long u = g->unit, u4 = u * u * u * u;
    size_t points = 0, survivors = 0;
    for (int a = g->alpha[0]; a <= g->alpha[1]; a += g->step)
        for (int b = g->beta[0]; b <= g->beta[1]; b += g->step)
            for (int c = g->gamma[0]; c <= g->gamma[1]; c += g->step) {
                const long long product = (long long)a * b * b * c * c;
                points++;
                if (llabs(product - 2 * u4 * u) < g->tolerance * u4)
                    check_point(&all, survivors++, g, (int[]){a, b, c});
            }
    assert_int_equal(all.points, points);
    assert_int_equal(all.survivors, survivors);
    assert_int_equal(all.count, survivors + 5);
    if (g->points) assert_int_equal(points, g->points);
    if (g->survivors) assert_int_equal(survivors, g->survivors);
    search_candidates_clear(&all);
}

static void grids_are_those_of_a_count_in_whole_numbers(void **state)
{
    (void)state;
    net_graph *base = named_graph("efficientnet-b0", 0, 0);
    for (size_t i = 0; i < GRIDS; i++)
        check_grid(base, &grids[i]);
    net_graph_free(base);
}

static void real_multiply_adds_decide_if_asked(void **state)
{
    (void)state;
    net_graph *base = named_graph("mobilenet-v2", 0, 0);
    const effnet_search_options options = {.by_macs = true, .tolerance = 0.2};
    const double macs = (double)net_cost_total(base).macs;
    search_candidates all;
    assert_int_equal(search_enumerate(&all, base, &options, NULL), EFFNET_OK);
    size_t survivors = 0;
    for (int i = 0; i < 396; i++) {
        const net_factors f = {(10 + i / 36) / 10., (10 + i / 6 % 6) / 10., (10 + i % 6) / 10.};
        net_graph *graph;
        assert_int_equal(net_scale(&graph, base, &f, 1, NULL), EFFNET_OK);
        survivors += fabs((double)net_cost_total(graph).macs / macs - 2) < 0.2;
        net_graph_free(graph);
    }
    assert_int_equal(all.points, 396);
    assert_int_equal(all.survivors, survivors);
    assert_true(survivors > 0);
    for (size_t i = 1; i < 4; i++) /* controls come as near as their dimension lets them */
        assert_true(fabs((double)all.items[i].cost.macs / macs - 2) < 0.3);
    search_candidates_clear(&all);
    net_graph_free(base);
}

static void controls_and_the_published_are_there(void **state)
{
    (void)state;
    static const char *const strategies[] = {"baseline", "depth", "width", "resolution", "compound"};
    net_graph *base = named_graph("efficientnet-b0", 0, 0);
    search_candidates all;
    assert_int_equal(search_enumerate(&all, base, NULL, NULL), EFFNET_OK);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(all.items[i].strategy, strategies[i]);
        assert_int_equal(all.items[i].kind, i < 4 ? EFFNET_CANDIDATE_CONTROL : EFFNET_CANDIDATE_PUBLISHED);
    }
    for (size_t i = 0; i < 4; i++) {
        const double product = net_coefficients_product(&all.items[i].c);
        assert_true(fabs(product - (i ? 2 : 1)) < 1e-12);
    }
    assert_int_equal(all.items[0].cost.macs, net_cost_total(base).macs);
    assert_true(fabs(net_coefficients_product(&all.items[4].c) - 1.92027) < 1e-6);
    search_candidates_clear(&all);
    net_graph_free(base);
}

static bool same_network(const net_graph *a, const net_graph *b)
{
    if (a->height != b->height || a->block_count != b->block_count || a->features != b->features)
        return false;
    for (int i = 0; i < a->block_count; i++)
        if (a->blocks[i].project.out != b->blocks[i].project.out || a->blocks[i].stage != b->blocks[i].stage)
            return false;
    return a->stem.out == b->stem.out;
}

static void equal_networks_are_found(void **state)
{
    (void)state;
    net_graph *base = named_graph("efficientnet-b0", 0, 0);
    const effnet_search_options options = {.step = 0.05};
    search_candidates all;
    assert_int_equal(search_enumerate(&all, base, &options, NULL), EFFNET_OK);
    net_graph *graphs[128];
    assert_true(all.count <= 128);
    size_t networks = 0;
    for (size_t i = 0; i < all.count; i++) {
        assert_int_equal(search_network(&graphs[i], base, &all.items[i].c, 1, NULL), EFFNET_OK);
        size_t first = 0;
        while (!same_network(graphs[first], graphs[i]))
            first++;
        assert_int_equal(all.items[i].same_as, first);
        networks += first == i;
    }
    assert_int_equal(all.networks, networks);
    assert_true(networks < all.count);
    for (size_t i = 0; i < all.count; i++)
        net_graph_free(graphs[i]);
    search_candidates_clear(&all);
    net_graph_free(base);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    static const struct {
        effnet_search_options options;
        const char *message;
    } cases[] = {
        {{.alpha = {2, 1}}, "the grid is empty: alpha from 2 to 1"},
        {{.beta = {0.5, 1}}, "beta from 0.5 to 1: wanted 1 to 100"},
        {{.gamma = {1, 101}}, "gamma from 1 to 101"},
        {{.step = -1}, "a step of -1"},
        {{.step = NAN}, "a step of nan"},
        {{.alpha = {1, NAN}}, "alpha from 1 to nan"},
        {{.tolerance = 2}, "a tolerance of 2"},
        {{.tolerance = -0.1}, "a tolerance of -0.1"},
        {{.step = 0.0005, .alpha = {1, 100}}, "points; at most 10000000"},
        {{.alpha = {1, 1}, .beta = {1, 1.2}, .gamma = {1, 1.1}}, "the nearest is off by 0.258"},
        {{.gamma = {90, 90}, .alpha = {1, 1}, .beta = {1, 1}, .by_macs = true}, "at most 16384"},
    };
    net_graph *base = named_graph("efficientnet-b0", 0, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        effnet_error error = {0};
        search_candidates all;
        assert_int_not_equal(search_enumerate(&all, base, &cases[i].options, &error), EFFNET_OK);
        if (!strstr(error.message, cases[i].message)) fail_msg("%s", error.message);
        assert_null(all.items);
    }
    const effnet_search_options many = {.step = 0.005, .tolerance = 1.9};
    search_candidates all;
    assert_int_equal(search_enumerate(&all, base, &many, NULL), EFFNET_ERR_LIMIT);
    net_graph_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grids_are_those_of_a_count_in_whole_numbers),
        cmocka_unit_test(real_multiply_adds_decide_if_asked),
        cmocka_unit_test(controls_and_the_published_are_there),
        cmocka_unit_test(equal_networks_are_found),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
