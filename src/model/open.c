/* SPDX-License-Identifier: Apache-2.0
 *
 * From a file, a folder or bytes to a model: opens what there is, asks settle.h's questions in order, and
 * says in every failure which file it was.
 */
#define _POSIX_C_SOURCE 200809L
#include "model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "model/config.h"
#include "model/settle.h"

/* What the hub calls weights, in the order of preference. */
static const char *const hub_weights[] = {"model.safetensors", "pytorch_model.bin"};
enum { HUB_WEIGHTS = sizeof hub_weights / sizeof *hub_weights };

static effnet_status settle(opening *o, effnet_error *error)
{
    TRY(settle_network(o, error));
    TRY(settle_known(o, error));
    TRY(settle_variant(o, error));
    TRY(settle_recipe(o, error));
    TRY(settle_graph(o, error));
    TRY(settle_task(o, error));
    TRY(settle_labels(o, error));
    settle_origin(o);
    return EFFNET_OK;
}

/* Takes `state` over. `title` is what the thing is called, without folders. */
static effnet_status open_state(model **out, state_dict *state, const char *title, const config *c,
                                const model_options *options, effnet_error *error)
{
    static const model_options none = {0};
    *out = NULL;
    model *m = calloc(1, sizeof *m);
    if (!m) {
        state_free(state);
        return error_memory(error);
    }
    m->state = state;
    opening o = {.options = options ? options : &none, .title = title, .config = c, .m = m};
    m->seed = o.options->seed;
    if (o.options->report) *o.options->report = NULL;
    const effnet_status status = settle(&o, error);
    names_free(&o.names);
    net_graph_free(o.stored);
    if (status != EFFNET_OK) {
        model_free(m);
        return status;
    }
    *out = m;
    return EFFNET_OK;
}

/* The last part of a path, which need not end where the string does. */
static char *last_part(const char *path)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && path[start - 1] != '/')
        start--;
    return strndup(path + start, end - start);
}

/* Takes `weights` over. Messages begin with its name. */
static effnet_status open_source(model **out, source *weights, const char *title, const config *c,
                                 const model_options *options, effnet_error *error)
{
    *out = NULL;
    char *name = strdup(source_name(weights));
    if (!name) {
        source_close(weights);
        return error_memory(error);
    }
    state_dict *state;
    effnet_status status = state_open(&state, weights, error);
    if (status == EFFNET_OK) status = open_state(out, state, title, c, options, error);
    if (status != EFFNET_OK) error_prefix(error, status, name);
    free(name);
    return status;
}

effnet_status model_open_state(model **out, state_dict *state, const char *name, const model_options *options,
                               effnet_error *error)
{
    const effnet_status status = open_state(out, state, name, NULL, options, error);
    return status == EFFNET_OK ? status : error_prefix(error, status, name);
}

effnet_status model_open_memory(model **out, const void *data, size_t size, const char *name,
                                const model_options *options, effnet_error *error)
{
    *out = NULL;
    source *weights;
    TRY(source_open_memory(&weights, data, size, name, error));
    char *title = last_part(name);
    if (!title) {
        source_close(weights);
        return error_memory(error);
    }
    const effnet_status status = open_source(out, weights, title, NULL, options, error);
    free(title);
    return status;
}

/* ---- Folders ---- */

static char *join(const char *folder, const char *name)
{
    const size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    if (path) snprintf(path, size, "%s/%s", folder, name);
    return path;
}

/* The first of the hub's weight files that is in `folder`. */
static effnet_status find_weights(source **out, const char *folder, effnet_error *error)
{
    *out = NULL;
    for (int i = 0; i < HUB_WEIGHTS; i++) {
        char *path = join(folder, hub_weights[i]);
        if (!path) return error_memory(error);
        const effnet_status status = source_open_file(out, path, error);
        free(path);
        if (status != EFFNET_ERR_NOT_FOUND) return status;
    }
    return error_set(error, EFFNET_ERR_NOT_FOUND, "%.200s: a folder without %s or %s", folder, hub_weights[0],
                     hub_weights[1]);
}

/* Reads folder/config.json; `*found` is false if there is none. */
static effnet_status read_config(config *out, bool *found, const char *folder, effnet_error *error)
{
    *found = false;
    char *path = join(folder, "config.json");
    if (!path) return error_memory(error);
    void *text = NULL;
    size_t size = 0;
    effnet_status status = source_load(&text, &size, path, CONFIG_MAX_SIZE, error);
    if (status == EFFNET_ERR_NOT_FOUND) {
        free(path);
        return EFFNET_OK;
    }
    if (status == EFFNET_OK) {
        status = config_parse(out, text, size, error);
        if (status != EFFNET_OK) error_prefix(error, status, path);
        *found = status == EFFNET_OK;
    }
    free(text);
    free(path);
    return status;
}

/* Takes `weights` over. */
static effnet_status open_in_folder(model **out, source *weights, const char *folder,
                                    const model_options *options, effnet_error *error)
{
    config c;
    bool found;
    char *title = NULL;
    effnet_status status = read_config(&c, &found, folder, error);
    if (status == EFFNET_OK && !(title = last_part(folder))) status = error_memory(error);
    if (status != EFFNET_OK)
        source_close(weights);
    else
        status = open_source(out, weights, title, found ? &c : NULL, options, error);
    if (found) config_free(&c);
    free(title);
    return status;
}

/* True if the file is what the hub calls weights, so that its folder has more to say. */
static bool is_hub_file(const char *title)
{
    for (int i = 0; i < HUB_WEIGHTS; i++)
        if (!strcmp(title, hub_weights[i])) return true;
    return false;
}

static effnet_status open_file(model **out, const char *path, char *title, const model_options *options,
                               effnet_error *error)
{
    source *weights;
    TRY(source_open_file(&weights, path, error));
    if (!is_hub_file(title)) return open_source(out, weights, title, NULL, options, error);
    const size_t length = strlen(path) - strlen(title);
    char *folder = length ? strndup(path, length) : strdup(".");
    if (!folder) {
        source_close(weights);
        return error_memory(error);
    }
    const effnet_status status = open_in_folder(out, weights, folder, options, error);
    free(folder);
    return status;
}

effnet_status model_open(model **out, const char *path, const model_options *options, effnet_error *error)
{
    *out = NULL;
    if (options && options->report) *options->report = NULL;
    struct stat info;
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
        source *weights;
        TRY(find_weights(&weights, path, error));
        return open_in_folder(out, weights, path, options, error);
    }
    char *title = last_part(path);
    if (!title) return error_memory(error);
    const effnet_status status = open_file(out, path, title, options, error);
    free(title);
    return status;
}
