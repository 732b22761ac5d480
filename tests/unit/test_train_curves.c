/* SPDX-License-Identifier: Apache-2.0
 *
 * Twenty steps of SGD and of RMSprop against PyTorch's in float64: step, loss and optimiser together, every
 * loss within 1 %.
 */
#include "train_golden.h"

#include "train/update/loss.h"
#include "train/update/optimiser.h"

#ifndef CURVE_STEPS
#define CURVE_STEPS 20
#endif

enum { BATCHES = 2 };

/* A run of training over the batches in turn. */
typedef struct trial {
    const train_golden *golden;
    train_step *step;
    train_optimiser optimiser;
    train_update update;
    float *logits, *dlogits, *gradients, *states[TRAIN_MAX_STATES];
    float *pictures[BATCHES];
    int *classes[BATCHES];
} trial;

static float *zeros(size_t count)
{
    float *values = calloc(count, sizeof *values);
    assert_non_null(values);
    return values;
}

static train_optimiser optimiser_of(const json_t *line)
{
    const bool sgd = !strcmp(json_string_value(json_object_get(line, "optimiser")), "sgd");
    train_optimiser o = train_optimiser_default(sgd ? TRAIN_SGD : TRAIN_RMSPROP);
    o.nesterov = false;
    golden_option(line, "momentum", &o.momentum);
    golden_option(line, "alpha", &o.rho);
    golden_option(line, "eps", &o.epsilon);
    return o;
}

static void trial_make(trial *t, train_golden *g, cpu_level on)
{
    *t = (trial){.golden = g, .optimiser = optimiser_of(g->json)};
    const train_step_options options = {.level = on, .batch = g->batch};
    assert_int_equal(train_step_create(&t->step, g->graph, &options, NULL), EFFNET_OK);
    t->logits = zeros(g->batch * train_outputs(g->graph));
    t->dlogits = zeros(g->batch * train_outputs(g->graph));
    t->gradients = zeros(g->layout->trained);
    for (size_t i = 0; i < TRAIN_MAX_STATES; i++)
        t->states[i] = zeros(g->layout->trained);
    train_optimiser_reset(&t->optimiser, t->states, g->layout->trained);
    for (uint64_t i = 0; i < BATCHES; i++)
        t->pictures[i] = train_golden_batch(g, i, &t->classes[i]);
    t->update = (train_update){.layout = g->layout,
                               .values = g->values,
                               .gradients = t->gradients,
                               .gradient_scale = 1,
                               .states = t->states,
                               .rate = golden_number(g->json, "lr")};
}

static void trial_free(trial *t)
{
    for (size_t i = 0; i < BATCHES; i++) {
        free(t->pictures[i]);
        free(t->classes[i]);
    }
    for (size_t i = 0; i < TRAIN_MAX_STATES; i++)
        free(t->states[i]);
    free(t->gradients);
    free(t->dlogits);
    free(t->logits);
    train_step_free(t->step);
}

/* One step; returns the loss before it. */
static double advance(trial *t, uint64_t number)
{
    const train_golden *g = t->golden;
    const train_pass pass = {.seed = g->seed, .step = number};
    const train_loss loss = {.head = TRAIN_SOFTMAX, .outputs = train_outputs(g->graph)};
    const train_targets targets = {.classes = t->classes[number % BATCHES]};
    train_tally tally = {0};
    train_forward(t->step, &pass, g->values, t->pictures[number % BATCHES], g->batch, t->logits);
    train_loss_run(&loss, &targets, t->logits, g->batch, 1 / (double)g->batch, t->dlogits, &tally);
    memset(t->gradients, 0, g->layout->trained * sizeof *t->gradients);
    train_backward(t->step, g->values, t->dlogits, t->gradients);
    train_update_statistics(t->step, g->values);
    t->update.step = number + 1;
    train_optimiser_step(&t->optimiser, &t->update, NULL);
    return tally.loss / (double)g->batch;
}

static cpu_level level; /* on trial */

static void check_curve(train_golden *g)
{
    trial t;
    trial_make(&t, g, level);
    const json_t *losses = json_object_get(g->json, "losses");
    double worst = 0;
    assert_int_equal(json_array_size(losses), 20);
    for (size_t i = 0; i < CURVE_STEPS; i++) {
        const double wanted = json_number_value(json_array_get(losses, i)), found = advance(&t, i);
        worst = fmax(worst, fabs(found / wanted - 1));
        if (!(fabs(found - wanted) <= 0.01 * wanted))
            fail_msg("step %zu: loss %.9g, PyTorch has %.9g", i, found, wanted);
    }
    print_message("%s, %s: losses within %.1e\n", cpu_level_name(level),
                  json_string_value(json_object_get(g->json, "optimiser")), worst);
    trial_free(&t);
}

static void test_curves(void **state)
{
    (void)state;
    for (level = CPU_REF; level <= CPU_NEON; level++)
        if (cpu_has_level(level)) assert_int_equal(train_golden_each("curve", check_curve), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_curves)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
