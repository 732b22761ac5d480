/* SPDX-License-Identifier: Apache-2.0
 *
 * See scale.h: one scaled network, and its JSON.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "scale.h"

/* Searches for a latency, at most: each but the last one measures a network. */
enum { MAX_ROUNDS = 6 };

static bool by_factors(const effnet_scaling *s)
{
    return s->depth != 0 || s->width != 0 || s->resolution != 0;
}

effnet_status scale_estimate(effnet_estimate *out, const effnet_network *network, void *context,
                             effnet_error *error)
{
    const scale_request *r = context;
    effnet_memory memory;
    effnet_training_memory training = {0};
    effnet_latency_figure figure = {.ms = 0};
    effnet_status status = effnet_network_get_memory(network, r->level, r->threads, &memory, error);
    if (status == EFFNET_OK && r->budget.training_bytes)
        status = effnet_network_get_training_memory(network, &r->training, &training, error);
    if (status == EFFNET_ERR_MEMORY && r->budget.training_bytes) { /* more than can be counted */
        training.total = UINT64_MAX;
        status = EFFNET_OK;
    }
    if (status == EFFNET_OK && r->latency)
        status = effnet_latency_predict(r->latency, network, &figure, NULL, error);
    *out = (effnet_estimate){
        .memory_bytes = memory.total, .training_bytes = training.total, .latency_ms = figure.ms};
    return status;
}

/* Measures the parts of `network` that are not known; says so, because it takes a while. *known: there were
 * none. */
static effnet_status measure(bool *known, const scale_request *r, const effnet_network *network,
                             effnet_error *error)
{
    effnet_latency_figure figure = {.parts = 1};
    *known = effnet_latency_predict(r->latency, network, &figure, NULL, NULL) == EFFNET_OK &&
             figure.parts == figure.measured;
    if (*known) return EFFNET_OK;
    effnet_network_info info;
    effnet_network_get_info(network, &info);
    report_detail("measuring the parts of %s", info.name);
    return effnet_latency_measure(r->latency, network, error);
}

/* A prediction is as good as what was measured near it: the network that was found is measured, and the
 * search made again with that, until it finds what is measured. */
static effnet_status fit_latency(effnet_fit *out, const scale_request *r, effnet_scaling scaling,
                                 effnet_error *error)
{
    bool known;
    effnet_status status = measure(&known, r, r->base, error);
    for (int round = 0; round < MAX_ROUNDS && status == EFFNET_OK; round++) {
        effnet_network *network = NULL;
        status = effnet_network_fit(out, r->base, &scaling, &r->budget, error);
        scaling.phi = out->best.phi;
        if (status == EFFNET_OK) status = effnet_network_scale(&network, NULL, r->base, &scaling, error);
        if (status == EFFNET_OK) status = measure(&known, r, network, error);
        effnet_network_free(network);
        if (known) break;
    }
    return status;
}

effnet_status scale_plan_make(scale_plan *out, const scale_request *r, const effnet_scaling *scaling,
                              effnet_error *error)
{
    *out = (scale_plan){.scaling = *scaling};
    effnet_status status = EFFNET_OK;
    if (r->has_budget && !by_factors(scaling)) {
        status = r->latency ? fit_latency(&out->fit, r, *scaling, error)
                            : effnet_network_fit(&out->fit, r->base, scaling, &r->budget, error);
        out->scaling.phi = out->fit.best.phi;
    }
    if (status == EFFNET_OK)
        status = effnet_network_scale(&out->network, &out->scaled, r->base, &out->scaling, error);
    if (status == EFFNET_OK) effnet_network_get_info(out->network, &out->info);
    return status;
}

void scale_plan_free(scale_plan *plan)
{
    effnet_network_free(plan->network);
    plan->network = NULL;
}

json_t *scale_plan_to_json(const scale_request *r, const scale_plan *plan)
{
    const double none = NAN; /* json_number makes null of it */
    const effnet_scaling *s = &plan->scaling;
    const bool factors = by_factors(s);
    json_t *object = json_pack(
        "{s:o,s:o,s:o,s:o,s:f,s:f,s:f,s:o,s:f,s:f,s:{s:i,s:i,s:i},s:I,s:I,s:I}", "alpha",
        json_number(factors ? none : s->alpha), "beta", json_number(factors ? none : s->beta), "gamma",
        json_number(factors ? none : s->gamma), "phi", json_number(factors ? none : s->phi), "width",
        plan->scaled.width, "depth", plan->scaled.depth, "resolution", plan->scaled.resolution, "product",
        json_number(factors ? none : plan->scaled.product), "asked_growth", plan->scaled.asked, "growth",
        plan->scaled.growth, "input", "height", plan->info.height, "width", plan->info.width, "channels",
        plan->info.channels, "macs", (json_int_t)plan->info.macs, "parameters",
        (json_int_t)plan->info.parameters, "activation_bytes_peak",
        (json_int_t)plan->info.activation_bytes_peak);
    if (r->budget.memory_bytes && !factors)
        json_object_set_new(object, "memory_bytes", json_integer((json_int_t)plan->fit.best.memory_bytes));
    if (r->budget.training_bytes && !factors)
        json_object_set_new(object, "training_bytes",
                            json_integer((json_int_t)plan->fit.best.training_bytes));
    if (r->budget.latency_ms > 0 && !factors)
        json_object_set_new(object, "latency_ms", json_real(plan->fit.best.latency_ms));
    json_object_set_new(object, "network", json_loads(effnet_network_get_json(plan->network), 0, NULL));
    return object;
}

double scale_printed(const char *printed)
{
    return strtod(printed, NULL);
}

const char *scale_difference(char out[SCALE_DIFFERENCE_SIZE], const char *printed, double value)
{
    char text[32];
    const char *point = strchr(printed, '.');
    snprintf(text, sizeof text, "%.*f", point ? (int)strlen(point + 1) : 0, value);
    if (!*printed || strcmp(text, printed) == 0)
        snprintf(out, SCALE_DIFFERENCE_SIZE, "%s", *printed ? "=" : "-");
    else
        snprintf(out, SCALE_DIFFERENCE_SIZE, "%+.1f%%", 100 * (value / scale_printed(printed) - 1));
    return out;
}
