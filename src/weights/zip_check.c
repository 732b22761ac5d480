/* SPDX-License-Identifier: Apache-2.0
 *
 * Holds the entries of a zip archive against their local headers, and against each other: in the order of the
 * file they must follow one another without overlap and without gap, up to the directory. Two short reads an
 * entry, in file order.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "base/text.h"
#include "weights/zip.h"

/* APPNOTE 4.3.7, 4.3.9 and 4.4.4. */
enum {
    LOCAL_SIGNATURE = 0x04034B50,
    DESCRIPTOR_SIGNATURE = 0x08074B50,
    LOCAL_SIZE = 30,
    FLAG_ENCRYPTED = 0x0001,
    FLAG_DESCRIPTOR = 0x0008,
    FLAG_PATCHED = 0x0020,
    FLAG_STRONG = 0x0040,
    FLAG_MASKED = 0x2000,
    METHOD_STORED = 0,
    MAX_EXTRA = 4096, /* torch pads with an extra field, up to its storage alignment */
};

/* A local header, taken apart. */
typedef struct local_header {
    uint16_t flags, method, name_size, extra_size;
    uint32_t crc, stored_size, size;
} local_header;

static effnet_status check_kind(const zip_entry *e, effnet_error *error)
{
    if (e->flags & (FLAG_ENCRYPTED | FLAG_STRONG | FLAG_MASKED))
        return zip_fail(error, EFFNET_ERR_UNSUPPORTED, e, "encrypted");
    if (e->flags & FLAG_PATCHED) return zip_fail(error, EFFNET_ERR_UNSUPPORTED, e, "a patch");
    if (e->method != METHOD_STORED)
        return zip_fail(error, EFFNET_ERR_UNSUPPORTED, e, "compressed; it must be stored");
    if (e->stored_size != e->size)
        return zip_fail(error, EFFNET_ERR_FORMAT, e, "stored, yet its two sizes differ");
    if (e->name_size > ZIP_MAX_NAME) return zip_fail(error, EFFNET_ERR_LIMIT, e, "the name is too long");
    return EFFNET_OK;
}

/* The sizes that the zip64 extra field of a local header holds. */
static effnet_status read_local_sizes(const zip *z, uint64_t at, const local_header *h, uint64_t *size,
                                      uint64_t *stored_size, effnet_error *error)
{
    uint8_t bytes[MAX_EXTRA];
    *size = h->size;
    *stored_size = h->stored_size;
    if ((h->size != UINT32_MAX && h->stored_size != UINT32_MAX) || h->extra_size > MAX_EXTRA)
        return EFFNET_OK;
    TRY(source_read(z->source, at, bytes, h->extra_size, error));
    reader extra = reader_over(bytes, h->extra_size, at);
    zip_widen(&extra, (uint64_t *const[]){size, stored_size}, 2);
    return reader_status(&extra, error);
}

/* Sizes and CRC must be those of the directory, or, where a descriptor follows the data, zero. */
static effnet_status check_sizes(const zip *z, const zip_entry *e, const local_header *h, effnet_error *error)
{
    uint64_t size = 0, stored_size = 0;
    TRY(read_local_sizes(z, e->data - h->extra_size, h, &size, &stored_size, error));
    const bool later = (h->flags & FLAG_DESCRIPTOR) != 0;
    if ((size != e->size && !(later && size == 0)) ||
        (stored_size != e->size && !(later && stored_size == 0)))
        return zip_fail(error, EFFNET_ERR_FORMAT, e, "its local header has another size than the directory");
    if (h->crc != e->crc && !(later && h->crc == 0))
        return zip_fail(error, EFFNET_ERR_FORMAT, e,
                        "CRC mismatch between its local header and the directory");
    return EFFNET_OK;
}

/* Reads the local header and finds the data. */
static effnet_status check_local(const zip *z, zip_entry *e, effnet_error *error)
{
    uint8_t bytes[LOCAL_SIZE + ZIP_MAX_NAME];
    const size_t size = LOCAL_SIZE + (size_t)e->name_size;
    if (e->header > z->directory_offset || size > z->directory_offset - e->header)
        return zip_fail(error, EFFNET_ERR_FORMAT, e, "out of range: its header lies beyond the entries");
    TRY(source_read(z->source, e->header, bytes, size, error));
    reader in = reader_over(bytes, size, e->header);
    local_header h = {0};
    if (reader_u32(&in) != LOCAL_SIGNATURE)
        return zip_fail(error, EFFNET_ERR_FORMAT, e, "there is no local header where it should be");
    reader_u16(&in); /* version */
    h.flags = reader_u16(&in);
    h.method = reader_u16(&in);
    reader_u32(&in); /* time and date */
    h.crc = reader_u32(&in);
    h.stored_size = reader_u32(&in);
    h.size = reader_u32(&in);
    h.name_size = reader_u16(&in);
    h.extra_size = reader_u16(&in);
    if (h.name_size != e->name_size ||
        (e->name_size && memcmp(bytes + LOCAL_SIZE, e->name, e->name_size) != 0))
        return zip_fail(error, EFFNET_ERR_FORMAT, e, "its local header has another name than the directory");
    if (h.method != e->method || h.flags != e->flags)
        return zip_fail(error, EFFNET_ERR_FORMAT, e,
                        "its local header has another method or flags than the directory");
    e->data = e->header + size + h.extra_size;
    if (e->data > z->directory_offset || e->size > z->directory_offset - e->data)
        return zip_fail(error, EFFNET_ERR_FORMAT, e, "out of range: its data reaches into the directory");
    return check_sizes(z, e, &h, error);
}

/* The length of the descriptor at `bytes` if it is one of `e`, which may have a signature or not, and sizes
 * of 32 or 64 bits; 0 if it is not. */
static size_t match_descriptor(const zip_entry *e, const uint8_t *bytes, size_t size)
{
    for (int form = 0; form < 4; form++) {
        const bool signature = form < 2, wide = form % 2 == 1;
        reader in = reader_over(bytes, size, 0);
        bool same = !signature || reader_u32(&in) == DESCRIPTOR_SIGNATURE;
        same = reader_u32(&in) == e->crc && same;
        same = (wide ? reader_u64(&in) : reader_u32(&in)) == e->size && same;
        same = (wide ? reader_u64(&in) : reader_u32(&in)) == e->size && same;
        if (same && reader_ok(&in)) return in.position;
    }
    return 0;
}

/* Where the entry ends, its descriptor included. */
static effnet_status find_end(const zip *z, const zip_entry *e, uint64_t *out, effnet_error *error)
{
    uint8_t bytes[24];
    *out = e->data + e->size;
    if (!(e->flags & FLAG_DESCRIPTOR)) return EFFNET_OK;
    const uint64_t left = z->directory_offset - *out;
    const size_t size = left < sizeof bytes ? (size_t)left : sizeof bytes;
    TRY(source_read(z->source, *out, bytes, size, error));
    const size_t length = match_descriptor(e, bytes, size);
    if (length == 0)
        return zip_fail(error, EFFNET_ERR_FORMAT, e,
                        "CRC mismatch: its data descriptor differs from the directory");
    *out += length;
    return EFFNET_OK;
}

static int compare_places(const void *a, const void *b)
{
    const zip_entry *const *x = a, *const *y = b;
    return (*x)->header < (*y)->header ? -1 : (*x)->header > (*y)->header;
}

/* `end` is where the entries before this point end, `next` where something must begin. */
static effnet_status check_joint(uint64_t end, uint64_t next, effnet_error *error)
{
    if (end > next)
        return error_set_at(error, EFFNET_ERR_FORMAT, next,
                            "overlap: %" PRIu64 " bytes are in two zip entries", end - next);
    if (end < next)
        return error_set_at(error, EFFNET_ERR_FORMAT, end,
                            "%" PRIu64 " bytes between the zip entries belong to none", next - end);
    return EFFNET_OK;
}

static effnet_status check_sorted(const zip *z, zip_entry *const *sorted, effnet_error *error)
{
    uint64_t end = 0;
    for (size_t i = 0; i < z->count; i++) {
        TRY(check_joint(end, sorted[i]->header, error));
        TRY(check_local(z, sorted[i], error));
        TRY(find_end(z, sorted[i], &end, error));
    }
    return check_joint(end, z->directory_offset, error);
}

effnet_status zip_check(zip *z, effnet_error *error)
{
    for (size_t i = 0; i < z->count; i++)
        TRY(check_kind(&z->entries[i], error));
    zip_entry **sorted = calloc(z->count + 1, sizeof *sorted);
    if (!sorted) return error_memory(error);
    for (size_t i = 0; i < z->count; i++)
        sorted[i] = &z->entries[i];
    qsort(sorted, z->count, sizeof *sorted, compare_places);
    const effnet_status status = check_sorted(z, sorted, error);
    free(sorted);
    return status;
}
