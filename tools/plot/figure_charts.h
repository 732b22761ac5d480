/* SPDX-License-Identifier: Apache-2.0
 *
 * Charts of training and evaluation. All give NULL out of memory.
 */
#ifndef PLOT_FIGURE_CHARTS_H
#define PLOT_FIGURE_CHARTS_H

#include "plot/canvas.h"

/* Loss and accuracy over the epochs of a log.csv: `text` of `size` bytes, which is looked through by the
 * names of its columns. Rows that are not numbers and columns that are not there are left out. */
canvas *curve_charts(const char *text, size_t size);

/* A reliability diagram: accuracy against confidence, one point for each of `count` (at most 32) bins, and
 * how many pictures are in each. What is not finite is left out. */
canvas *reliability_charts(const double *confidence, const double *accuracy, const double *pictures,
                           size_t count);

/* What was found against what is true, one chart for each of `outputs` outputs, at most 12 of them; truths
 * and answers are [count][outputs]. */
enum { VALUE_CHARTS = 12 };
canvas *value_charts(const char *const *names, const float *truths, const float *answers, size_t count,
                     size_t outputs);

#endif
