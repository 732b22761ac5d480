/* SPDX-License-Identifier: Apache-2.0
 *
 * Bounds-checked decoding. See reader.h for the contract.
 */
#include "base/reader.h"

#include <string.h>

reader reader_over(const void *data, size_t size, uint64_t base)
{
    return (reader){.data = data, .size = size, .base = base};
}

void reader_fail(reader *r, const char *rule)
{
    if (r->failure) return;
    r->failure = rule;
    r->failed_at = r->base + r->position;
}

const uint8_t *reader_bytes(reader *r, size_t size)
{
    if (r->failure) return NULL;
    if (size > reader_left(r)) {
        reader_fail(r, "truncated: the data ends early");
        return NULL;
    }
    const uint8_t *bytes = r->data + r->position;
    r->position += size;
    return bytes;
}

/* `size` bytes as a number, least significant first. */
static uint64_t little(reader *r, size_t size)
{
    const uint8_t *bytes = reader_bytes(r, size);
    uint64_t value = 0;
    for (size_t i = size; bytes && i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

/* `size` bytes as a number, most significant first. */
static uint64_t big(reader *r, size_t size)
{
    const uint8_t *bytes = reader_bytes(r, size);
    uint64_t value = 0;
    for (size_t i = 0; bytes && i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

uint8_t reader_u8(reader *r)
{
    return (uint8_t)little(r, 1);
}

uint16_t reader_u16(reader *r)
{
    return (uint16_t)little(r, 2);
}

uint32_t reader_u32(reader *r)
{
    return (uint32_t)little(r, 4);
}

uint64_t reader_u64(reader *r)
{
    return little(r, 8);
}

uint16_t reader_u16_be(reader *r)
{
    return (uint16_t)big(r, 2);
}

uint32_t reader_u32_be(reader *r)
{
    return (uint32_t)big(r, 4);
}

uint64_t reader_u64_be(reader *r)
{
    return big(r, 8);
}

const uint8_t *reader_until(reader *r, uint8_t end, size_t *size)
{
    *size = 0;
    if (r->failure) return NULL;
    const uint8_t *start = r->data + r->position;
    const uint8_t *found = reader_left(r) ? memchr(start, end, reader_left(r)) : NULL;
    if (!found) {
        reader_fail(r, "truncated: the data ends early");
        return NULL;
    }
    *size = (size_t)(found - start);
    r->position += *size + 1;
    return start;
}

void reader_seek(reader *r, size_t position)
{
    if (r->failure) return;
    if (position > r->size)
        reader_fail(r, "an offset points past the end");
    else
        r->position = position;
}

effnet_status reader_status(const reader *r, effnet_error *error)
{
    if (!r->failure) return EFFNET_OK;
    return error_set_at(error, EFFNET_ERR_FORMAT, r->failed_at, "%s", r->failure);
}
