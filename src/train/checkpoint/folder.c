/* SPDX-License-Identifier: Apache-2.0
 *
 * The two checkpoints that a run keeps. The new one is written whole, under another name, and on the disk
 * before the old ones are touched; then the last becomes the previous by a second link to it, and the new one
 * takes its name. Each of these is one step of the file system.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/output.h"
#include "train/checkpoint/checkpoint.h"

typedef struct names {
    char *last, *previous, *link; /* `link` is renamed to `previous` */
} names;

static void free_names(names *n)
{
    free(n->last);
    free(n->previous);
    free(n->link);
}

static effnet_status make_names(names *n, const char *folder, effnet_error *error)
{
    *n = (names){0};
    if (asprintf(&n->last, "%s/last.ckpt", folder) < 0) n->last = NULL;
    if (asprintf(&n->previous, "%s/previous.ckpt", folder) < 0) n->previous = NULL;
    if (asprintf(&n->link, "%s/previous.ckpt.tmp", folder) < 0) n->link = NULL;
    if (n->last && n->previous && n->link) return EFFNET_OK;
    free_names(n);
    return error_memory(error);
}

/* Makes last.ckpt the previous one too. Where the file system has no second links, it is renamed, and for a
 * moment there is only the previous one. */
static effnet_status rotate(const names *n, effnet_error *error)
{
    unlink(n->link); /* of a run that was killed here */
    if (link(n->last, n->link) == 0) {
        if (rename(n->link, n->previous) == 0) return EFFNET_OK;
        const int reason = errno;
        unlink(n->link);
        errno = reason;
    } else if (errno == ENOENT || rename(n->last, n->previous) == 0) {
        return EFFNET_OK;
    }
    return error_set(error, EFFNET_ERR_IO, "%s: %s", n->previous, strerror(errno));
}

effnet_status checkpoint_save(const char *folder, const checkpoint *c, effnet_error *error)
{
    names n;
    output *file = NULL;
    TRY(make_names(&n, folder, error));
    effnet_status status = output_create(&file, n.last, error);
    if (status == EFFNET_OK) status = checkpoint_write(file, c, error);
    if (status == EFFNET_OK) status = output_sync(file, error);
    if (status == EFFNET_OK) status = rotate(&n, error);
    if (status == EFFNET_OK)
        status = output_commit(file, error);
    else
        output_abort(file);
    free_names(&n);
    return status;
}

void checkpoint_tidy(const char *folder)
{
    DIR *listing = opendir(folder);
    if (!listing) return;
    for (const struct dirent *e; (e = readdir(listing));)
        if (fnmatch("last.ckpt.*.tmp", e->d_name, 0) == 0 || !strcmp(e->d_name, "previous.ckpt.tmp"))
            unlinkat(dirfd(listing), e->d_name, 0);
    closedir(listing);
}

static effnet_status load(const char *path, const checkpoint *c, effnet_error *error)
{
    source *file;
    TRY(source_open_file(&file, path, error));
    const effnet_status status = checkpoint_read(file, c, error);
    source_close(file);
    return status == EFFNET_OK ? status : error_prefix(error, status, path);
}

effnet_status checkpoint_load(const char *folder, const checkpoint *c, char warning[CHECKPOINT_WARNING],
                              effnet_error *error)
{
    names n;
    *warning = '\0';
    TRY(make_names(&n, folder, error));
    effnet_error first = {0}, second = {0};
    effnet_status status = load(n.last, c, &first);
    const effnet_status found = status;
    if (found != EFFNET_OK && found != EFFNET_ERR_MISMATCH && found != EFFNET_ERR_MEMORY) {
        status = load(n.previous, c, &second);
        if (status == EFFNET_OK)
            snprintf(warning, CHECKPOINT_WARNING, "%s; going on from %s", first.message, n.previous);
        else if (status != EFFNET_ERR_NOT_FOUND && found == EFFNET_ERR_NOT_FOUND)
            first = second;
    }
    if (status != EFFNET_OK) error_set(error, first.code, "%s", first.message);
    free_names(&n);
    return status == EFFNET_OK ? status : first.code;
}

effnet_status checkpoint_check_room(const char *folder, const checkpoint *c, effnet_error *error)
{
    struct statvfs disk;
    if (statvfs(folder, &disk) != 0)
        return error_set(error, EFFNET_ERR_IO, "%s: %s", folder, strerror(errno));
    const double room = (double)disk.f_bavail * (double)disk.f_frsize;
    const double wanted = 2.2 * (double)checkpoint_size(c);
    if (room >= wanted) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_IO, "%s: %.0f MiB are free, the checkpoints of this run take %.0f",
                     folder, room / 0x1p20, wanted / 0x1p20);
}
