/* SPDX-License-Identifier: Apache-2.0
 *
 * What a model makes of a data set's part: every picture through the network, on all threads, counted in
 * order. How it is shown is the caller's business.
 */
#ifndef TOOLS_EVALUATION_H
#define TOOLS_EVALUATION_H

#include <effnet.h>

#include "models.h"

/* One class, or one label of several. */
typedef struct evaluation_class {
    const char *label;
    uint64_t support; /* pictures that show it */
    uint64_t found;   /* pictures that it was found in */
    uint64_t right;   /* in both */
} evaluation_class;

typedef struct evaluation {
    effnet_dataset_info info;
    size_t outputs;
    uint64_t images, failed; /* that could be read and that could not */
    double loss;             /* mean: cross-entropy, of the labels, or squared error */
    double top1, top5; /* classes: shares; labels: top1 is the share of answers that are right; else NaN */
    evaluation_class *classes; /* [outputs]; NULL for values */
    uint64_t *confusion;       /* [outputs][outputs]: true class, then found; NULL unless classes */
} evaluation;

double evaluation_precision(const evaluation_class *c); /* 0 where nothing was found */
double evaluation_recall(const evaluation_class *c);
double evaluation_f1(const evaluation_class *c);

/* Evaluates; returns an exit code. Pictures that cannot be read are reported and left out. */
int evaluation_run(evaluation *out, const model_choice *choice, const effnet_model *model,
                   const effnet_dataset *data, effnet_part part, const effnet_image_options *images);
void evaluation_free(evaluation *e);

#endif
