/* SPDX-License-Identifier: Apache-2.0
 *
 * See candidates.h. Networks are compared by a hash of what scaling can change: the blocks' channels, their
 * number and the sizes of the input.
 */
#include "search/candidates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

/* Ranges of the only other grid that was ever published (microsoft/nni, examples/trials/efficientnet,
 * search_net.json), and its step and tolerance. */
static const effnet_range usual_alpha = {1, 2}, usual_other = {1, 1.5};
static const double usual_step = 0.1, usual_tolerance = 0.1;

/* Far below any step, far above the noise of decimal fractions. */
static const double noise = 1e-9;

/* ---- Options ---- */

static effnet_range range_or(effnet_range given, effnet_range usual)
{
    return given.least == 0 && given.most == 0 ? usual : given;
}

static effnet_status check_range(const char *name, effnet_range r, effnet_error *error)
{
    if (!(r.least >= 1 && r.most <= NET_MAX_MULTIPLIER))
        return error_set(error, EFFNET_ERR_ARGUMENT, "%s from %g to %g: wanted 1 to %d", name, r.least,
                         r.most, NET_MAX_MULTIPLIER);
    if (r.least <= r.most) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_ARGUMENT, "the grid is empty: %s from %g to %g", name, r.least,
                     r.most);
}

static size_t values_of(effnet_range r, double step)
{
    return (size_t)((r.most - r.least) / step + noise) + 1;
}

static size_t points_of(const effnet_search_options *o)
{
    return values_of(o->alpha, o->step) * values_of(o->beta, o->step) * values_of(o->gamma, o->step);
}

effnet_status search_options_check(effnet_search_options *out, const effnet_search_options *options,
                                   effnet_error *error)
{
    *out = options ? *options : (effnet_search_options){0};
    if (out->step == 0) out->step = usual_step;
    if (out->tolerance == 0) out->tolerance = usual_tolerance;
    if (out->multiple == 0) out->multiple = 1;
    out->alpha = range_or(out->alpha, usual_alpha);
    out->beta = range_or(out->beta, usual_other);
    out->gamma = range_or(out->gamma, usual_other);
    TRY(check_range("alpha", out->alpha, error));
    TRY(check_range("beta", out->beta, error));
    TRY(check_range("gamma", out->gamma, error));
    if (!(out->step >= 1e-4 && out->step <= NET_MAX_MULTIPLIER))
        return error_set(error, EFFNET_ERR_ARGUMENT, "a step of %g: wanted 0.0001 to %d", out->step,
                         NET_MAX_MULTIPLIER);
    if (!(out->tolerance > 0 && out->tolerance < SEARCH_GROWTH))
        return error_set(error, EFFNET_ERR_ARGUMENT, "a tolerance of %g: wanted more than 0, less than %d",
                         out->tolerance, SEARCH_GROWTH);
    if (points_of(out) <= SEARCH_MAX_POINTS) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_LIMIT, "a grid of %zu points; at most %d are possible", points_of(out),
                     SEARCH_MAX_POINTS);
}

/* ---- Networks ---- */

effnet_status search_network(net_graph **out, const net_graph *base, const net_coefficients *c, int multiple,
                             effnet_error *error)
{
    const net_factors f = {c->alpha, c->beta, c->gamma};
    return net_scale(out, base, &f, multiple, error);
}

static uint64_t mix(uint64_t hash, int value)
{
    return rng_mix(hash + 0x9E3779B97F4A7C15u * ((uint64_t)value + 1));
}

static uint64_t hash_network(const net_graph *g)
{
    uint64_t hash = mix(mix(mix(mix(1, g->height), g->width), g->stem.out), g->features);
    for (int i = 0; i < g->block_count; i++) {
        const net_block *b = &g->blocks[i];
        hash = mix(mix(mix(mix(hash, b->stage), b->depthwise.in), b->project.out), b->squeeze);
    }
    return hash;
}

/* ---- The list ---- */

static effnet_status add(search_candidates *all, const search_candidate *one, effnet_error *error)
{
    if (all->count == SEARCH_MAX_CANDIDATES)
        return error_set(error, EFFNET_ERR_LIMIT,
                         "more than %d candidates: a larger step or a smaller tolerance is wanted",
                         SEARCH_MAX_CANDIDATES);
    if (all->count == all->capacity) {
        const size_t capacity = all->capacity ? 2 * all->capacity : 64;
        search_candidate *items = realloc(all->items, capacity * sizeof *items);
        if (!items) return error_memory(error);
        all->items = items;
        all->capacity = capacity;
    }
    all->items[all->count++] = *one;
    return EFFNET_OK;
}

static effnet_status add_network(search_candidates *all, const search_candidate *one, const net_graph *graph,
                                 effnet_error *error)
{
    search_candidate full = *one;
    full.cost = net_cost_total(graph);
    full.height = graph->height;
    full.width = graph->width;
    full.network = hash_network(graph);
    for (full.same_as = 0; full.same_as < all->count; full.same_as++)
        if (all->items[full.same_as].network == full.network) break;
    all->networks += full.same_as == all->count;
    return add(all, &full, error);
}

static effnet_status add_scaled(search_candidates *all, const net_graph *base, int multiple,
                                effnet_candidate_kind kind, const char *strategy, net_coefficients c,
                                effnet_error *error)
{
    net_graph *graph;
    TRY(search_network(&graph, base, &c, multiple, error));
    const search_candidate one = {.kind = kind, .strategy = strategy, .c = c};
    const effnet_status status = add_network(all, &one, graph, error);
    net_graph_free(graph);
    return status;
}

/* ---- Controls ---- */

enum { DIMENSIONS = 3, CONTROL_STEPS = 100 /* to 1 */, CONTROL_MOST = 5 };

static net_coefficients along(int dimension, double factor)
{
    return (net_coefficients){dimension == 0 ? factor : 1, dimension == 1 ? factor : 1,
                              dimension == 2 ? factor : 1};
}

/* The factor, in hundredths, that brings the real multiply-adds nearest to twice the baseline's; the smallest
 * of equals. */
static effnet_status nearest_factor(double *out, const net_graph *base, int dimension, int multiple,
                                    effnet_error *error)
{
    const double wanted = SEARCH_GROWTH * (double)net_cost_total(base).macs;
    double nearest = INFINITY;
    for (int i = CONTROL_STEPS; i <= CONTROL_MOST * CONTROL_STEPS; i++) {
        net_graph *graph;
        const net_coefficients c = along(dimension, i / (double)CONTROL_STEPS);
        TRY(search_network(&graph, base, &c, multiple, error));
        const double macs = (double)net_cost_total(graph).macs;
        net_graph_free(graph);
        if (fabs(macs - wanted) < nearest) {
            nearest = fabs(macs - wanted);
            *out = i / (double)CONTROL_STEPS;
        }
        if (macs > 2 * wanted) break;
    }
    return EFFNET_OK;
}

/* 2, and the square root of 2 for what counts twice: Tan and Le's constraint for one dimension alone. */
static effnet_status add_controls(search_candidates *all, const net_graph *base,
                                  const effnet_search_options *o, effnet_error *error)
{
    static const char *const names[DIMENSIONS] = {"depth", "width", "resolution"};
    const double alone[DIMENSIONS] = {SEARCH_GROWTH, sqrt(SEARCH_GROWTH), sqrt(SEARCH_GROWTH)};
    TRY(add_scaled(all, base, o->multiple, EFFNET_CANDIDATE_CONTROL, "baseline", along(0, 1), error));
    for (int i = 0; i < DIMENSIONS; i++) {
        double factor = alone[i];
        if (o->by_macs) TRY(nearest_factor(&factor, base, i, o->multiple, error));
        TRY(add_scaled(all, base, o->multiple, EFFNET_CANDIDATE_CONTROL, names[i], along(i, factor), error));
    }
    return add_scaled(all, base, o->multiple, EFFNET_CANDIDATE_PUBLISHED, "compound", net_coefficients_paper,
                      error);
}

/* ---- The grid ---- */

/* Decimal, without the noise of additions. */
static double value_at(effnet_range r, double step, size_t index)
{
    return nearbyint((r.least + (double)index * step) * 1e9) / 1e9;
}

static const char *strategy_of(const net_coefficients *c)
{
    const bool depth = c->alpha > 1, width = c->beta > 1, resolution = c->gamma > 1;
    if (depth + width + resolution > 1) return "compound";
    return depth ? "depth" : width ? "width" : resolution ? "resolution" : "baseline";
}

/* Takes the point in if it survives, which one that is off by all of the tolerance does not: nni's rule,
 * without which there would be 21 and 109 where it has 20 and 108. *nearest is how near to twice the cost any
 * point came. */
static effnet_status try_point(search_candidates *all, const net_graph *base, const effnet_search_options *o,
                               net_coefficients c, double *nearest, effnet_error *error)
{
    const search_candidate one = {.kind = EFFNET_CANDIDATE_GRID, .strategy = strategy_of(&c), .c = c};
    net_graph *graph = NULL;
    double growth = net_coefficients_product(&c);
    if (o->by_macs) {
        TRY(search_network(&graph, base, &c, o->multiple, error));
        growth = (double)net_cost_total(graph).macs / (double)net_cost_total(base).macs;
    }
    const double off = fabs(growth - SEARCH_GROWTH);
    effnet_status status = EFFNET_OK;
    *nearest = fmin(*nearest, off);
    if (off < o->tolerance - noise) {
        all->survivors++;
        if (!graph) status = search_network(&graph, base, &c, o->multiple, error);
        if (status == EFFNET_OK) status = add_network(all, &one, graph, error);
    }
    net_graph_free(graph);
    return status;
}

static effnet_status add_grid(search_candidates *all, const net_graph *base, const effnet_search_options *o,
                              effnet_error *error)
{
    const size_t betas = values_of(o->beta, o->step), gammas = values_of(o->gamma, o->step);
    double nearest = INFINITY;
    all->points = points_of(o);
    for (size_t i = 0; i < all->points; i++) {
        const net_coefficients c = {value_at(o->alpha, o->step, i / (betas * gammas)),
                                    value_at(o->beta, o->step, i / gammas % betas),
                                    value_at(o->gamma, o->step, i % gammas)};
        TRY(try_point(all, base, o, c, &nearest, error));
    }
    if (all->survivors > 0) return EFFNET_OK;
    return error_set(
        error, EFFNET_ERR_ARGUMENT,
        "none of the grid's %zu points is nearer than %g to twice the baseline's cost; the nearest is "
        "off by %.3g",
        all->points, o->tolerance, nearest);
}

effnet_status search_enumerate(search_candidates *out, const net_graph *base,
                               const effnet_search_options *options, effnet_error *error)
{
    effnet_search_options o;
    *out = (search_candidates){0};
    effnet_status status = search_options_check(&o, options, error);
    if (status == EFFNET_OK) status = add_controls(out, base, &o, error);
    if (status == EFFNET_OK) status = add_grid(out, base, &o, error);
    if (status != EFFNET_OK) search_candidates_clear(out);
    return status;
}

void search_candidates_clear(search_candidates *all)
{
    free(all->items);
    *all = (search_candidates){0};
}
