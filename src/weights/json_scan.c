/* SPDX-License-Identifier: Apache-2.0
 *
 * The grammar of RFC 8259 over a bounds-checked reader. See json.h for why this is not a library's work.
 */
#include "weights/json.h"

#include <string.h>

uint8_t json_peek(json *j)
{
    for (;;) {
        const uint8_t next = reader_peek(&j->in);
        if (next != ' ' && next != '\n' && next != '\r' && next != '\t') return next;
        reader_u8(&j->in);
    }
}

void json_expect(json *j, char punctuation, const char *rule)
{
    if (json_peek(j) != (uint8_t)punctuation)
        reader_fail(&j->in, rule);
    else
        reader_u8(&j->in);
}

bool json_more(json *j, char close, bool *first)
{
    const uint8_t next = json_peek(j);
    const bool opening = *first;
    *first = false;
    if (reader_ok(&j->in) && next == (uint8_t)close) {
        reader_u8(&j->in);
        return false;
    }
    if (!opening) json_expect(j, ',', "JSON: a comma or the end of a list or object is missing");
    return reader_ok(&j->in);
}

static uint32_t hex4(json *j)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        const uint8_t c = reader_peek(&j->in);
        uint32_t digit = 16;
        if (c >= '0' && c <= '9') digit = c - '0';
        if (c >= 'a' && c <= 'f') digit = c - 'a' + 10u;
        if (c >= 'A' && c <= 'F') digit = c - 'A' + 10u;
        if (digit == 16) {
            reader_fail(&j->in, "JSON: \\u wants four hexadecimal digits");
            return 0;
        }
        reader_u8(&j->in);
        value = value << 4 | digit;
    }
    return value;
}

/* The code point of a \u escape, whose first two bytes are passed; a pair of surrogates is one. */
static uint32_t escaped_code_point(json *j)
{
    const uint32_t high = hex4(j);
    if (high < 0xD800 || high > 0xDFFF) return high;
    const uint8_t backslash = reader_u8(&j->in), u = reader_u8(&j->in);
    const uint32_t low = backslash == '\\' && u == 'u' ? hex4(j) : 0;
    if (high > 0xDBFF || low < 0xDC00 || low > 0xDFFF) {
        reader_fail(&j->in, "JSON: half of a surrogate pair");
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
static size_t unescape_one(json *j, char *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char c = (char)reader_u8(&j->in);
    if (c == 'u') return put_utf8(out, escaped_code_point(j));
    const char *found = c ? strchr(from, c) : NULL;
    if (!found) {
        reader_fail(&j->in, "JSON: unknown escape");
        return 0;
    }
    *out = to[found - from];
    return 1;
}

/* The string of `size` raw bytes at the reader's position, decoded into the arena. */
static json_text unescape(json *j, size_t size)
{
    char *out = arena_alloc(j->memory, size);
    if (!out) {
        reader_fail(&j->in, "JSON: the strings take too much memory");
        return (json_text){"", 0};
    }
    const size_t end = j->in.position + size;
    size_t length = 0;
    while (reader_ok(&j->in) && j->in.position < end) {
        const uint8_t c = reader_u8(&j->in);
        if (c == '\\')
            length += unescape_one(j, out + length);
        else
            out[length++] = (char)c;
    }
    reader_u8(&j->in); /* the closing quote */
    return reader_ok(&j->in) ? (json_text){out, length} : (json_text){"", 0};
}

json_text json_text_next(json *j)
{
    json_expect(j, '"', "JSON: a string is missing");
    const size_t start = j->in.position;
    bool escapes = false;
    for (;;) {
        const uint8_t c = reader_u8(&j->in);
        if (!reader_ok(&j->in)) return (json_text){"", 0};
        if (c == '"') break;
        if (c < 0x20) reader_fail(&j->in, "JSON: a control character inside a string");
        if (c != '\\') continue;
        escapes = true;
        reader_u8(&j->in); /* whatever it is, it does not end the string */
    }
    const size_t size = j->in.position - start - 1;
    if (!escapes) return (json_text){(const char *)j->in.data + start, size};
    reader_seek(&j->in, start);
    return unescape(j, size);
}

json_text json_key(json *j)
{
    const json_text key = json_text_next(j);
    json_expect(j, ':', "JSON: a colon is missing");
    return key;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static size_t skip_digits(json *j)
{
    size_t count = 0;
    for (; is_digit(reader_peek(&j->in)); count++)
        reader_u8(&j->in);
    return count;
}

uint64_t json_unsigned(json *j)
{
    static const char rule[] = "an unsigned integer below 2^64 is wanted";
    uint64_t value = 0;
    const bool zero = json_peek(j) == '0';
    size_t digits = 0;
    for (; is_digit(reader_peek(&j->in)); digits++)
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(reader_u8(&j->in) - '0'), &value))
            reader_fail(&j->in, rule);
    const uint8_t next = reader_peek(&j->in);
    if (digits == 0 || (zero && digits > 1) || next == '.' || next == 'e' || next == 'E')
        reader_fail(&j->in, rule);
    return reader_ok(&j->in) ? value : 0;
}

static void skip_number(json *j)
{
    bool valid = true;
    if (reader_peek(&j->in) == '-') reader_u8(&j->in);
    const bool zero = reader_peek(&j->in) == '0';
    const size_t digits = skip_digits(j);
    valid = digits > 0 && !(zero && digits > 1);
    if (reader_peek(&j->in) == '.') {
        reader_u8(&j->in);
        valid = valid && skip_digits(j) > 0;
    }
    if (reader_peek(&j->in) == 'e' || reader_peek(&j->in) == 'E') {
        reader_u8(&j->in);
        if (reader_peek(&j->in) == '+' || reader_peek(&j->in) == '-') reader_u8(&j->in);
        valid = valid && skip_digits(j) > 0;
    }
    if (!valid) reader_fail(&j->in, "JSON: a value is missing or malformed");
}

static void skip_word(json *j, const char *word)
{
    const size_t size = strlen(word);
    const uint8_t *bytes = reader_bytes(&j->in, size);
    if (bytes && memcmp(bytes, word, size) != 0) reader_fail(&j->in, "JSON: a value is missing or malformed");
}

static void skip_scalar(json *j)
{
    switch (reader_peek(&j->in)) {
    case '"': json_text_next(j); break;
    case 't': skip_word(j, "true"); break;
    case 'f': skip_word(j, "false"); break;
    case 'n': skip_word(j, "null"); break;
    default: skip_number(j);
    }
}

void json_skip(json *j)
{
    char closers[JSON_MAX_DEPTH];
    size_t depth = 0;
    do {
        bool first = false;
        const uint8_t next = json_peek(j);
        if (next == '{' || next == '[') {
            if (depth == JSON_MAX_DEPTH) {
                reader_fail(&j->in, "JSON: nested deeper than 64");
                return;
            }
            reader_u8(&j->in);
            closers[depth++] = next == '{' ? '}' : ']';
            first = true;
        } else {
            skip_scalar(j);
        }
        while (depth > 0 && !json_more(j, closers[depth - 1], &first))
            depth--;
        if (depth > 0 && closers[depth - 1] == '}') json_key(j);
    } while (depth > 0);
}

void json_end(json *j)
{
    json_peek(j);
    if (reader_left(&j->in) > 0) reader_fail(&j->in, "JSON: something follows the end of the object");
}
