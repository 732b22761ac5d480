/* SPDX-License-Identifier: Apache-2.0
 *
 * The only code that takes bytes of a file apart. A reader walks over a buffer with bounds checks and
 * explicit byte order; the first broken rule sticks, every later read gives zeros, and the caller checks once
 * at the end.
 */
#ifndef BASE_READER_H
#define BASE_READER_H

#include "base/error.h"

typedef struct reader {
    const uint8_t *data;
    size_t size;
    size_t position;
    uint64_t base;       /* where data[0] lies in the file, for messages */
    const char *failure; /* the first broken rule, NULL while all is well; a string literal */
    uint64_t failed_at;  /* file offset of the read that broke it */
} reader;

/* A reader over `size` bytes that lie at offset `base` of their file. The bytes must outlive the reader. */
reader reader_over(const void *data, size_t size, uint64_t base);

/* Unsigned integers, little-endian unless named _be. */
uint8_t reader_u8(reader *r);
uint16_t reader_u16(reader *r);
uint32_t reader_u32(reader *r);
uint64_t reader_u64(reader *r);
uint16_t reader_u16_be(reader *r);
uint32_t reader_u32_be(reader *r);
uint64_t reader_u64_be(reader *r);

/* The next `size` bytes, in place; NULL if fewer are left. */
const uint8_t *reader_bytes(reader *r, size_t size);

/* Bytes up to the next `end` byte, which is passed over and not counted; NULL if there is none. */
const uint8_t *reader_until(reader *r, uint8_t end, size_t *size);

/* Moves to `position`, counted from data[0]. */
void reader_seek(reader *r, size_t position);

/* Records `rule` (a string literal) as broken at the present position, unless a rule was broken before. */
void reader_fail(reader *r, const char *rule);

static inline size_t reader_left(const reader *r)
{
    return r->size - r->position;
}

/* The next byte, not passed over; 0 at the end or after a failure. */
static inline uint8_t reader_peek(const reader *r)
{
    return r->failure || r->position == r->size ? 0 : r->data[r->position];
}

static inline bool reader_ok(const reader *r)
{
    return r->failure == NULL;
}

/* EFFNET_OK, or EFFNET_ERR_FORMAT with the first broken rule and its offset. */
effnet_status reader_status(const reader *r, effnet_error *error);

#endif
