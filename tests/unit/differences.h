/* SPDX-License-Identifier: Apache-2.0
 *
 * Derivatives by central differences, to hold those against that are computed. Include in one file of a test
 * program only.
 */
#ifndef TEST_DIFFERENCES_H
#define TEST_DIFFERENCES_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* What is differentiated: a number that depends on arrays which the context knows. */
typedef double (*differences_loss)(void *context);

/* d loss / d *at, by five points `step` apart: its error is of the fourth order. */
static inline double difference_at(double *at, double step, differences_loss loss, void *context)
{
    const double kept = *at;
    double found[4];
    for (int i = 0; i < 4; i++) {
        static const int places[] = {-2, -1, 1, 2};
        *at = kept + places[i] * step;
        found[i] = loss(context);
    }
    *at = kept;
    return (found[0] - 8 * found[1] + 8 * found[2] - found[3]) / (12 * step);
}

/* The largest error so far. */
static double difference_worst;

/* The relative error of a derivative among others whose largest is `scale`; below a thousandth of that, as a
 * share of the thousandth, for differences cannot tell 0 from numbers that small. */
static inline double difference_error(double found, double wanted, double scale)
{
    const double error = fabs(found - wanted) / fmax(fabs(wanted), 1e-3 * scale);
    difference_worst = fmax(difference_worst, error);
    return error;
}

/* Fails unless derivative[i] is within `tolerance` of the difference at values[i], for each of `count`. */
static inline void differences_check(const char *what, double *values, const double *derivative, size_t count,
                                     double step, double tolerance, differences_loss loss, void *context)
{
    double scale = 0;
    for (size_t i = 0; i < count; i++)
        scale = fmax(scale, fabs(derivative[i]));
    if (!(scale > 0)) fail_msg("%s: no derivative at all", what);
    for (size_t i = 0; i < count; i++) {
        const double wanted = difference_at(&values[i], step, loss, context);
        const double error = difference_error(derivative[i], wanted, scale);
        if (!(error <= tolerance))
            fail_msg("%s %zu: derivative %.12g, by differences %.12g, error %.2g", what, i, derivative[i],
                     wanted, error);
    }
}

#endif
