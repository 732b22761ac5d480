/* SPDX-License-Identifier: Apache-2.0
 *
 * Makers of PyTorch files for the tests: zip archives whose every field can be spoilt afterwards, and pickles
 * put together opcode by opcode.
 */
#ifndef TORCH_FILES_H
#define TORCH_FILES_H

#include "unit/weights_test.h"

#include <zlib.h>

/* ---- Zip archives ---- */

enum { ZIP_ITEMS = 8 };

/* Where the fields of an entry lie: offsets from the start of the local header, of the directory entry and of
 * the end record (APPNOTE 4.3). */
enum {
    LOCAL_FLAGS = 6,
    LOCAL_METHOD = 8,
    LOCAL_CRC = 14,
    LOCAL_STORED = 18,
    LOCAL_SIZE = 22,
    LOCAL_NAME_SIZE = 26,
    LOCAL_NAME = 30,
    CENTRAL_FLAGS = 8,
    CENTRAL_METHOD = 10,
    CENTRAL_CRC = 16,
    CENTRAL_STORED = 20,
    CENTRAL_SIZE = 24,
    CENTRAL_DISK = 34,
    CENTRAL_OFFSET = 42,
    CENTRAL_NAME = 46,
    END_DISK = 4,
    END_COUNT = 10,
    END_SIZE = 12,
    END_OFFSET = 16,
    END_COMMENT = 20,
};

typedef struct zip_maker {
    bytes file, directory;
    size_t count;
    size_t local[ZIP_ITEMS], data[ZIP_ITEMS];
    size_t central[ZIP_ITEMS]; /* in the directory until zip_end, then in the file */
    size_t directory_at, end_at;
} zip_maker;

static inline void patch(bytes *b, size_t at, uint64_t value, size_t size)
{
    assert_true(at + size <= b->size);
    for (size_t i = 0; i < size; i++)
        b->data[at + i] = (uint8_t)(value >> 8 * i);
}

/* Adds a stored entry; with `described` its sizes follow the data, in 4 bytes each or 8. */
static inline void zip_add_as(zip_maker *z, const char *name, const void *data, size_t size, size_t described)
{
    const uint32_t crc = (uint32_t)crc32(0, data, (uInt)size);
    const uint16_t flags = described ? 8 : 0;
    const size_t at = z->file.size;
    put_le(&z->file, 0x04034B50, 4);
    put_le(&z->file, 10 | (uint64_t)flags << 16, 8); /* version, flags, method, time */
    put_le(&z->file, 0, 2);
    put_le(&z->file, described ? 0 : crc, 4);
    put_le(&z->file, described ? 0 : size, 4);
    put_le(&z->file, described ? 0 : size, 4);
    put_le(&z->file, strlen(name), 4);
    put_text(&z->file, name);
    const size_t data_at = z->file.size;
    put(&z->file, data, size);
    if (described) {
        put_le(&z->file, 0x08074B50, 4);
        put_le(&z->file, crc, 4);
        put_le(&z->file, size, described);
        put_le(&z->file, size, described);
    }
    if (z->count < ZIP_ITEMS) {
        z->local[z->count] = at;
        z->data[z->count] = data_at;
        z->central[z->count] = z->directory.size;
    }
    z->count++;
    put_le(&z->directory, 0x02014B50, 4);
    put_le(&z->directory, 10 | 10 << 16, 4);
    put_le(&z->directory, flags, 8); /* and method, time, date */
    put_le(&z->directory, crc, 4);
    put_le(&z->directory, size, 4);
    put_le(&z->directory, size, 4);
    put_le(&z->directory, strlen(name), 8); /* and extra, comment */
    put_le(&z->directory, 0, 6);            /* attributes */
    put_le(&z->directory, at, 4);
    put_text(&z->directory, name);
}

static inline void zip_add(zip_maker *z, const char *name, const void *data, size_t size)
{
    zip_add_as(z, name, data, size, 0);
}

static inline void zip_put_end(zip_maker *z)
{
    const size_t count = z->count < UINT16_MAX ? z->count : UINT16_MAX;
    z->end_at = z->file.size;
    put_le(&z->file, 0x06054B50, 4);
    put_le(&z->file, 0, 4);
    put_le(&z->file, count, 2);
    put_le(&z->file, count, 2);
    put_le(&z->file, z->directory.size, 4);
    put_le(&z->file, z->directory_at, 4);
    put_le(&z->file, 0, 2);
}

static inline void zip_put_directory(zip_maker *z)
{
    z->directory_at = z->file.size;
    put(&z->file, z->directory.data, z->directory.size);
    for (size_t i = 0; i < z->count && i < ZIP_ITEMS; i++)
        z->central[i] += z->directory_at;
}

static inline void zip_end(zip_maker *z)
{
    zip_put_directory(z);
    zip_put_end(z);
}

/* With a zip64 end record and locator, as torch writes them. */
static inline void zip_end64(zip_maker *z)
{
    zip_put_directory(z);
    const size_t at = z->file.size;
    put_le(&z->file, 0x06064B50, 4);
    put_le(&z->file, 44, 8);
    put_le(&z->file, 0, 8);
    put_le(&z->file, 0, 4);
    put_le(&z->file, z->count, 8);
    put_le(&z->file, z->count, 8);
    put_le(&z->file, z->directory.size, 8);
    put_le(&z->file, z->directory_at, 8);
    put_le(&z->file, 0x07064B50, 4);
    put_le(&z->file, 0, 4);
    put_le(&z->file, at, 8);
    put_le(&z->file, 1, 4);
    zip_put_end(z);
}

static inline void zip_free(zip_maker *z)
{
    free(z->file.data);
    free(z->directory.data);
    *z = (zip_maker){0};
}

/* ---- Pickles ---- */

static inline void op_text(bytes *p, const char *text)
{
    put_text(p, "X");
    put_le(p, strlen(text), 4);
    put_text(p, text);
}

static inline void op_int(bytes *p, int64_t value)
{
    if (value >= INT32_MIN && value <= INT32_MAX) {
        put_text(p, "J");
        put_le(p, (uint64_t)value, 4);
    } else {
        put(p, "\x8A\x08", 2);
        put_le(p, (uint64_t)value, 8);
    }
}

/* "c" and a global given as "module name". */
static inline void op_global(bytes *p, const char *global)
{
    const char *space = strchr(global, ' ');
    put_text(p, "c");
    put(p, global, (size_t)(space - global));
    put_text(p, "\n");
    put_text(p, space + 1);
    put_text(p, "\n");
}

static inline void op_ints(bytes *p, const int64_t *values, size_t count)
{
    put_text(p, "(");
    for (size_t i = 0; i < count; i++)
        op_int(p, values[i]);
    put_text(p, "t");
}

/* The persistent id of storage `key` of the class "torch FloatStorage" or another. */
static inline void op_storage(bytes *p, const char *type, const char *key, int64_t count)
{
    put_text(p, "(");
    op_text(p, "storage");
    op_global(p, type);
    op_text(p, key);
    op_text(p, "cpu");
    op_int(p, count);
    put_text(p, "tQ");
}

typedef struct view {
    int64_t offset;
    size_t rank;
    int64_t shape[9], stride[9];
} view;

/* What follows a storage in the arguments of _rebuild_tensor_v2, and the call. */
static inline void op_rebuild(bytes *p, view v)
{
    op_int(p, v.offset);
    op_ints(p, v.shape, v.rank);
    op_ints(p, v.stride, v.rank);
    put_text(p, "\x89");
    op_global(p, "collections OrderedDict");
    put_text(p, ")RtR");
}

static inline void op_tensor(bytes *p, const char *type, const char *key, int64_t count, view v)
{
    op_global(p, "torch._utils _rebuild_tensor_v2");
    put_text(p, "(");
    op_storage(p, type, key, count);
    op_rebuild(p, v);
}

/* The usual tensor: four floats, 1 2 3 4, in storage 0. */
static inline void op_four(bytes *p)
{
    op_tensor(p, "torch FloatStorage", "0", 4, (view){0, 1, {4}, {1}});
}

static const float four[] = {1, 2, 3, 4};

/* A checkpoint of `pickle` and storage 0, which holds `size` bytes. */
static inline zip_maker torch_zip(const bytes *pickle, const void *storage, size_t size)
{
    zip_maker z = {0};
    zip_add(&z, "archive/data.pkl", pickle->data, pickle->size);
    zip_add(&z, "archive/data/0", storage, size);
    zip_end(&z);
    return z;
}

/* {"w": the usual tensor} */
static inline bytes plain_pickle(void)
{
    bytes p = {0};
    put_text(&p, "\x80\x02}");
    op_text(&p, "w");
    op_four(&p);
    put_text(&p, "s.");
    return p;
}

/* A pickle of `size` opcodes, in a checkpoint with the usual storage, must be refused. */
static inline void pickle_refused_n(const void *opcodes, size_t size, effnet_status status, const char *rule)
{
    bytes p = {0};
    put(&p, opcodes, size);
    zip_maker z = torch_zip(&p, four, sizeof four);
    refused(&z.file, status, rule);
    zip_free(&z);
    free(p.data);
}

static inline void pickle_refused(const char *opcodes, effnet_status status, const char *rule)
{
    pickle_refused_n(opcodes, strlen(opcodes), status, rule);
}

/* The same for opcodes that were put together, which are freed. */
static inline void made_refused(bytes *p, effnet_status status, const char *rule)
{
    pickle_refused_n(p->data, p->size, status, rule);
    free(p->data);
    *p = (bytes){0};
}

static inline state_dict *made_accepted(bytes *p)
{
    zip_maker z = torch_zip(p, four, sizeof four);
    state_dict *dict = accepted(&z.file);
    assert_true(touch(z.file.data, z.file.size));
    /* Values are read from the file: keep it. */
    free(z.directory.data);
    free(p->data);
    p->data = z.file.data;
    return dict;
}

#endif
