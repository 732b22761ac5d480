/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder of IDX files as a data set: their usual names, pictures and classes side by side, grey [n][h][w]
 * or colour [n][h][w][3].
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/source.h"
#include "train/data/build.h"

enum { PATH_ROOM = 4096, MAX_LABEL_FILE = 1 << 20 };

/* The whole of a part is kept in memory. */
static const size_t max_data = (size_t)1 << 31;

/* The name of a part's file, as MNIST and Fashion-MNIST are published and as programs unpack them. */
static bool find_file(char path[PATH_ROOM], const char *folder, effnet_part part, const char *what)
{
    static const char *const stems[DATASET_PARTS][2] = {{"train", "train"}, {"t10k", "test"}};
    static const char *const kinds[] = {"-idx1-ubyte", "-idx3-ubyte", "-idx4-ubyte",
                                        ".idx1-ubyte", ".idx3-ubyte", ".idx4-ubyte"};
    static const char *const ends[] = {".gz", ""};
    struct stat info;
    for (size_t stem = 0; stem < 2; stem++)
        for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)
            for (size_t end = 0; end < 2; end++) {
                const int length = snprintf(path, PATH_ROOM, "%s/%s-%s%s%s", folder, stems[part][stem], what,
                                            kinds[kind], ends[end]);
                if (length < PATH_ROOM && stat(path, &info) == 0 && S_ISREG(info.st_mode)) return true;
            }
    return false;
}

bool idx_part_exists(const char *folder, effnet_part part)
{
    char path[PATH_ROOM];
    return find_file(path, folder, part, "images");
}

static effnet_status check_pictures(const idx_array *a, const char *path, effnet_error *error)
{
    const bool shaped = a->rank == 3 || (a->rank == 4 && (a->shape[3] == 1 || a->shape[3] == 3));
    if (!shaped)
        return error_set(error, EFFNET_ERR_FORMAT,
                         "%s: an array of %d dimensions; pictures are [n][height][width] or "
                         "[n][height][width][3]",
                         path, a->rank);
    if (a->shape[1] > IMAGE_MAX_SIDE || a->shape[2] > IMAGE_MAX_SIDE)
        return error_set(error, EFFNET_ERR_LIMIT, "%s: pictures of %zu x %zu, the limit for a side is %d",
                         path, a->shape[2], a->shape[1], IMAGE_MAX_SIDE);
    if (a->shape[0] > UINT32_MAX / 2)
        return error_set(error, EFFNET_ERR_LIMIT, "%s: more than %zu pictures", path, a->shape[0]);
    return EFFNET_OK;
}

static effnet_status check_classes(const idx_array *a, const idx_array *pictures, const char *path,
                                   effnet_error *error)
{
    if (a->rank != 1)
        return error_set(error, EFFNET_ERR_FORMAT, "%s: an array of %d dimensions; classes are [n]", path,
                         a->rank);
    if (a->shape[0] != pictures->shape[0])
        return error_set(error, EFFNET_ERR_FORMAT, "%s: %zu classes for %zu pictures", path, a->shape[0],
                         pictures->shape[0]);
    return EFFNET_OK;
}

static effnet_status add_items(dataset *d, effnet_part part, const char *path, const idx_array *classes,
                               effnet_error *error)
{
    const char *kept;
    TRY(build_path(&kept, d, "", path, error));
    for (size_t i = 0; i < classes->size; i++) {
        dataset_item *item;
        TRY(build_item(&item, &d->parts[part], error));
        *item = (dataset_item){.path = kept,
                               .pictures = &d->pictures[part],
                               .picture = (uint32_t)i,
                               .class_index = classes->bytes[i]};
        if (d->outputs <= classes->bytes[i]) d->outputs = (size_t)classes->bytes[i] + 1;
    }
    return EFFNET_OK;
}

effnet_status idx_part_read(dataset *d, effnet_part part, const char *folder, effnet_error *error)
{
    char pictures[PATH_ROOM], classes[PATH_ROOM];
    d->task = EFFNET_TASK_CLASSES;
    if (!find_file(pictures, folder, part, "images") || !find_file(classes, folder, part, "labels"))
        return error_set(error, EFFNET_ERR_NOT_FOUND, "%s: IDX pictures, but no labels beside them", folder);
    TRY(idx_read(&d->pictures[part], pictures, max_data, error));
    TRY(check_pictures(&d->pictures[part], pictures, error));
    idx_array array;
    TRY(idx_read(&array, classes, UINT32_MAX / 2, error));
    effnet_status status = check_classes(&array, &d->pictures[part], classes, error);
    if (status == EFFNET_OK) status = add_items(d, part, pictures, &array, error);
    idx_free(&array);
    return status;
}

/* Cuts `text` (NUL-terminated) into lines, as many as there are classes. */
static effnet_status take_lines(dataset *d, char *text, effnet_error *error)
{
    size_t count = 0;
    for (char *line = text; *line; count++) {
        const size_t length = strcspn(line, "\n");
        const bool more = line[length] != '\0';
        const size_t own = length > 0 && line[length - 1] == '\r' ? length - 1 : length;
        if (count < d->outputs && !(d->labels[count] = arena_string(&d->memory, line, own)))
            return error_memory(error);
        line += length + (more ? 1 : 0);
    }
    if (count < d->outputs)
        return error_set(error, EFFNET_ERR_FORMAT, "%zu names for %zu classes", count, d->outputs);
    return EFFNET_OK;
}

static effnet_status read_names(dataset *d, const char *path, effnet_error *error)
{
    void *text;
    size_t size;
    TRY(source_load(&text, &size, path, MAX_LABEL_FILE, error));
    char *copy = arena_string(&d->memory, text, size);
    free(text);
    if (!copy) return error_memory(error);
    const effnet_status status = take_lines(d, copy, error);
    return status == EFFNET_OK ? status : error_prefix(error, status, path);
}

effnet_status idx_part_labels(dataset *d, const char *folder, effnet_error *error)
{
    char path[PATH_ROOM], number[24];
    struct stat info;
    d->labels = arena_array(&d->memory, d->outputs + 1, sizeof *d->labels);
    if (!d->labels) return error_memory(error);
    if (snprintf(path, sizeof path, "%s/labels.txt", folder) < PATH_ROOM && stat(path, &info) == 0)
        return read_names(d, path, error);
    for (size_t i = 0; i < d->outputs; i++) {
        const int length = snprintf(number, sizeof number, "%zu", i);
        if (!(d->labels[i] = arena_string(&d->memory, number, (size_t)length))) return error_memory(error);
    }
    return EFFNET_OK;
}
