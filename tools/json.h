/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON on standard output, made with jansson. What jansson cannot say safely by itself is here: text that is
 * not UTF-8, and numbers that are not finite.
 */
#ifndef TOOLS_JSON_H
#define TOOLS_JSON_H

#include <jansson.h>
#include <stdbool.h>

/* A string; bytes that are not UTF-8 become the text \xNN. */
json_t *json_text(const char *text);

/* A number; null if it is not finite, for JSON has no way to say that. */
json_t *json_number(double number);

/* Prints `value` as one line and gives it up. Numbers have nine digits, so that a float32 reads back the
 * same. False, reported, if memory ran out (also if `value` is NULL). */
bool json_print(json_t *value);

#endif
