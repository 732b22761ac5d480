/* SPDX-License-Identifier: Apache-2.0
 *
 * An evaluation as one HTML page that needs nothing else: styles and pictures are in it, and it asks for
 * nothing from outside. Text from data and models is escaped.
 */
#ifndef EVALUATION_PAGE_H
#define EVALUATION_PAGE_H

#include "evaluation/evaluation.h"

typedef struct page_facts {
    const char *model, *data; /* as the user named them */
    const effnet_image_options *images;
} page_facts;

/* The page in malloc'd memory. Returns an exit code, reported; *out is NULL unless it is EXIT_DONE. */
int page_make(char **out, size_t *size, const evaluation *e, const page_facts *facts);

#endif
