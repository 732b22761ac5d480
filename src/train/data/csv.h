/* SPDX-License-Identifier: Apache-2.0
 *
 * Comma-separated values (RFC 4180) from text that a stranger wrote: quoted fields with commas, line ends and
 * doubled quotes in them; lines end with or without a carriage return; empty lines and a byte order mark are
 * passed over. Fields are taken apart in place.
 */
#ifndef TRAIN_DATA_CSV_H
#define TRAIN_DATA_CSV_H

#include "base/error.h"

enum { CSV_MAX_FIELDS = 4096 };

typedef struct csv {
    char *at, *end;
    size_t line;   /* of the row that was read last, from 1 */
    size_t next;   /* of the text at `at` */
    char **fields; /* of that row, NUL-terminated */
    size_t count, capacity;
} csv;

/* A walk over `size` bytes of text, which it changes and which must outlive it. text[size] must be there too,
 * and is written. */
csv csv_over(char *text, size_t size);

/* The next row; count is 0 at the end. EFFNET_ERR_FORMAT names the line. */
effnet_status csv_next(csv *c, effnet_error *error);
void csv_free(csv *c);

#endif
