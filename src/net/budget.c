/* SPDX-License-Identifier: Apache-2.0
 *
 * See budget.h. While no coefficient is under 1, multiply-adds and parameters grow with phi, as does whether
 * a network is too large to be built, so these are found by halving; rounding never makes a larger width or
 * depth a smaller one. Memory and time promise nothing of the kind, except that a byte is needed for each
 * parameter: below that phi they are asked one by one, from above. With a coefficient under 1 everything is.
 */
#include "net/budget.h"

#include <math.h>

/* Grid points are counted in hundredths of phi. */
enum { LOWEST = -NET_MAX_PHI * NET_PHI_STEPS, HIGHEST = NET_MAX_PHI * NET_PHI_STEPS };

typedef struct search {
    const net_graph *base;
    const net_coefficients *coefficients;
    int multiple;
    const net_budget *budget;
} search;

static double phi_at(int point)
{
    return (double)point / NET_PHI_STEPS;
}

static bool needs_estimate(const net_budget *b)
{
    return b->memory_bytes > 0 || b->training_bytes > 0 || b->latency_ms > 0;
}

/* The most parameters that the limits of memory leave room for. */
static uint64_t most_parameters(const net_budget *b)
{
    uint64_t most = b->parameters ? b->parameters : UINT64_MAX;
    if (b->memory_bytes && b->memory_bytes < most) most = b->memory_bytes;
    if (b->training_bytes && b->training_bytes / NET_TRAINED_BYTES < most)
        most = b->training_bytes / NET_TRAINED_BYTES;
    return most;
}

/* Far over what any estimator would let pass. */
static bool is_hopeless(const net_budget *b, const net_cost *cost)
{
    return (b->macs && cost->macs > b->macs) || cost->parameters > most_parameters(b);
}

static unsigned over_counts(const net_budget *b, const net_cost *cost)
{
    unsigned over = 0;
    if (b->macs && cost->macs > b->macs) over |= NET_LIMIT_MACS;
    if (b->parameters && cost->parameters > b->parameters) over |= NET_LIMIT_PARAMETERS;
    return over;
}

static unsigned over_estimates(const net_budget *b, const net_estimate *e)
{
    unsigned over = 0;
    if (b->memory_bytes && e->memory_bytes > b->memory_bytes) over |= NET_LIMIT_MEMORY;
    if (b->training_bytes && e->training_bytes > b->training_bytes) over |= NET_LIMIT_TRAINING;
    if (b->latency_ms > 0 && !(e->latency_ms <= b->latency_ms)) over |= NET_LIMIT_LATENCY;
    return over;
}

/* The network at a grid point; NULL, with the reason in `why`, if it cannot be built. Running out of memory
 * is the only failure. */
static effnet_status build(net_graph **graph, const search *s, int point, effnet_error *why)
{
    net_factors factors;
    effnet_status status = net_factors_at(&factors, s->coefficients, phi_at(point), why);
    *graph = NULL;
    if (status == EFFNET_OK) status = net_scale(graph, s->base, &factors, s->multiple, why);
    return status == EFFNET_ERR_MEMORY ? status : EFFNET_OK;
}

/* Where the network of a grid point stands by its counts, and by the estimates too if `fully`. */
static effnet_status stand(net_standing *out, bool *built, const search *s, int point, bool fully,
                           effnet_error *error)
{
    net_graph *graph;
    effnet_error why;
    *out = (net_standing){.phi = phi_at(point)};
    effnet_status status = build(&graph, s, point, &why);
    *built = graph != NULL;
    if (status != EFFNET_OK) return error_memory(error);
    if (!graph) return EFFNET_OK;
    out->cost = net_cost_total(graph);
    out->over = over_counts(s->budget, &out->cost);
    if (fully && needs_estimate(s->budget)) {
        status = s->budget->estimate(&out->estimate, graph, s->budget->context, error);
        out->over |= over_estimates(s->budget, &out->estimate);
    }
    net_graph_free(graph);
    return status;
}

static bool too_small(const search *s, int point)
{
    net_factors f;
    return net_factors_at(&f, s->coefficients, phi_at(point), NULL) != EFFNET_OK ||
           net_scale_check_small(s->base, &f, s->multiple, NULL) != EFFNET_OK;
}

static bool grows(const net_coefficients *c)
{
    return c->alpha >= 1 && c->beta >= 1 && c->gamma >= 1;
}

/* The highest point whose counts leave hope and that is not too large, by halving; LOWEST - 1 if there is
 * none. */
static effnet_status halve(int *out, const search *s, effnet_error *error)
{
    int fits = LOWEST - 1, over = HIGHEST + 1;
    while (over - fits > 1) {
        const int middle = fits + (over - fits) / 2;
        net_standing standing;
        bool built;
        TRY(stand(&standing, &built, s, middle, false, error));
        if (built ? !is_hopeless(s->budget, &standing.cost) : too_small(s, middle))
            fits = middle;
        else
            over = middle;
    }
    *out = fits;
    return EFFNET_OK;
}

typedef struct excess {
    const char *unit;
    double needed, limit;
} excess;

/* The first of the limits that a network is over. */
static excess first_excess(const net_budget *b, const net_standing *s)
{
    if (s->over & NET_LIMIT_MACS) return (excess){"multiply-adds", (double)s->cost.macs, (double)b->macs};
    if (s->over & NET_LIMIT_PARAMETERS)
        return (excess){"parameters", (double)s->cost.parameters, (double)b->parameters};
    if (s->over & NET_LIMIT_MEMORY)
        return (excess){"bytes of memory", (double)s->estimate.memory_bytes, (double)b->memory_bytes};
    if (s->over & NET_LIMIT_TRAINING)
        return (excess){"bytes to be trained", (double)s->estimate.training_bytes, (double)b->training_bytes};
    return (excess){"ms", s->estimate.latency_ms, b->latency_ms};
}

/* `lowest` is the network of the lowest phi; over == 0: there is none at all. */
static effnet_status refuse(const net_budget *budget, const net_standing *lowest, effnet_error *error)
{
    if (!lowest->over)
        return error_set(error, EFFNET_ERR_ARGUMENT, "no phi gives a network that can be built");
    const excess e = first_excess(budget, lowest);
    return error_set(error, EFFNET_ERR_ARGUMENT,
                     "no phi fits: the lowest that can be built, %g, needs %.10g %s; the limit is %.10g",
                     lowest->phi, e.needed, e.unit, e.limit);
}

static effnet_status check_budget(const search *s, effnet_error *error)
{
    const net_budget *b = s->budget;
    const net_coefficients *c = s->coefficients;
    TRY(net_coefficients_check(c, error));
    if (c->alpha == 1 && c->beta == 1 && c->gamma == 1)
        return error_set(error, EFFNET_ERR_ARGUMENT, "alpha, beta and gamma are all 1: phi scales nothing");
    if (!(b->latency_ms >= 0))
        return error_set(error, EFFNET_ERR_ARGUMENT, "the limit of latency is %g ms", b->latency_ms);
    if (!b->macs && !b->parameters && !needs_estimate(b))
        return error_set(
            error, EFFNET_ERR_ARGUMENT,
            "a budget limits multiply-adds, parameters, memory or latency; this one limits nothing");
    if (!needs_estimate(b) || b->estimate) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_ARGUMENT, "a limit of %s needs an estimator",
                     b->latency_ms > 0 ? "latency" : "memory");
}

effnet_status net_budget_fit(net_fit *out, const net_graph *base, const net_coefficients *c, int multiple,
                             const net_budget *budget, effnet_error *error)
{
    const search s = {base, c, multiple, budget};
    int point = HIGHEST;
    bool built;
    net_standing here, above = {0}, lowest = {0};
    TRY(check_budget(&s, error));
    if (grows(c)) TRY(halve(&point, &s, error));
    if (point < HIGHEST) TRY(stand(&above, &built, &s, point + 1, true, error));
    lowest = above;
    for (; point >= LOWEST; point--) {
        TRY(stand(&here, &built, &s, point, true, error));
        if (built && here.over == 0) {
            *out = (net_fit){.best = here, .next = above};
            return EFFNET_OK;
        }
        if (!built && grows(c)) break; /* all below are too small as well */
        if (built) lowest = here;
        above = here;
    }
    return refuse(budget, &lowest, error);
}
