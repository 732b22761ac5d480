/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the kernels of training (kernels/blocked/training.h) against the formulas there in double.
 */
#ifndef CHECKKERN_TRAINING_H
#define CHECKKERN_TRAINING_H

#include "check.h"
#include "cases.h"
#include "naive.h"
#include "numbers.h"

#include "kernels/blocked/training.h"

/* Every kernel of training of the level on trial. */
void training_test(checker *k);

/* Batch norm, activations and their derivatives. */
void training_test_norms(checker *k, const blocked_training *kernels);

/* Weight and input gradients, and transposition. */
void training_test_products(checker *k, const blocked_training *kernels);

/* What timing one kernel on one layer gave. Work is either multiply-adds or bytes that are read and written.
 */
typedef struct training_time {
    double ns, ref_ns; /* of the plain reference in double */
    double macs, bytes;
} training_time;

typedef void (*training_visitor)(void *context, const char *kernel, const training_time *t);

/* Times every kernel of training that the layer needs; check_on_trial names each. */
void training_bench(checker *k, const check_case *c, training_visitor visit, void *context);

/* ---- For the above ---- */

/* A value and how far a kernel may be from it, summed up. */
typedef struct training_sum {
    double value, bound, magnitude, terms;
} training_sum;

void training_add(training_sum *s, double value, double bound);

/* Reports `got` if it is not the sum: bit for bit if `exact`, else within the bounds of the terms and of a
 * float sum of them. */
void training_compare(checker *k, const char *what, size_t index, const training_sum *want, float got,
                      bool exact);

/* Reports what was written beside its buffer, frees them all and counts the test. */
void training_end(checker *k, guard *buffers, size_t count);

#endif
