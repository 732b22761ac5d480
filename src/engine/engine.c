/* SPDX-License-Identifier: Apache-2.0
 *
 * Chooses between the two engines: the blocked one where the level has blocked kernels, the reference
 * elsewhere.
 */
#include "engine/engine.h"

#include <stdlib.h>

#include "engine/blocked/blocked_engine.h"
#include "engine/reference/reference.h"
#include "engine/stopwatch.h"

struct engine_weights { /* one of the two */
    reference_weights *reference;
    blocked_weights *blocked;
};

struct engine_scratch {
    reference_scratch *reference;
    blocked_scratch *blocked;
    stopwatch watch;
};

effnet_status engine_weights_create(engine_weights **out, const net_graph *graph, cpu_level level, pool *team,
                                    engine_reader read, void *context, effnet_error *error)
{
    *out = NULL;
    engine_weights *w = calloc(1, sizeof *w);
    if (!w) return error_memory(error);
    const blocked_table *table = blocked_table_for(level);
    const effnet_status status =
        table ? blocked_weights_create(&w->blocked, graph, table, team, read, context, error)
              : reference_weights_create(&w->reference, graph, level, read, context, error);
    if (status != EFFNET_OK) {
        free(w);
        return status;
    }
    *out = w;
    return EFFNET_OK;
}

void engine_weights_free(engine_weights *weights)
{
    if (!weights) return;
    reference_weights_free(weights->reference);
    blocked_weights_free(weights->blocked);
    free(weights);
}

effnet_status engine_scratch_create(engine_scratch **out, const net_graph *graph,
                                    const engine_weights *weights, pool *team, effnet_error *error)
{
    *out = NULL;
    engine_scratch *s = calloc(1, sizeof *s);
    if (!s) return error_memory(error);
    const effnet_status status =
        weights->blocked ? blocked_scratch_create(&s->blocked, graph, weights->blocked, team, error)
                         : reference_scratch_create(&s->reference, graph, weights->reference, team, error);
    if (status != EFFNET_OK) {
        free(s);
        return status;
    }
    *out = s;
    return EFFNET_OK;
}

void engine_scratch_free(engine_scratch *scratch)
{
    if (!scratch) return;
    reference_scratch_free(scratch->reference);
    blocked_scratch_free(scratch->blocked);
    free(scratch);
}

effnet_status engine_memory_plan(engine_memory *out, const net_graph *graph, cpu_level level, size_t members,
                                 effnet_error *error)
{
    *out = (engine_memory){0};
    const blocked_table *table = blocked_table_for(level);
    return table ? blocked_memory_plan(out, graph, table, members, error)
                 : reference_memory_plan(out, graph, level, error);
}

void engine_profile(engine_scratch *scratch, double *part_ms)
{
    scratch->watch.part_ms = part_ms;
}

void engine_run(engine_scratch *scratch, const float *input, size_t count, const engine_tap *taps,
                size_t tap_count)
{
    stopwatch_start(&scratch->watch);
    if (scratch->blocked)
        blocked_run(scratch->blocked, input, count, taps, tap_count, &scratch->watch);
    else
        reference_run(scratch->reference, input, count, taps, tap_count, &scratch->watch);
}
