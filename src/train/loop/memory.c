/* SPDX-License-Identifier: Apache-2.0
 *
 * What a run takes, counted from shapes before anything of it is allocated: for a trainer, which refuses what
 * is too much, and for whoever only wants to know.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <unistd.h>

#include "base/pages.h"
#include "base/sizes.h"
#include "train/loop/trainer.h"

train_step_options trainer_step_options(const trainer *t, size_t pass, const trainer_phase *phase)
{
    return (train_step_options){.level = t->level,
                                .batch = pass,
                                .memory = t->memory.kept,
                                .frozen_norms = phase->frozen_norms,
                                .first_trained = phase->first_tensor};
}

/* Bytes of the step that takes most. */
static effnet_status step_bytes(const trainer *t, size_t pass, size_t *out, effnet_error *error)
{
    *out = 0;
    for (size_t i = 0; i < t->phase_count; i++) {
        const train_step_options options = trainer_step_options(t, pass, &t->phases[i]);
        size_t bytes;
        TRY(train_step_bytes(&bytes, t->graph, &options, t->members, error));
        bytes = pages_rounded(bytes);
        if (bytes > *out) *out = bytes;
    }
    return EFFNET_OK;
}

size_t trainer_arrays(trainer *t, size_t batch, trainer_array out[TRAINER_MOST_ARRAYS])
{
    const train_layout *layout = t->layout;
    const size_t logits = batch * train_outputs(t->graph);
    size_t n = 0;
    out[n++] = (trainer_array){&t->values, layout->count};
    if (t->options.averaging > 0) out[n++] = (trainer_array){&t->average, layout->count};
    out[n++] = (trainer_array){&t->gradients, layout->trained};
    for (size_t i = 0; i < train_optimiser_states(&t->optimiser); i++)
        out[n++] = (trainer_array){&t->states[i], layout->trained};
    out[n++] = (trainer_array){&t->statistics, layout->count - layout->trained};
    out[n++] = (trainer_array){&t->logits, logits};
    out[n++] = (trainer_array){&t->dlogits, logits};
    return n;
}

static size_t array_bytes(trainer *t, size_t batch)
{
    trainer_array arrays[TRAINER_MOST_ARRAYS];
    const size_t count = trainer_arrays(t, batch, arrays);
    size_t bytes = ranks_bytes(ranks_count(t->ranks));
    for (size_t i = 0; i < count; i++)
        bytes += pages_rounded(arrays[i].count * sizeof(float));
    return bytes;
}

static size_t picture_bytes(const trainer *t, size_t batch)
{
    const net_graph *g = t->graph;
    if (t->data == &t->none) return 0;
    return 2 * batch * (size_t)g->height * (size_t)g->width * (size_t)g->arch.in_channels * sizeof(float);
}

/* Of steps of `batch` pictures in passes of `pass`. */
static effnet_status count(trainer_memory *out, trainer *t, size_t batch, size_t pass, effnet_error *error)
{
    TRY(step_bytes(t, pass, &out->step, error));
    out->arrays = array_bytes(t, batch);
    out->pictures = picture_bytes(t, batch);
    if (size_add(&out->total, out->step, out->arrays) && size_add(&out->total, out->total, out->pictures))
        return EFFNET_OK;
    return error_memory(error);
}

/* The largest batch below the present one that fits: as a whole, or in passes of that many, the batch itself
 * staying as it is. 0 if none does. */
static size_t fitting(trainer *t, size_t limit, bool in_passes)
{
    size_t least = 0, most = t->pass;
    while (least + 1 < most) {
        const size_t middle = least + (most - least) / 2;
        trainer_memory m = {.total = 0};
        if (count(&m, t, in_passes ? t->batch : middle, middle, NULL) == EFFNET_OK && m.total <= limit)
            least = middle;
        else
            most = middle;
    }
    return least;
}

static effnet_status refuse(trainer *t, size_t limit, effnet_error *error)
{
    const size_t batch = fitting(t, limit, false), pass = fitting(t, limit, true);
    const double mib = 0x1p20;
    char passes[48] = "";
    if (batch == 0)
        return error_set(error, EFFNET_ERR_LIMIT,
                         "training takes more than the limit of %.1f MiB with one picture at a time, too",
                         (double)limit / mib);
    if (pass > 0) snprintf(passes, sizeof passes, ", or %zu passes", (t->batch + pass - 1) / pass);
    return error_set(error, EFFNET_ERR_LIMIT,
                     "%zu pictures at a time take %.1f MiB, the limit is %.1f: a batch of %zu fits%s",
                     t->pass, (double)t->memory.total / mib, (double)limit / mib, batch, passes);
}

/* max_bytes, or nine tenths of the machine's memory. */
static size_t limit_of(const effnet_trainer_options *o)
{
    if (o->max_bytes) return (size_t)o->max_bytes;
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (size_t)pages * (size_t)size / 10 * 9 : SIZE_MAX;
}

/* What is kept, and what that takes. */
static effnet_status settle(trainer *t, size_t limit, effnet_error *error)
{
    trainer_memory *m = &t->memory;
    m->kept = t->options.keep == EFFNET_KEEP_LEAST ? TRAIN_RECOMPUTE : TRAIN_KEEP;
    TRY(count(m, t, t->batch, t->pass, error));
    if (t->options.keep != EFFNET_KEEP_AUTO || m->total <= limit) return EFFNET_OK;
    m->kept = TRAIN_RECOMPUTE;
    return count(m, t, t->batch, t->pass, error);
}

effnet_status trainer_plan_memory(trainer *t, effnet_error *error)
{
    const size_t limit = limit_of(&t->options);
    TRY(settle(t, limit, error));
    if (t->memory.total > limit) return refuse(t, limit, error);
    const size_t room = limit - t->memory.total;
    t->cache = t->options.cache_bytes < room ? (size_t)t->options.cache_bytes : room;
    return EFFNET_OK;
}

effnet_status trainer_tell_memory(trainer_memory *out, const net_graph *graph,
                                  const effnet_trainer_options *options, cpu_level level, size_t members,
                                  effnet_error *error)
{
    const dataset plenty = {.parts = {[EFFNET_TRAINING] = {.count = SIZE_MAX}}};
    trainer t = {.graph = graph, .data = &plenty, .level = level, .members = members};
    *out = (trainer_memory){.total = 0};
    if (graph->arch.classes == 0)
        return error_set(error, EFFNET_ERR_MISMATCH, "the network has no classifier to train");
    TRY(train_layout_create(&t.layout, graph, error));
    effnet_status status = trainer_choose(&t, options, error);
    if (status == EFFNET_OK) status = settle(&t, limit_of(&t.options), error);
    if (status == EFFNET_OK) *out = t.memory;
    train_layout_free(t.layout);
    return status;
}
