/* SPDX-License-Identifier: Apache-2.0
 *
 * See text.h. The library escapes its own messages; this is for the paths that the command prints itself.
 */
#include "text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The code point at `text` and its length in bytes; length 0 if it is not UTF-8 (Unicode 15, section 3.9). */
static size_t decode(const unsigned char *text, uint32_t *point)
{
    const unsigned char lead = text[0];
    const size_t length = lead < 0x80   ? 1
                          : lead < 0xC2 ? 0
                          : lead < 0xE0 ? 2
                          : lead < 0xF0 ? 3
                          : lead < 0xF5 ? 4
                                        : 0;
    *point = length == 1 ? lead : length ? lead & (0x7Fu >> length) : 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xC0) != 0x80) return 0; /* the final NUL stops here too */
        *point = *point << 6 | (text[i] & 0x3Fu);
    }
    const bool overlong = (length == 3 && *point < 0x800) || (length == 4 && *point < 0x10000);
    const bool outside = *point > 0x10FFFF || (*point >= 0xD800 && *point <= 0xDFFF);
    return overlong || outside ? 0 : length;
}

char *text_printable(const char *text, bool keep_controls)
{
    char *out = malloc(4 * strlen(text) + 1), *end = out;
    if (!out) return NULL;
    for (const unsigned char *in = (const unsigned char *)text; *in;) {
        uint32_t point;
        size_t length = decode(in, &point);
        if (!keep_controls && (point < 0x20 || (point >= 0x7F && point < 0xA0))) length = 0;
        if (length == 0) end += sprintf(end, "\\x%02X", *in++);
        while (length-- > 0)
            *end++ = (char)*in++;
    }
    *end = '\0';
    return out;
}

bool text_put_csv(FILE *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) return fputs(text, out) >= 0;
    putc('"', out);
    for (; *text; text++) {
        if (*text == '"') putc('"', out);
        putc(*text, out);
    }
    return putc('"', out) != EOF;
}

char *text_grouped(char *out, size_t capacity, uint64_t number)
{
    char digits[24];
    const int count = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    size_t n = 0;
    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0 && n + 1 < capacity) out[n++] = ',';
        if (n + 1 < capacity) out[n++] = digits[i];
    }
    assert(n < capacity);
    out[n] = '\0';
    return out;
}

enum { MAX_TYPED = 64 };

/* Levenshtein's distance between two short words, one row at a time. */
static size_t distance(const char *a, const char *b)
{
    const size_t n = strlen(b);
    size_t row[MAX_TYPED + 1];
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            const size_t replaced = diagonal + (a[i] != b[j]);
            const size_t inserted = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
            diagonal = row[j + 1];
            row[j + 1] = replaced < inserted ? replaced : inserted;
        }
    }
    return row[n];
}

int text_nearest(const char *typed, const char *const *names, size_t count)
{
    int best = -1;
    size_t best_distance = strlen(typed) / 3 + 1; /* one typing error in three letters */
    if (strlen(typed) > MAX_TYPED) return -1;
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) > MAX_TYPED) continue;
        const size_t d = distance(typed, names[i]);
        if (d < best_distance || (d == best_distance && best < 0)) {
            best = (int)i;
            best_distance = d;
        }
    }
    return best;
}

bool text_ends_with(const char *text, const char *suffix)
{
    const size_t n = strlen(text), m = strlen(suffix);
    return n >= m && strcasecmp(text + n - m, suffix) == 0;
}
