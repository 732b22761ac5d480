/* SPDX-License-Identifier: Apache-2.0
 *
 * Atomic file replacement. The order is: create exclusively, write, fsync, rename, fsync the folder; the last
 * step makes the rename itself survive a power cut. Scratch files hold what must wait for its place in the
 * output.
 */
#define _GNU_SOURCE
#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_SIZE = 64 * 1024, NAME_TRIES = 100 };

struct output {
    int descriptor;
    size_t buffered;
    char *path;
    char *temporary;
    uint8_t buffer[BUFFER_SIZE];
};

static void output_free(output *o)
{
    free(o->path);
    free(o->temporary);
    free(o);
}

static effnet_status failed(effnet_error *error, effnet_status status, const char *path)
{
    return error_set(error, status, "%s: %s", path, strerror(errno));
}

/* The file that `path` means: through symbolic links, so that the link stays and its target is replaced. */
static char *resolve(const char *path)
{
    char *real = realpath(path, NULL);
    return real || errno != ENOENT ? real : strdup(path);
}

static effnet_status open_temporary(output *o, effnet_error *error)
{
    for (int i = 0; i < NAME_TRIES; i++) {
        free(o->temporary);
        if (asprintf(&o->temporary, "%s.%ld.%d.tmp", o->path, (long)getpid(), i) < 0) {
            o->temporary = NULL;
            return error_memory(error);
        }
        o->descriptor = open(o->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (o->descriptor >= 0) return EFFNET_OK;
        if (errno != EEXIST) break;
    }
    return failed(error, EFFNET_ERR_CREATE, o->path);
}

static effnet_status check_target(const char *path, effnet_error *error)
{
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return error_set(error, EFFNET_ERR_CREATE, "%s: exists and is not a regular file", path);
    return EFFNET_OK;
}

effnet_status output_create(output **out, const char *path, effnet_error *error)
{
    *out = NULL;
    TRY(check_target(path, error));
    output *o = calloc(1, sizeof *o);
    if (!o) return error_memory(error);
    o->path = resolve(path);
    effnet_status status = o->path ? open_temporary(o, error) : failed(error, EFFNET_ERR_CREATE, path);
    if (status != EFFNET_OK) {
        output_free(o);
        return status;
    }
    *out = o;
    return EFFNET_OK;
}

static effnet_status write_all(int descriptor, const uint8_t *data, size_t size, const char *path,
                               effnet_error *error)
{
    for (size_t done = 0; done < size;) {
        const ssize_t put = write(descriptor, data + done, size - done);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return failed(error, EFFNET_ERR_IO, path);
        done += (size_t)put;
    }
    return EFFNET_OK;
}

static effnet_status flush(output *o, effnet_error *error)
{
    const size_t size = o->buffered;
    o->buffered = 0;
    return write_all(o->descriptor, o->buffer, size, o->path, error);
}

effnet_status output_write(output *o, const void *data, size_t size, effnet_error *error)
{
    if (size > BUFFER_SIZE - o->buffered) TRY(flush(o, error));
    if (size > BUFFER_SIZE) return write_all(o->descriptor, data, size, o->path, error);
    if (size) memcpy(o->buffer + o->buffered, data, size);
    o->buffered += size;
    return EFFNET_OK;
}

/* The folder that `path` is in, malloc'd. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* Makes a rename inside the folder of `path` durable. */
static effnet_status sync_folder(const char *path, effnet_error *error)
{
    char *folder = folder_of(path);
    if (!folder) return error_memory(error);
    const int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (descriptor < 0) return failed(error, EFFNET_ERR_IO, path);
    /* Some file systems cannot sync a folder and say EINVAL; there is nothing more to do there. */
    const bool synced = fsync(descriptor) == 0 || errno == EINVAL;
    const effnet_status status = synced ? EFFNET_OK : failed(error, EFFNET_ERR_IO, path);
    close(descriptor);
    return status;
}

effnet_status output_sync(output *o, effnet_error *error)
{
    TRY(flush(o, error));
    if (fsync(o->descriptor) != 0 && errno != EINVAL) return failed(error, EFFNET_ERR_IO, o->path);
    return EFFNET_OK;
}

static effnet_status finish(output *o, effnet_error *error)
{
    TRY(output_sync(o, error));
    const int descriptor = o->descriptor;
    o->descriptor = -1;
    if (close(descriptor) != 0 || rename(o->temporary, o->path) != 0)
        return failed(error, EFFNET_ERR_IO, o->path);
    free(o->temporary);
    o->temporary = NULL;
    return sync_folder(o->path, error);
}

effnet_status output_commit(output *o, effnet_error *error)
{
    const effnet_status status = finish(o, error);
    if (status != EFFNET_OK) {
        output_abort(o);
        return status;
    }
    output_free(o);
    return EFFNET_OK;
}

void output_abort(output *o)
{
    if (!o) return;
    if (o->descriptor >= 0) close(o->descriptor);
    if (o->temporary) unlink(o->temporary);
    output_free(o);
}

effnet_status output_replace(const char *path, const void *data, size_t size, effnet_error *error)
{
    output *o;
    TRY(output_create(&o, path, error));
    const effnet_status status = output_write(o, data, size, error);
    if (status == EFFNET_OK) return output_commit(o, error);
    output_abort(o);
    return status;
}

/* ---- scratch files ---- */

/* Some file systems (NFS, FUSE) cannot make a file without a name; there it gets one and loses it at once. */
static int open_and_unlink(const char *folder)
{
    char *name;
    if (asprintf(&name, "%s/.effnet.XXXXXX", folder) < 0) return -1;
    const int descriptor = mkostemp(name, O_CLOEXEC);
    if (descriptor >= 0) unlink(name);
    free(name);
    return descriptor;
}

effnet_status output_open_scratch(int *descriptor, const char *path, effnet_error *error)
{
    *descriptor = -1;
    TRY(check_target(path, error));
    char *target = resolve(path);
    char *folder = target ? folder_of(target) : NULL;
    if (folder) {
        *descriptor = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (*descriptor < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
            *descriptor = open_and_unlink(folder);
    }
    const effnet_status status = *descriptor >= 0 ? EFFNET_OK : failed(error, EFFNET_ERR_CREATE, path);
    free(folder);
    free(target);
    return status;
}

effnet_status output_write_scratch(int descriptor, const void *data, size_t size, const char *path,
                                   effnet_error *error)
{
    return write_all(descriptor, data, size, path, error);
}

effnet_status output_copy_scratch(output *o, int descriptor, uint64_t size, effnet_error *error)
{
    uint8_t chunk[BUFFER_SIZE];
    for (uint64_t done = 0; done < size;) {
        const size_t wanted = size - done < sizeof chunk ? (size_t)(size - done) : sizeof chunk;
        const ssize_t got = pread(descriptor, chunk, wanted, (off_t)done);
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) errno = EIO;
        if (got <= 0) return failed(error, EFFNET_ERR_IO, o->path);
        TRY(output_write(o, chunk, (size_t)got, error));
        done += (uint64_t)got;
    }
    return EFFNET_OK;
}
