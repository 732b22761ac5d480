/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder for each class, as torchvision's ImageFolder has it: the class is the folder's name, its pictures
 * are in it and in folders below. fts(3) sorts, follows symbolic links and notices when they form a loop.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "train/data/build.h"

/* Suffixes of pictures, so that one that cannot be read is reported and not passed over in silence; the same
 * as the command's for folders. */
static bool has_picture_suffix(const char *name)
{
    static const char *const suffixes[] = {".jpg", ".jpeg", ".png",  ".webp", ".gif",
                                           ".bmp", ".tif",  ".tiff", ".heic", ".avif"};
    const size_t length = strlen(name);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        const size_t size = strlen(suffixes[i]);
        if (length > size && strcasecmp(name + length - size, suffixes[i]) == 0) return true;
    }
    return false;
}

/* Files of another name are looked into. */
static bool has_picture_content(const char *path)
{
    unsigned char start[12];
    image_format format;
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0) return false;
    const ssize_t size = read(descriptor, start, sizeof start);
    close(descriptor);
    return size > 0 && image_format_of(&format, start, (size_t)size);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_hidden(const FTSENT *entry)
{
    return entry->fts_level > FTS_ROOTLEVEL && entry->fts_name[0] == '.';
}

static FTS *open_tree(const char *folder, effnet_error *error)
{
    char *const roots[] = {(char *)(uintptr_t)folder, NULL};
    FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    if (!tree) error_set(error, EFFNET_ERR_OS, "%s: %s", folder, strerror(errno));
    return tree;
}

/* ---- Classes ---- */

typedef struct name_list {
    const char **names;
    size_t count, capacity;
} name_list;

static effnet_status add_name(name_list *list, dataset *d, const char *name, effnet_error *error)
{
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 64;
        const char **grown = realloc((void *)list->names, capacity * sizeof *grown);
        if (!grown) return error_memory(error);
        list->names = grown;
        list->capacity = capacity;
    }
    const char *copy = arena_string(&d->memory, name, strlen(name));
    if (!copy) return error_memory(error);
    list->names[list->count++] = copy;
    return EFFNET_OK;
}

static effnet_status list_classes(name_list *list, dataset *d, const char *folder, effnet_error *error)
{
    FTS *tree = open_tree(folder, error);
    if (!tree) return EFFNET_ERR_OS;
    effnet_status status = EFFNET_OK;
    for (FTSENT *entry; status == EFFNET_OK && (entry = fts_read(tree)) != NULL;) {
        if (entry->fts_level == FTS_ROOTLEVEL || entry->fts_info != FTS_D) continue;
        fts_set(tree, entry, FTS_SKIP);
        if (!is_hidden(entry)) status = add_name(list, d, entry->fts_name, error);
    }
    fts_close(tree);
    return status;
}

/* The folders of the first part name the classes. */
static effnet_status find_classes(dataset *d, const char *folder, effnet_error *error)
{
    name_list list = {0};
    effnet_status status = list_classes(&list, d, folder, error);
    if (status == EFFNET_OK && list.count == 0)
        status = error_set(error, EFFNET_ERR_NOT_FOUND,
                           "%s: no data set: no class folders, no train.csv, no IDX files", folder);
    if (status == EFFNET_OK) {
        status = build_labels(d, list.names, list.count, error);
        if (status != EFFNET_OK) error_prefix(error, status, folder);
    }
    free((void *)list.names);
    return status;
}

/* ---- Pictures ---- */

/* The name of the class folder that holds `entry`: the part of its path below `folder`, up to a slash. */
static effnet_status enter_class(uint32_t *class_index, const dataset *d, const char *folder,
                                 const FTSENT *entry, effnet_error *error)
{
    if (build_find(class_index, d, entry->fts_name)) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_FORMAT,
                     "%s: there is no class \"%s\" in the training part, only in this one", folder,
                     entry->fts_name);
}

static effnet_status add_picture(dataset *d, effnet_part part, const FTSENT *entry, uint32_t class_index,
                                 effnet_error *error)
{
    const char *path;
    TRY(build_path(&path, d, "", entry->fts_path, error));
    if (entry->fts_level == 1) { /* beside the class folders */
        if (d->strays++ == 0) d->stray = path;
        return EFFNET_OK;
    }
    dataset_item *item;
    TRY(build_item(&item, &d->parts[part], error));
    item->path = path;
    item->class_index = class_index;
    return EFFNET_OK;
}

typedef struct visit {
    dataset *d;
    effnet_part part;
    const char *folder;
    FTS *tree;
    uint32_t class_index; /* of the class folder that is being walked */
} visit;

static effnet_status visit_entry(visit *v, FTSENT *entry, effnet_error *error)
{
    if (is_hidden(entry)) {
        if (entry->fts_info == FTS_D) fts_set(v->tree, entry, FTS_SKIP);
        return EFFNET_OK;
    }
    switch (entry->fts_info) {
    case FTS_D:
        if (entry->fts_level != 1) return EFFNET_OK;
        return enter_class(&v->class_index, v->d, v->folder, entry, error);
    case FTS_F:
    case FTS_SLNONE: /* a link to nowhere is a picture that cannot be read */
        if (!has_picture_suffix(entry->fts_name) && !has_picture_content(entry->fts_accpath))
            return EFFNET_OK;
        return add_picture(v->d, v->part, entry, v->class_index, error);
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        return error_set(error, EFFNET_ERR_IO, "%s: %s", entry->fts_path, strerror(entry->fts_errno));
    default: return EFFNET_OK; /* the second visit of a folder, a loop of links, devices and pipes */
    }
}

effnet_status folder_read(dataset *d, effnet_part part, const char *folder, effnet_error *error)
{
    d->task = EFFNET_TASK_CLASSES;
    if (!d->labels) TRY(find_classes(d, folder, error));
    visit v = {.d = d, .part = part, .folder = folder, .tree = open_tree(folder, error)};
    if (!v.tree) return EFFNET_ERR_OS;
    effnet_status status = EFFNET_OK;
    errno = 0;
    for (FTSENT *entry; status == EFFNET_OK && (entry = fts_read(v.tree)) != NULL;) {
        status = visit_entry(&v, entry, error);
        errno = 0; /* so that the end is told from a failure */
    }
    if (status == EFFNET_OK && errno != 0)
        status = error_set(error, EFFNET_ERR_IO, "%s: %s", folder, strerror(errno));
    fts_close(v.tree);
    return status;
}
