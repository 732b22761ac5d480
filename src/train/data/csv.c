/* SPDX-License-Identifier: Apache-2.0
 *
 * See csv.h. A field is never longer than its text, so it is unquoted where it stands.
 */
#include "train/data/csv.h"

#include <stdlib.h>
#include <string.h>

csv csv_over(char *text, size_t size)
{
    static const char mark[] = "\xEF\xBB\xBF";
    const size_t skip = size >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
    return (csv){.at = text + skip, .end = text + size, .next = 1};
}

void csv_free(csv *c)
{
    free(c->fields);
    c->fields = NULL;
}

static effnet_status add_field(csv *c, char *field, effnet_error *error)
{
    if (c->count == CSV_MAX_FIELDS)
        return error_set(error, EFFNET_ERR_LIMIT, "line %zu: more than %d fields", c->line, CSV_MAX_FIELDS);
    if (c->count == c->capacity) {
        const size_t capacity = c->capacity ? 2 * c->capacity : 8;
        char **grown = realloc(c->fields, capacity * sizeof *grown);
        if (!grown) return error_memory(error);
        c->fields = grown;
        c->capacity = capacity;
    }
    c->fields[c->count++] = field;
    return EFFNET_OK;
}

/* Steps over a quoted field, from behind its first quote to behind its last; *stop is where its text ends. */
static effnet_status quoted(csv *c, char **stop, effnet_error *error)
{
    char *to = c->at;
    while (c->at < c->end) {
        if (*c->at == '"' && (c->at + 1 == c->end || c->at[1] != '"')) {
            c->at++;
            *stop = to;
            return EFFNET_OK;
        }
        if (*c->at == '"') c->at++;
        if (*c->at == '\n') c->next++;
        *to++ = *c->at++;
    }
    return error_set(error, EFFNET_ERR_FORMAT, "line %zu: a quoted field has no end", c->line);
}

static bool ends_field(const csv *c)
{
    return c->at == c->end || *c->at == ',' || *c->at == '\n' ||
           (*c->at == '\r' && (c->at + 1 == c->end || c->at[1] == '\n'));
}

static effnet_status plain(csv *c, char **stop, effnet_error *error)
{
    while (!ends_field(c)) {
        if (*c->at == '"')
            return error_set(error, EFFNET_ERR_FORMAT, "line %zu: a quote in a field that is not quoted",
                             c->line);
        c->at++;
    }
    *stop = c->at;
    return EFFNET_OK;
}

/* Reads a field and steps over what ends it; *last if that is the end of the row. */
static effnet_status read_field(csv *c, bool *last, effnet_error *error)
{
    const bool is_quoted = c->at < c->end && *c->at == '"';
    char *const start = is_quoted ? ++c->at : c->at, *stop = start;
    TRY(is_quoted ? quoted(c, &stop, error) : plain(c, &stop, error));
    if (!ends_field(c))
        return error_set(error, EFFNET_ERR_FORMAT, "line %zu: text after the end of a quoted field", c->line);
    if (memchr(start, '\0', (size_t)(stop - start)))
        return error_set(error, EFFNET_ERR_FORMAT, "line %zu: a zero byte; this is not text", c->line);
    TRY(add_field(c, start, error));
    *last = c->at == c->end || *c->at != ',';
    if (c->at < c->end && *c->at == '\r') c->at++;
    if (c->at < c->end && *c->at == '\n') c->next++;
    if (c->at < c->end) c->at++;
    *stop = '\0';
    return EFFNET_OK;
}

static bool empty_row(const csv *c)
{
    return c->count == 1 && c->fields[0][0] == '\0';
}

effnet_status csv_next(csv *c, effnet_error *error)
{
    do {
        c->count = 0;
        if (c->at == c->end) return EFFNET_OK;
        c->line = c->next;
        for (bool last = false; !last;)
            TRY(read_field(c, &last, error));
    } while (empty_row(c));
    return EFFNET_OK;
}
