/* SPDX-License-Identifier: Apache-2.0
 *
 * Optimisers as PyTorch and timm step them, schedules at their corners, the gradient's norm, averages; the
 * same bits for any team.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "train/update/optimiser.h"
#include "train/update/schedule.h"
#include "train/update/sums.h"
#include "unit/update_goldens.h"

enum { COUNT = GOLDEN_DECAYING + GOLDEN_PLAIN };

static pool *team_of(size_t members)
{
    pool *team;
    assert_int_equal(pool_create(&team, members, NULL), EFFNET_OK);
    return team;
}

/* Two tensors, of which the first decays, and running statistics between them in the state dict's order. */
static train_layout *make_layout(size_t decaying, size_t plain, size_t statistics)
{
    train_layout *layout = calloc(1, sizeof *layout + 3 * sizeof *layout->slots);
    layout->tensor_count = 3;
    layout->trained = decaying + plain;
    layout->count = decaying + plain + statistics;
    layout->slots[0] = (train_slot){0, decaying, true, true};
    layout->slots[1] = (train_slot){layout->trained, statistics, false, false};
    layout->slots[2] = (train_slot){decaying, plain, true, false};
    return layout;
}

/* ---- Optimisers ---- */

static void check_optimiser(const char *name, train_optimiser o, const double *golden)
{
    train_layout *layout = make_layout(GOLDEN_DECAYING, GOLDEN_PLAIN, 2);
    float values[COUNT + 2] = {0}, gradients[COUNT], a[COUNT], b[COUNT];
    float *const states[TRAIN_MAX_STATES] = {a, b};
    o.decay = 0.01;
    train_optimiser_reset(&o, states, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        values[i] = (float)golden_start[i];
    for (uint64_t step = 0; step < GOLDEN_STEPS; step++) {
        /* Twice the gradients at half the scale are the same gradients. */
        for (size_t i = 0; i < COUNT; i++)
            gradients[i] = 2 * (float)golden_gradients[step * COUNT + i];
        const train_update update = {.layout = layout,
                                     .values = values,
                                     .gradients = gradients,
                                     .gradient_scale = 0.5,
                                     .states = states,
                                     .rate = 0.05 / (double)(1 + step),
                                     .step = step + 1};
        train_optimiser_step(&o, &update, NULL);
    }
    for (size_t i = 0; i < COUNT; i++)
        if (fabs((double)values[i] - golden[i]) > 1e-6 * fabs(golden[i]) + 2e-7)
            fail_msg("%s: weight %zu is %.9g, not %.9g", name, i, (double)values[i], golden[i]);
    assert_true(values[COUNT] == 0 && values[COUNT + 1] == 0);
    free(layout);
}

static void optimisers_step_as_their_models(void **state)
{
    (void)state;
    train_optimiser sgd = train_optimiser_default(TRAIN_SGD);
    check_optimiser("nesterov", sgd, golden_nesterov);
    sgd.nesterov = false;
    check_optimiser("sgd", sgd, golden_sgd);
    check_optimiser("rmsprop", train_optimiser_default(TRAIN_RMSPROP), golden_rmsprop);
    check_optimiser("adamw", train_optimiser_default(TRAIN_ADAMW), golden_adamw);
}

/* RMSprop by hand: s = 1 + 0.1 (4 - 1), m = 0.1 * 2 / sqrt(s + 1e-3). */
static void rmsprop_has_epsilon_inside_the_root(void **state)
{
    (void)state;
    train_layout *layout = make_layout(1, 0, 0);
    train_optimiser o = train_optimiser_default(TRAIN_RMSPROP);
    float value = 1, gradient = 2, s, m;
    float *const states[TRAIN_MAX_STATES] = {&s, &m};
    train_optimiser_reset(&o, states, 1);
    assert_true(s == 1 && m == 0);
    const train_update update = {layout, 0, &value, &gradient, 1, states, 0.1, 1};
    train_optimiser_step(&o, &update, NULL);
    assert_true(fabs((double)value - (1 - 0.2 / sqrt(1.301))) < 1e-7);
    free(layout);
}

static void frozen_tensors_stay(void **state)
{
    (void)state;
    train_layout *layout = make_layout(40, 30, 3);
    for (int rule = TRAIN_RMSPROP; rule <= TRAIN_ADAMW; rule++) {
        train_optimiser o = train_optimiser_default((train_rule)rule);
        o.decay = 0.1;
        float values[73], gradients[70], a[70], b[70];
        float *const states[TRAIN_MAX_STATES] = {a, b};
        train_optimiser_reset(&o, states, 70);
        for (size_t i = 0; i < 73; i++)
            values[i] = 1;
        for (size_t i = 0; i < 70; i++)
            gradients[i] = 1;
        const train_update update = {layout, train_layout_first(layout, 1), values, gradients, 1, states, 0.1,
                                     1};
        train_optimiser_step(&o, &update, NULL);
        for (size_t i = 0; i < 73; i++)
            assert_int_equal(values[i] != 1, i >= 40 && i < 70);
    }
    free(layout);
}

static void teams_do_not_matter(void **state)
{
    (void)state;
    enum { MANY = 50001, DECAY = 20011 };
    train_layout *layout = make_layout(DECAY, MANY - DECAY, 0);
    float *results[3][4];
    double norms[3];
    for (size_t members = 1; members <= 3; members++) {
        pool *team = team_of(members);
        float **v = results[members - 1];
        for (size_t i = 0; i < 4; i++)
            v[i] = malloc(MANY * sizeof(float));
        float *gradients = malloc(MANY * sizeof *gradients);
        double *scratch = malloc(train_norm_pieces(MANY) * sizeof *scratch);
        train_optimiser o = train_optimiser_default(TRAIN_RMSPROP);
        o.decay = 1e-5;
        train_optimiser_reset(&o, v + 2, MANY);
        for (size_t i = 0; i < MANY; i++) {
            v[0][i] = v[1][i] = rng_normal(1, i);
            gradients[i] = rng_normal(2, i);
        }
        norms[members - 1] = train_norm(gradients, MANY, scratch, team);
        for (uint64_t step = 1; step <= 3; step++) {
            const train_update update = {layout, 0, v[0], gradients, 0.7, v + 2, 0.01, step};
            train_optimiser_step(&o, &update, team);
            train_average(v[1], v[0], MANY, 0.9, team);
        }
        free(scratch);
        free(gradients);
        pool_free(team);
    }
    for (size_t other = 1; other < 3; other++) {
        assert_memory_equal(&norms[0], &norms[other], sizeof norms[0]);
        for (size_t i = 0; i < 4; i++)
            assert_memory_equal(results[0][i], results[other][i], MANY * sizeof(float));
    }
    for (size_t i = 0; i < 12; i++)
        free(results[i / 4][i % 4]);
    free(layout);
}

/* ---- Norm, clipping, averages ---- */

static void norms_are_norms(void **state)
{
    (void)state;
    enum { MANY = 16384 };
    static float values[2 * MANY];
    double scratch[8];
    assert_int_equal(train_norm_pieces(2 * MANY), 3);
    for (size_t count = 2 * MANY - 2; count <= 2 * MANY; count++) {
        double sum = 0;
        for (size_t i = 0; i < count; i++) {
            values[i] = rng_normal(3, i);
            sum += (double)values[i] * (double)values[i];
        }
        assert_true(fabs(train_norm(values, count, scratch, NULL) / sqrt(sum) - 1) < 1e-13);
    }
    assert_true(train_norm(values, 0, scratch, NULL) == 0);
    for (size_t i = 0; i < 100; i++)
        values[i] = 3e38F;
    assert_true(!!isfinite(train_norm(values, 100, scratch, NULL)));
    values[99] = INFINITY;
    assert_true(!isfinite(train_norm(values, 100, scratch, NULL)));
    values[99] = NAN;
    assert_true(!isfinite(train_norm(values, 100, scratch, NULL)));
}

static void long_gradients_are_cut(void **state)
{
    (void)state;
    assert_true(train_clip_scale(5, 0) == 1);
    assert_true(train_clip_scale(5, 5) == 1);
    assert_true(fabs(train_clip_scale(5, 1) - 0.2) < 1e-6);
}

static void averages_warm_up(void **state)
{
    (void)state;
    assert_true(train_average_decay(0.9999, 0) == 0.1);
    assert_true(train_average_decay(0.9999, 8) == 0.5);
    assert_true(train_average_decay(0.5, 8) == 0.5 && train_average_decay(0.5, 1000) == 0.5);
    assert_true(train_average_decay(0.9999, 1000000) == 0.9999);
    float average[3] = {1, 2, 3};
    const float values[3] = {5, 2, -1};
    train_average(average, values, 3, 0.75, NULL);
    assert_true(average[0] == 2 && average[1] == 2 && average[2] == 2);
    train_average(average, values, 3, 0, NULL);
    assert_memory_equal(average, values, sizeof values);
}

/* ---- Schedules ---- */

static void near(double found, double wanted)
{
    if (fabs(found - wanted) > 1e-12 * fabs(wanted)) fail_msg("%.17g, not %.17g", found, wanted);
}

static void schedules_have_their_corners(void **state)
{
    (void)state;
    train_schedule s = {.kind = TRAIN_CONSTANT, .rate = 2, .warmup = 4, .total = 20};
    near(train_schedule_rate(&s, 0), 0.5);
    near(train_schedule_rate(&s, 3), 2);
    near(train_schedule_rate(&s, 4), 2);
    near(train_schedule_rate(&s, 1000), 2);
    s.warmup = 0;
    near(train_schedule_rate(&s, 0), 2);

    s = (train_schedule){.kind = TRAIN_STEPPED, .rate = 1, .factor = 0.5, .interval = 2.5, .warmup = 1};
    static const double stepped[] = {1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125};
    for (uint64_t i = 0; i < sizeof stepped / sizeof *stepped; i++)
        near(train_schedule_rate(&s, i), stepped[i]);

    s.kind = TRAIN_EXPONENTIAL;
    near(train_schedule_rate(&s, 1), pow(0.5, 0.4));
    near(train_schedule_rate(&s, 5), 0.25);

    s = (train_schedule){.kind = TRAIN_COSINE, .rate = 2, .least = 0.1, .warmup = 10, .total = 110};
    near(train_schedule_rate(&s, 9), 2);
    near(train_schedule_rate(&s, 10), 2);
    near(train_schedule_rate(&s, 60), 1.1);
    near(train_schedule_rate(&s, 110), 0.2);
    near(train_schedule_rate(&s, 5000), 0.2);
    for (uint64_t i = 10; i < 110; i++)
        assert_true(train_schedule_rate(&s, i) > train_schedule_rate(&s, i + 1));
    /* Nothing but warm-up. */
    s.warmup = s.total = 5;
    near(train_schedule_rate(&s, 4), 2);
    near(train_schedule_rate(&s, 5), 0.2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(optimisers_step_as_their_models),
        cmocka_unit_test(rmsprop_has_epsilon_inside_the_root),
        cmocka_unit_test(frozen_tensors_stay),
        cmocka_unit_test(teams_do_not_matter),
        cmocka_unit_test(norms_are_norms),
        cmocka_unit_test(long_gradients_are_cut),
        cmocka_unit_test(averages_warm_up),
        cmocka_unit_test(schedules_have_their_corners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
