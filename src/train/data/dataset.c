/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening a data set: which layout lies at a path, and reading its parts. See dataset.h.
 */
#define _POSIX_C_SOURCE 200809L
#include "train/data/dataset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/source.h"
#include "train/data/build.h"

enum { PATH_ROOM = 4096 };

/* Names, paths and targets of all pictures: some 100 bytes each. */
static const size_t max_memory = SIZE_MAX / 4 < (size_t)1 << 33 ? SIZE_MAX / 4 : (size_t)1 << 33;

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool is_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

/* The names that a part goes by, the first that is there counts. */
static const char *const part_names[DATASET_PARTS][5] = {{"train", "training", NULL},
                                                         {"val", "valid", "validation", "test", NULL}};

/* "folder/name" + suffix of a part that is there. */
static bool find_part(char path[PATH_ROOM], const char *folder, effnet_part part, const char *suffix,
                      bool (*exists)(const char *))
{
    for (const char *const *name = part_names[part]; *name; name++) {
        const int length = snprintf(path, PATH_ROOM, "%s/%s%s", folder, *name, suffix);
        if (length < PATH_ROOM && exists(path)) return true;
    }
    return false;
}

static effnet_status read_idx(dataset *d, const char *folder, effnet_error *error)
{
    for (int part = 0; part < DATASET_PARTS; part++)
        if (part == EFFNET_TRAINING || idx_part_exists(folder, (effnet_part)part))
            TRY(idx_part_read(d, (effnet_part)part, folder, error));
    return idx_part_labels(d, folder, error);
}

static effnet_status read_folder(dataset *d, const char *folder, effnet_task task, effnet_error *error)
{
    char path[PATH_ROOM];
    if (find_part(path, folder, EFFNET_TRAINING, "", is_folder)) {
        TRY(folder_read(d, EFFNET_TRAINING, path, error));
        return find_part(path, folder, EFFNET_VALIDATION, "", is_folder)
                   ? folder_read(d, EFFNET_VALIDATION, path, error)
                   : EFFNET_OK;
    }
    if (find_part(path, folder, EFFNET_TRAINING, ".csv", is_file)) {
        TRY(table_read(d, EFFNET_TRAINING, path, task, error));
        return find_part(path, folder, EFFNET_VALIDATION, ".csv", is_file)
                   ? table_read(d, EFFNET_VALIDATION, path, task, error)
                   : EFFNET_OK;
    }
    if (idx_part_exists(folder, EFFNET_TRAINING)) return read_idx(d, folder, error);
    return folder_read(d, EFFNET_TRAINING, folder, error);
}

static effnet_status check_task(const dataset *d, const char *path, effnet_task task, effnet_error *error)
{
    if (d->parts[EFFNET_TRAINING].count == 0)
        return error_set(error, EFFNET_ERR_NOT_FOUND, "%s: no pictures", path);
    if (task != EFFNET_TASK_ANY && task != d->task)
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "%s: class folders and IDX files hold classes; labels and values come in a table",
                         path);
    return EFFNET_OK;
}

static effnet_status read_all(dataset *d, const char *path, const effnet_dataset_options *options,
                              effnet_error *error)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return error_set(error, errno == ENOENT || errno == ENOTDIR ? EFFNET_ERR_NOT_FOUND : EFFNET_ERR_IO,
                         "%s: %s", path, strerror(errno));
    if (S_ISDIR(info.st_mode)) {
        d->root_length = strlen(path);
        TRY(read_folder(d, path, options->task, error));
    } else {
        const char *slash = strrchr(path, '/');
        d->root_length = slash ? (size_t)(slash - path) : 0;
        TRY(table_read(d, EFFNET_TRAINING, path, options->task, error));
    }
    TRY(check_task(d, path, options->task, error));
    d->own_validation = d->parts[EFFNET_VALIDATION].count > 0;
    if (d->own_validation || options->validation == 0) return EFFNET_OK;
    return split_off(d, options->validation, options->seed, error);
}

effnet_status dataset_open(dataset **out, const char *path, const effnet_dataset_options *options,
                           effnet_error *error)
{
    static const effnet_dataset_options none = {0};
    *out = NULL;
    if (!options) options = &none;
    if (!(options->validation >= 0 && options->validation < 1))
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "a validation part of %g of the data; it must be below 1", options->validation);
    dataset *d = calloc(1, sizeof *d);
    if (!d) return error_memory(error);
    d->memory = arena_make(max_memory);
    const effnet_status status = read_all(d, path, options, error);
    if (status == EFFNET_OK)
        *out = d;
    else
        dataset_free(d);
    return status;
}

void dataset_free(dataset *d)
{
    if (!d) return;
    for (int part = 0; part < DATASET_PARTS; part++) {
        free(d->parts[part].items);
        idx_free(&d->pictures[part]);
    }
    arena_free(&d->memory);
    free(d);
}

/* A picture of an IDX file, grey ones with three equal channels as decoded grey files have. */
static effnet_status read_idx_picture(image *out, const dataset_item *item, effnet_error *error)
{
    const idx_array *all = item->pictures;
    const size_t pixels = all->shape[1] * all->shape[2], channels = all->shape[3];
    const uint8_t *from = all->bytes + item->picture * pixels * channels;
    uint8_t *to = malloc(pixels * 3);
    if (!to) return error_memory(error);
    *out = (image){.height = (int)all->shape[1],
                   .width = (int)all->shape[2],
                   .pixels = to,
                   .format = IMAGE_PNG,
                   .orientation = 1};
    if (channels == 3)
        memcpy(to, from, pixels * 3);
    else
        for (size_t i = 0; i < pixels; i++)
            memset(to + 3 * i, from[i], 3);
    return EFFNET_OK;
}

effnet_status dataset_read(image *out, const dataset_item *item, const image_options *options,
                           effnet_error *error)
{
    *out = (image){0};
    if (item->pictures) return read_idx_picture(out, item, error);
    void *bytes;
    size_t size;
    source *file;
    const size_t limit = options && options->max_bytes ? options->max_bytes : IMAGE_MAX_BYTES;
    TRY(source_open_file(&file, item->path, error));
    effnet_status status = source_read_all(file, limit, &bytes, &size, error);
    source_close(file);
    TRY(status);
    status = image_decode(out, bytes, size, options, error);
    free(bytes);
    return status;
}

void dataset_targets(float *out, const dataset *d, const dataset_item *item)
{
    if (d->task == EFFNET_TASK_VALUES) {
        memcpy(out, item->values, d->outputs * sizeof *out);
        return;
    }
    for (size_t i = 0; i < d->outputs; i++)
        out[i] = 0;
    if (d->task == EFFNET_TASK_CLASSES) out[item->class_index] = 1;
    for (uint32_t i = 0; i < item->label_count; i++)
        out[item->label_index[i]] = 1;
}

void dataset_count(size_t *counts, const dataset *d, effnet_part part)
{
    memset(counts, 0, d->outputs * sizeof *counts);
    for (size_t i = 0; i < d->parts[part].count; i++) {
        const dataset_item *item = &d->parts[part].items[i];
        if (d->task == EFFNET_TASK_CLASSES) counts[item->class_index]++;
        for (uint32_t k = 0; k < item->label_count; k++)
            counts[item->label_index[k]]++;
    }
}
