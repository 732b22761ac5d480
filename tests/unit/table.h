/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads the small comma-separated tables in tests/data: no quoting, a header line, one cell after the other.
 */
#ifndef TESTS_TABLE_H
#define TESTS_TABLE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct table {
    FILE *file;
    char line[512];
    char *rest; /* of the line being read */
} table;

/* Opens tests/data/`name` and passes over its header. */
static inline bool table_open(table *t, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", TEST_DATA, name);
    t->file = fopen(path, "r");
    return t->file && fgets(t->line, sizeof t->line, t->file);
}

/* Moves to the next line; false (and the file closed) at the end. */
static inline bool table_next(table *t)
{
    t->rest = fgets(t->line, sizeof t->line, t->file);
    if (t->rest) return true;
    fclose(t->file);
    return false;
}

/* The next cell of the line, NUL-terminated. */
static inline const char *table_text(table *t)
{
    char *cell = t->rest;
    t->rest += strcspn(cell, ",\n");
    if (*t->rest) *t->rest++ = '\0';
    return cell;
}

static inline unsigned long long table_number(table *t)
{
    return strtoull(table_text(t), NULL, 10);
}

static inline int table_int(table *t)
{
    return (int)table_number(t);
}

#endif
