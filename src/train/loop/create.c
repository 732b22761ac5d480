/* SPDX-License-Identifier: Apache-2.0
 *
 * A run before its first step: what it will take is counted first (memory.c), and refused if it is too much;
 * then everything is allocated that it will ever need.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"
#include "model/labels.h"
#include "train/loop/trainer.h"
#include "train/update/sums.h"

/* ---- Allocation ---- */

static effnet_status floats(float **out, size_t count, effnet_error *error)
{
    *out = pages_alloc((count ? count : 1) * sizeof **out);
    if (!*out) return error_memory(error);
    memset(*out, 0, count * sizeof **out);
    return EFFNET_OK;
}

static effnet_status allocate(trainer *t, effnet_error *error)
{
    trainer_array arrays[TRAINER_MOST_ARRAYS];
    const size_t count = trainer_arrays(t, t->batch, arrays);
    for (size_t i = 0; i < count; i++)
        TRY(floats(arrays[i].at, arrays[i].count, error));
    t->scratch = malloc(train_norm_pieces(t->layout->count) * sizeof *t->scratch);
    t->words = calloc(ranks_count(t->ranks), sizeof *t->words);
    return t->scratch && t->words ? EFFNET_OK : error_memory(error);
}

/* Bytes of the cache for a part: in proportion to its pictures. */
static size_t cache_of(const trainer *t, effnet_part part)
{
    const double count = (double)t->data->parts[part].count;
    const double all = count + (double)t->data->parts[!part].count;
    return (size_t)((double)t->cache * (count / all));
}

static effnet_status make_feeds(trainer *t, effnet_error *error)
{
    if (t->data == &t->none) return EFFNET_OK;
    feed_options o = {.data = t->data,
                      .part = EFFNET_TRAINING,
                      .recipe = &t->start->recipe,
                      .channels = t->graph->arch.in_channels,
                      .images = &t->images,
                      .batch = t->batch,
                      .seed = t->options.seed,
                      .training = true,
                      .augment = &t->augment,
                      .cache = cache_of(t, EFFNET_TRAINING),
                      .rank = ranks_number(t->ranks),
                      .ranks = ranks_count(t->ranks),
                      .team = t->team,
                      .report = t->options.report,
                      .context = t->options.report_context};
    TRY(feed_create(&t->training, &o, error));
    if (t->data->parts[EFFNET_VALIDATION].count == 0) return EFFNET_OK;
    o.part = EFFNET_VALIDATION;
    o.training = false;
    o.cache = cache_of(t, EFFNET_VALIDATION);
    o.batch = t->pass;
    return feed_create(&t->validation, &o, error);
}

/* Of each class the share that it would have if all had as many pictures, over the one it has: the mean over
 * all pictures is 1. */
static effnet_status make_loss(trainer *t, effnet_error *error)
{
    static const train_head heads[] = {[EFFNET_TASK_CLASSES] = TRAIN_SOFTMAX,
                                       [EFFNET_TASK_LABELS] = TRAIN_SIGMOID,
                                       [EFFNET_TASK_VALUES] = TRAIN_LINEAR};
    const size_t outputs = t->data->outputs;
    t->loss = (train_loss){
        .head = heads[t->data->task], .outputs = outputs, .smoothing = t->options.label_smoothing};
    if (!t->options.balance || !t->training || t->data->task != EFFNET_TASK_CLASSES) return EFFNET_OK;
    size_t *counts = calloc(outputs, sizeof *counts);
    t->weights = calloc(outputs, sizeof *t->weights);
    if (!counts || !t->weights) {
        free(counts);
        return error_memory(error);
    }
    dataset_count(counts, t->data, EFFNET_TRAINING);
    size_t present = 0;
    for (size_t c = 0; c < outputs; c++)
        present += counts[c] > 0;
    const double each = (double)t->data->parts[EFFNET_TRAINING].count / (double)present;
    for (size_t c = 0; c < outputs; c++)
        t->weights[c] = counts[c] ? (float)(each / (double)counts[c]) : 0;
    t->loss.weights = t->weights;
    free(counts);
    return EFFNET_OK;
}

/* ---- Life ---- */

static effnet_status check_outputs(const trainer *t, effnet_error *error)
{
    const int classes = t->graph->arch.classes;
    if (classes == 0) return error_set(error, EFFNET_ERR_MISMATCH, "the network has no classifier to train");
    if ((size_t)classes == t->data->outputs) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_MISMATCH, "the network has %d outputs, the data have %zu", classes,
                     t->data->outputs);
}

/* All that needs nobody else. */
static effnet_status choose(trainer *t, const effnet_trainer_options *options, size_t threads,
                            effnet_error *error)
{
    TRY(check_outputs(t, error));
    TRY(train_layout_create(&t->layout, t->graph, error));
    TRY(trainer_choose(t, options, error));
    TRY(trainer_choose_augmentation(t, options->augment, error));
    if (options->folder && !(t->folder = strdup(options->folder))) return error_memory(error);
    t->options.folder = t->folder;
    t->members = threads;
    TRY(pool_create(&t->team, threads, error));
    pool_limit_cores(t->team, cpu_usable_cores());
    TRY(trainer_plan_memory(t, error));
    return trainer_describe(t, error);
}

static effnet_status fill(trainer *t, const effnet_trainer_options *options, size_t threads,
                          effnet_error *error)
{
    const effnet_status chosen = choose(t, options, threads, error);
    TRY(trainer_meet(t, chosen, error));
    if (trainer_writes(t)) TRY(trainer_prepare_folder(t, error));
    TRY(allocate(t, error));
    TRY(make_feeds(t, error));
    TRY(make_loss(t, error));
    TRY(trainer_measure_values(t, error));
    TRY(train_layout_read(t->layout, t->graph, model_read, (void *)(uintptr_t)t->start, t->values, error));
    trainer_into_units(t, t->values);
    if (t->average) memcpy(t->average, t->values, t->layout->count * sizeof *t->values);
    train_optimiser_reset(&t->optimiser, t->states, t->layout->trained);
    t->at.rate_factor = 1;
    return trainer_enter_phase(t, error);
}

effnet_status trainer_create(trainer **out, const model *start, const dataset *data,
                             const effnet_trainer_options *options, cpu_level level, size_t threads,
                             const image_options *images, effnet_error *error)
{
    *out = NULL;
    trainer *t = calloc(1, sizeof *t);
    if (!t) return error_memory(error);
    t->start = start;
    t->graph = start->graph;
    t->none = (dataset){
        .task = EFFNET_TASK_CLASSES, .labels = start->labels, .outputs = (size_t)start->graph->arch.classes};
    t->data = data ? data : &t->none;
    t->level = level;
    t->images = *images;
    t->ranks = options->ranks;
    effnet_error own;
    if (!error) error = &own;
    const effnet_status status = fill(t, options, threads, error);
    if (status != EFFNET_OK) {
        if (!t->agreed) ranks_fail(t->ranks, status, error->message);
        trainer_free(t);
        return status;
    }
    *out = t;
    return EFFNET_OK;
}

void trainer_free(trainer *t)
{
    if (!t) return;
    train_step_free(t->step);
    feed_free(t->training);
    feed_free(t->validation);
    pool_free(t->team);
    train_layout_free(t->layout);
    float *arrays[] = {t->weights,   t->values,     t->average, t->gradients, t->states[0],
                       t->states[1], t->statistics, t->logits,  t->dlogits};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
    free(t->scratch);
    free(t->centre);
    free(t->spread);
    free(t->augment_text);
    free(t->words);
    free(t->description);
    free(t->log);
    free(t->folder);
    free(t);
}

effnet_status trainer_enter_phase(trainer *t, effnet_error *error)
{
    train_step_options options = trainer_step_options(t, t->pass, &t->phases[t->at.phase]);
    options.team = t->team;
    train_step_free(t->step);
    return train_step_create(&t->step, t->graph, &options, error);
}

effnet_status trainer_export(const trainer *t, bool averaged, model **out, effnet_error *error)
{
    char origin[sizeof(*out)->origin];
    model *m;
    snprintf(origin, sizeof origin, "trained with effnet from: %.150s; epoch %llu%s", t->start->origin,
             (unsigned long long)t->at.epoch, averaged && t->average ? ", averaged" : "");
    *out = NULL;
    TRY(trainer_export_values(t, origin, averaged && t->average ? t->average : t->values, &m, error));
    m->task = t->data->task;
    if (!t->data->labels) {
        *out = m;
        return EFFNET_OK;
    }
    labels_free(m->labels, m->label_count);
    m->labels = NULL;
    m->label_count = 0;
    const effnet_status status =
        labels_copy(&m->labels, (const char *const *)t->data->labels, t->data->outputs, error);
    if (status != EFFNET_OK) {
        model_free(m);
        return status;
    }
    m->label_count = t->data->outputs;
    *out = m;
    return EFFNET_OK;
}
