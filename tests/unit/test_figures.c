/* SPDX-License-Identifier: Apache-2.0
 *
 * Formulas of evaluation, against numbers worked out by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "evaluation/figures.h"

static bool is_near(double a, double b)
{
    return fabs(a - b) < 1e-12;
}

static void calibration_is_guos(void **state)
{
    (void)state;
    calibration c = {.count = {0}};
    assert_true(isnan(calibration_error(&c)));
    /* Bins are open below and closed above: 1/15 is in the first, a little more in the second. */
    calibration_add(&c, 0, false);
    calibration_add(&c, 1.0 / 15, false);
    calibration_add(&c, 1.0 / 15 + 1e-9, true);
    calibration_add(&c, 1, true);
    assert_true(c.count[0] == 2 && c.count[1] == 1 && c.count[14] == 1);
    /* Three pictures at 0.9, two of them right; one at 0.5, right. */
    c = (calibration){.count = {0}};
    for (int i = 0; i < 3; i++)
        calibration_add(&c, 0.9, i > 0);
    calibration_add(&c, 0.5, true);
    assert_true(is_near(calibration_error(&c), 0.75 * fabs(2.0 / 3 - 0.9) + 0.25 * 0.5));
}

static void precision_is_averaged(void **state)
{
    (void)state;
    scored some[] = {{0.6, false}, {0.9, true}, {0.7, true}, {0.8, false}};
    assert_true(is_near(average_precision(some, 4), (1 + 2.0 / 3) / 2));
    scored best[] = {{-1, false}, {3, true}, {2, true}};
    assert_true(is_near(average_precision(best, 3), 1));
    /* Equal scores are one threshold, in whatever order they come. */
    scored equal[] = {{1, true}, {1, false}, {1, false}, {0, true}};
    assert_true(is_near(average_precision(equal, 4), (1.0 / 3 + 2.0 / 4) / 2));
    scored none[] = {{1, false}, {2, false}};
    assert_true(isnan(average_precision(none, 2)) && isnan(average_precision(none, 0)));
    scored bad[] = {{NAN, true}, {1, true}};
    assert_true(is_near(average_precision(bad, 2), 1));
}

static void errors_of_values(void **state)
{
    (void)state;
    const float truths[] = {1, 2, 3, 6}, answers[] = {1, 9, 2, 9, 5, 9, 4, 9};
    const value_errors e = value_errors_of(answers, 2, truths, 4);
    assert_true(is_near(e.squared, 2) && is_near(e.absolute, 1));
    assert_true(is_near(e.r2, 1 - 8.0 / 14));
    const float same[] = {2, 2};
    assert_true(isnan(value_errors_of(answers, 1, same, 2).r2));
}

static void counts_become_shares(void **state)
{
    (void)state;
    assert_true(is_near(precision_of(3, 4), 0.75) && is_near(recall_of(3, 6), 0.5));
    assert_true(is_near(f1_of(3, 4, 6), 0.6));
    assert_true(precision_of(0, 0) == 0 && recall_of(0, 0) == 0 && f1_of(0, 0, 0) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calibration_is_guos),
        cmocka_unit_test(precision_is_averaged),
        cmocka_unit_test(errors_of_values),
        cmocka_unit_test(counts_become_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
