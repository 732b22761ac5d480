/* SPDX-License-Identifier: Apache-2.0
 *
 * See idx.h. The first bytes give the sizes, the sizes give the one allocation, and the rest must fill it
 * exactly.
 */
#include "train/data/idx.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/reader.h"
#include "base/sizes.h"
#include "base/source.h"

enum {
    UNSIGNED_BYTES = 0x08,
    LONGEST_HEADER = 4 + 4 * IDX_MAX_RANK,
    /* zlib's technical details (zlib.net): "the maximum compression factor is 1032:1". */
    DEFLATE_FACTOR = 1032,
};

/* A file's content as it is read from front to end, whether it is compressed or not. */
typedef struct content {
    z_stream stream;
    bool packed, ended;
    const uint8_t *plain;
    size_t left; /* of plain */
} content;

static bool is_gzip(const uint8_t *data, size_t size)
{
    return size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
}

static effnet_status content_open(content *c, const uint8_t *data, size_t size, effnet_error *error)
{
    *c = (content){.packed = is_gzip(data, size), .plain = data, .left = size};
    if (!c->packed) return EFFNET_OK;
    if (size > UINT32_MAX)
        return error_set(error, EFFNET_ERR_LIMIT, "%zu compressed bytes, the limit is %u", size, UINT32_MAX);
    c->stream.next_in = (z_const Bytef *)(uintptr_t)data;
    c->stream.avail_in = (uInt)size;
    /* 16 more than the window: a gzip stream and nothing else. */
    return inflateInit2(&c->stream, 16 + MAX_WBITS) == Z_OK ? EFFNET_OK : error_memory(error);
}

static void content_close(content *c)
{
    if (c->packed) inflateEnd(&c->stream);
}

static effnet_status inflate_some(content *c, uint8_t *out, size_t *size, effnet_error *error)
{
    size_t done = 0;
    while (done < *size && !c->ended) {
        const size_t want = *size - done < UINT32_MAX ? *size - done : UINT32_MAX;
        c->stream.next_out = out + done;
        c->stream.avail_out = (uInt)want;
        const int code = inflate(&c->stream, Z_NO_FLUSH);
        done += want - c->stream.avail_out;
        if (code == Z_STREAM_END)
            c->ended = true;
        else if (code == Z_BUF_ERROR)
            return error_set_at(error, EFFNET_ERR_FORMAT, c->stream.total_in,
                                "truncated: the gzip stream has no end");
        else if (code != Z_OK)
            return error_set_at(error, EFFNET_ERR_FORMAT, c->stream.total_in, "bad gzip stream: %s",
                                c->stream.msg ? c->stream.msg : "damaged");
    }
    *size = done;
    return EFFNET_OK;
}

/* The next *size bytes; *size becomes smaller at the end. */
static effnet_status content_read(content *c, uint8_t *out, size_t *size, effnet_error *error)
{
    if (c->packed) return inflate_some(c, out, size, error);
    if (*size > c->left) *size = c->left;
    if (*size) memcpy(out, c->plain, *size);
    c->plain += *size;
    c->left -= *size;
    return EFFNET_OK;
}

/* Nothing may follow the data: neither more of it, nor bytes after the gzip stream. */
static effnet_status content_finish(content *c, effnet_error *error)
{
    uint8_t extra;
    size_t size = 1;
    TRY(content_read(c, &extra, &size, error));
    if (size) return error_set(error, EFFNET_ERR_FORMAT, "more data than the sizes in the header say");
    if (c->packed && c->stream.avail_in)
        return error_set_at(error, EFFNET_ERR_FORMAT, c->stream.total_in, "%u bytes after the gzip stream",
                            c->stream.avail_in);
    return EFFNET_OK;
}

static effnet_status read_header(idx_array *a, content *c, effnet_error *error)
{
    uint8_t bytes[LONGEST_HEADER];
    size_t size = 4;
    TRY(content_read(c, bytes, &size, error));
    if (size < 4 || bytes[0] != 0 || bytes[1] != 0)
        return error_set(error, EFFNET_ERR_FORMAT, "not an IDX file: it does not begin with two zero bytes");
    if (bytes[2] != UNSIGNED_BYTES)
        return error_set_at(error, EFFNET_ERR_UNSUPPORTED, 2,
                            "IDX elements of type 0x%02x; unsigned bytes (0x08) are read", bytes[2]);
    if (bytes[3] < 1 || bytes[3] > IDX_MAX_RANK)
        return error_set_at(error, EFFNET_ERR_UNSUPPORTED, 3, "%d dimensions; 1 to %d are read", bytes[3],
                            IDX_MAX_RANK);
    a->rank = bytes[3];
    size = 4 * (size_t)a->rank;
    TRY(content_read(c, bytes + 4, &size, error));
    reader r = reader_over(bytes + 4, size, 4);
    for (int i = 0; i < IDX_MAX_RANK; i++)
        a->shape[i] = i < a->rank ? reader_u32_be(&r) : 1;
    return reader_status(&r, error);
}

static effnet_status check_size(idx_array *a, size_t file_size, bool packed, size_t limit,
                                effnet_error *error)
{
    size_t most = file_size;
    if (packed && !size_mul(&most, file_size, DEFLATE_FACTOR)) most = SIZE_MAX;
    if (!size_product(&a->size, a->shape, IDX_MAX_RANK)) a->size = SIZE_MAX;
    if (a->size > most)
        return error_set(error, EFFNET_ERR_FORMAT,
                         "the header declares %zu x %zu x %zu x %zu bytes, more than a file of %zu can hold",
                         a->shape[0], a->shape[1], a->shape[2], a->shape[3], file_size);
    if (a->size > limit)
        return error_set(error, EFFNET_ERR_LIMIT, "%zu bytes of data, the limit is %zu", a->size, limit);
    if (a->size == 0) return error_set(error, EFFNET_ERR_FORMAT, "an array without elements");
    return EFFNET_OK;
}

static effnet_status parse(idx_array *a, content *c, size_t file_size, size_t limit, effnet_error *error)
{
    TRY(read_header(a, c, error));
    TRY(check_size(a, file_size, c->packed, limit, error));
    a->bytes = malloc(a->size);
    if (!a->bytes) return error_memory(error);
    size_t size = a->size;
    TRY(content_read(c, a->bytes, &size, error));
    if (size < a->size)
        return error_set(error, EFFNET_ERR_FORMAT, "truncated: %zu bytes of data, the header declares %zu",
                         size, a->size);
    return content_finish(c, error);
}

effnet_status idx_parse(idx_array *out, const void *data, size_t size, size_t limit, effnet_error *error)
{
    *out = (idx_array){0};
    content c;
    effnet_status status = content_open(&c, data, size, error);
    if (status != EFFNET_OK) return status;
    status = parse(out, &c, size, limit, error);
    content_close(&c);
    if (status != EFFNET_OK) idx_free(out);
    return status;
}

effnet_status idx_read(idx_array *out, const char *path, size_t limit, effnet_error *error)
{
    *out = (idx_array){0};
    void *data;
    size_t size, most;
    if (!size_add(&most, limit, LONGEST_HEADER)) most = SIZE_MAX;
    TRY(source_load(&data, &size, path, most, error));
    const effnet_status status = idx_parse(out, data, size, limit, error);
    free(data);
    return status == EFFNET_OK ? status : error_prefix(error, status, path);
}

void idx_free(idx_array *a)
{
    free(a->bytes);
    *a = (idx_array){0};
}
