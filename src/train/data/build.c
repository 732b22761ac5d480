/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts, paths and labels of a data set that is being built. See build.h.
 */
#include "train/data/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sizes.h"
#include "base/text.h"

enum { MAX_LABELS = 1 << 20, MAX_LABEL_BYTES = 1024 };

effnet_status build_item(dataset_item **out, dataset_part *part, effnet_error *error)
{
    if (part->count == part->capacity) {
        if (part->count > UINT32_MAX / 2)
            return error_set(error, EFFNET_ERR_LIMIT, "more than %zu pictures", part->count);
        const size_t capacity = part->capacity ? 2 * part->capacity : 256;
        dataset_item *grown = realloc(part->items, capacity * sizeof *grown);
        if (!grown) return error_memory(error);
        part->items = grown;
        part->capacity = capacity;
    }
    *out = &part->items[part->count++];
    **out = (dataset_item){0};
    return EFFNET_OK;
}

effnet_status build_path(const char **out, dataset *d, const char *folder, const char *name,
                         effnet_error *error)
{
    const size_t before = name[0] == '/' ? 0 : strlen(folder), length = strlen(name);
    char *path = arena_alloc(&d->memory, before + length + 2);
    if (!path) return error_memory(error);
    memcpy(path, folder, before);
    if (before > 0 && folder[before - 1] != '/') path[before] = '/';
    memcpy(path + strlen(path), name, length);
    *out = path;
    return EFFNET_OK;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static effnet_status check_label(const char *name, effnet_error *error)
{
    const size_t length = strlen(name);
    if (length == 0) return error_set(error, EFFNET_ERR_FORMAT, "a class without a name");
    if (length > MAX_LABEL_BYTES)
        return error_set(error, EFFNET_ERR_LIMIT, "the name of a class has %zu bytes, the limit is %d",
                         length, MAX_LABEL_BYTES);
    if (!text_is_utf8(name, length))
        return error_set(error, EFFNET_ERR_FORMAT, "the name of class %s is not UTF-8", name);
    return EFFNET_OK;
}

effnet_status build_labels(dataset *d, const char **names, size_t count, effnet_error *error)
{
    if (count) qsort(names, count, sizeof *names, by_bytes);
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(names[i - 1], names[i]) != 0) distinct++;
    if (distinct > MAX_LABELS)
        return error_set(error, EFFNET_ERR_LIMIT, "%zu classes, the limit is %d", distinct, MAX_LABELS);
    d->labels = arena_array(&d->memory, distinct ? distinct : 1, sizeof *d->labels);
    if (!d->labels) return error_memory(error);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(names[i - 1], names[i]) == 0) continue;
        TRY(check_label(names[i], error));
        d->labels[d->outputs] = arena_string(&d->memory, names[i], strlen(names[i]));
        if (!d->labels[d->outputs++]) return error_memory(error);
    }
    return EFFNET_OK;
}

bool build_find(uint32_t *out, const dataset *d, const char *name)
{
    char **found = d->outputs ? bsearch(&name, d->labels, d->outputs, sizeof *d->labels, by_bytes) : NULL;
    if (found) *out = (uint32_t)(found - d->labels);
    return found != NULL;
}
