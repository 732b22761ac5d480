/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks the depth before jansson, which recurses, sees the text. See json.h.
 */
#include "base/json.h"

/* True if brackets never nest deeper than JSON_MAX_DEPTH; `*at` is the byte that goes too deep otherwise.
 * Brackets need not match: that is the parser's business. */
static bool depth_ok(const char *text, size_t size, size_t *at)
{
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < size; i++) {
        const char c = text[i];
        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if ((c == '[' || c == '{') && ++depth > JSON_MAX_DEPTH) {
            *at = i;
            return false;
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        }
    }
    return true;
}

effnet_status json_read(json_t **out, const char *text, size_t size, effnet_error *error)
{
    *out = NULL;
    size_t deep;
    if (!depth_ok(text, size, &deep))
        return error_set_at(error, EFFNET_ERR_LIMIT, deep, "JSON nested deeper than %d", JSON_MAX_DEPTH);
    json_error_t failure;
    *out = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &failure);
    if (*out) return EFFNET_OK;
    if (json_error_code(&failure) == json_error_out_of_memory) return error_memory(error);
    return error_set_at(error, EFFNET_ERR_FORMAT, (uint64_t)(failure.position > 0 ? failure.position : 0),
                        "not valid JSON: %s", failure.text);
}

bool json_read_number(double *out, const char *text, size_t size)
{
    json_t *value = NULL;
    if (json_read(&value, text, size, NULL) != EFFNET_OK) return false;
    const bool good = json_is_number(value);
    if (good) *out = json_number_value(value);
    json_decref(value);
    return good;
}
