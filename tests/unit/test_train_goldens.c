/* SPDX-License-Identifier: Apache-2.0
 *
 * One step of training against PyTorch in float64: logits, loss, gradients and running statistics of B0,
 * Lite0 and MobileNetV2, and of a small network with branches and features dropped. The reference in double
 * to nine digits; then the steps in float of every level against the reference, all elements of each
 * gradient, within 1e-3.
 */
#include "train_golden.h"

#include "train/reference/reference_step.h"

static const double tolerance = 1e-9;

/* A golden and the step in double that is held against it. */
typedef struct trial {
    const train_golden *golden;
    reference_step *step;
    double *values, *gradients, *images, *dlogits;
    double worst;       /* largest error so far */
    double least_scale; /* below this share of the largest gradient all is rounding */
} trial;

static double *doubles(const float *from, size_t count)
{
    double *values = calloc(count, sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; from && i < count; i++)
        values[i] = from[i];
    return values;
}

/* `scale`: the size of numbers whose error this one's is measured by, where it is smaller itself. */
static void compare(trial *t, const char *what, double found, double wanted, double scale)
{
    const double error = fabs(found - wanted) / fmax(fabs(wanted), scale);
    if (!(error <= tolerance))
        fail_msg("%s: %.12g, PyTorch has %.12g, error %.2g", what, found, wanted, error);
    t->worst = fmax(t->worst, error);
}

/* Mean cross-entropy of the logits, and its derivative (softmax - one hot) / batch. */
static double cross_entropy(const double *logits, const int *classes, size_t n, size_t count, double *dlogits)
{
    double loss = 0;
    for (size_t i = 0; i < n; i++) {
        const double *row = logits + i * count;
        double sum = 0;
        for (size_t c = 0; c < count; c++)
            sum += exp(row[c]);
        loss += (log(sum) - row[classes[i]]) / (double)n;
        for (size_t c = 0; c < count; c++)
            dlogits[i * count + c] = (exp(row[c]) / sum - (c == (size_t)classes[i])) / (double)n;
    }
    return loss;
}

/* Norm and samples of one tensor. */
static void compare_tensor(trial *t, const char *name, const double *found, size_t count,
                           const json_t *wanted)
{
    char stream[DIALECT_NAME_SIZE + 16];
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += found[i] * found[i];
    const double norm = json_number_value(json_array_get(wanted, 0));
    compare(t, name, sqrt(squares), norm, t->least_scale);
    snprintf(stream, sizeof stream, "sample %s", name);
    const uint64_t key = rng_key(t->golden->seed, stream);
    for (size_t i = 1; i < json_array_size(wanted); i++) {
        const size_t place = (size_t)((double)rng_uniform(key, i - 1) * (double)count);
        compare(t, name, found[place], json_number_value(json_array_get(wanted, i)),
                fmax(norm / sqrt((double)count), t->least_scale));
    }
}

/* Every tensor that the line has under `key`, of `found`, a flat array. */
static void compare_all(trial *t, const char *key, const double *found)
{
    const train_golden *g = t->golden;
    const json_t *all = json_object_get(g->json, key);
    size_t seen = 0;
    for (size_t i = 0; i < g->layout->tensor_count; i++) {
        const net_tensor tensor = net_tensor_at(g->graph, i);
        char name[DIALECT_NAME_SIZE];
        dialect_tensor_name(name, g->names, g->graph, &tensor);
        const json_t *wanted = json_object_get(all, name);
        if (!wanted) continue;
        compare_tensor(t, name, found + g->layout->slots[i].offset, tensor.count, wanted);
        seen++;
    }
    assert_int_equal(seen, json_object_size(all));
}

static double largest_norm(const json_t *all)
{
    double largest = 0;
    const char *name;
    json_t *tensor;
    json_object_foreach((json_t *)(uintptr_t)all, name, tensor) largest =
        fmax(largest, json_number_value(json_array_get(tensor, 0)));
    return largest;
}

static void trial_make(trial *t, const train_golden *g, const float *pictures)
{
    const train_step_options options = {.batch = g->batch};
    const size_t size = (size_t)g->graph->height;
    *t = (trial){.golden = g};
    assert_int_equal(reference_step_create(&t->step, g->graph, &options, NULL), EFFNET_OK);
    t->values = doubles(g->values, g->layout->count);
    t->gradients = doubles(NULL, g->layout->trained);
    t->images = doubles(pictures, g->batch * size * size * 3);
    t->dlogits = doubles(NULL, g->batch * train_outputs(g->graph));
}

static void trial_free(trial *t)
{
    free(t->dlogits);
    free(t->images);
    free(t->gradients);
    free(t->values);
    reference_step_free(t->step);
}

/* ---- In float ---- */

/* The distance of two gradients of one tensor over the norm of `wanted`. */
static double distance(const float *found, const double *wanted, size_t count, double least)
{
    double apart = 0, norm = 0;
    for (size_t i = 0; i < count; i++) {
        apart += (found[i] - wanted[i]) * (found[i] - wanted[i]);
        norm += wanted[i] * wanted[i];
    }
    return sqrt(apart) / fmax(sqrt(norm), least);
}

static void check_gradients(const trial *t, const char *level, const float *gradients)
{
    const train_golden *g = t->golden;
    double worst = 0;
    for (size_t i = 0; i < g->layout->tensor_count; i++) {
        const train_slot *slot = &g->layout->slots[i];
        if (!slot->trainable) continue;
        const double error =
            distance(gradients + slot->offset, t->gradients + slot->offset, slot->count, t->least_scale);
        if (!(error <= 1e-3))
            fail_msg("%s at level %s: gradient of tensor %zu is %.2g away", g->graph->arch.name, level, i,
                     error);
        worst = fmax(worst, error);
    }
    print_message("  level %s: gradients within %.1e of float64's; PyTorch's in float32 %.1e\n", level, worst,
                  golden_number(g->json, "float32"));
}

/* The step of one level, from the same derivative of the logits. */
static void check_level(const trial *t, cpu_level level, train_memory memory, const float *pictures)
{
    const train_golden *g = t->golden;
    const train_step_options options = {.level = level, .batch = g->batch, .memory = memory};
    const train_pass pass = {.seed = g->seed};
    const size_t outputs = g->batch * train_outputs(g->graph);
    train_step *step;
    assert_int_equal(train_step_create(&step, g->graph, &options, NULL), EFFNET_OK);
    float *logits = calloc(outputs, sizeof *logits), *dlogits = calloc(outputs, sizeof *dlogits);
    float *gradients = calloc(g->layout->trained, sizeof *gradients);
    assert_true(logits && dlogits && gradients);
    for (size_t i = 0; i < outputs; i++)
        dlogits[i] = (float)t->dlogits[i];
    train_forward(step, &pass, g->values, pictures, g->batch, logits);
    train_backward(step, g->values, dlogits, gradients);
    for (size_t i = 0; i < outputs; i++)
        assert_true(fabs(logits[i] - t->step->logits[i]) <= 1e-4 * (1 + fabs(t->step->logits[i])));
    check_gradients(t, cpu_level_name(level), gradients);
    free(gradients);
    free(dlogits);
    free(logits);
    train_step_free(step);
}

static void check_levels(const trial *t, const float *pictures)
{
    for (cpu_level level = CPU_AVX2; level <= CPU_NEON; level++) {
        if (!cpu_has_level(level)) continue;
        check_level(t, level, TRAIN_KEEP, pictures);
        check_level(t, level, TRAIN_RECOMPUTE, pictures);
    }
}

static void check_step(train_golden *g)
{
    int *classes;
    float *pictures = train_golden_batch(g, 0, &classes);
    const train_pass pass = {.seed = g->seed};
    const size_t outputs = train_outputs(g->graph);
    trial t;
    trial_make(&t, g, pictures);
    reference_forward_double(t.step, &pass, t.values, t.images, g->batch);
    const json_t *logits = json_object_get(g->json, "logits");
    for (size_t i = 0; i < g->batch * outputs; i++)
        compare(&t, "logit", t.step->logits[i], json_number_value(json_array_get(logits, i)), 1);
    const double loss = cross_entropy(t.step->logits, classes, g->batch, outputs, t.dlogits);
    compare(&t, "loss", loss, golden_number(g->json, "loss"), 0);
    reference_update_statistics_double(t.step, t.values);
    compare_all(&t, "statistics", t.values);
    reference_backward_double(t.step, t.values, t.dlogits, t.gradients);
    t.least_scale = 1e-3 * largest_norm(json_object_get(g->json, "gradients"));
    compare_all(&t, "gradients", t.gradients);
    check_levels(&t, pictures);
    print_message("%s at %d, batch %zu: largest difference %.1e\n", g->graph->arch.name, g->graph->height,
                  g->batch, t.worst);
    trial_free(&t);
    free(pictures);
    free(classes);
}

static void test_steps(void **state)
{
    (void)state;
    assert_int_equal(train_golden_each("step", check_step), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_steps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
