/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON from strangers: jansson with the rules that every room wants. Duplicate keys are refused, and so is
 * nesting that a parser with a stack could be hurt by.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

enum { JSON_MAX_DEPTH = 64 };

/* The one value that `size` bytes of `text` hold. The caller json_decref()s it. EFFNET_ERR_FORMAT with the
 * byte at which a rule is broken; EFFNET_ERR_LIMIT for nesting over JSON_MAX_DEPTH. */
effnet_status json_read(json_t **out, const char *text, size_t size, effnet_error *error);

/* A number as JSON writes it, which no locale changes; false if `text` is something else. */
bool json_read_number(double *out, const char *text, size_t size);

#endif
