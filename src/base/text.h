/* SPDX-License-Identifier: Apache-2.0
 *
 * Text that may come from a stranger: made safe to print, cut into items, compared.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Writes `size` bytes of `bytes` to `out` (of `capacity` bytes, NUL-terminated) as one printable line:
 * control characters and bytes that are not valid UTF-8 become \xNN. What does not fit is cut, with "..." at
 * the end. Returns the length written. Escaping escaped text changes nothing. */
size_t text_escape(char *out, size_t capacity, const char *bytes, size_t size);

/* Length in bytes of the valid UTF-8 character at `bytes` (of at most `size` bytes), 0 if there is none.
 * Overlong forms, surrogates and code points over U+10FFFF are not valid. */
size_t text_utf8_length(const char *bytes, size_t size);

/* True if all of `bytes` is valid UTF-8. */
bool text_is_utf8(const char *bytes, size_t size);

/* Moves the first of several items with commas between from *text to `item`, with its comma. False, and
 * nothing is moved, if it has not room there. */
bool text_take_item(const char **text, char *item, size_t capacity);

/* How many single edits (insert, drop, replace, swap neighbours) lead from `a` to `b`, to suggest the nearest
 * name. Only the first 63 bytes of each count. */
size_t text_distance(const char *a, const char *b);

#endif
