/* SPDX-License-Identifier: Apache-2.0
 *
 * UTF-8 validation, escaping for messages, and the distance between names.
 */
#define _POSIX_C_SOURCE 200809L
#include "base/text.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Continuation bytes that a lead byte asks for, and the range its first one must lie in (Unicode 15, table
 * 3-7). */
static size_t utf8_tail(uint8_t lead, uint8_t *low, uint8_t *high)
{
    *low = 0x80;
    *high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) return 1;
    if (lead >= 0xE0 && lead <= 0xEF) {
        if (lead == 0xE0) *low = 0xA0;
        if (lead == 0xED) *high = 0x9F;
        return 2;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        if (lead == 0xF0) *low = 0x90;
        if (lead == 0xF4) *high = 0x8F;
        return 3;
    }
    return 0;
}

size_t text_utf8_length(const char *bytes, size_t size)
{
    const uint8_t *b = (const uint8_t *)bytes;
    if (size == 0) return 0;
    if (b[0] < 0x80) return 1;
    uint8_t low, high;
    const size_t tail = utf8_tail(b[0], &low, &high);
    if (tail == 0 || tail >= size || b[1] < low || b[1] > high) return 0;
    for (size_t i = 2; i <= tail; i++)
        if ((b[i] & 0xC0) != 0x80) return 0;
    return tail + 1;
}

bool text_is_utf8(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size;) {
        const size_t n = text_utf8_length(bytes + i, size - i);
        if (n == 0) return false;
        i += n;
    }
    return true;
}

/* One source character as it is printed; C1 controls (U+0080..U+009F) are escaped like C0. Returns bytes
 * consumed. */
static size_t escape_one(char out[5], size_t *out_size, const char *bytes, size_t size)
{
    const size_t n = text_utf8_length(bytes, size);
    const uint8_t first = (uint8_t)bytes[0];
    const bool control =
        first < 0x20 || first == 0x7F || (n == 2 && first == 0xC2 && (uint8_t)bytes[1] < 0xA0);
    if (n > 0 && !control) {
        memcpy(out, bytes, n);
        *out_size = n;
        return n;
    }
    *out_size = (size_t)snprintf(out, 5, "\\x%02X", first);
    return 1;
}

size_t text_escape(char *out, size_t capacity, const char *bytes, size_t size)
{
    static const char cut[] = "...";
    assert(capacity >= sizeof cut);
    size_t length = 0, safe = 0; /* `safe`: the last length at which the cut mark still fits */
    for (size_t i = 0; i < size;) {
        char piece[5];
        size_t n;
        i += escape_one(piece, &n, bytes + i, size - i);
        if (length + n >= capacity) {
            memcpy(out + safe, cut, sizeof cut);
            return safe + sizeof cut - 1;
        }
        memcpy(out + length, piece, n);
        length += n;
        if (length + sizeof cut <= capacity) safe = length;
    }
    out[length] = '\0';
    return length;
}

bool text_take_item(const char **text, char *item, size_t capacity)
{
    const size_t length = strcspn(*text, ",");
    if (length >= capacity) return false;
    memcpy(item, *text, length);
    item[length] = '\0';
    *text += length;
    if (**text == ',') ++*text;
    return true;
}

/* Optimal string alignment: Wagner and Fischer's table (1974) with the swap of neighbours. */
size_t text_distance(const char *a, const char *b)
{
    enum { LONGEST = 63 };
    const size_t rows = strnlen(a, LONGEST), columns = strnlen(b, LONGEST);
    size_t cost[LONGEST + 1][LONGEST + 1];
    for (size_t i = 0; i <= rows; i++)
        cost[i][0] = i;
    for (size_t j = 0; j <= columns; j++)
        cost[0][j] = j;
    for (size_t i = 1; i <= rows; i++) {
        for (size_t j = 1; j <= columns; j++) {
            size_t best = cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (cost[i - 1][j] + 1 < best) best = cost[i - 1][j] + 1;
            if (cost[i][j - 1] + 1 < best) best = cost[i][j - 1] + 1;
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && cost[i - 2][j - 2] + 1 < best) best = cost[i - 2][j - 2] + 1;
            cost[i][j] = best;
        }
    }
    return cost[rows][columns];
}
