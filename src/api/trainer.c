/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet_trainer: argument checks around src/train/loop, and models made of what was trained.
 */
#include <stdlib.h>

#include "api/handles.h"
#include "train/loop/trainer.h"

struct effnet_trainer {
    trainer *run;
};

static const effnet_trainer_options defaults = {0};

effnet_status effnet_trainer_create(effnet_trainer **out, const effnet_model *start,
                                    const effnet_dataset *data, const effnet_trainer_options *options,
                                    effnet_error *error)
{
    if (out) *out = NULL;
    if (!out || !start)
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_trainer_create: an argument is NULL");
    if (!options) options = &defaults;
    cpu_level level;
    size_t threads;
    TRY(api_check_level(&level, options->level, error));
    TRY(api_threads(&threads, options->threads, error));
    effnet_trainer *t = calloc(1, sizeof *t);
    if (!t) return error_memory(error);
    const image_options images = api_image_options(&options->images);
    const effnet_status status = trainer_create(&t->run, start->checkpoint, data ? data->data : NULL, options,
                                                level, threads, &images, error);
    if (status == EFFNET_OK)
        *out = t;
    else
        free(t);
    return status;
}

void effnet_trainer_free(effnet_trainer *t)
{
    if (!t) return;
    trainer_free(t->run);
    free(t);
}

static effnet_keep keep_of(const trainer_memory *m)
{
    return m->kept == TRAIN_RECOMPUTE ? EFFNET_KEEP_LEAST : EFFNET_KEEP_ALL;
}

effnet_status effnet_network_get_training_memory(const effnet_network *network,
                                                 const effnet_trainer_options *options,
                                                 effnet_training_memory *memory, effnet_error *error)
{
    if (memory) *memory = (effnet_training_memory){0};
    if (!memory || !network)
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "effnet_network_get_training_memory: network or memory is NULL");
    if (!options) options = &defaults;
    cpu_level level;
    size_t members;
    trainer_memory told;
    TRY(api_check_level(&level, options->level, error));
    TRY(api_threads(&members, options->threads, error));
    TRY(trainer_tell_memory(&told, network->graph, options, level, members, error));
    *memory = (effnet_training_memory){
        .arrays = told.arrays,
        .step = told.step,
        .pictures = told.pictures,
        .total = told.total,
        .keep = keep_of(&told),
    };
    return EFFNET_OK;
}

void effnet_trainer_get_info(const effnet_trainer *t, effnet_trainer_info *info)
{
    const trainer *run = t->run;
    *info = (effnet_trainer_info){
        .parameters = run->layout->trained,
        .bytes = run->memory.total,
        .keep = keep_of(&run->memory),
        .epochs = run->options.epochs + run->options.head_epochs,
        .batch = (int)run->batch,
        .steps = run->steps,
        .ranks = (int)ranks_count(run->ranks),
        .learning_rate = run->options.learning_rate,
        .head_rate = run->options.head_rate,
        .augment = run->options.augment,
        .level = cpu_level_name(run->level),
        .threads = (int)pool_members(run->team),
    };
}

effnet_status effnet_trainer_resume(effnet_trainer *t, const char **notice, effnet_error *error)
{
    if (notice) *notice = "";
    if (!t) return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_trainer_resume: trainer is NULL");
    TRY(trainer_load(t->run, error));
    if (notice) *notice = t->run->notice;
    return EFFNET_OK;
}

effnet_status effnet_trainer_step(effnet_trainer *t, effnet_progress *progress, effnet_error *error)
{
    if (!t || !progress)
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_trainer_step: an argument is NULL");
    if (!t->run->training)
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_trainer_step: the trainer has no data");
    return trainer_run(t->run, NULL, progress, error);
}

static effnet_status check_batch(const trainer *run, const int *classes, size_t count, effnet_error *error)
{
    if (run->training)
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_trainer_step_on: the trainer has its own data");
    if (count == 0 || count > run->batch)
        return error_set(error, EFFNET_ERR_ARGUMENT, "a batch of %zu images; wanted 1 to %zu", count,
                         run->batch);
    for (size_t i = 0; i < count; i++)
        if (classes[i] < 0 || (size_t)classes[i] >= run->loss.outputs)
            return error_set(error, EFFNET_ERR_ARGUMENT, "image %zu: class %d; wanted 0 to %zu", i,
                             classes[i], run->loss.outputs - 1);
    return EFFNET_OK;
}

effnet_status effnet_trainer_step_on(effnet_trainer *t, const float *images, const int *classes, size_t count,
                                     effnet_progress *progress, effnet_error *error)
{
    if (!t || !images || !classes || !progress)
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_trainer_step_on: an argument is NULL");
    TRY(check_batch(t->run, classes, count, error));
    const feed_batch batch = {.images = images, .targets = {.classes = classes}, .count = count};
    return trainer_run(t->run, &batch, progress, error);
}

effnet_status effnet_trainer_save(effnet_trainer *t, effnet_error *error)
{
    if (!t) return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_trainer_save: trainer is NULL");
    return trainer_save(t->run, error);
}

effnet_status effnet_trainer_get_model(const effnet_trainer *t, bool averaged, effnet_model **out,
                                       effnet_error *error)
{
    if (out) *out = NULL;
    if (!t || !out)
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_trainer_get_model: an argument is NULL");
    model *m;
    TRY(trainer_export(t->run, averaged, &m, error));
    return api_model_wrap(out, m, t->run->level, error);
}
