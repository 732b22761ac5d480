/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes float32 arrays as .npy, as .npz (a ZIP archive of stored .npy members) and as safetensors. The ZIP
 * is the plain one of 1989, without its 64-bit extension: an archive that needs more is refused with advice.
 *
 * Formats: numpy/lib/format.py version 1.0; PKWARE APPNOTE.TXT 6.3, sections 4.3.7, 4.3.12 and 4.3.16.
 */
#include "weights/arrays_file.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/sizes.h"
#include "weights/state.h"

enum {
    NPY_ALIGNMENT = 64, /* where numpy starts the values */
    NPY_HEADER = 256 + NPY_ALIGNMENT,
    LOCAL_SIZE = 30,       /* of a local file header without the name */
    CENTRAL_SIZE = 46,     /* of an entry of the central directory without the name */
    END_SIZE = 22,         /* of the end record */
    ZIP_VERSION = 20,      /* 2.0, what a stored file needs */
    ZIP_DATE = 1 << 5 | 1, /* 1 January 1980: the bytes must not depend on the day */
};

static const uint64_t ZIP_LIMIT = UINT32_MAX; /* sizes and offsets are 32 bits */

/* ---- .npy ---- */

typedef struct npy_head {
    size_t size;
    char bytes[NPY_HEADER];
} npy_head;

/* Magic, version, size and dictionary, padded so that the values start at a multiple of 64. */
static npy_head npy_make_head(const effnet_array *a)
{
    npy_head h = {.size = 10};
    char *text = h.bytes + h.size;
    const size_t room = sizeof h.bytes - h.size;
    size_t n = (size_t)snprintf(text, room, "{'descr': '<f4', 'fortran_order': False, 'shape': (");
    for (int d = 0; d < a->rank; d++)
        n += (size_t)snprintf(text + n, room - n, a->rank == 1 ? "%zu," : d ? ", %zu" : "%zu", a->shape[d]);
    n += (size_t)snprintf(text + n, room - n, "), }");
    while ((h.size + n + 1) % NPY_ALIGNMENT != 0)
        text[n++] = ' ';
    text[n++] = '\n';
    memcpy(h.bytes, "\x93NUMPY\x01", 8);
    h.bytes[8] = (char)(n & 0xFF);
    h.bytes[9] = (char)(n >> 8);
    h.size += n;
    return h;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are written as they lie in memory");

static effnet_status write_values(output *o, const array_part *part, effnet_error *error)
{
    if (part->array.data) return output_write(o, part->array.data, part->size, error);
    return output_copy_scratch(o, part->scratch, part->size, error);
}

static effnet_status write_npy(output *o, const array_part *part, effnet_error *error)
{
    const npy_head head = npy_make_head(&part->array);
    TRY(output_write(o, head.bytes, head.size, error));
    return write_values(o, part, error);
}

/* ---- .npz ---- */

typedef struct zip_member {
    char *name;
    uint32_t crc, size, offset;
} zip_member;

/* Little-endian fields of a ZIP record, appended one by one. */
typedef struct record {
    size_t size;
    uint8_t bytes[CENTRAL_SIZE];
} record;

static void put(record *r, uint32_t value, size_t bytes)
{
    assert(r->size + bytes <= sizeof r->bytes);
    for (size_t i = 0; i < bytes; i++)
        r->bytes[r->size++] = (uint8_t)(value >> 8 * i);
}

/* The fields that the local header and the central directory share. */
static void put_common(record *r, const zip_member *m)
{
    put(r, ZIP_VERSION, 2);
    put(r, 0x0800, 2); /* names are UTF-8 */
    put(r, 0, 2);      /* stored */
    put(r, 0, 2);      /* midnight */
    put(r, ZIP_DATE, 2);
    put(r, m->crc, 4);
    put(r, m->size, 4); /* stored */
    put(r, m->size, 4); /* and as it was */
    put(r, (uint32_t)strlen(m->name), 2);
    put(r, 0, 2); /* no extra field */
}

static effnet_status write_record(output *o, const record *r, const char *name, effnet_error *error)
{
    TRY(output_write(o, r->bytes, r->size, error));
    return output_write(o, name, strlen(name), error);
}

static effnet_status write_local(output *o, const zip_member *m, effnet_error *error)
{
    record r = {0};
    put(&r, 0x04034B50, 4);
    put_common(&r, m);
    assert(r.size == LOCAL_SIZE);
    return write_record(o, &r, m->name, error);
}

static effnet_status write_central(output *o, const zip_member *m, effnet_error *error)
{
    record r = {0};
    put(&r, 0x02014B50, 4);
    put(&r, 3 << 8 | ZIP_VERSION, 2); /* made on Unix */
    put_common(&r, m);
    put(&r, 0, 2);              /* no comment */
    put(&r, 0, 2);              /* first disk */
    put(&r, 0, 2);              /* binary */
    put(&r, 0100644u << 16, 4); /* a regular file, rw-r--r-- */
    put(&r, m->offset, 4);
    assert(r.size == CENTRAL_SIZE);
    return write_record(o, &r, m->name, error);
}

static effnet_status write_end(output *o, size_t count, uint32_t at, uint32_t size, effnet_error *error)
{
    record r = {0};
    put(&r, 0x06054B50, 4);
    put(&r, 0, 4); /* one disk */
    put(&r, (uint32_t)count, 2);
    put(&r, (uint32_t)count, 2);
    put(&r, size, 4);
    put(&r, at, 4);
    put(&r, 0, 2); /* no comment */
    assert(r.size == END_SIZE);
    return write_record(o, &r, "", error);
}

static effnet_status write_member(output *o, zip_member *m, const array_part *part, effnet_error *error)
{
    const npy_head head = npy_make_head(&part->array);
    const uint32_t crc = arrays_crc(0, head.bytes, head.size);
    m->size = (uint32_t)(head.size + part->size);
    m->crc = (uint32_t)crc32_combine(crc, part->crc, (z_off_t)part->size);
    TRY(write_local(o, m, error));
    return write_npy(o, part, error);
}

static effnet_status write_members(output *o, zip_member *members, const array_part *parts, size_t count,
                                   effnet_error *error)
{
    size_t at = 0, directory = 0;
    for (size_t i = 0; i < count; i++) {
        members[i].offset = (uint32_t)at;
        TRY(write_member(o, &members[i], &parts[i], error));
        at += LOCAL_SIZE + strlen(members[i].name) + members[i].size;
    }
    for (size_t i = 0; i < count; i++) {
        TRY(write_central(o, &members[i], error));
        directory += CENTRAL_SIZE + strlen(members[i].name);
    }
    return write_end(o, count, (uint32_t)at, (uint32_t)directory, error);
}

static effnet_status write_npz(output *o, const array_part *parts, size_t count, effnet_error *error)
{
    zip_member *members = calloc(count ? count : 1, sizeof *members);
    effnet_status status = members ? EFFNET_OK : error_memory(error);
    for (size_t i = 0; status == EFFNET_OK && i < count; i++) {
        const size_t room = strlen(parts[i].array.name) + sizeof ".npy";
        members[i].name = malloc(room);
        if (members[i].name)
            snprintf(members[i].name, room, "%s.npy", parts[i].array.name);
        else
            status = error_memory(error);
    }
    if (status == EFFNET_OK) status = write_members(o, members, parts, count, error);
    for (size_t i = 0; members && i < count; i++)
        free(members[i].name);
    free(members);
    return status;
}

effnet_status arrays_check_size(array_format format, const array_part *parts, size_t count, const char *path,
                                effnet_error *error)
{
    size_t total = END_SIZE;
    for (size_t i = 0; i < count; i++) {
        const size_t around =
            LOCAL_SIZE + CENTRAL_SIZE + 2 * strlen(parts[i].array.name) + 2 * sizeof ".npy" + NPY_HEADER;
        if (!size_add(&total, total, parts[i].size) || !size_add(&total, total, around)) total = SIZE_MAX;
    }
    if (format != ARRAYS_NPZ || total <= ZIP_LIMIT) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_LIMIT, "%s: more than 4 GiB do not fit an .npz: write .safetensors",
                     path);
}

/* ---- safetensors ---- */

static effnet_status write_safetensors(output *o, const array_part *parts, size_t count, effnet_error *error)
{
    state_output *tensors = calloc(count ? count : 1, sizeof *tensors);
    if (!tensors) return error_memory(error);
    for (size_t i = 0; i < count; i++) {
        const effnet_array *a = &parts[i].array;
        tensors[i] = (state_output){.name = a->name, .dtype = STATE_F32, .rank = a->rank};
        memcpy(tensors[i].shape, a->shape, sizeof a->shape);
    }
    effnet_status status = state_write_header(o, tensors, count, NULL, 0, error);
    for (size_t i = 0; status == EFFNET_OK && i < count; i++)
        status = write_values(o, &parts[i], error);
    free(tensors);
    return status;
}

/* ---- what all formats share ---- */

static bool ends_with(const char *text, const char *suffix)
{
    const size_t n = strlen(text), m = strlen(suffix);
    return n >= m && strcmp(text + n - m, suffix) == 0;
}

static effnet_status format_of(array_format *out, const char *path, effnet_error *error)
{
    static const char *const suffixes[] = {".npy", ".npz", ".safetensors"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (ends_with(path, suffixes[i])) {
            *out = (array_format)i;
            return EFFNET_OK;
        }
    return error_set(error, EFFNET_ERR_ARGUMENT, "%s: the name must end in .npy, .npz or .safetensors", path);
}

/* Names must tell the arrays apart, and members of an archive must not climb out of a folder it is unpacked
 * in. */
static effnet_status check_names(const effnet_array *arrays, size_t count, effnet_error *error)
{
    for (size_t i = 0; i < count; i++) {
        const char *name = arrays[i].name;
        if (!name || !*name || strlen(name) > STATE_MAX_NAME || strchr(name, '/') || name[0] == '.')
            return error_set(error, EFFNET_ERR_ARGUMENT, "'%s' cannot be the name of an array",
                             name ? name : "");
        for (size_t j = 0; j < i; j++)
            if (strcmp(name, arrays[j].name) == 0)
                return error_set(error, EFFNET_ERR_ARGUMENT, "two arrays are called '%s'", name);
    }
    return EFFNET_OK;
}

effnet_status arrays_check(array_format *format, const char *path, const effnet_array *arrays, size_t count,
                           effnet_error *error)
{
    TRY(format_of(format, path, error));
    if (*format == ARRAYS_NPY && count != 1)
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "%s: a .npy holds one array, not %zu: use .npz or .safetensors", path, count);
    if (*format != ARRAYS_NPY) TRY(check_names(arrays, count, error));
    if (count > UINT16_MAX)
        return error_set(error, EFFNET_ERR_LIMIT, "%s: more than %d arrays", path, UINT16_MAX);
    return EFFNET_OK;
}

uint32_t arrays_crc(uint32_t crc, const void *data, size_t size)
{
    return (uint32_t)crc32_z(crc, data, size);
}

effnet_status arrays_write(const char *path, array_format format, const array_part *parts, size_t count,
                           effnet_error *error)
{
    output *o = NULL;
    TRY(arrays_check_size(format, parts, count, path, error));
    TRY(output_create(&o, path, error));
    effnet_status status = EFFNET_OK;
    switch (format) {
    case ARRAYS_NPY: status = write_npy(o, parts, error); break;
    case ARRAYS_NPZ: status = write_npz(o, parts, count, error); break;
    case ARRAYS_SAFETENSORS: status = write_safetensors(o, parts, count, error); break;
    }
    if (status == EFFNET_OK) return output_commit(o, error);
    output_abort(o);
    return status;
}

/* Values that are in memory. */
static effnet_status make_part(array_part *out, const effnet_array *array, effnet_error *error)
{
    assert(array->rank >= 0 && array->rank <= EFFNET_MAX_RANK);
    *out = (array_part){.array = *array, .scratch = -1};
    if (!size_product(&out->size, array->shape, (size_t)array->rank) ||
        !size_mul(&out->size, out->size, sizeof(float)))
        return error_set(error, EFFNET_ERR_ARGUMENT, "the shape of an array is too large");
    return EFFNET_OK;
}

static effnet_status save_parts(const char *path, array_format format, array_part *parts,
                                const effnet_array *arrays, size_t count, effnet_error *error)
{
    for (size_t i = 0; i < count; i++)
        TRY(make_part(&parts[i], &arrays[i], error));
    TRY(arrays_check_size(format, parts, count, path, error));
    for (size_t i = 0; i < count && format == ARRAYS_NPZ; i++)
        parts[i].crc = arrays_crc(0, parts[i].array.data, parts[i].size);
    return arrays_write(path, format, parts, count, error);
}

effnet_status arrays_save(const char *path, const effnet_array *arrays, size_t count, effnet_error *error)
{
    array_format format = ARRAYS_NPY;
    TRY(arrays_check(&format, path, arrays, count, error));
    array_part *parts = calloc(count ? count : 1, sizeof *parts);
    if (!parts) return error_memory(error);
    const effnet_status status = save_parts(path, format, parts, arrays, count, error);
    free(parts);
    return status;
}
