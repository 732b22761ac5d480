/* SPDX-License-Identifier: Apache-2.0
 *
 * Losses: values and gradients as PyTorch has them, gradients against central differences, what counts as a
 * hit, and logits that no softmax can take.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "train/update/loss.h"
#include "unit/update_goldens.h"

enum { N = GOLDEN_IMAGES, K = GOLDEN_OUTPUTS };

static const int firsts[N] = {0, 5, 2, 3}, seconds[N] = {4, 5, 1, 3};

static void to_float(float *out, const double *in, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (float)in[i];
}

/* `golden` is the mean loss and its gradient. */
static void check(const char *name, train_loss loss, const train_targets *targets, const double *golden)
{
    float logits[N * K], d[N * K];
    train_tally tally = {0};
    loss.outputs = K;
    to_float(logits, golden_logits, N * K);
    const double weight = train_loss_weight(&loss, targets, N);
    train_loss_run(&loss, targets, logits, N, 1 / weight, d, &tally);
    assert_int_equal(tally.images, N);
    if (fabs(tally.loss / weight - golden[0]) > 1e-12 * fabs(golden[0]))
        fail_msg("%s: loss %.17g, not %.17g", name, tally.loss / weight, golden[0]);
    for (size_t i = 0; i < N * K; i++)
        if (fabs((double)d[i] - golden[1 + i]) > 1e-7 * fabs(golden[1 + i]) + 1e-12)
            fail_msg("%s: gradient %zu is %.9g, not %.9g", name, i, (double)d[i], golden[1 + i]);
}

static void losses_are_pytorchs(void **state)
{
    (void)state;
    float weights[K], soft[N * K], many[N * K], numbers[N * K], shares[N];
    to_float(weights, golden_weights, K);
    to_float(soft, golden_soft, N * K);
    to_float(many, golden_many, N * K);
    to_float(numbers, golden_numbers, N * K);
    to_float(shares, golden_shares, N);
    const train_targets classes = {.classes = firsts}, probabilities = {.values = soft};
    const train_targets mixed = {.classes = firsts, .others = seconds, .shares = shares};
    const train_targets labels = {.values = many}, values = {.values = numbers};
    check("plain", (train_loss){0}, &classes, golden_plain);
    check("smooth", (train_loss){.smoothing = 0.1}, &classes, golden_smooth);
    check("weighted", (train_loss){.weights = weights}, &classes, golden_weighted_classes);
    check("weighted, smooth", (train_loss){.smoothing = 0.1, .weights = weights}, &classes,
          golden_weighted_smooth);
    check("weighted, mixed", (train_loss){.smoothing = 0.1, .weights = weights}, &mixed,
          golden_weighted_mixed);
    check("soft", (train_loss){0}, &probabilities, golden_soft_targets);
    check("mixed", (train_loss){.smoothing = 0.1}, &mixed, golden_mixed);
    check("sigmoid", (train_loss){.head = TRAIN_SIGMOID}, &labels, golden_sigmoid);
    check("weighted sigmoid", (train_loss){.head = TRAIN_SIGMOID, .smoothing = 0.2, .weights = weights},
          &labels, golden_sigmoid_weighted);
    check("squared", (train_loss){.head = TRAIN_LINEAR}, &values, golden_squared);
}

static double loss_at(const train_loss *loss, const train_targets *targets, const float *logits)
{
    train_tally tally = {0};
    train_loss_run(loss, targets, logits, N, 1, NULL, &tally);
    return tally.loss;
}

static void gradients_are_slopes(void **state)
{
    (void)state;
    const float h = 0x1p-10F;
    float logits[N * K], values[N * K], d[N * K], weights[K], shares[N];
    to_float(weights, golden_weights, K);
    to_float(shares, golden_shares, N);
    to_float(values, golden_soft, N * K);
    /* Multiples of h, so that logits +- h are exact. */
    for (size_t i = 0; i < N * K; i++)
        logits[i] = roundf(8 * (rng_uniform(9, i) - 0.5F) / h) * h;
    for (int head = TRAIN_SOFTMAX; head <= TRAIN_LINEAR; head++)
        for (int variant = 0; variant < 4; variant++) {
            const train_loss loss = {.head = (train_head)head,
                                     .outputs = K,
                                     .smoothing = variant & 1 ? 0.1 : 0,
                                     .weights = variant & 2 ? weights : NULL,
                                     .centre = variant & 2 ? weights : NULL,
                                     .spread = variant & 2 ? weights : NULL};
            const train_targets soft = {.values = values};
            const train_targets mixed = {.classes = firsts, .others = seconds, .shares = shares};
            const train_targets *targets = variant & 1 ? &mixed : &soft;
            train_tally tally = {0};
            train_loss_run(&loss, targets, logits, N, 1, d, &tally);
            for (size_t i = 0; i < N * K; i++) {
                const float at = logits[i];
                logits[i] = at + h;
                const double above = loss_at(&loss, targets, logits);
                logits[i] = at - h;
                const double below = loss_at(&loss, targets, logits);
                logits[i] = at;
                /* Of third order in h, and rounding of d. */
                if (fabs((above - below) / (2 * (double)h) - (double)d[i]) > 1e-6)
                    fail_msg("head %d, variant %d, output %zu: %g, not %g", head, variant, i, (double)d[i],
                             (above - below) / (2 * (double)h));
            }
        }
}

/* Of soft targets that are one class each, the same as of class numbers; nothing to divide by is not divided
 * by. */
static void weights_are_of_the_targets(void **state)
{
    (void)state;
    const float weights[2] = {0.25F, 3}, none[2] = {0, 0}, soft[4] = {0, 1, 1, 0};
    const int classes[2] = {1, 0};
    const train_targets numbers = {.classes = classes}, values = {.values = soft};
    const train_loss plain = {.outputs = 2}, weighted = {.outputs = 2, .weights = weights};
    const train_loss sigmoid = {.head = TRAIN_SIGMOID, .outputs = 2, .weights = weights};
    const train_loss empty = {.outputs = 2, .weights = none};
    assert_true(train_loss_weight(&plain, &numbers, 2) == 2);
    assert_true(train_loss_weight(&weighted, &numbers, 2) == 3.25);
    assert_true(train_loss_weight(&weighted, &values, 2) == 3.25);
    assert_true(train_loss_weight(&sigmoid, &values, 2) == 2);
    assert_true(train_loss_weight(&empty, &numbers, 2) == 2);
}

static void values_have_units(void **state)
{
    (void)state;
    const float logits[2] = {1, -1}, truths[2] = {30, 0.5F}, centre[2] = {10, 1}, spread[2] = {10, 0.25F};
    const train_loss loss = {.head = TRAIN_LINEAR, .outputs = 2, .centre = centre, .spread = spread};
    const train_targets targets = {.values = truths};
    float d[2];
    train_tally tally = {0};
    train_loss_run(&loss, &targets, logits, 1, 1, d, &tally);
    /* The targets are 2 and -2. */
    assert_true(tally.loss == 1 && d[0] == -1 && d[1] == 1);
}

static void hits_are_counted(void **state)
{
    (void)state;
    const float logits[4][K] = {
        {1, 5, 2, 3, 4, 0}, /* the best is 1, then 4, 3, 2, 0 */
        {7, 7, 7, 7, 7, 7}, /* equal: by number */
        {0, 1, 2, 3, 4, 5},
        {1, 2, NAN, 0, 0, 0},
    };
    static const struct {
        int row, class, hits, hits5;
    } cases[] = {{0, 1, 1, 1}, {0, 4, 0, 1}, {0, 0, 0, 1}, {0, 5, 0, 0}, {1, 0, 1, 1},
                 {1, 4, 0, 1}, {1, 5, 0, 0}, {2, 5, 1, 1}, {3, 2, 0, 0}};
    const train_loss loss = {.outputs = K};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        train_tally tally = {0};
        const train_targets targets = {.classes = &cases[i].class};
        train_loss_run(&loss, &targets, logits[cases[i].row], 1, 1, NULL, &tally);
        if ((int)tally.hits != cases[i].hits || (int)tally.hits5 != cases[i].hits5)
            fail_msg("case %zu: %g and %g", i, tally.hits, tally.hits5);
    }
    /* Of several labels, those on the right side of 0. */
    const float truth[K] = {0, 1, 1, 1, 1, 0};
    const train_loss sigmoid = {.head = TRAIN_SIGMOID, .outputs = K};
    train_tally tally = {0};
    train_loss_run(&sigmoid, &(train_targets){.values = truth}, logits[0], 1, 1, NULL, &tally);
    assert_true(fabs(tally.hits - 5.0 / 6) < 1e-12);
}

static void far_logits_have_a_loss(void **state)
{
    (void)state;
    const float far[2] = {3e38F, -3e38F}, infinite[2] = {INFINITY, 0}, nan[2] = {0, NAN};
    const int wrong = 1;
    const float yes[2] = {0, 1};
    const train_targets class = {.classes = &wrong}, values = {.values = yes};
    float d[2];
    train_tally tally = {0};
    const train_loss softmax = {.outputs = 2}, sigmoid = {.head = TRAIN_SIGMOID, .outputs = 2};
    train_loss_run(&softmax, &class, far, 1, 1, d, &tally);
    assert_true(tally.loss > 5e38 && d[0] == 1 && d[1] == -1);
    tally = (train_tally){0};
    train_loss_run(&sigmoid, &values, far, 1, 1, d, &tally);
    assert_true(tally.loss > 2.9e38 && d[0] == 0.5F && d[1] == -0.5F);
    for (int i = 0; i < 4; i++) {
        tally = (train_tally){0};
        train_loss_run(i & 1 ? &softmax : &sigmoid, i & 1 ? &class : &values, i & 2 ? infinite : nan, 1, 1, d,
                       &tally);
        assert_true(!isfinite(tally.loss));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_are_pytorchs),        cmocka_unit_test(gradients_are_slopes),
        cmocka_unit_test(weights_are_of_the_targets), cmocka_unit_test(values_have_units),
        cmocka_unit_test(hits_are_counted),           cmocka_unit_test(far_logits_have_a_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
