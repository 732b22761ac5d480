/* SPDX-License-Identifier: Apache-2.0
 *
 * See results.h.
 */
#include "results.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

enum { MAX_BYTES = 1 << 20 };

/* Cuts the first field off `line`, without its quotes; what is behind it is returned, NULL if nothing is. */
static char *cut_field(char **field, char *line)
{
    const bool quoted = *line == '"';
    char *end = quoted ? strchr(line + 1, '"') : strchr(line, ',');
    *field = line + quoted;
    if (!end) return NULL;
    char *next = quoted ? end + 1 : end;
    const bool more = *next == ',';
    *end = '\0';
    return more ? next + 1 : NULL;
}

/* A number that fills its field; NaN if there is none. */
static double read_number(const char *field)
{
    char *end;
    const double number = strtod(field, &end);
    while (*end == ' ')
        end++;
    return end == field || (*end && *end != ',') ? NAN : number;
}

static effnet_status take_line(results *r, char *line, size_t number, const char *path, effnet_error *error)
{
    char *name;
    if (!*line) return EFFNET_OK;
    const char *rest = cut_field(&name, line);
    const double top1 = rest ? read_number(rest) : NAN;
    if (!(top1 >= 0 && top1 <= 100)) {
        if (number == 1) return EFFNET_OK;
        report_set(error, EFFNET_ERR_FORMAT, "%s: line %zu has no accuracy of 0 to 100 behind a name", path,
                   number);
        return EFFNET_ERR_FORMAT;
    }
    r->list[r->count++] = (result){name, top1};
    return EFFNET_OK;
}

static size_t count_lines(const char *text)
{
    size_t lines = 1;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

static effnet_status take_lines(results *r, const char *path, effnet_error *error)
{
    char *line = r->text;
    effnet_status status = EFFNET_OK;
    for (size_t number = 1; line && status == EFFNET_OK; number++) {
        char *end = strchr(line, '\n');
        if (end) *end = '\0';
        line[strcspn(line, "\r")] = '\0';
        status = take_line(r, line, number, path, error);
        line = end ? end + 1 : NULL;
    }
    return status;
}

effnet_status results_load(results *out, const char *path, effnet_error *error)
{
    *out = (results){.count = 0};
    void *bytes;
    size_t size;
    const effnet_status status = effnet_file_read(&bytes, &size, path, MAX_BYTES, error);
    if (status != EFFNET_OK) return status;
    char *text = realloc(bytes, size + 1);
    out->text = text ? text : bytes;
    if (text) text[size] = '\0';
    out->list = text ? malloc(count_lines(text) * sizeof *out->list) : NULL;
    if (!out->list) {
        report_set(error, EFFNET_ERR_MEMORY, "out of memory");
        return EFFNET_ERR_MEMORY;
    }
    return take_lines(out, path, error);
}

void results_free(results *r)
{
    free(r->list);
    free(r->text);
    *r = (results){.count = 0};
}

double results_find(const results *r, const char *name)
{
    for (size_t i = r->count; i > 0; i--)
        if (strcmp(r->list[i - 1].name, name) == 0) return r->list[i - 1].top1;
    return NAN;
}
