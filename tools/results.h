/* SPDX-License-Identifier: Apache-2.0
 *
 * Accuracies that the user has measured: a CSV of lines "NAME,TOP1". A first line that has no number is a
 * heading; empty lines and further columns do not count.
 */
#ifndef TOOLS_RESULTS_H
#define TOOLS_RESULTS_H

#include <effnet.h>

typedef struct result {
    const char *name;
    double top1;
} result;

typedef struct results {
    char *text; /* what the names point into */
    result *list;
    size_t count;
} results;

/* EFFNET_ERR_FORMAT names the line that breaks the rules. */
effnet_status results_load(results *out, const char *path, effnet_error *error);
void results_free(results *r);

/* The last accuracy given for `name`; NaN if there is none. */
double results_find(const results *r, const char *name);

#endif
