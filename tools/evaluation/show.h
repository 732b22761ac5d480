/* SPDX-License-Identifier: Apache-2.0
 *
 * The figures of an evaluation as text and as JSON.
 */
#ifndef EVALUATION_SHOW_H
#define EVALUATION_SHOW_H

#include <jansson.h>

#include "evaluation/evaluation.h"

/* On standard output. */
void show_text(const evaluation *e);

/* A new reference; NULL out of memory. */
json_t *show_json(const evaluation *e);

/* What one class or output is called, as text: its label, or its number where it has none. `room` is for
 * that. */
enum { SHOW_NAME = 32 };
const char *show_name(char room[SHOW_NAME], const char *label, size_t number);

#endif
