/* SPDX-License-Identifier: Apache-2.0
 *
 * What is true of a picture and what was found in it, as text for tables and pages.
 */
#ifndef EVALUATION_TRUTH_H
#define EVALUATION_TRUTH_H

#include "evaluation/evaluation.h"

/* The class; the labels with semicolons between them; the values with spaces. Both malloc'd; NULL out of
 * memory. */
char *truth_of(const evaluation *e, const evaluation_picture *p);
char *found_in(const evaluation *e, const evaluation_picture *p);

/* Its path, and with it its number if it is in a file with others; malloc'd, NULL out of memory. */
char *path_of(const evaluation *e, const evaluation_picture *p);

#endif
