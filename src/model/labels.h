/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of classes: from a text file, from JSON in the several forms that people have it in, and back to
 * JSON.
 */
#ifndef MODEL_LABELS_H
#define MODEL_LABELS_H

#include <jansson.h>

#include "base/error.h"

/* Reads `text`: JSON if it begins with a bracket, otherwise one label a line. `out` is an array of `*count`
 * strings, to be freed with labels_free. */
effnet_status labels_parse(char ***out, size_t *count, const char *text, effnet_error *error);

/* Reads a JSON list of names, or an object of class index to name; a name may be a list whose last string it
 * is (Keras' imagenet_class_index.json). */
effnet_status labels_from_json(char ***out, size_t *count, const json_t *json, effnet_error *error);

/* Copies. */
effnet_status labels_copy(char ***out, const char *const *labels, size_t count, effnet_error *error);

/* A JSON list, malloc'd. */
effnet_status labels_format(char **out, char *const *labels, size_t count, effnet_error *error);

void labels_free(char **labels, size_t count);

#endif
