/* SPDX-License-Identifier: Apache-2.0
 *
 * A walk over JSON text that builds nothing: the caller asks for what it expects, in order, and skips what it
 * does not know. For headers of untrusted files, where a tree would cost many times the text: no recursion,
 * no memory but for strings with escapes, integers exact to 64 bits, and every failure has its byte.
 *
 * jansson serves where JSON is small and trusted. Here it cannot: it recurses to a depth fixed when it was
 * built, needs some 600 bytes for each tensor of a header, and takes no integer beyond 63 bits.
 *
 * Failures stick in the reader, as everywhere; ask reader_ok(&j->in).
 */
#ifndef WEIGHTS_JSON_H
#define WEIGHTS_JSON_H

#include "base/arena.h"
#include "base/reader.h"

enum { JSON_MAX_DEPTH = 64 };

typedef struct json {
    reader in;
    arena *memory; /* for strings with escapes */
} json;

/* A string as it was meant: valid UTF-8, not NUL-terminated, and NULs may be inside. Lives as long as the
 * text and the arena. */
typedef struct json_text {
    const char *bytes;
    size_t size;
} json_text;

/* The next byte that is not white space; 0 at the end. */
uint8_t json_peek(json *j);

/* Passes over `punctuation`, which must be next; `rule` is what is broken otherwise. */
void json_expect(json *j, char punctuation, const char *rule);

/* Inside a container: true if another item follows, false past its `close` or after a failure. `*first` must
 * be true before the first call. */
bool json_more(json *j, char close, bool *first);

json_text json_text_next(json *j);

/* A string and the colon behind it. */
json_text json_key(json *j);

/* An integer without sign, fraction or exponent, less than 2^64. */
uint64_t json_unsigned(json *j);

/* Passes over a value of any kind, checking its grammar. */
void json_skip(json *j);

/* Only white space may be left. */
void json_end(json *j);

static inline bool json_text_is(json_text text, const char *literal)
{
    return __builtin_strlen(literal) == text.size && __builtin_memcmp(text.bytes, literal, text.size) == 0;
}

#endif
