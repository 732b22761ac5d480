/* SPDX-License-Identifier: Apache-2.0
 *
 * Zip archives of stored entries, as PyTorch writes them (PKWARE APPNOTE.TXT 6.3.10 has the format). Nothing
 * is decompressed and no name reaches the file system. The archive must be the whole file: entries, directory
 * and end record follow each other without overlap or gap, so that all readers see the same thing in it.
 *
 * CRCs are checked where content is read through zip_read. Storages are not: at 1 to 2 GB/s a CRC would take
 * longer than the load itself, and PyTorch does not check it either. A CRC of 0 stands for none, which is
 * what torch.serialization.set_crc32_options(False) writes.
 */
#ifndef WEIGHTS_ZIP_H
#define WEIGHTS_ZIP_H

#include "base/reader.h"
#include "base/source.h"

enum { ZIP_MAX_ENTRIES = 65536, ZIP_MAX_NAME = 512, ZIP_MAX_DIRECTORY = 8 * 1024 * 1024 };

typedef struct zip_entry {
    const char *name; /* not NUL-terminated */
    uint16_t name_size;
    uint16_t flags, method;
    uint32_t crc;
    uint64_t stored_size, size; /* equal when checked */
    uint64_t header;            /* byte of the local header */
    uint64_t data;              /* byte of the content: known once zip_check went well */
} zip_entry;

typedef struct zip {
    const source *source;
    uint8_t *directory; /* names point into it */
    uint64_t directory_offset;
    size_t directory_size;
    zip_entry *entries; /* [count] by name */
    size_t count;
} zip;

/* Reads the central directory; names must be unique. zip_close is needed after a failure too. */
effnet_status zip_open(zip *z, const source *s, effnet_error *error);
void zip_close(zip *z);

/* Holds every entry against its local header and against its neighbours. */
effnet_status zip_check(zip *z, effnet_error *error);

/* The entry called `name`, NULL if there is none. */
const zip_entry *zip_find(const zip *z, const char *name, size_t size);

/* The content of a checked entry of at most `limit` bytes, to be freed, its CRC verified. */
effnet_status zip_read(const zip *z, const zip_entry *entry, size_t limit, void **out, effnet_error *error);

/* Looks among extra fields for the one of zip64, which holds, in this order, what did not fit into 32 bits,
 * and replaces those of `fields` that are full. Failures stick to `extra`. */
void zip_widen(reader *extra, uint64_t *const *fields, size_t count);

/* A broken rule of `entry`, which the message names. */
effnet_status zip_fail(effnet_error *error, effnet_status code, const zip_entry *entry, const char *rule);

#endif
