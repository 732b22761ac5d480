/* SPDX-License-Identifier: Apache-2.0
 *
 * A walk over JSON text that builds nothing: the caller asks for what it expects, in order, and skips what it
 * does not know. For headers of untrusted files, where a tree would cost many times the text: no recursion,
 * no memory, integers exact to 64 bits, and every failure has its byte.
 *
 * jansson serves where JSON is small and trusted. Here it cannot: it recurses to a depth fixed when it was
 * built, needs some 600 bytes for each tensor of a header, and takes no integer beyond 63 bits.
 *
 * Failures stick in the reader, as everywhere; ask reader_ok(&s->in).
 */
#ifndef WEIGHTS_JSON_SCAN_H
#define WEIGHTS_JSON_SCAN_H

#include "base/reader.h"

enum { SCAN_MAX_DEPTH = 64 };

typedef struct scan {
    reader in;
    char *text; /* what `in` reads: strings with escapes are decoded where they stand */
} scan;

/* A string as it was meant: valid UTF-8, not NUL-terminated, and NULs may be inside. Lies within the text. */
typedef struct scan_text {
    const char *bytes;
    size_t size;
} scan_text;

/* A scan over `size` bytes of `text`, which is valid UTF-8 and lies at offset `base` of its file. Its strings
 * are changed on the way, so it can be scanned once. */
scan scan_over(char *text, size_t size, uint64_t base);

/* The next byte that is not white space; 0 at the end. */
uint8_t scan_peek(scan *s);

/* Passes over `punctuation`, which must be next; `rule` is what is broken otherwise. */
void scan_expect(scan *s, char punctuation, const char *rule);

/* Inside a container: true if another item follows, false past its `close` or after a failure. `*first` must
 * be true before the first call. */
bool scan_more(scan *s, char close, bool *first);

scan_text scan_string(scan *s);

/* A string and the colon behind it. */
scan_text scan_key(scan *s);

/* An integer without sign, fraction or exponent, less than 2^64. */
uint64_t scan_unsigned(scan *s);

/* Passes over a value of any kind, checking its grammar. */
void scan_skip(scan *s);

/* Only white space may be left. */
void scan_end(scan *s);

static inline bool scan_text_is(scan_text text, const char *literal)
{
    return __builtin_strlen(literal) == text.size && __builtin_memcmp(text.bytes, literal, text.size) == 0;
}

#endif
