/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet_model: argument checks and translation around src/model, and the one-time packing of weights.
 */
#include <stdlib.h>
#include <string.h>

#include "api/handles.h"
#include "model/task.h"

effnet_status api_model_wrap(effnet_model **out, model *checkpoint, cpu_level level, effnet_error *error)
{
    effnet_model *m = calloc(1, sizeof *m);
    if (!m || pthread_mutex_init(&m->packing, NULL) != 0) {
        free(m);
        model_free(checkpoint);
        return error_memory(error);
    }
    m->checkpoint = checkpoint;
    m->level = level;
    recipe_format(m->recipe, sizeof m->recipe, &checkpoint->recipe);
    const effnet_status status = api_network_wrap(&m->network, checkpoint->graph, true, error);
    if (status != EFFNET_OK) {
        effnet_model_free(m);
        return status;
    }
    *out = m;
    return EFFNET_OK;
}

/* The options of effnet.h as the rooms below know them; NULL means the defaults. */
static effnet_status translate(model_options *out, cpu_level *level, const effnet_model_options *options,
                               effnet_error *error)
{
    const effnet_model_options defaults = {0};
    if (!options) options = &defaults;
    *out = (model_options){
        .arch = options->arch,
        .dialect = options->dialect,
        .variant = options->variant,
        .recipe = options->recipe,
        .labels = options->labels,
        .task = options->task,
        .report = options->report,
        .ema = options->ema,
        .strict = options->strict,
        .classes = options->num_classes,
        .in_channels = options->in_channels,
        .seed = options->seed,
    };
    if ((unsigned)options->task > EFFNET_TASK_VALUES)
        return error_set(error, EFFNET_ERR_ARGUMENT, "no such task: %d", (int)options->task);
    return api_check_level(level, options->level, error);
}

effnet_status effnet_model_load(effnet_model **out, const char *path, const effnet_model_options *options,
                                effnet_error *error)
{
    if (!out) return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_model_load: out is NULL");
    *out = NULL;
    if (!path) return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_model_load: path is NULL");
    model_options inner;
    cpu_level level;
    model *checkpoint;
    TRY(translate(&inner, &level, options, error));
    TRY(model_open(&checkpoint, path, &inner, error));
    return api_model_wrap(out, checkpoint, level, error);
}

effnet_status effnet_model_load_memory(effnet_model **out, const void *data, size_t size, const char *name,
                                       const effnet_model_options *options, effnet_error *error)
{
    if (!out) return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_model_load_memory: out is NULL");
    *out = NULL;
    if ((size && !data) || !name)
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_model_load_memory: data or name is NULL");
    model_options inner;
    cpu_level level;
    model *checkpoint;
    TRY(translate(&inner, &level, options, error));
    TRY(model_open_memory(&checkpoint, data, size, name, &inner, error));
    return api_model_wrap(out, checkpoint, level, error);
}

/* Changes what is not the network's: its size. */
static effnet_status set_recipe(model *m, const char *text, effnet_error *error)
{
    if (!text) return EFFNET_OK;
    TRY(recipe_parse(&m->recipe, text, error));
    if (m->recipe.height == m->graph->height && m->recipe.width == m->graph->width) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_ARGUMENT, "recipe: size %dx%d, the network has %dx%d",
                     m->recipe.height, m->recipe.width, m->graph->height, m->graph->width);
}

effnet_status effnet_model_create(effnet_model **out, const effnet_network *network,
                                  const effnet_model_options *options, effnet_error *error)
{
    if (!out) return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_model_create: out is NULL");
    *out = NULL;
    if (!network) return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_model_create: network is NULL");
    model *checkpoint;
    cpu_level level;
    const effnet_model_options defaults = {0};
    if (!options) options = &defaults;
    TRY(api_check_level(&level, options->level, error));
    TRY(model_create(&checkpoint, network->graph, options->seed, error));
    const effnet_status status = set_recipe(checkpoint, options->recipe, error);
    if (status != EFFNET_OK) {
        model_free(checkpoint);
        return status;
    }
    return api_model_wrap(out, checkpoint, level, error);
}

void effnet_model_free(effnet_model *m)
{
    if (!m) return;
    engine_weights_free(m->packed);
    pthread_mutex_destroy(&m->packing);
    api_network_clear(&m->network);
    model_free(m->checkpoint);
    free(m);
}

effnet_status api_model_pack(const effnet_model *m, pool *team, const engine_weights **out,
                             effnet_error *error)
{
    /* To callers a model never changes; that it packs its weights late is hidden behind this lock. */
    effnet_model *self = (effnet_model *)(uintptr_t)m;
    pthread_mutex_lock(&self->packing);
    effnet_status status = EFFNET_OK;
    if (!self->packed)
        status = engine_weights_create(&self->packed, m->network.graph, m->level, team, model_read,
                                       m->checkpoint, error);
    *out = self->packed;
    pthread_mutex_unlock(&self->packing);
    return status;
}

effnet_status effnet_model_save(const effnet_model *m, const char *path, const effnet_save_options *options,
                                effnet_error *error)
{
    static const state_dtype dtypes[] = {
        [EFFNET_F32] = STATE_F32, [EFFNET_F16] = STATE_F16, [EFFNET_BF16] = STATE_BF16};
    if (!m || !path) return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_model_save: model or path is NULL");
    const effnet_save_options defaults = {0};
    if (!options) options = &defaults;
    dialect names = DIALECT_EFFNET;
    if (options->dialect && !dialect_parse(options->dialect, &names))
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "dialect \"%s\": known are effnet, efficientnet_pytorch, torchvision, timm",
                         options->dialect);
    if ((unsigned)options->dtype >= sizeof dtypes / sizeof *dtypes)
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_model_save: no such dtype");
    return model_save(m->checkpoint, path, names, dtypes[options->dtype], error);
}

const effnet_network *effnet_model_get_network(const effnet_model *m)
{
    return &m->network;
}

const char *effnet_model_get_recipe(const effnet_model *m)
{
    return m->recipe;
}

const char *effnet_model_get_label(const effnet_model *m, int index)
{
    const model *checkpoint = m->checkpoint;
    const bool known = index >= 0 && checkpoint->labels && (size_t)index < checkpoint->label_count;
    return known ? checkpoint->labels[index] : "";
}

effnet_task effnet_model_get_task(const effnet_model *m)
{
    return m->checkpoint->task;
}

const char *effnet_task_name(effnet_task task)
{
    return task_name(task);
}

const char *effnet_model_get_origin(const effnet_model *m)
{
    return m->checkpoint->origin;
}

const char *effnet_model_get_dialect(const effnet_model *m)
{
    return dialect_name(m->checkpoint->source_dialect);
}

const char *effnet_model_get_notice(const effnet_model *m)
{
    return m->checkpoint->notice;
}
