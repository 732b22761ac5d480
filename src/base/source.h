/* SPDX-License-Identifier: Apache-2.0
 *
 * Where input comes from: a regular file or bytes in memory, read by position. Files are read with pread,
 * never mapped, so that a file cut short by somebody else is an error and not a SIGBUS.
 */
#ifndef BASE_SOURCE_H
#define BASE_SOURCE_H

#include "base/error.h"

typedef struct source source;

/* Opens `path` for reading; anything but a regular file is refused without blocking. */
effnet_status source_open_file(source **out, const char *path, effnet_error *error);

/* A source over `size` bytes that the caller keeps alive; `name` is what messages call it. */
effnet_status source_open_memory(source **out, const void *data, size_t size, const char *name,
                                 effnet_error *error);

/* Reads all of an open descriptor (a pipe, standard input) into memory of the source's own; more than `limit`
 * bytes is EFFNET_ERR_LIMIT. */
effnet_status source_open_stream(source **out, int descriptor, size_t limit, const char *name,
                                 effnet_error *error);

/* Standard input, to its end or to `limit` bytes, if `path` is "-"; otherwise the file. */
effnet_status source_open_path(source **out, const char *path, size_t limit, effnet_error *error);

void source_close(source *s);

uint64_t source_size(const source *s);
const char *source_name(const source *s);

/* Copies `size` bytes at `offset` into `buffer`. Past the end: EFFNET_ERR_FORMAT "truncated". Thread-safe. */
effnet_status source_read(const source *s, uint64_t offset, void *buffer, size_t size, effnet_error *error);

/* The whole content in one malloc'd block that the caller frees; larger than `limit` is EFFNET_ERR_LIMIT. */
effnet_status source_read_all(const source *s, size_t limit, void **out, size_t *size, effnet_error *error);

/* The same of what source_open_path opens, from opening to closing; messages begin with the name. */
effnet_status source_load(void **out, size_t *size, const char *path, size_t limit, effnet_error *error);

#endif
