/* SPDX-License-Identifier: Apache-2.0
 *
 * One checkpoint, written and read. checkpoint.h has the layout.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/output.h"
#include "base/reader.h"
#include "train/checkpoint/checkpoint.h"
#include "weights/dtype.h"

static const char magic[8] = {'E', 'F', 'F', 'N', 'E', 'T', 'C', 'K'};

enum { VERSION = 1, HEAD = 24, CRC = 4, CHUNK = 16384 /* floats at a time */ };

/* Bytes from the beginning to the end of the header's CRC. */
static size_t header_size(size_t description, const checkpoint *c)
{
    return HEAD + description + 8 * c->number_count + 8 * c->array_count + CRC;
}

uint64_t checkpoint_size(const checkpoint *c)
{
    uint64_t size = header_size(strlen(c->description), c);
    for (size_t i = 0; i < c->array_count; i++)
        size += 4 * (uint64_t)c->arrays[i].count + CRC;
    return size;
}

/* ---- Writing ---- */

static uint8_t *put(uint8_t *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        *at++ = (uint8_t)(value >> (8 * i));
    return at;
}

static effnet_status write_header(output *file, const checkpoint *c, effnet_error *error)
{
    const size_t described = strlen(c->description), size = header_size(described, c);
    uint8_t *header = malloc(size), *at = header;
    if (!header) return error_memory(error);
    memcpy(at, magic, sizeof magic);
    at = put(at + sizeof magic, VERSION, 4);
    at = put(at, described, 4);
    at = put(at, c->number_count, 4);
    at = put(at, c->array_count, 4);
    memcpy(at, c->description, described);
    at += described;
    for (size_t i = 0; i < c->number_count; i++)
        at = put(at, c->numbers[i], 8);
    for (size_t i = 0; i < c->array_count; i++)
        at = put(at, c->arrays[i].count, 8);
    put(at, crc32_z(0, header, size - CRC), CRC);
    const effnet_status status = output_write(file, header, size, error);
    free(header);
    return status;
}

static effnet_status write_array(output *file, const checkpoint_array *a, uint8_t *chunk, effnet_error *error)
{
    uLong crc = 0;
    for (size_t done = 0; done < a->count;) {
        const size_t n = a->count - done < CHUNK ? a->count - done : CHUNK;
        dtype_encode(chunk, a->data + done, STATE_F32, n);
        crc = crc32_z(crc, chunk, 4 * n);
        TRY(output_write(file, chunk, 4 * n, error));
        done += n;
    }
    uint8_t stored[CRC];
    put(stored, crc, CRC);
    return output_write(file, stored, CRC, error);
}

effnet_status checkpoint_write(output *file, const checkpoint *c, effnet_error *error)
{
    TRY(write_header(file, c, error));
    uint8_t *chunk = malloc(4 * CHUNK);
    if (!chunk) return error_memory(error);
    effnet_status status = EFFNET_OK;
    for (size_t i = 0; i < c->array_count && status == EFFNET_OK; i++)
        status = write_array(file, &c->arrays[i], chunk, error);
    free(chunk);
    return status;
}

/* ---- Reading ---- */

/* The first line in which two descriptions differ, as the file and as the run have it. */
static effnet_status tell_difference(const char *found, const char *wanted, effnet_error *error)
{
    size_t line = 0;
    for (size_t i = 0; found[i] && found[i] == wanted[i]; i++)
        if (found[i] == '\n') line = i + 1;
    const size_t f = strcspn(found + line, "\n"), w = strcspn(wanted + line, "\n");
    return error_set(error, EFFNET_ERR_MISMATCH, "of another run: \"%.*s\", this one has \"%.*s\"",
                     f < 100 ? (int)f : 100, found + line, w < 100 ? (int)w : 100, wanted + line);
}

static effnet_status check_sizes(const checkpoint *c, uint64_t described, uint64_t numbers, uint64_t arrays,
                                 effnet_error *error)
{
    if (described > CHECKPOINT_MAX_DESCRIPTION)
        return error_set_at(error, EFFNET_ERR_FORMAT, 12, "a description of %llu bytes, the limit is %d",
                            (unsigned long long)described, CHECKPOINT_MAX_DESCRIPTION);
    if (numbers != c->number_count || arrays != c->array_count)
        return error_set_at(error, EFFNET_ERR_FORMAT, 16, "%llu numbers and %llu arrays, wanted %zu and %zu",
                            (unsigned long long)numbers, (unsigned long long)arrays, c->number_count,
                            c->array_count);
    return EFFNET_OK;
}

/* What follows the first 24 bytes, up to the arrays. `r` is at the description; its bytes are whole. */
static effnet_status take_header(reader *r, size_t described, const checkpoint *c, effnet_error *error)
{
    char *description = malloc(described + 1);
    if (!description) return error_memory(error);
    memcpy(description, reader_bytes(r, described), described);
    description[described] = '\0';
    effnet_status status = EFFNET_OK;
    if (strcmp(description, c->description) != 0)
        status = tell_difference(description, c->description, error);
    free(description);
    TRY(status);
    for (size_t i = 0; i < c->number_count; i++)
        c->numbers[i] = reader_u64(r);
    for (size_t i = 0; i < c->array_count; i++) {
        const uint64_t count = reader_u64(r);
        if (count != c->arrays[i].count)
            return error_set(error, EFFNET_ERR_MISMATCH, "array %zu has %llu values, this run's has %zu", i,
                             (unsigned long long)count, c->arrays[i].count);
    }
    return EFFNET_OK;
}

static effnet_status read_header(const source *file, const checkpoint *c, size_t *end, effnet_error *error)
{
    uint8_t head[HEAD];
    TRY(source_read(file, 0, head, HEAD, error));
    reader r = reader_over(head, HEAD, 0);
    const uint8_t *name = reader_bytes(&r, sizeof magic);
    if (memcmp(name, magic, sizeof magic) != 0)
        return error_set(error, EFFNET_ERR_FORMAT, "not a checkpoint of effnet");
    const uint32_t version = reader_u32(&r), described = reader_u32(&r), numbers = reader_u32(&r);
    if (version != VERSION)
        return error_set_at(error, EFFNET_ERR_FORMAT, 8, "version %u, wanted %d", version, VERSION);
    TRY(check_sizes(c, described, numbers, reader_u32(&r), error));
    const size_t size = header_size(described, c);
    if (source_size(file) < size)
        return error_set_at(error, EFFNET_ERR_FORMAT, source_size(file),
                            "truncated: its header has %zu bytes", size);
    uint8_t *header = malloc(size);
    if (!header) return error_memory(error);
    effnet_status status = source_read(file, 0, header, size, error);
    r = reader_over(header, size, 0);
    reader_seek(&r, size - CRC);
    if (status == EFFNET_OK && reader_u32(&r) != crc32_z(0, header, size - CRC))
        status = error_set_at(error, EFFNET_ERR_FORMAT, size - CRC, "the header's checksum is wrong");
    reader_seek(&r, HEAD);
    if (status == EFFNET_OK) status = take_header(&r, described, c, error);
    free(header);
    *end = size;
    return status;
}

static effnet_status read_array(const source *file, uint64_t *offset, const checkpoint_array *a,
                                uint8_t *chunk, effnet_error *error)
{
    uLong crc = 0;
    for (size_t done = 0; done < a->count;) {
        const size_t n = a->count - done < CHUNK ? a->count - done : CHUNK;
        TRY(source_read(file, *offset, chunk, 4 * n, error));
        crc = crc32_z(crc, chunk, 4 * n);
        dtype_decode(a->data + done, chunk, STATE_F32, false, n);
        *offset += 4 * n;
        done += n;
    }
    TRY(source_read(file, *offset, chunk, CRC, error));
    reader r = reader_over(chunk, CRC, *offset);
    *offset += CRC;
    if (reader_u32(&r) == crc) return EFFNET_OK;
    return error_set_at(error, EFFNET_ERR_FORMAT, *offset - CRC, "the checksum of an array is wrong");
}

effnet_status checkpoint_read(const source *file, const checkpoint *c, effnet_error *error)
{
    size_t header = 0;
    TRY(read_header(file, c, &header, error));
    if (source_size(file) != checkpoint_size(c))
        return error_set(error, EFFNET_ERR_FORMAT, "%llu bytes, wanted %llu",
                         (unsigned long long)source_size(file), (unsigned long long)checkpoint_size(c));
    uint8_t *chunk = malloc(4 * CHUNK);
    if (!chunk) return error_memory(error);
    effnet_status status = EFFNET_OK;
    uint64_t offset = header;
    for (size_t i = 0; i < c->array_count && status == EFFNET_OK; i++)
        status = read_array(file, &offset, &c->arrays[i], chunk, error);
    free(chunk);
    return status;
}
