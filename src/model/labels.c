/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of classes, in and out. See labels.h.
 */
#define _POSIX_C_SOURCE 200809L
#include "model/labels.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "net/arch.h"

void labels_free(char **labels, size_t count)
{
    for (size_t i = 0; labels && i < count; i++)
        free(labels[i]);
    free(labels);
}

/* Room for `count` labels, all NULL. */
static effnet_status allocate(char ***out, size_t count, effnet_error *error)
{
    *out = NULL;
    if (count == 0) return error_set(error, EFFNET_ERR_FORMAT, "no labels");
    if (count > NET_MAX_CLASSES)
        return error_set(error, EFFNET_ERR_LIMIT, "more than %d labels", NET_MAX_CLASSES);
    *out = calloc(count, sizeof **out);
    return *out ? EFFNET_OK : error_memory(error);
}

effnet_status labels_copy(char ***out, const char *const *labels, size_t count, effnet_error *error)
{
    TRY(allocate(out, count, error));
    for (size_t i = 0; i < count; i++) {
        if (((*out)[i] = strdup(labels[i]))) continue;
        labels_free(*out, count);
        *out = NULL;
        return error_memory(error);
    }
    return EFFNET_OK;
}

/* The next line of `*text`, without its end; false past the last one. */
static bool next_line(const char **text, const char **line, size_t *size)
{
    if (**text == '\0') return false;
    *line = *text;
    *size = strcspn(*text, "\n");
    *text += *size + ((*text)[*size] == '\n');
    if (*size > 0 && (*line)[*size - 1] == '\r') --*size;
    return true;
}

static effnet_status from_lines(char ***out, size_t *count, const char *text, effnet_error *error)
{
    const char *line, *at = text;
    size_t size, lines = 0;
    while (next_line(&at, &line, &size))
        lines++;
    TRY(allocate(out, lines, error));
    at = text;
    for (size_t i = 0; next_line(&at, &line, &size); i++) {
        if (((*out)[i] = strndup(line, size))) continue;
        labels_free(*out, lines);
        *out = NULL;
        return error_memory(error);
    }
    *count = lines;
    return EFFNET_OK;
}

/* The string that names a class, NULL if `value` is nothing of the kind. */
static const char *label_text(const json_t *value)
{
    if (json_is_array(value) && json_array_size(value) > 0)
        value = json_array_get(value, json_array_size(value) - 1);
    return json_string_value(value);
}

effnet_status labels_from_json(char ***out, size_t *count, const json_t *json, effnet_error *error)
{
    *out = NULL;
    const bool list = json_is_array(json);
    if (!list && !json_is_object(json))
        return error_set(error, EFFNET_ERR_FORMAT,
                         "labels must be a list, or an object of class number to name");
    const size_t total = list ? json_array_size(json) : json_object_size(json);
    TRY(allocate(out, total, error));
    effnet_status status = EFFNET_OK;
    for (size_t i = 0; i < total && status == EFFNET_OK; i++) {
        char key[24];
        snprintf(key, sizeof key, "%zu", i);
        const char *text = label_text(list ? json_array_get(json, i) : json_object_get(json, key));
        if (!text)
            status =
                error_set(error, EFFNET_ERR_FORMAT, "label %zu of %zu is missing or not a string", i, total);
        else if (!((*out)[i] = strdup(text)))
            status = error_memory(error);
    }
    if (status != EFFNET_OK) {
        labels_free(*out, total);
        *out = NULL;
        return status;
    }
    *count = total;
    return EFFNET_OK;
}

effnet_status labels_parse(char ***out, size_t *count, const char *text, effnet_error *error)
{
    *out = NULL;
    if (!text_is_utf8(text, strlen(text))) return error_set(error, EFFNET_ERR_FORMAT, "labels are not UTF-8");
    const char first = text[strspn(text, " \t\r\n")];
    if (first != '[' && first != '{') return from_lines(out, count, text, error);
    json_t *json;
    TRY(json_read(&json, text, strlen(text), error));
    const effnet_status status = labels_from_json(out, count, json, error);
    json_decref(json);
    return status;
}

effnet_status labels_format(char **out, char *const *labels, size_t count, effnet_error *error)
{
    *out = NULL;
    json_t *list = json_array();
    bool whole = list != NULL;
    for (size_t i = 0; i < count && whole; i++)
        whole = json_array_append_new(list, json_string(labels[i])) == 0;
    if (whole) *out = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    return *out ? EFFNET_OK : error_memory(error);
}
