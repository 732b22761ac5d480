/* SPDX-License-Identifier: Apache-2.0
 *
 * What a model makes of a data set's part: every picture through the network, on all threads, counted in
 * order. How it is shown is show.h's and report.h's business.
 */
#ifndef EVALUATION_EVALUATION_H
#define EVALUATION_EVALUATION_H

#include <effnet.h>

#include "evaluation/figures.h"
#include "models.h"

/* One class, or one label of several. */
typedef struct evaluation_class {
    const char *label;
    uint64_t support;         /* pictures that show it */
    uint64_t found;           /* pictures that it was found in */
    uint64_t right;           /* in both */
    double average_precision; /* labels */
} evaluation_class;

/* One output of values. */
typedef struct evaluation_value {
    const char *label;
    value_errors errors;
} evaluation_value;

/* One picture that could be read. */
typedef struct evaluation_picture {
    size_t item; /* its number in the part */
    double loss;
    const char *found; /* classes: the best one's name */
    double confidence; /* classes: its probability */
    bool right;        /* classes: it is the best; labels: all of them are */
} evaluation_picture;

typedef struct evaluation {
    effnet_dataset_info info;
    const effnet_dataset *data;
    effnet_part part;
    size_t outputs;
    uint64_t images, failed; /* that could be read and that could not */
    double loss;             /* mean: cross-entropy, of the labels, or squared error */
    double top1, top5; /* classes: shares; labels: top1 is the share of answers that are right; else NaN */
    evaluation_class *classes;    /* [outputs]; NULL for values */
    evaluation_value *values;     /* [outputs]; NULL unless values */
    uint64_t *confusion;          /* [outputs][outputs]: true class, then found; NULL unless classes */
    evaluation_picture *pictures; /* [images] in the order of the data */
    float *answers;          /* [images][outputs]: labels: logits; values: what was found; NULL for classes */
    calibration calibration; /* classes */
    double subset;           /* labels: share of pictures with all of them right */
    double mean_average_precision; /* labels, of those that some picture shows */
    double macro_f1, micro_f1;     /* mean over classes or labels; of all labels' counts together */
    double squared, absolute, r2;  /* values: means over outputs */
} evaluation;

/* Evaluates; returns an exit code. Pictures that cannot be read are reported and left out. */
int evaluation_run(evaluation *out, const model_choice *choice, const effnet_model *model,
                   const effnet_dataset *data, effnet_part part, const effnet_image_options *images);
void evaluation_free(evaluation *e);

/* All pictures, those with the largest loss first, in a malloc'd array; NULL out of memory. */
const evaluation_picture **evaluation_by_loss(const evaluation *e);

#endif
