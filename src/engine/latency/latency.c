/* SPDX-License-Identifier: Apache-2.0
 *
 * See latency.h.
 */
#include "engine/latency/latency.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/blocked/blocked_engine.h"

void latency_init(latency *l, cpu_level level, size_t members)
{
    *l = (latency){.level = level, .members = members};
    cpu_name(l->cpu, sizeof l->cpu);
}

void latency_clear(latency *l)
{
    free(l->entries);
    l->entries = NULL;
    l->count = l->room = 0;
}

static latency_entry *find(const latency *l, const latency_part *part)
{
    for (size_t i = 0; i < l->count; i++)
        if (latency_part_equal(&l->entries[i].part, part)) return &l->entries[i];
    return NULL;
}

static effnet_status make_room(latency *l, effnet_error *error)
{
    if (l->count == LATENCY_MAX_ENTRIES) memmove(l->entries, l->entries + 1, --l->count * sizeof *l->entries);
    if (l->count < l->room) return EFFNET_OK;
    const size_t room = l->room ? 2 * l->room : 64;
    latency_entry *more = realloc(l->entries, room * sizeof *more);
    if (!more) return error_memory(error);
    l->entries = more;
    l->room = room;
    return EFFNET_OK;
}

static latency_entry make_entry(const latency_part *part, double ms)
{
    return (latency_entry){*part, ms, latency_part_place(part), log(ms / latency_part_work(part))};
}

effnet_status latency_put(latency *l, const latency_part *part, double ms, effnet_error *error)
{
    latency_entry *known = find(l, part);
    if (known) {
        if (ms < known->ms) *known = make_entry(part, ms);
        return EFFNET_OK;
    }
    TRY(make_room(l, error));
    l->entries[l->count++] = make_entry(part, ms);
    return EFFNET_OK;
}

/* ---- Telling ---- */

/* How many measured parts tell the time of one that was not, and how much nearer ones count for more: by
 * 1 / (distance^2 + NEAR). */
enum { NEIGHBOURS = 4 };
static const double near = 0.01;

typedef struct neighbour {
    double distance2;
    const latency_entry *entry;
} neighbour;

static void insert(neighbour *nearest, neighbour candidate)
{
    for (size_t i = 0; i < NEIGHBOURS; i++) {
        if (nearest[i].distance2 <= candidate.distance2) continue;
        const neighbour pushed = nearest[i];
        nearest[i] = candidate;
        candidate = pushed;
    }
}

/* The measured parts that are most like `part`: of its kind, if there are any. */
static void find_nearest(neighbour nearest[NEIGHBOURS], const latency *l, const latency_part *part,
                         bool any_kind)
{
    const part_place place = latency_part_place(part);
    for (size_t i = 0; i < NEIGHBOURS; i++)
        nearest[i] = (neighbour){INFINITY, NULL};
    for (size_t i = 0; i < l->count; i++) {
        const latency_entry *entry = &l->entries[i];
        if (entry->part.kind != part->kind && !any_kind) continue;
        const double distance2 = part_distance2(&entry->place, &place);
        if (distance2 < nearest[NEIGHBOURS - 1].distance2) insert(nearest, (neighbour){distance2, entry});
    }
}

/* Work at the speed of the nearest measured parts, averaged by logarithms; negative if there are none. */
static double estimate(const latency *l, const latency_part *part)
{
    neighbour nearest[NEIGHBOURS];
    find_nearest(nearest, l, part, false);
    if (!nearest[0].entry) find_nearest(nearest, l, part, true);
    double weights = 0, sum = 0;
    for (size_t i = 0; i < NEIGHBOURS && nearest[i].entry; i++) {
        const double weight = 1 / (nearest[i].distance2 + near);
        weights += weight;
        sum += weight * nearest[i].entry->slowness;
    }
    return weights > 0 ? latency_part_work(part) * exp(sum / weights) : -1;
}

bool latency_of_part(const latency *l, const latency_part *part, double *ms)
{
    const latency_entry *known = find(l, part);
    *ms = known ? known->ms : estimate(l, part);
    return known != NULL;
}

/* The blocked engine makes the stem inside a first block that allows it. */
static bool fuses_stem(const latency *l, const net_graph *graph)
{
    return blocked_table_for(l->level) && blocked_fuses_stem(graph, 0);
}

effnet_status latency_predict(latency_sum *out, const latency *l, const net_graph *graph, double *part_ms,
                              effnet_error *error)
{
    *out = (latency_sum){0};
    const bool fuses = fuses_stem(l, graph);
    latency_part last = {.kind = PART_INSIDE};
    double ms = 0;
    bool measured = false;
    for (size_t i = 0; i < net_graph_parts(graph); i++) {
        const latency_part part = latency_part_at(graph, i, fuses);
        if (part_ms) part_ms[i] = 0;
        if (part.kind == PART_INSIDE) continue;
        if (!latency_part_equal(&part, &last)) measured = latency_of_part(l, &part, &ms);
        last = part;
        if (ms < 0)
            return error_set(error, EFFNET_ERR_NOT_FOUND,
                             "nothing was measured yet that the time of a network could be told by");
        out->measured += measured;
        out->parts++;
        out->ms += ms;
        if (part_ms) part_ms[i] = ms;
    }
    return EFFNET_OK;
}

/* ---- Measuring ---- */

/* Which blocks to keep: all but those that are like the one before. */
static void drop_repeats(bool *keep, const net_graph *graph)
{
    latency_part last = {0};
    for (int i = 0; i < graph->block_count; i++) {
        const latency_part part = latency_part_at(graph, (size_t)i + 1, false);
        keep[i] = !latency_part_equal(&part, &last);
        last = part;
    }
}

static effnet_status put_parts(latency *l, const net_graph *graph, const double *part_ms, effnet_error *error)
{
    const bool fuses = fuses_stem(l, graph);
    for (size_t i = 0; i < net_graph_parts(graph); i++) {
        const latency_part part = latency_part_at(graph, i, fuses);
        if (part.kind != PART_INSIDE) TRY(latency_put(l, &part, part_ms[i], error));
    }
    return EFFNET_OK;
}

static effnet_status measure_parts(latency *l, const net_graph *graph, probe_effort effort,
                                   effnet_error *error)
{
    pool *team;
    double *part_ms = calloc(net_graph_parts(graph) + 1, sizeof *part_ms);
    if (!part_ms) return error_memory(error);
    effnet_status status = pool_create(&team, l->members, error);
    if (status == EFFNET_OK) {
        pool_limit_cores(team, cpu_usable_cores());
        status = probe_run(part_ms, graph, l->level, team,
                           graph->arch.classes > 0 ? NET_AT_LOGITS : NET_AT_POOLED, effort, error);
        pool_free(team);
    }
    if (status == EFFNET_OK) status = put_parts(l, graph, part_ms, error);
    free(part_ms);
    return status;
}

static bool all_known(const latency *l, const net_graph *graph)
{
    const bool fuses = fuses_stem(l, graph);
    for (size_t i = 0; i < net_graph_parts(graph); i++) {
        const latency_part part = latency_part_at(graph, i, fuses);
        if (part.kind != PART_INSIDE && !find(l, &part)) return false;
    }
    return true;
}

effnet_status latency_measure(latency *l, const net_graph *graph, probe_effort effort, effnet_error *error)
{
    if (all_known(l, graph)) return EFFNET_OK;
    net_graph *probe;
    bool *keep = calloc((size_t)graph->block_count, sizeof *keep);
    if (!keep) return error_memory(error);
    drop_repeats(keep, graph);
    effnet_status status = probe_of_blocks(&probe, graph, keep, error);
    free(keep);
    if (status == EFFNET_OK) status = measure_parts(l, probe, effort, error);
    net_graph_free(probe);
    return status;
}
