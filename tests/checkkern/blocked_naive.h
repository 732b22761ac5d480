/* SPDX-License-Identifier: Apache-2.0
 *
 * One output of a blocked kernel, worked out from the formulas of kernels/blocked/blocked.h in double
 * precision. Reads the very job that the kernel is given.
 */
#ifndef CHECKKERN_BLOCKED_NAIVE_H
#define CHECKKERN_BLOCKED_NAIVE_H

#include "naive.h"

#include "kernels/blocked/blocked.h"

/* The activation as blocked kernels have it: Swish works on t = -log2(e) x and gives -log2(e) swish(x). */
naive_output naive_blocked_activate(double sum, double error, kernel_activation activation);

/* Channel `lane` of vector `n` of a pixel; the residual is in it. `vector` is V. */
naive_output naive_dot(const blocked_dot *job, size_t vector, size_t n, size_t pixel, size_t lane);

/* Channel `lane` of output (row, column). */
naive_output naive_depthwise(const blocked_depthwise *job, size_t vector, size_t row, size_t column,
                             size_t lane);

/* Output `o` of the layer; `panel` is the table's dense_panel. */
naive_output naive_dense(const blocked_dense *job, size_t vector, size_t panel, size_t o);

/* True if a kernel may give `got`: the very value where sums are exact, else one within the bound. NaN must
 * be NaN, infinity infinity; of an infinity, Swish and the sigmoid may give NaN. */
bool naive_allows(const naive_output *want, float got, kernel_activation activation, bool exact);

#endif
