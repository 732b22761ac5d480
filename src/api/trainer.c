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

effnet_status effnet_trainer_create(effnet_trainer **out, const effnet_model *start,
                                    const effnet_dataset *data, const effnet_trainer_options *options,
                                    effnet_error *error)
{
    if (out) *out = NULL;
    if (!out || !start || !data)
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_trainer_create: an argument is NULL");
    static const effnet_trainer_options defaults = {0};
    if (!options) options = &defaults;
    cpu_level level;
    size_t threads;
    TRY(api_check_level(&level, options->level, error));
    TRY(api_threads(&threads, options->threads, error));
    effnet_trainer *t = calloc(1, sizeof *t);
    if (!t) return error_memory(error);
    const image_options images = api_image_options(&options->images);
    const effnet_status status =
        trainer_create(&t->run, start->checkpoint, data->data, options, level, threads, &images, error);
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

void effnet_trainer_get_info(const effnet_trainer *t, effnet_trainer_info *info)
{
    const trainer *run = t->run;
    *info = (effnet_trainer_info){
        .parameters = run->layout->trained,
        .bytes = run->bytes,
        .keep = run->memory == TRAIN_RECOMPUTE ? EFFNET_KEEP_LEAST : EFFNET_KEEP_ALL,
        .epochs = run->options.epochs + run->options.head_epochs,
        .batch = (int)run->batch,
        .steps = feed_steps(run->training),
        .learning_rate = run->options.learning_rate,
        .head_rate = run->options.head_rate,
        .augment = run->options.augment,
        .level = cpu_level_name(run->level),
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
    return trainer_run(t->run, progress, error);
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
