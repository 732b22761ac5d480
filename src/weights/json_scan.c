/* SPDX-License-Identifier: Apache-2.0
 *
 * The grammar of RFC 8259 over a bounds-checked reader. See json_scan.h for why this is not a library's work.
 */
#include "weights/json_scan.h"

#include <string.h>

scan scan_over(char *text, size_t size, uint64_t base)
{
    return (scan){reader_over(text, size, base), text};
}

uint8_t scan_peek(scan *s)
{
    for (;;) {
        const uint8_t next = reader_peek(&s->in);
        if (next != ' ' && next != '\n' && next != '\r' && next != '\t') return next;
        reader_u8(&s->in);
    }
}

void scan_expect(scan *s, char punctuation, const char *rule)
{
    if (scan_peek(s) != (uint8_t)punctuation)
        reader_fail(&s->in, rule);
    else
        reader_u8(&s->in);
}

bool scan_more(scan *s, char close, bool *first)
{
    const uint8_t next = scan_peek(s);
    const bool opening = *first;
    *first = false;
    if (reader_ok(&s->in) && next == (uint8_t)close) {
        reader_u8(&s->in);
        return false;
    }
    if (!opening) scan_expect(s, ',', "JSON: a comma or the end of a list or object is missing");
    return reader_ok(&s->in);
}

static uint32_t hex4(scan *s)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        const uint8_t c = reader_peek(&s->in);
        uint32_t digit = 16;
        if (c >= '0' && c <= '9') digit = c - '0';
        if (c >= 'a' && c <= 'f') digit = c - 'a' + 10u;
        if (c >= 'A' && c <= 'F') digit = c - 'A' + 10u;
        if (digit == 16) {
            reader_fail(&s->in, "JSON: \\u wants four hexadecimal digits");
            return 0;
        }
        reader_u8(&s->in);
        value = value << 4 | digit;
    }
    return value;
}

/* The code point of a \u escape, whose first two bytes are passed; a pair of surrogates is one. */
static uint32_t escaped_code_point(scan *s)
{
    const uint32_t high = hex4(s);
    if (high < 0xD800 || high > 0xDFFF) return high;
    const uint8_t backslash = reader_u8(&s->in), u = reader_u8(&s->in);
    const uint32_t low = backslash == '\\' && u == 'u' ? hex4(s) : 0;
    if (high > 0xDBFF || low < 0xDC00 || low > 0xDFFF) {
        reader_fail(&s->in, "JSON: half of a surrogate pair");
        return 0;
    }
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

static size_t put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    const size_t tail = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xC0, 0xE0, 0xF0};
    out[0] = (char)(lead[tail] | c >> 6 * tail);
    for (size_t i = 1; i <= tail; i++)
        out[i] = (char)(0x80 | (c >> 6 * (tail - i) & 0x3F));
    return tail + 1;
}

/* One escape sequence, whose backslash is passed; never longer decoded than written. */
static size_t unescape_one(scan *s, char *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char c = (char)reader_u8(&s->in);
    if (c == 'u') return put_utf8(out, escaped_code_point(s));
    const char *found = c ? strchr(from, c) : NULL;
    if (!found) {
        reader_fail(&s->in, "JSON: unknown escape");
        return 0;
    }
    *out = to[found - from];
    return 1;
}

/* The string of `size` raw bytes at the reader's position, decoded in place: it only gets shorter. */
static scan_text unescape(scan *s, size_t size)
{
    char *out = s->text + s->in.position;
    const size_t end = s->in.position + size;
    size_t length = 0;
    while (reader_ok(&s->in) && s->in.position < end) {
        const uint8_t c = reader_u8(&s->in);
        if (c == '\\')
            length += unescape_one(s, out + length);
        else
            out[length++] = (char)c;
    }
    reader_u8(&s->in); /* the closing quote */
    return reader_ok(&s->in) ? (scan_text){out, length} : (scan_text){"", 0};
}

scan_text scan_string(scan *s)
{
    scan_expect(s, '"', "JSON: a string is missing");
    const size_t start = s->in.position;
    bool escapes = false;
    for (;;) {
        const uint8_t c = reader_u8(&s->in);
        if (!reader_ok(&s->in)) return (scan_text){"", 0};
        if (c == '"') break;
        if (c < 0x20) reader_fail(&s->in, "JSON: a control character inside a string");
        if (c != '\\') continue;
        escapes = true;
        reader_u8(&s->in); /* whatever it is, it does not end the string */
    }
    const size_t size = s->in.position - start - 1;
    if (!escapes) return (scan_text){s->text + start, size};
    reader_seek(&s->in, start);
    return unescape(s, size);
}

scan_text scan_key(scan *s)
{
    const scan_text key = scan_string(s);
    scan_expect(s, ':', "JSON: a colon is missing");
    return key;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static size_t skip_digits(scan *s)
{
    size_t count = 0;
    for (; is_digit(reader_peek(&s->in)); count++)
        reader_u8(&s->in);
    return count;
}

uint64_t scan_unsigned(scan *s)
{
    static const char rule[] = "an unsigned integer below 2^64 is wanted";
    uint64_t value = 0;
    const bool zero = scan_peek(s) == '0';
    size_t digits = 0;
    for (; is_digit(reader_peek(&s->in)); digits++)
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(reader_u8(&s->in) - '0'), &value))
            reader_fail(&s->in, rule);
    const uint8_t next = reader_peek(&s->in);
    if (digits == 0 || (zero && digits > 1) || next == '.' || next == 'e' || next == 'E')
        reader_fail(&s->in, rule);
    return reader_ok(&s->in) ? value : 0;
}

static void skip_number(scan *s)
{
    bool valid = true;
    if (reader_peek(&s->in) == '-') reader_u8(&s->in);
    const bool zero = reader_peek(&s->in) == '0';
    const size_t digits = skip_digits(s);
    valid = digits > 0 && !(zero && digits > 1);
    if (reader_peek(&s->in) == '.') {
        reader_u8(&s->in);
        valid = valid && skip_digits(s) > 0;
    }
    if (reader_peek(&s->in) == 'e' || reader_peek(&s->in) == 'E') {
        reader_u8(&s->in);
        if (reader_peek(&s->in) == '+' || reader_peek(&s->in) == '-') reader_u8(&s->in);
        valid = valid && skip_digits(s) > 0;
    }
    if (!valid) reader_fail(&s->in, "JSON: a value is missing or malformed");
}

static void skip_word(scan *s, const char *word)
{
    const size_t size = strlen(word);
    const uint8_t *bytes = reader_bytes(&s->in, size);
    if (bytes && memcmp(bytes, word, size) != 0) reader_fail(&s->in, "JSON: a value is missing or malformed");
}

static void skip_scalar(scan *s)
{
    switch (reader_peek(&s->in)) {
    case '"': scan_string(s); break;
    case 't': skip_word(s, "true"); break;
    case 'f': skip_word(s, "false"); break;
    case 'n': skip_word(s, "null"); break;
    default: skip_number(s);
    }
}

void scan_skip(scan *s)
{
    char closers[SCAN_MAX_DEPTH];
    size_t depth = 0;
    do {
        bool first = false;
        const uint8_t next = scan_peek(s);
        if (next == '{' || next == '[') {
            if (depth == SCAN_MAX_DEPTH) {
                reader_fail(&s->in, "JSON: nested deeper than 64");
                return;
            }
            reader_u8(&s->in);
            closers[depth++] = next == '{' ? '}' : ']';
            first = true;
        } else {
            skip_scalar(s);
        }
        while (depth > 0 && !scan_more(s, closers[depth - 1], &first))
            depth--;
        if (depth > 0 && closers[depth - 1] == '}') scan_key(s);
    } while (depth > 0);
}

void scan_end(scan *s)
{
    scan_peek(s);
    if (reader_left(&s->in) > 0) reader_fail(&s->in, "JSON: something follows the end of the object");
}
