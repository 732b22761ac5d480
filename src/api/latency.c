/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet_latency: argument checks, and the file in which measured times are kept, around src/engine/latency.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/handles.h"
#include "base/output.h"
#include "base/source.h"
#include "engine/latency/latency.h"
#include "engine/latency/layers.h"

struct effnet_latency {
    latency known;
    probe_effort effort;
    double asked_ms; /* of the options */
    char *file;      /* NULL: nothing is kept */
    char notice[EFFNET_MESSAGE_SIZE];
};

/* How long each network is measured, and how often it runs then at least. */
static const double default_ms = 300, most_ms = 60000;
enum { LEAST_RUNS = 5, MAX_FILE = 16 << 20 };

/* ---- The file ---- */

/* "latency-VERSION-LEVEL-THREADS-PROCESSOR.json" in `folder`, the processor's name in letters, digits and
 * dashes. NULL if memory is out. */
static char *file_name(const char *folder, const latency *l)
{
    char cpu[sizeof l->cpu];
    size_t used = 0;
    for (const char *c = l->cpu; *c; c++) {
        if (isalnum((unsigned char)*c))
            cpu[used++] = (char)tolower((unsigned char)*c);
        else if (used > 0 && cpu[used - 1] != '-')
            cpu[used++] = '-';
    }
    cpu[used] = '\0';
    const size_t size = strlen(folder) + used + 128;
    char *name = malloc(size);
    if (name)
        snprintf(name, size, "%s/latency-%s-%s-%zu-%s.json", folder, EFFNET_VERSION, cpu_level_name(l->level),
                 l->members, cpu);
    return name;
}

static void note(effnet_latency *l, const char *what, const effnet_error *error)
{
    snprintf(l->notice, sizeof l->notice, "%s: %.200s", what, error->message);
}

/* A file that is not there is as good as an empty one; a damaged one is measured again. */
static void read_file(effnet_latency *l)
{
    effnet_error error;
    void *text;
    size_t size;
    effnet_status status = source_load(&text, &size, l->file, MAX_FILE, &error);
    if (status == EFFNET_ERR_NOT_FOUND) return;
    if (status == EFFNET_OK) {
        status = latency_parse(&l->known, text, size, &error);
        if (status != EFFNET_OK) error_prefix(&error, status, l->file);
        free(text);
    }
    if (status == EFFNET_OK) return;
    latency_clear(&l->known);
    note(l, "measured times are not used and will be replaced", &error);
}

/* What cannot be kept is only measured again. */
static void write_file(effnet_latency *l)
{
    effnet_error error;
    char *text;
    effnet_status status = latency_format(&text, &l->known, &error);
    if (status == EFFNET_OK) status = output_replace(l->file, text, strlen(text), &error);
    free(text);
    if (status != EFFNET_OK) note(l, "measured times are not kept", &error);
}

/* ---- Handles ---- */

static effnet_status check_options(cpu_level *level, size_t *members, const effnet_latency_options *options,
                                   effnet_error *error)
{
    if (!(options->measure_ms >= 0 && options->measure_ms <= most_ms))
        return error_set(error, EFFNET_ERR_ARGUMENT, "measure_ms is %g; wanted 0 to %g", options->measure_ms,
                         most_ms);
    TRY(api_check_level(level, options->level, error));
    return api_threads(members, options->threads, error);
}

effnet_status effnet_latency_create(effnet_latency **out, const effnet_latency_options *options,
                                    effnet_error *error)
{
    if (!out) return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_latency_create: out is NULL");
    *out = NULL;
    const effnet_latency_options defaults = {0};
    if (!options) options = &defaults;
    cpu_level level = CPU_REF;
    size_t members = 0;
    TRY(check_options(&level, &members, options, error));
    effnet_latency *l = calloc(1, sizeof *l);
    if (!l) return error_memory(error);
    latency_init(&l->known, level, members);
    l->asked_ms = options->measure_ms;
    l->effort = (probe_effort){options->measure_ms > 0 ? options->measure_ms : default_ms, LEAST_RUNS};
    if (options->folder) {
        l->file = file_name(options->folder, &l->known);
        if (!l->file) {
            effnet_latency_free(l);
            return error_memory(error);
        }
        if (!options->afresh) read_file(l);
    }
    *out = l;
    return EFFNET_OK;
}

void effnet_latency_free(effnet_latency *l)
{
    if (!l) return;
    latency_clear(&l->known);
    free(l->file);
    free(l);
}

const char *effnet_latency_get_notice(const effnet_latency *l)
{
    return l->notice;
}

const char *effnet_latency_get_file(const effnet_latency *l)
{
    return l->file ? l->file : "";
}

effnet_status effnet_latency_measure(effnet_latency *l, const effnet_network *network, effnet_error *error)
{
    if (!l || !network)
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_latency_measure: latency or network is NULL");
    const size_t before = l->known.count;
    TRY(latency_measure(&l->known, network->graph, l->effort, error));
    if (l->file && l->known.count != before) write_file(l);
    return EFFNET_OK;
}

effnet_status effnet_latency_predict(const effnet_latency *l, const effnet_network *network,
                                     effnet_latency_figure *figure, double *part_ms, effnet_error *error)
{
    if (!l || !network || !figure)
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "effnet_latency_predict: latency, network or figure is NULL");
    latency_sum sum;
    const effnet_status status = latency_predict(&sum, &l->known, network->graph, part_ms, error);
    *figure = (effnet_latency_figure){.ms = sum.ms, .parts = sum.parts, .measured = sum.measured};
    return status;
}

/* ---- Layers ---- */

/* Layers take little time, but there may be many. */
static const double layer_ms = 100;
enum { LAYER_LEAST_RUNS = 3 };

static effnet_status start_prober(prober *out, cpu_level level, size_t members, double ms,
                                  effnet_error *error)
{
    *out = (prober){.level = level, .effort = {ms > 0 ? ms : layer_ms, LAYER_LEAST_RUNS}};
    TRY(pool_create(&out->team, members, error));
    pool_limit_cores(out->team, cpu_usable_cores());
    return EFFNET_OK;
}

effnet_status effnet_measure_layer(double *ms, const effnet_layer *layer,
                                   const effnet_latency_options *options, effnet_error *error)
{
    if (!ms || !layer)
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_measure_layer: ms or layer is NULL");
    *ms = 0;
    const effnet_latency_options defaults = {0};
    if (!options) options = &defaults;
    cpu_level level = CPU_REF;
    size_t members = 0;
    net_layer_graph graph;
    prober p;
    TRY(api_layer_place(&graph, layer, error));
    TRY(check_options(&level, &members, options, error));
    TRY(start_prober(&p, level, members, options->measure_ms, error));
    const effnet_status status = layers_measure(ms, &graph, &p, error);
    pool_free(p.team);
    return status;
}

effnet_status effnet_latency_measure_standard(effnet_latency *l, const effnet_network *network, double *ms,
                                              double *part_ms, effnet_error *error)
{
    if (!l || !network || !ms)
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "effnet_latency_measure_standard: latency, network or ms is NULL");
    *ms = 0;
    const net_graph *graph = network->graph;
    const size_t parts = net_graph_parts(graph);
    effnet_latency_figure figure;
    prober p;
    TRY(effnet_latency_measure(l, network, error));
    double *times = calloc(parts, sizeof *times);
    if (!times) return error_memory(error);
    effnet_status status = effnet_latency_predict(l, network, &figure, times, error);
    if (status == EFFNET_OK) status = start_prober(&p, l->known.level, l->known.members, l->asked_ms, error);
    if (status == EFFNET_OK) {
        status = layers_measure_standard(times, graph, &p, error);
        pool_free(p.team);
    }
    for (size_t i = 0; i < parts && status == EFFNET_OK; i++) {
        *ms += times[i];
        if (part_ms) part_ms[i] = times[i];
    }
    free(times);
    return status;
}
