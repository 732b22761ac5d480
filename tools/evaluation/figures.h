/* SPDX-License-Identifier: Apache-2.0
 *
 * Formulas of evaluation: calibration error, average precision, errors of values. Numbers in, numbers out.
 */
#ifndef EVALUATION_FIGURES_H
#define EVALUATION_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CALIBRATION_BINS = 15 };

/* How sure a network was, and how often it was right then. Guo et al., On Calibration of Modern Neural
 * Networks, 2017, section 2, with their 15 bins: bin m holds the confidences in ((m - 1) / 15, m / 15]. */
typedef struct calibration {
    uint64_t count[CALIBRATION_BINS];
    double confidence[CALIBRATION_BINS], right[CALIBRATION_BINS]; /* sums over the pictures of the bin */
} calibration;

void calibration_add(calibration *c, double confidence, bool right);

/* Their equation 3, the expected calibration error: sum over bins of |B| / n |accuracy - confidence|. NaN of
 * nothing. */
double calibration_error(const calibration *c);

/* One picture's score for a label, and whether it shows it. */
typedef struct scored {
    double score;
    bool truth;
} scored;

/* The mean precision over all pictures that show the label, each at the threshold that just finds it:
 * sum (R_n - R_n-1) P_n over falling thresholds, equal scores together, as scikit-learn's
 * average_precision_score has it. Sorts `list`. NaN where no picture shows the label. */
double average_precision(scored *list, size_t count);

typedef struct value_errors {
    double squared, absolute; /* means */
    double r2; /* coefficient of determination: 1 - sum (t - y)^2 / sum (t - mean t)^2; NaN where all t are
                  equal */
} value_errors;

/* Of `count` truths, and as many answers, each `stride` after the other. */
value_errors value_errors_of(const float *answers, size_t stride, const float *truths, size_t count);

/* The harmonic mean of precision and recall from counts; and these. 0 where there is nothing to divide by. */
double precision_of(uint64_t right, uint64_t found);
double recall_of(uint64_t right, uint64_t support);
double f1_of(uint64_t right, uint64_t found, uint64_t support);

#endif
