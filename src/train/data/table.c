/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables "file,what it shows": a class, labels with semicolons between them, or numbers. The header decides
 * which, if there is one, and otherwise the shape of the first row (docs/data.md).
 */
#define _POSIX_C_SOURCE 200809L
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/source.h"
#include "train/data/build.h"
#include "train/data/csv.h"

enum { PATH_ROOM = 4096 };

static const size_t max_table = (size_t)1 << 29;

typedef struct table {
    dataset *d;
    effnet_part part;
    char folder[PATH_ROOM]; /* what relative paths start from */
    csv rows;
    size_t columns;
    const char **names; /* of the classes or labels of all rows, in their order */
    size_t count, capacity;
    locale_t numbers; /* "C": the decimal point is a point */
} table;

static bool is_one_of(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (strcasecmp(word, *words) == 0) return true;
    return false;
}

static bool is_header(const csv *row)
{
    static const char *const words[] = {"file", "files", "filename", "path", "image", "picture", NULL};
    return is_one_of(row->fields[0], words);
}

/* What the first row says about all others. */
static effnet_task task_of(const csv *row, bool header)
{
    static const char *const classes[] = {"class", "label", NULL}, *const labels[] = {"labels", "classes",
                                                                                      "tags", NULL};
    if (row->count != 2) return EFFNET_TASK_VALUES;
    if (header)
        return is_one_of(row->fields[1], classes)  ? EFFNET_TASK_CLASSES
               : is_one_of(row->fields[1], labels) ? EFFNET_TASK_LABELS
                                                   : EFFNET_TASK_VALUES;
    return strchr(row->fields[1], ';') ? EFFNET_TASK_LABELS : EFFNET_TASK_CLASSES;
}

static effnet_status row_error(const table *t, effnet_error *error, const char *what)
{
    return error_set(error, EFFNET_ERR_FORMAT, "line %zu: %s", t->rows.line, what);
}

/* ---- Names ---- */

static effnet_status add_name(table *t, const char *name, effnet_error *error)
{
    if (t->count == t->capacity) {
        const size_t capacity = t->capacity ? 2 * t->capacity : 256;
        const char **grown = realloc((void *)t->names, capacity * sizeof *grown);
        if (!grown) return error_memory(error);
        t->names = grown;
        t->capacity = capacity;
    }
    t->names[t->count++] = name;
    return EFFNET_OK;
}

/* The next of "a;b; c", without the spaces around it; cuts it off. NULL at the end. */
static char *next_label(char **at)
{
    while (*at) {
        char *label = *at + strspn(*at, " "), *end = strchr(*at, ';');
        *at = end ? end + 1 : NULL;
        if (end) *end = '\0';
        size_t length = strlen(label);
        while (length > 0 && label[length - 1] == ' ')
            label[--length] = '\0';
        if (length > 0) return label;
    }
    return NULL;
}

/* ---- Rows ---- */

static bool read_value(const table *t, const char *text, float *out)
{
    /* strtod takes more than a number: white space, "inf", "nan" and hexadecimals. */
    if (text[0] == '\0' || strspn(text, "0123456789.eE+-") != strlen(text)) return false;
    char *end;
    const locale_t before = uselocale(t->numbers);
    *out = strtof(text, &end);
    uselocale(before);
    return *end == '\0' && isfinite(*out);
}

static effnet_status add_values(table *t, dataset_item *item, effnet_error *error)
{
    float *values = arena_array(&t->d->memory, t->columns - 1, sizeof *values);
    if (!values) return error_memory(error);
    for (size_t i = 1; i < t->columns; i++)
        if (!read_value(t, t->rows.fields[i], &values[i - 1]))
            return error_set(error, EFFNET_ERR_FORMAT, "line %zu: \"%s\" is not a number", t->rows.line,
                             t->rows.fields[i]);
    item->values = values;
    return EFFNET_OK;
}

/* Until all rows are read, what an item shows is the range of its names in t->names. */
static effnet_status add_labels(table *t, dataset_item *item, effnet_error *error)
{
    const size_t first = t->count;
    char *at = t->rows.fields[1];
    for (char *label; (label = next_label(&at)) != NULL;)
        TRY(add_name(t, label, error));
    item->label_count = (uint32_t)(t->count - first);
    return EFFNET_OK;
}

static effnet_status add_row(table *t, effnet_error *error)
{
    if (t->rows.count != t->columns)
        return error_set(error, EFFNET_ERR_FORMAT, "line %zu: %zu fields, the first row has %zu",
                         t->rows.line, t->rows.count, t->columns);
    if (t->rows.fields[0][0] == '\0') return row_error(t, error, "no file is named");
    dataset_item *item;
    TRY(build_item(&item, &t->d->parts[t->part], error));
    TRY(build_path(&item->path, t->d, t->folder, t->rows.fields[0], error));
    switch (t->d->task) {
    case EFFNET_TASK_VALUES: return add_values(t, item, error);
    case EFFNET_TASK_LABELS: return add_labels(t, item, error);
    default: break;
    }
    if (t->rows.fields[1][0] == '\0') return row_error(t, error, "no class is named");
    return add_name(t, t->rows.fields[1], error);
}

/* ---- The first row ---- */

/* Values are called as their columns are. */
static effnet_status name_values(table *t, bool header, effnet_error *error)
{
    dataset *d = t->d;
    if (d->labels && d->outputs != t->columns - 1)
        return error_set(error, EFFNET_ERR_FORMAT, "%zu values for a picture, the training part has %zu",
                         t->columns - 1, d->outputs);
    if (d->labels) return EFFNET_OK;
    d->outputs = t->columns - 1;
    d->labels = arena_array(&d->memory, d->outputs, sizeof *d->labels);
    if (!d->labels) return error_memory(error);
    for (size_t i = 0; i < d->outputs; i++) {
        const char *name = header ? t->rows.fields[i + 1] : "";
        if (!(d->labels[i] = arena_string(&d->memory, name, strlen(name)))) return error_memory(error);
    }
    return EFFNET_OK;
}

/* Settles what the table holds; *header if its first row is one. */
static effnet_status settle(table *t, effnet_task task, bool *header, effnet_error *error)
{
    t->columns = t->rows.count;
    *header = t->columns > 0 && is_header(&t->rows);
    if (t->columns == 0) return error_set(error, EFFNET_ERR_NOT_FOUND, "an empty table");
    if (t->columns < 2)
        return row_error(t, error, "only one field; a row is a file and what it shows: file,class");
    if (t->d->task == EFFNET_TASK_ANY)
        t->d->task = task != EFFNET_TASK_ANY ? task : task_of(&t->rows, *header);
    if (t->d->task == EFFNET_TASK_VALUES) return name_values(t, *header, error);
    if (t->columns != 2)
        return row_error(t, error, "more than two fields; a table of classes or labels has two");
    return EFFNET_OK;
}

/* ---- From names to numbers ---- */

static int by_number(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static effnet_status find_label(uint32_t *out, const dataset *d, const dataset_item *item, const char *name,
                                effnet_error *error)
{
    if (build_find(out, d, name)) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_FORMAT, "\"%s\", of %s, is nowhere in the training part", name,
                     item->path);
}

static effnet_status number_labels(dataset *d, dataset_item *item, const char *const *names,
                                   effnet_error *error)
{
    uint32_t *list = arena_array(&d->memory, item->label_count ? item->label_count : 1, sizeof *list);
    if (!list) return error_memory(error);
    for (uint32_t i = 0; i < item->label_count; i++)
        TRY(find_label(&list[i], d, item, names[i], error));
    if (item->label_count) qsort(list, item->label_count, sizeof *list, by_number);
    uint32_t distinct = 0;
    for (uint32_t i = 0; i < item->label_count; i++)
        if (i == 0 || list[i] != list[distinct - 1]) list[distinct++] = list[i];
    item->label_count = distinct;
    item->label_index = list;
    return EFFNET_OK;
}

static effnet_status number_items(table *t, effnet_error *error)
{
    dataset *d = t->d;
    const dataset_part *part = &d->parts[t->part];
    size_t name = 0;
    for (size_t i = 0; i < part->count; i++) {
        dataset_item *item = &part->items[i];
        if (d->task == EFFNET_TASK_CLASSES) {
            TRY(find_label(&item->class_index, d, item, t->names[name++], error));
            continue;
        }
        const size_t count = item->label_count;
        TRY(number_labels(d, item, t->names + name, error));
        name += count;
    }
    return EFFNET_OK;
}

static effnet_status number_all(table *t, effnet_error *error)
{
    if (t->d->task == EFFNET_TASK_VALUES) return EFFNET_OK;
    if (t->count == 0)
        return error_set(error, EFFNET_ERR_NOT_FOUND, "no %s in the table",
                         t->d->task == EFFNET_TASK_LABELS ? "labels" : "pictures");
    if (!t->d->labels) {
        const char **sorted = malloc(t->count * sizeof *sorted);
        if (!sorted) return error_memory(error);
        memcpy((void *)sorted, (const void *)t->names, t->count * sizeof *sorted);
        const effnet_status status = build_labels(t->d, sorted, t->count, error);
        free((void *)sorted);
        TRY(status);
    }
    return number_items(t, error);
}

static effnet_status read_rows(table *t, effnet_task task, effnet_error *error)
{
    bool header;
    TRY(csv_next(&t->rows, error));
    TRY(settle(t, task, &header, error));
    if (header) TRY(csv_next(&t->rows, error));
    while (t->rows.count > 0) {
        TRY(add_row(t, error));
        TRY(csv_next(&t->rows, error));
    }
    return number_all(t, error);
}

static effnet_status read_text(table *t, void **text, size_t *size, const char *path, effnet_error *error)
{
    TRY(source_load(text, size, path, max_table, error));
    char *roomy = realloc(*text, *size + 1); /* csv_over wants a byte more */
    if (!roomy) return error_memory(error);
    roomy[*size] = '\0';
    *text = roomy;
    const char *slash = strrchr(path, '/');
    const size_t length = slash ? (size_t)(slash - path) + 1 : 0;
    if (length >= sizeof t->folder)
        return error_set(error, EFFNET_ERR_LIMIT, "%s: the path is too long", path);
    memcpy(t->folder, path, length);
    return EFFNET_OK;
}

effnet_status table_read(dataset *d, effnet_part part, const char *path, effnet_task task,
                         effnet_error *error)
{
    table t = {.d = d, .part = part, .numbers = newlocale(LC_ALL_MASK, "C", (locale_t)0)};
    if (!t.numbers) return error_memory(error);
    void *text = NULL;
    size_t size;
    effnet_status status = read_text(&t, &text, &size, path, error);
    if (status == EFFNET_OK) {
        t.rows = csv_over(text, size);
        status = read_rows(&t, task, error);
        if (status != EFFNET_OK) error_prefix(error, status, path);
    }
    csv_free(&t.rows);
    free((void *)t.names);
    free(text);
    freelocale(t.numbers);
    return status;
}
