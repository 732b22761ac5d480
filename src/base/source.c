/* SPDX-License-Identifier: Apache-2.0
 *
 * Files, streams and memory behind one positional read. See source.h.
 */
#define _GNU_SOURCE
#include "base/source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct source {
    int descriptor;      /* -1 for memory */
    const uint8_t *data; /* memory: the bytes */
    void *owned;         /* stream: what to free */
    uint64_t size;
    char name[];
};

static source *source_new(const char *name)
{
    const size_t length = strlen(name);
    source *s = calloc(1, sizeof *s + length + 1);
    if (!s) return NULL;
    s->descriptor = -1;
    memcpy(s->name, name, length + 1);
    return s;
}

/* What open() said, in the terms of the API. */
static effnet_status open_failed(effnet_error *error, const char *path, int code)
{
    effnet_status status = EFFNET_ERR_IO;
    if (code == ENOENT || code == ENOTDIR) status = EFFNET_ERR_NOT_FOUND;
    if (code == ENOMEM) return error_memory(error);
    return error_set(error, status, "%s: %s", path, strerror(code));
}

effnet_status source_open_file(source **out, const char *path, effnet_error *error)
{
    *out = NULL;
    /* O_NONBLOCK: opening a FIFO must not wait for a writer. It means nothing for regular files. */
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0) {
        if (errno == ENXIO) return error_set(error, EFFNET_ERR_FORMAT, "%s: not a regular file", path);
        return open_failed(error, path, errno);
    }
    struct stat info;
    if (fstat(descriptor, &info) != 0) {
        const int code = errno;
        close(descriptor);
        return open_failed(error, path, code);
    }
    if (!S_ISREG(info.st_mode)) {
        close(descriptor);
        return error_set(error, EFFNET_ERR_FORMAT, "%s: %s", path,
                         S_ISDIR(info.st_mode) ? "a folder, not a regular file" : "not a regular file");
    }
    source *s = source_new(path);
    if (!s) {
        close(descriptor);
        return error_memory(error);
    }
    s->descriptor = descriptor;
    s->size = (uint64_t)info.st_size;
    *out = s;
    return EFFNET_OK;
}

effnet_status source_open_memory(source **out, const void *data, size_t size, const char *name,
                                 effnet_error *error)
{
    *out = source_new(name);
    if (!*out) return error_memory(error);
    (*out)->data = data;
    (*out)->size = size;
    return EFFNET_OK;
}

/* Reads until the end of `descriptor` into a block that grows by doubling, so that memory follows what was
 * received. */
static effnet_status read_stream(int descriptor, size_t limit, uint8_t **block, size_t *size,
                                 const char *name, effnet_error *error)
{
    size_t capacity = 0;
    for (;;) {
        if (*size == capacity) {
            if (*size > limit)
                return error_set(error, EFFNET_ERR_LIMIT, "%s: more than %zu bytes", name, limit);
            capacity = capacity ? 2 * capacity : 64 * 1024;
            uint8_t *grown = realloc(*block, capacity);
            if (!grown) return error_memory(error);
            *block = grown;
        }
        const ssize_t got = read(descriptor, *block + *size, capacity - *size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return error_set(error, EFFNET_ERR_IO, "%s: %s", name, strerror(errno));
        if (got == 0) break;
        *size += (size_t)got;
    }
    if (*size > limit) return error_set(error, EFFNET_ERR_LIMIT, "%s: more than %zu bytes", name, limit);
    return EFFNET_OK;
}

effnet_status source_open_stream(source **out, int descriptor, size_t limit, const char *name,
                                 effnet_error *error)
{
    *out = NULL;
    uint8_t *block = NULL;
    size_t size = 0;
    effnet_status status = read_stream(descriptor, limit, &block, &size, name, error);
    if (status == EFFNET_OK) status = source_open_memory(out, block, size, name, error);
    if (status != EFFNET_OK) {
        free(block);
        return status;
    }
    (*out)->owned = block;
    return EFFNET_OK;
}

effnet_status source_open_path(source **out, const char *path, size_t limit, effnet_error *error)
{
    if (strcmp(path, "-") == 0) return source_open_stream(out, STDIN_FILENO, limit, "standard input", error);
    return source_open_file(out, path, error);
}

void source_close(source *s)
{
    if (!s) return;
    if (s->descriptor >= 0) close(s->descriptor);
    free(s->owned);
    free(s);
}

uint64_t source_size(const source *s)
{
    return s->size;
}

const char *source_name(const source *s)
{
    return s->name;
}

static effnet_status read_file(const source *s, uint64_t offset, uint8_t *buffer, size_t size,
                               effnet_error *error)
{
    for (size_t done = 0; done < size;) {
        const ssize_t got = pread(s->descriptor, buffer + done, size - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return error_set_at(error, EFFNET_ERR_IO, offset + done, "%s", strerror(errno));
        if (got == 0)
            return error_set_at(error, EFFNET_ERR_IO, offset + done,
                                "the file was cut short while it was read");
        done += (size_t)got;
    }
    return EFFNET_OK;
}

effnet_status source_read(const source *s, uint64_t offset, void *buffer, size_t size, effnet_error *error)
{
    if (offset > s->size || size > s->size - offset)
        return error_set_at(error, EFFNET_ERR_FORMAT, s->size,
                            "truncated: %" PRIu64 " bytes, %zu wanted at byte %" PRIu64, s->size, size,
                            offset);
    if (s->descriptor >= 0) return read_file(s, offset, buffer, size, error);
    if (size) memcpy(buffer, s->data + offset, size);
    return EFFNET_OK;
}

effnet_status source_read_all(const source *s, size_t limit, void **out, size_t *size, effnet_error *error)
{
    *out = NULL;
    *size = 0;
    if (s->size > limit)
        return error_set(error, EFFNET_ERR_LIMIT, "%" PRIu64 " bytes, the limit is %zu", s->size, limit);
    const size_t bytes = (size_t)s->size;
    void *block = malloc(bytes ? bytes : 1);
    if (!block) return error_memory(error);
    const effnet_status status = source_read(s, 0, block, bytes, error);
    if (status != EFFNET_OK) {
        free(block);
        return status;
    }
    *out = block;
    *size = bytes;
    return EFFNET_OK;
}

effnet_status source_load(void **out, size_t *size, const char *path, size_t limit, effnet_error *error)
{
    *out = NULL;
    *size = 0;
    source *s;
    TRY(source_open_path(&s, path, limit, error));
    effnet_status status = EFFNET_OK;
    if (s->owned) { /* a stream, which is in memory already and within the limit */
        *out = s->owned;
        *size = (size_t)s->size;
        s->owned = NULL;
    } else {
        status = source_read_all(s, limit, out, size, error);
    }
    if (status != EFFNET_OK) error_prefix(error, status, source_name(s));
    source_close(s);
    return status;
}
