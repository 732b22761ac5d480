/* SPDX-License-Identifier: Apache-2.0
 *
 * The central directory and look-up by name. What entries are held to is in zip_check.c. See zip.h.
 */
#include "weights/zip.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/reader.h"
#include "base/text.h"

/* APPNOTE 4.3.12 to 4.3.16. */
enum {
    DIRECTORY_SIGNATURE = 0x02014B50,
    END_SIGNATURE = 0x06054B50,
    END64_SIGNATURE = 0x06064B50,
    LOCATOR_SIGNATURE = 0x07064B50,
    DIRECTORY_ENTRY_SIZE = 46,
    END_SIZE = 22,
    END64_SIZE = 56,
    LOCATOR_SIZE = 20,
    MAX_COMMENT = 65535,
    ZIP64_EXTRA = 0x0001,
};

/* What the end of the archive says of the directory. */
typedef struct end_record {
    uint64_t count, size, offset;
    uint64_t at; /* where the end records start */
} end_record;

effnet_status zip_fail(effnet_error *error, effnet_status code, const zip_entry *entry, const char *rule)
{
    char name[96];
    text_escape(name, sizeof name, entry->name, entry->name_size);
    return error_set_at(error, code, entry->header, "zip entry %s: %s", name, rule);
}

/* There is no end record where the file ends: looks for one further up, to say what is wrong. */
static effnet_status missing_end(const source *s, effnet_error *error)
{
    uint8_t chunk[4096];
    const uint64_t size = source_size(s);
    uint64_t end = size;
    while (end > 3 && size - end < MAX_COMMENT + END_SIZE) {
        const size_t n = end < sizeof chunk ? (size_t)end : sizeof chunk;
        TRY(source_read(s, end - n, chunk, n, error));
        for (size_t i = n - 3; i-- > 0;)
            if (memcmp(chunk + i, "PK\5\6", 4) == 0 && size - (end - n + i) >= END_SIZE)
                return error_set_at(error, EFFNET_ERR_FORMAT, end - n + i,
                                    "trailing data: the zip archive ends before the file does");
        end -= n - 3; /* chunks overlap by one signature less a byte */
        if (n < sizeof chunk) break;
    }
    return error_set(error, EFFNET_ERR_FORMAT, "truncated: the zip archive has no end record");
}

static effnet_status read_end(const source *s, end_record *out, effnet_error *error)
{
    uint8_t bytes[END_SIZE];
    const uint64_t size = source_size(s);
    if (size < END_SIZE)
        return error_set(error, EFFNET_ERR_FORMAT, "truncated: %" PRIu64 " bytes of a zip archive", size);
    out->at = size - END_SIZE;
    TRY(source_read(s, out->at, bytes, sizeof bytes, error));
    reader in = reader_over(bytes, sizeof bytes, out->at);
    if (reader_u32(&in) != END_SIGNATURE) return missing_end(s, error);
    const uint16_t disk = reader_u16(&in), directory_disk = reader_u16(&in), here = reader_u16(&in);
    out->count = reader_u16(&in);
    out->size = reader_u32(&in);
    out->offset = reader_u32(&in);
    if (reader_u16(&in) != 0) return missing_end(s, error);
    if (disk != 0 || directory_disk != 0 || here != out->count)
        return error_set_at(error, EFFNET_ERR_UNSUPPORTED, out->at, "a zip archive in several parts");
    return EFFNET_OK;
}

/* A field of the end record must be what its 64-bit twin says, or say that it is too small for it. */
static bool agrees(uint64_t small, uint64_t wide, uint64_t saturated)
{
    return small == wide || small == saturated;
}

/* Replaces what the end record says by the zip64 end record, if there is one. */
static effnet_status read_end64(const source *s, end_record *end, effnet_error *error)
{
    uint8_t bytes[END64_SIZE + LOCATOR_SIZE];
    if (end->at < sizeof bytes) return EFFNET_OK;
    const uint64_t at = end->at - sizeof bytes;
    TRY(source_read(s, at, bytes, sizeof bytes, error));
    reader in = reader_over(bytes, sizeof bytes, at);
    reader_seek(&in, END64_SIZE);
    if (reader_u32(&in) != LOCATOR_SIGNATURE) return EFFNET_OK;
    const uint32_t disk = reader_u32(&in);
    const uint64_t located = reader_u64(&in);
    const uint32_t disks = reader_u32(&in);
    reader_seek(&in, 0);
    if (located != at || reader_u32(&in) != END64_SIGNATURE || reader_u64(&in) != END64_SIZE - 12)
        return error_set_at(error, EFFNET_ERR_FORMAT, at, "the zip64 end record is not where it should be");
    reader_u32(&in); /* versions */
    const uint32_t this_disk = reader_u32(&in), directory_disk = reader_u32(&in);
    const uint64_t here = reader_u64(&in), count = reader_u64(&in);
    const uint64_t size = reader_u64(&in), offset = reader_u64(&in);
    if (disk != 0 || disks > 1 || this_disk != 0 || directory_disk != 0 || here != count)
        return error_set_at(error, EFFNET_ERR_UNSUPPORTED, at, "a zip archive in several parts");
    if (!agrees(end->count, count, UINT16_MAX) || !agrees(end->size, size, UINT32_MAX) ||
        !agrees(end->offset, offset, UINT32_MAX))
        return error_set_at(error, EFFNET_ERR_FORMAT, at, "the two end records of the zip archive differ");
    *end = (end_record){count, size, offset, at};
    return EFFNET_OK;
}

static effnet_status check_end(const end_record *end, effnet_error *error)
{
    if (end->size > end->at || end->offset != end->at - end->size)
        return error_set_at(error, EFFNET_ERR_FORMAT, end->at,
                            "out of range: the zip directory is said to take %" PRIu64
                            " bytes from byte %" PRIu64,
                            end->size, end->offset);
    if (end->count > ZIP_MAX_ENTRIES)
        return error_set_at(error, EFFNET_ERR_LIMIT, end->at, "%" PRIu64 " zip entries, the limit is %d",
                            end->count, ZIP_MAX_ENTRIES);
    if (end->size > ZIP_MAX_DIRECTORY)
        return error_set_at(error, EFFNET_ERR_LIMIT, end->at,
                            "a zip directory of %" PRIu64 " bytes, the limit is %d", end->size,
                            ZIP_MAX_DIRECTORY);
    if (end->count > end->size / DIRECTORY_ENTRY_SIZE)
        return error_set_at(error, EFFNET_ERR_FORMAT, end->at,
                            "truncated: the zip directory is too small for %" PRIu64 " entries", end->count);
    return EFFNET_OK;
}

void zip_widen(reader *extra, uint64_t *const *fields, size_t count)
{
    while (reader_left(extra) >= 4 && reader_ok(extra)) {
        const uint16_t id = reader_u16(extra), size = reader_u16(extra);
        const uint8_t *bytes = reader_bytes(extra, size);
        if (id != ZIP64_EXTRA || !bytes) continue;
        reader wide = reader_over(bytes, size, 0);
        for (size_t i = 0; i < count; i++)
            if (*fields[i] == UINT32_MAX) *fields[i] = reader_u64(&wide);
        if (!reader_ok(&wide)) reader_fail(extra, "a zip64 extra field is cut short");
        return;
    }
}

static void read_extra(reader *in, size_t size, zip_entry *e)
{
    const uint64_t at = in->base + in->position;
    const uint8_t *bytes = reader_bytes(in, size);
    if (!bytes) return;
    reader extra = reader_over(bytes, size, at);
    zip_widen(&extra, (uint64_t *const[]){&e->size, &e->stored_size, &e->header}, 3);
    if (!reader_ok(&extra)) reader_fail(in, extra.failure);
}

static void read_entry(reader *in, zip_entry *e)
{
    const uint64_t at = in->base + in->position;
    if (reader_u32(in) != DIRECTORY_SIGNATURE) reader_fail(in, "no zip directory entry where one should be");
    reader_u32(in); /* versions */
    e->flags = reader_u16(in);
    e->method = reader_u16(in);
    reader_u32(in); /* time and date */
    e->crc = reader_u32(in);
    e->stored_size = reader_u32(in);
    e->size = reader_u32(in);
    e->name_size = reader_u16(in);
    const uint16_t extra_size = reader_u16(in), comment_size = reader_u16(in), disk = reader_u16(in);
    reader_u16(in); /* attributes */
    reader_u32(in);
    e->header = reader_u32(in);
    e->name = (const char *)reader_bytes(in, e->name_size);
    read_extra(in, extra_size, e);
    reader_bytes(in, comment_size);
    if (disk != 0 && reader_ok(in)) reader_fail(in, "a zip archive in several parts");
    e->data = at; /* for messages, until zip_check knows better */
}

static int compare_names(const char *a, size_t a_size, const char *b, size_t b_size)
{
    const size_t shorter = a_size < b_size ? a_size : b_size;
    const int order = shorter ? memcmp(a, b, shorter) : 0;
    if (order) return order;
    return a_size < b_size ? -1 : a_size > b_size;
}

static int compare_entries(const void *a, const void *b)
{
    const zip_entry *x = a, *y = b;
    return compare_names(x->name, x->name_size, y->name, y->name_size);
}

static effnet_status read_entries(zip *z, effnet_error *error)
{
    reader in = reader_over(z->directory, z->directory_size, z->directory_offset);
    for (size_t i = 0; i < z->count && reader_ok(&in); i++)
        read_entry(&in, &z->entries[i]);
    if (reader_ok(&in) && reader_left(&in) > 0) reader_fail(&in, "trailing data in the zip directory");
    TRY(reader_status(&in, error));
    qsort(z->entries, z->count, sizeof *z->entries, compare_entries);
    for (size_t i = 1; i < z->count; i++)
        if (compare_entries(&z->entries[i - 1], &z->entries[i]) == 0)
            return zip_fail(error, EFFNET_ERR_FORMAT, &z->entries[i], "duplicate name");
    return EFFNET_OK;
}

effnet_status zip_open(zip *z, const source *s, effnet_error *error)
{
    end_record end = {0};
    *z = (zip){.source = s};
    TRY(read_end(s, &end, error));
    TRY(read_end64(s, &end, error));
    TRY(check_end(&end, error));
    z->directory_offset = end.offset;
    z->directory_size = (size_t)end.size;
    z->count = (size_t)end.count;
    z->directory = malloc(z->directory_size + 1);
    z->entries = calloc(z->count + 1, sizeof *z->entries);
    if (!z->directory || !z->entries) return error_memory(error);
    TRY(source_read(s, z->directory_offset, z->directory, z->directory_size, error));
    return read_entries(z, error);
}

void zip_close(zip *z)
{
    free(z->directory);
    free(z->entries);
    *z = (zip){0};
}

const zip_entry *zip_find(const zip *z, const char *name, size_t size)
{
    size_t low = 0, high = z->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const zip_entry *e = &z->entries[middle];
        const int order = compare_names(name, size, e->name, e->name_size);
        if (order == 0) return e;
        if (order > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

effnet_status zip_read(const zip *z, const zip_entry *entry, size_t limit, void **out, effnet_error *error)
{
    *out = NULL;
    if (entry->size > limit)
        return zip_fail(error, EFFNET_ERR_LIMIT, entry, "larger than such an entry may be");
    const size_t size = (size_t)entry->size;
    void *block = malloc(size + 1);
    if (!block) return error_memory(error);
    effnet_status status = source_read(z->source, entry->data, block, size, error);
    if (status == EFFNET_OK && entry->crc != 0 && crc32(0, block, (uInt)size) != entry->crc)
        status = zip_fail(error, EFFNET_ERR_FORMAT, entry, "CRC mismatch");
    if (status != EFFNET_OK) {
        free(block);
        return status;
    }
    *out = block;
    return EFFNET_OK;
}
