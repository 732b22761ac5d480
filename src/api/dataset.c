/* SPDX-License-Identifier: Apache-2.0
 *
 * Data sets for programs that use the library: src/train/data behind argument checks.
 */
#include <stdlib.h>
#include <string.h>

#include "api/handles.h"
#include "base/clock.h"

effnet_status effnet_dataset_open(effnet_dataset **out, const char *path,
                                  const effnet_dataset_options *options, effnet_error *error)
{
    if (out) *out = NULL;
    if (!out || !path)
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_dataset_open: an argument is NULL");
    effnet_dataset *d = calloc(1, sizeof *d);
    if (!d) return error_memory(error);
    const effnet_status status = dataset_open(&d->data, path, options, error);
    if (status == EFFNET_OK)
        *out = d;
    else
        free(d);
    return status;
}

void effnet_dataset_free(effnet_dataset *d)
{
    if (!d) return;
    dataset_free(d->data);
    free(d);
}

void effnet_dataset_get_info(const effnet_dataset *d, effnet_dataset_info *info)
{
    const dataset *data = d->data;
    *info = (effnet_dataset_info){
        .task = data->task,
        .outputs = data->outputs,
        .count = {data->parts[EFFNET_TRAINING].count, data->parts[EFFNET_VALIDATION].count},
        .own_validation = data->own_validation,
        .strays = data->strays,
        .stray = data->stray,
    };
}

const char *effnet_dataset_get_label(const effnet_dataset *d, size_t index)
{
    return index < d->data->outputs ? d->data->labels[index] : "";
}

void effnet_dataset_count(const effnet_dataset *d, effnet_part part, size_t *counts)
{
    dataset_count(counts, d->data, part);
}

bool effnet_dataset_get_item(const effnet_dataset *d, effnet_part part, size_t index,
                             effnet_dataset_item *item)
{
    const dataset_part *all = &d->data->parts[part];
    *item = (effnet_dataset_item){.path = "", .class_index = -1};
    if (index >= all->count) return false;
    const dataset_item *own = &all->items[index];
    *item = (effnet_dataset_item){
        .path = own->path,
        .picture = own->picture,
        .class_index = d->data->task == EFFNET_TASK_CLASSES ? (int)own->class_index : -1,
        .labels = own->label_index,
        .label_count = own->label_count,
        .values = own->values,
    };
    return true;
}

/* The picture's pixels through the model's recipe. */
static effnet_status prepare(const dataset_item *item, const effnet_model *m, const image_options *options,
                             float *out, effnet_image_info *info, effnet_error *error)
{
    image picture;
    const double start = clock_ms();
    TRY(dataset_read(&picture, item, options, error));
    return api_prepare(m, &picture, start, out, info, error);
}

effnet_status effnet_dataset_prepare(const effnet_dataset *d, effnet_part part, size_t index,
                                     const effnet_model *m, const effnet_image_options *options, float *out,
                                     effnet_image_info *info, effnet_error *error)
{
    if (info) *info = (effnet_image_info){.format = ""};
    if (!d || !m || !out)
        return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_dataset_prepare: an argument is NULL");
    const dataset_part *all = &d->data->parts[part];
    if (index >= all->count)
        return error_set(error, EFFNET_ERR_ARGUMENT, "picture %zu of %zu", index, all->count);
    const image_options limits = api_image_options(options);
    const char *path = all->items[index].path;
    const effnet_status status = prepare(&all->items[index], m, &limits, out, info, error);
    if (status != EFFNET_OK && error && strncmp(error->message, path, strlen(path)) != 0)
        error_prefix(error, status, path);
    return status;
}

effnet_status effnet_dataset_verify(const effnet_dataset *d, effnet_part part, int threads,
                                    const effnet_image_options *options, effnet_dataset_report *report,
                                    void *context, size_t *bad, effnet_error *error)
{
    if (bad) *bad = 0;
    if (!d) return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_dataset_verify: the data set is NULL");
    size_t team;
    TRY(api_threads(&team, threads, error));
    const image_options limits = api_image_options(options);
    return dataset_verify(d->data, part, team, &limits, report, context, bad, error);
}
