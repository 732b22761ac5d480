/* SPDX-License-Identifier: Apache-2.0
 *
 * Between page.c and the files that write parts of the page.
 */
#ifndef EVALUATION_SECTIONS_H
#define EVALUATION_SECTIONS_H

#include <stdio.h>

#include "evaluation/evaluation.h"

/* The confusion matrix and the pairs that are confused most; of classes only. False out of memory. */
bool section_confusion(FILE *out, const evaluation *e);

/* A reliability diagram, as SVG; of classes only. */
void section_calibration(FILE *out, const evaluation *e);

#endif
