/* SPDX-License-Identifier: Apache-2.0
 *
 * See walk.h. Folders are walked by fts(3), which sorts, follows symbolic links and notices when they form a
 * loop.
 */
#define _DEFAULT_SOURCE
#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"
#include "text.h"

struct walk {
    char *const *paths;
    size_t count, next;
    FTS *tree;    /* of the folder being walked; NULL between folders */
    size_t found; /* pictures in it so far, and what could not be looked into */
};

walk *walk_open(char *const *paths, size_t count)
{
    walk *w = calloc(1, sizeof *w);
    if (w) *w = (walk){.paths = paths, .count = count};
    return w;
}

void walk_close(walk *w)
{
    if (w && w->tree) fts_close(w->tree);
    free(w);
}

/* Suffixes of pictures, so that one that cannot be read is reported and not passed over in silence. */
static bool has_picture_suffix(const char *name)
{
    static const char *const suffixes[] = {".jpg", ".jpeg", ".png",  ".webp", ".gif",
                                           ".bmp", ".tif",  ".tiff", ".heic", ".avif"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (text_ends_with(name, suffixes[i])) return true;
    return false;
}

static bool has_picture_content(const char *path)
{
    unsigned char start[12];
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0) return false;
    const ssize_t size = read(descriptor, start, sizeof start);
    close(descriptor);
    return size > 0 && effnet_image_format(start, (size_t)size);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* Starts on a folder. */
static const char *enter(walk *w, char *path, effnet_error *error)
{
    char *const roots[] = {path, NULL};
    w->found = 0;
    w->tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    if (w->tree) return NULL;
    report_set(error, EFFNET_ERR_OS, "%s: %s", path, strerror(errno));
    return path;
}

/* What an entry of a folder means: its path if it is a picture or an error, NULL if it is to be passed over.
 */
static const char *judge(walk *w, FTSENT *entry, effnet_error *error)
{
    if (entry->fts_level > FTS_ROOTLEVEL && entry->fts_name[0] == '.') { /* hidden */
        if (entry->fts_info == FTS_D) fts_set(w->tree, entry, FTS_SKIP);
        return NULL;
    }
    switch (entry->fts_info) {
    case FTS_F:
        if (!has_picture_suffix(entry->fts_name) && !has_picture_content(entry->fts_accpath)) return NULL;
        break;
    case FTS_DC:
        report_note("%s: a symbolic link back to a folder above it, passed over", entry->fts_path);
        return NULL;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        report_set(error, EFFNET_ERR_IO, "%s: %s", entry->fts_path, strerror(entry->fts_errno));
        break;
    case FTS_SLNONE: report_set(error, EFFNET_ERR_NOT_FOUND, "%s: a link to nowhere", entry->fts_path); break;
    default: return NULL; /* the folder itself, before and after; devices and pipes */
    }
    w->found++;
    return entry->fts_path;
}

/* The next picture of the folder being walked; NULL, with the folder left, when there is none. */
static const char *next_in_folder(walk *w, effnet_error *error)
{
    FTSENT *entry;
    while ((entry = fts_read(w->tree)) != NULL) {
        const char *path = judge(w, entry, error);
        if (path) return path;
    }
    const int code = errno; /* 0 at the end */
    const char *folder = w->paths[w->next - 1];
    fts_close(w->tree);
    w->tree = NULL;
    if (code == 0 && w->found > 0) return NULL;
    if (code == 0)
        report_set(error, EFFNET_ERR_NOT_FOUND, "%s: no pictures in this folder", folder);
    else
        report_set(error, EFFNET_ERR_IO, "%s: %s", folder, strerror(code));
    return folder;
}

const char *walk_next(walk *w, effnet_error *error)
{
    *error = (effnet_error){.code = EFFNET_OK};
    for (;;) {
        const char *path = w->tree ? next_in_folder(w, error) : NULL;
        if (path || w->tree) return path;
        if (w->next == w->count) return NULL;
        char *given = w->paths[w->next++];
        struct stat info;
        if (strcmp(given, "-") == 0 || stat(given, &info) != 0 || !S_ISDIR(info.st_mode)) return given;
        if (enter(w, given, error)) return given;
    }
}
