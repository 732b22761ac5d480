/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of training's kernels share.
 */
#include "training.h"

#include "blocked.h"

#include <math.h>

void training_add(training_sum *s, double value, double bound)
{
    s->value += value;
    s->magnitude += fabs(value);
    s->bound += bound;
    s->terms++;
}

void training_compare(checker *k, const char *what, size_t index, const training_sum *want, float got,
                      bool exact)
{
    const double bound = want->bound + naive_sum_error(want->terms, want->magnitude);
    if (exact ? got == (float)want->value : fabs(got - want->value) <= bound) return;
    check_fail(k, "%s %zu is %.9g, not %.9g +- %.2g", what, index, got, want->value, exact ? 0 : bound);
}

void training_end(checker *k, guard *buffers, size_t count)
{
    trial_end(k, buffers, count);
}

void training_test(checker *k)
{
    const blocked_training *kernels = blocked_training_for(k->level);
    if (!kernels) return;
    training_test_norms(k, kernels);
    training_test_products(k, kernels);
}
