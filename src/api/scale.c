/* SPDX-License-Identifier: Apache-2.0
 *
 * Compound scaling: argument checks and translation around net/scale, net/budget and net/paper.
 */
#include <math.h>
#include <string.h>

#include "api/handles.h"
#include "net/budget.h"
#include "net/paper.h"

/* The paper's coefficients where the caller gives none. */
static net_coefficients coefficients_of(const effnet_scaling *s)
{
    net_coefficients c = net_coefficients_paper;
    if (s && s->alpha != 0) c.alpha = s->alpha;
    if (s && s->beta != 0) c.beta = s->beta;
    if (s && s->gamma != 0) c.gamma = s->gamma;
    return c;
}

static bool has_factors(const effnet_scaling *s)
{
    return s->depth != 0 || s->width != 0 || s->resolution != 0;
}

static int multiple_of(const effnet_scaling *s)
{
    return s->multiple ? s->multiple : 1;
}

static double one_if_none(double factor)
{
    return factor == 0 ? 1 : factor;
}

static effnet_status factors_of(net_factors *out, const net_coefficients *c, const effnet_scaling *s,
                                effnet_error *error)
{
    if (!has_factors(s)) return net_factors_at(out, c, s->phi, error);
    *out = (net_factors){one_if_none(s->depth), one_if_none(s->width), one_if_none(s->resolution)};
    return EFFNET_OK;
}

/* Multiply-adds over the baseline's with these factors, rounded as the network is. */
static effnet_status growth_by(double *out, const net_graph *base, net_factors f, int multiple,
                               effnet_error *error)
{
    net_graph *graph;
    TRY(net_scale(&graph, base, &f, multiple, error));
    *out = (double)net_cost_total(graph).macs / (double)net_cost_total(base).macs;
    net_graph_free(graph);
    return EFFNET_OK;
}

/* Each factor alone is within the limits where all together are. */
static effnet_status measure(effnet_scaled *out, const net_graph *base, const net_factors *f, int multiple,
                             effnet_error *error)
{
    TRY(growth_by(&out->growth, base, *f, multiple, error));
    TRY(growth_by(&out->depth_growth, base, (net_factors){f->depth, 1, 1}, 1, error));
    TRY(growth_by(&out->width_growth, base, (net_factors){1, f->width, 1}, 1, error));
    return growth_by(&out->resolution_growth, base, (net_factors){1, 1, f->resolution}, multiple, error);
}

effnet_status effnet_network_scale(effnet_network **out, effnet_scaled *scaled, const effnet_network *base,
                                   const effnet_scaling *scaling, effnet_error *error)
{
    if (!out) return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_network_scale: out is NULL");
    *out = NULL;
    if (!base || !scaling)
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_network_scale: base or scaling is NULL");
    const net_coefficients c = coefficients_of(scaling);
    const int multiple = multiple_of(scaling);
    net_factors f;
    net_graph *graph;
    TRY(factors_of(&f, &c, scaling, error));
    if (scaled) {
        *scaled = (effnet_scaled){.depth = f.depth, .width = f.width, .resolution = f.resolution};
        scaled->asked = net_factors_growth(&f);
        if (!has_factors(scaling)) scaled->product = net_coefficients_product(&c);
        net_scale_warning(scaled->warning, has_factors(scaling) ? NULL : &c, &f);
        TRY(measure(scaled, base->graph, &f, multiple, error));
    }
    TRY(net_scale(&graph, base->graph, &f, multiple, error));
    return api_network_of(out, graph, error);
}

/* ---- Budgets ---- */

static effnet_status plan_memory(effnet_estimate *out, const effnet_network *network,
                                 const effnet_budget *budget, effnet_error *error)
{
    effnet_memory memory;
    effnet_training_memory training = {0};
    TRY(effnet_network_get_memory(network, EFFNET_LEVEL_BEST, 0, &memory, error));
    if (budget->training_bytes) {
        const effnet_status status = effnet_network_get_training_memory(network, NULL, &training, error);
        if (status == EFFNET_ERR_MEMORY) training.total = UINT64_MAX; /* more than can be counted */
        if (status != EFFNET_OK && status != EFFNET_ERR_MEMORY) return status;
    }
    *out = (effnet_estimate){.memory_bytes = memory.total, .training_bytes = training.total};
    return EFFNET_OK;
}

/* The caller's estimator knows networks, the search graphs. */
static effnet_status ask(net_estimate *out, const net_graph *graph, void *context, effnet_error *error)
{
    const effnet_budget *budget = context;
    effnet_network network;
    effnet_estimate estimate = {0};
    net_graph copy = *graph;
    effnet_status status = api_network_wrap(&network, &copy, true, error);
    if (status == EFFNET_OK)
        status = budget->estimate ? budget->estimate(&estimate, &network, budget->context, error)
                                  : plan_memory(&estimate, &network, budget, error);
    api_network_clear(&network);
    *out = (net_estimate){.memory_bytes = estimate.memory_bytes,
                          .training_bytes = estimate.training_bytes,
                          .latency_ms = estimate.latency_ms};
    return status;
}

static effnet_standing public_standing(const net_standing *s)
{
    return (effnet_standing){
        .phi = s->phi,
        .macs = s->cost.macs,
        .parameters = s->cost.parameters,
        .memory_bytes = s->estimate.memory_bytes,
        .training_bytes = s->estimate.training_bytes,
        .latency_ms = s->estimate.latency_ms,
        .over = s->over,
    };
}

effnet_status effnet_network_fit(effnet_fit *out, const effnet_network *base, const effnet_scaling *scaling,
                                 const effnet_budget *budget, effnet_error *error)
{
    if (!out || !base || !scaling || !budget)
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_network_fit: an argument is NULL");
    *out = (effnet_fit){.best = {0}};
    if (budget->latency_ms > 0 && !budget->estimate)
        return error_set(error, EFFNET_ERR_ARGUMENT, "a limit of latency needs an estimator");
    const net_coefficients c = coefficients_of(scaling);
    effnet_budget kept = *budget;
    const net_budget inner = {
        .macs = budget->macs,
        .parameters = budget->parameters,
        .memory_bytes = budget->memory_bytes,
        .training_bytes = budget->training_bytes,
        .latency_ms = budget->latency_ms,
        .estimate = ask,
        .context = &kept,
    };
    net_fit fit;
    TRY(net_budget_fit(&fit, base->graph, &c, multiple_of(scaling), &inner, error));
    out->best = public_standing(&fit.best);
    out->next = public_standing(&fit.next);
    return EFFNET_OK;
}

/* ---- What was published ---- */

static bool paper_network(net_paper_network *out, const char *name)
{
    for (size_t i = 0; net_paper_network_at(out, i); i++)
        if (strcmp(out->name, name) == 0) return true;
    return false;
}

/* The catalogue's networks that B0 was scaled to: they have its name up to the last part, which is not of
 * Lite's. */
static bool is_scaled_b0(const net_arch *arch)
{
    return strncmp(arch->name, "efficientnet-", 13) == 0 && strncmp(arch->name + 13, "lite", 4) != 0;
}

bool effnet_published_get(size_t index, const effnet_scaling *scaling, effnet_published *out)
{
    const net_coefficients c = coefficients_of(scaling);
    net_arch base, arch;
    if (!out || !net_arch_catalogue(&base, 0) || !net_arch_catalogue(&arch, index) || !is_scaled_b0(&arch))
        return false;
    net_paper_network printed;
    const bool in_paper = paper_network(&printed, arch.name);
    *out = (effnet_published){
        .depth = arch.depth / base.depth,
        .width = arch.width / base.width,
        .resolution = arch.size,
        .paper_parameters = in_paper ? printed.parameters : "",
        .paper_macs = in_paper ? printed.macs : "",
        .paper_top1 = in_paper ? printed.top1 : "",
    };
    memcpy(out->name, arch.name, sizeof out->name);
    out->phi_depth = net_phi_of(c.alpha, out->depth);
    out->phi_width = net_phi_of(c.beta, out->width);
    out->phi_resolution = net_phi_of(c.gamma, (double)arch.size / base.size);
    return true;
}

bool effnet_paper_row_get(size_t index, effnet_paper_row *out)
{
    net_paper_row row;
    if (!out || !net_paper_row_at(&row, index)) return false;
    *out = (effnet_paper_row){
        .table = row.table,
        .base = row.base,
        .strategy = row.strategy,
        .depth = row.factors.depth,
        .width = row.factors.width,
        .resolution = row.factors.resolution,
        .macs = row.macs,
        .top1 = row.top1,
    };
    return true;
}
