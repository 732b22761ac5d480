/* SPDX-License-Identifier: Apache-2.0
 *
 * Text of the command: hostile bytes made printable, numbers made readable, typing errors guessed.
 */
#ifndef TOOLS_TEXT_H
#define TOOLS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* `text` as one printable line in a malloc'd string: control characters (unless `keep_controls`) and bytes
 * that are not valid UTF-8 become \xNN. NULL out of memory. */
char *text_printable(const char *text, bool keep_controls);

/* "1,234,567" into `out` of `capacity` bytes (27 fit any number). Returns `out`. */
char *text_grouped(char *out, size_t capacity, uint64_t number);

/* Which of `count` names somebody meant who typed `typed`: its index, or -1 if none is near. */
int text_nearest(const char *typed, const char *const *names, size_t count);

/* Writes one CSV field (RFC 4180): quoted where it must be, bytes as they are. */
bool text_put_csv(FILE *out, const char *text);

bool text_ends_with(const char *text, const char *suffix);

#endif
