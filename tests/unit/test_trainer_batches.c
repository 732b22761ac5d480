/* SPDX-License-Identifier: Apache-2.0
 *
 * The public trainer without data, on batches that the caller brings: it learns, ends its epochs, gives the
 * same bits for any number of threads and from a checkpoint on. And its memory: what is planned is what is
 * taken, the limit chooses between keeping and recomputing, and what does not fit is refused with a batch
 * that does.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "effnet.h"
#include "unit/folder.h"
#include "unit/heap.h"

enum { SIDE = 48, CLASSES = 1000, BATCH = 12, PIXELS = SIDE * SIDE * 3 };

static effnet_model *model;
static float images[BATCH * PIXELS];
static int classes[BATCH];

/* Picture i is noise around a colour of its class. */
static void make_batch(void)
{
    uint32_t state = 1;
    for (int i = 0; i < BATCH; i++) {
        classes[i] = i % 3;
        for (int p = 0; p < PIXELS; p++) {
            state = state * 1664525u + 1013904223u;
            images[i * PIXELS + p] = (float)(state >> 8) * 0x1p-24f - (p % 3 == classes[i] ? 1.0f : 0.2f);
        }
    }
}

static int set_up(void **state)
{
    effnet_error error;
    effnet_network *network;
    const effnet_network_options options = {.height = SIDE, .width = SIDE};
    make_batch();
    if (make_folder(state) || effnet_network_create(&network, "mobilenet-v2-0.35", &options, &error) ||
        effnet_model_create(&model, network, NULL, &error))
        return -1;
    effnet_network_free(network);
    return 0;
}

static int tear_down(void **state)
{
    effnet_model_free(model);
    return remove_folder(state);
}

static effnet_trainer_options usual(void)
{
    return (effnet_trainer_options){.batch = BATCH,
                                    .epochs = 2,
                                    .epoch_steps = 3,
                                    .optimizer = EFFNET_SGD,
                                    .learning_rate = 0.02,
                                    .schedule = EFFNET_CONSTANT,
                                    .threads = 1};
}

static effnet_trainer *begin(const effnet_trainer_options *options)
{
    effnet_trainer *t;
    effnet_error error;
    if (effnet_trainer_create(&t, model, NULL, options, &error)) fail_msg("%s", error.message);
    return t;
}

static effnet_progress step(effnet_trainer *t, size_t count)
{
    effnet_progress p;
    effnet_error error;
    if (effnet_trainer_step_on(t, images, classes, count, &p, &error)) fail_msg("%s", error.message);
    return p;
}

/* The trained weights as the bytes of a file, malloc'd. */
static void *weights(const effnet_trainer *t, size_t *size)
{
    effnet_model *trained;
    effnet_error error;
    void *bytes = NULL;
    const char *path = in_folder("weights.safetensors");
    if (effnet_trainer_get_model(t, false, &trained, &error) ||
        effnet_model_save(trained, path, NULL, &error) ||
        effnet_file_read(&bytes, size, path, 1 << 28, &error))
        fail_msg("%s", error.message);
    effnet_model_free(trained);
    unlink(path);
    return bytes;
}

static void assert_same_weights(const effnet_trainer *a, const effnet_trainer *b)
{
    size_t size, other;
    void *x = weights(a, &size), *y = weights(b, &other);
    assert_int_equal(size, other);
    assert_memory_equal(x, y, size);
    free(x);
    free(y);
}

/* ---- Steps ---- */

static void it_learns_what_it_is_given(void **state)
{
    (void)state;
    const effnet_trainer_options o = usual();
    effnet_trainer *t = begin(&o);
    effnet_trainer_info info;
    effnet_trainer_get_info(t, &info);
    assert_int_equal(info.steps, 3);
    assert_int_equal(info.batch, BATCH);
    assert_int_equal(info.threads, 1);
    effnet_progress p;
    double first = 0;
    for (int i = 0; i < 6; i++) {
        p = step(t, i % 2 ? BATCH : BATCH - 1);
        if (i == 0) first = p.train_loss;
        assert_int_equal(p.epoch_ended, i % 3 == 2);
        assert_int_equal(p.done, i == 5);
        assert_true(isnan(p.val_loss) && p.skipped == 0);
    }
    if (!(p.train_loss < first - 0.5)) fail_msg("loss %g, then %g", first, p.train_loss);
    p = step(t, BATCH);
    assert_true(p.done && !p.epoch_ended);
    effnet_trainer_free(t);
}

static void threads_do_not_change_a_bit(void **state)
{
    (void)state;
    effnet_trainer_options o = usual();
    effnet_trainer *one = begin(&o);
    for (int i = 0; i < 2; i++)
        step(one, BATCH);
    for (o.threads = 2; o.threads < 4; o.threads++) {
        effnet_trainer *t = begin(&o);
        for (int i = 0; i < 2; i++)
            step(t, BATCH);
        assert_same_weights(one, t);
        effnet_trainer_free(t);
    }
    effnet_trainer_free(one);
}

static void it_goes_on_from_a_checkpoint(void **state)
{
    (void)state;
    effnet_trainer_options o = usual();
    effnet_trainer *whole = begin(&o);
    for (int i = 0; i < 5; i++)
        step(whole, BATCH);
    o.folder = folder;
    effnet_trainer *t = begin(&o);
    effnet_error error;
    for (int i = 0; i < 4; i++)
        step(t, BATCH);
    assert_int_equal(effnet_trainer_save(t, &error), EFFNET_OK);
    effnet_trainer_free(t);
    t = begin(&o);
    const char *notice;
    if (effnet_trainer_resume(t, &notice, &error)) fail_msg("%s", error.message);
    assert_string_equal(notice, "");
    const effnet_progress p = step(t, BATCH);
    assert_true(p.epoch == 1 && p.step == 2);
    assert_same_weights(whole, t);
    effnet_trainer_free(t);
    effnet_trainer_free(whole);
    o.epoch_steps = 4;
    t = begin(&o);
    assert_int_equal(effnet_trainer_resume(t, NULL, &error), EFFNET_ERR_MISMATCH);
    effnet_trainer_free(t);
    static const char *const names[] = {"log.csv", "last.ckpt", "previous.ckpt", "best.safetensors"};
    for (size_t i = 0; i < 4; i++)
        unlink(in_folder(names[i]));
}

static void wrong_batches_are_refused(void **state)
{
    (void)state;
    const effnet_trainer_options o = usual();
    effnet_trainer *t = begin(&o);
    effnet_progress p;
    effnet_error error;
    int bad[BATCH] = {0};
    assert_int_equal(effnet_trainer_step_on(NULL, images, classes, 1, &p, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_trainer_step_on(t, NULL, classes, 1, &p, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_trainer_step_on(t, images, NULL, 1, &p, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_trainer_step_on(t, images, classes, 0, &p, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_trainer_step_on(t, images, classes, BATCH + 1, &p, &error), EFFNET_ERR_ARGUMENT);
    assert_string_equal(error.message, "a batch of 13 images; wanted 1 to 12");
    bad[1] = CLASSES;
    assert_int_equal(effnet_trainer_step_on(t, images, bad, 2, &p, &error), EFFNET_ERR_ARGUMENT);
    assert_string_equal(error.message, "image 1: class 1000; wanted 0 to 999");
    bad[1] = -1;
    assert_int_equal(effnet_trainer_step_on(t, images, bad, 2, &p, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_trainer_step(t, &p, &error), EFFNET_ERR_ARGUMENT);
    effnet_trainer_free(t);
    effnet_network *network;
    effnet_model *features;
    const effnet_network_options options = {.num_classes = EFFNET_NO_CLASSIFIER};
    assert_int_equal(effnet_network_create(&network, "mobilenet-v2-0.35", &options, &error), EFFNET_OK);
    assert_int_equal(effnet_model_create(&features, network, NULL, &error), EFFNET_OK);
    assert_int_equal(effnet_trainer_create(&t, features, NULL, &o, &error), EFFNET_ERR_MISMATCH);
    effnet_model_free(features);
    effnet_network_free(network);
}

/* ---- Memory ---- */

static uint64_t planned(effnet_trainer_options o, effnet_keep keep, int batch)
{
    effnet_trainer_info info;
    o.keep = keep;
    o.batch = batch;
    effnet_trainer *t = begin(&o);
    effnet_trainer_get_info(t, &info);
    effnet_trainer_free(t);
    return info.bytes;
}

/* What is resident in this process ("VmRSS"), or was at most ("VmHWM"), from /proc; 0 where the system does
 * not tell. */
static double resident(const char *name)
{
    double kibibytes = 0;
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, name, strlen(name)) == 0) kibibytes = strtod(line + strlen(name) + 1, NULL);
    if (status) fclose(status);
    return 1024 * kibibytes;
}

/* In a process of its own: what it grows by, and what was planned. A step of a smaller run first, since code
 * that runs for the first time takes memory too. */
static void grow(effnet_trainer_options o, double figures[2])
{
    effnet_trainer_info info;
    effnet_trainer_options small = o;
    small.batch = 1;
    effnet_trainer *t = begin(&small);
    step(t, 1);
    effnet_trainer_free(t);
    malloc_trim(0);
    const double before = resident("VmRSS");
    t = begin(&o);
    step(t, BATCH);
    step(t, BATCH);
    effnet_trainer_get_info(t, &info);
    figures[0] = resident("VmHWM") - before;
    figures[1] = (double)info.bytes;
}

static void what_is_planned_is_taken(void **state)
{
    (void)state;
#ifdef HEAP_UNDER_SANITIZER
    skip();
#endif
    for (int keep = EFFNET_KEEP_ALL; keep <= EFFNET_KEEP_LEAST; keep++) {
        effnet_trainer_options o = usual();
        double figures[2] = {0, 0};
        int ends[2], status;
        o.keep = (effnet_keep)keep;
        o.threads = 2;
        assert_int_equal(pipe(ends), 0);
        malloc_trim(0); /* what is free here would count as resident there */
        const pid_t child = fork();
        if (child == 0) {
            grow(o, figures);
            _exit(write(ends[1], figures, sizeof figures) != sizeof figures);
        }
        assert_true(child > 0 && waitpid(child, &status, 0) == child && status == 0);
        assert_int_equal(read(ends[0], figures, sizeof figures), sizeof figures);
        close(ends[0]);
        close(ends[1]);
        if (figures[0] <= 0) skip();
        print_message("%.2f MB planned, %.2f taken\n", 1e-6 * figures[1], 1e-6 * figures[0]);
        assert_true(fabs(figures[1] - figures[0]) < 0.03 * figures[0] + 0x3p20); /* or a huge page */
    }
}

static void the_limit_chooses(void **state)
{
    (void)state;
    effnet_trainer_options o = usual();
    const uint64_t all = planned(o, EFFNET_KEEP_ALL, BATCH), least = planned(o, EFFNET_KEEP_LEAST, BATCH);
    effnet_trainer_info info;
    if (least == all) skip(); /* the reference keeps everything, always */
    assert_true(least < all);
    for (int fits = 0; fits < 2; fits++) {
        o.max_bytes = fits ? all : all - 1;
        effnet_trainer *t = begin(&o);
        effnet_trainer_get_info(t, &info);
        assert_int_equal(info.keep, fits ? EFFNET_KEEP_ALL : EFFNET_KEEP_LEAST);
        assert_int_equal(info.bytes, fits ? all : least);
        effnet_trainer_free(t);
    }
    effnet_trainer *t;
    effnet_error error;
    o.keep = EFFNET_KEEP_ALL;
    o.max_bytes = all - 1;
    assert_int_equal(effnet_trainer_create(&t, model, NULL, &o, &error), EFFNET_ERR_LIMIT);
}

static void recomputing_changes_nothing(void **state)
{
    (void)state;
    effnet_trainer_options o = usual();
    effnet_trainer *all = begin(&o);
    o.keep = EFFNET_KEEP_LEAST;
    effnet_trainer *least = begin(&o);
    for (int i = 0; i < 2; i++) {
        step(all, BATCH);
        step(least, BATCH);
    }
    assert_same_weights(all, least);
    effnet_trainer_free(all);
    effnet_trainer_free(least);
}

/* Refuses a full batch under the limit of one of `fits`; which passes are named, 0 if none. */
static int refused(effnet_trainer_options *o, int fits)
{
    int named = 0, passes = 0;
    effnet_trainer *t;
    effnet_error error;
    o->batch = BATCH;
    assert_int_equal(effnet_trainer_create(&t, model, NULL, o, &error), EFFNET_ERR_LIMIT);
    assert_null(t);
    const char *at = strstr(error.message, "a batch of");
    if (!at || sscanf(at, "a batch of %d fits, or %d passes", &named, &passes) < 1)
        fail_msg("%s", error.message);
    assert_int_equal(named, fits);
    return passes;
}

static void the_batch_that_is_named_fits(void **state)
{
    (void)state;
    effnet_trainer_options o = usual();
    effnet_trainer *t;
    effnet_error error;
    int tried = 0, in_passes = 0;
    for (int fits = 1; fits < BATCH && tried < 3; fits += 2) {
        o.max_bytes = 0;
        const uint64_t bytes = planned(o, EFFNET_KEEP_LEAST, fits);
        if (planned(o, EFFNET_KEEP_LEAST, fits + 1) == bytes) continue; /* of whole pages */
        tried++;
        o.max_bytes = bytes;
        o.passes = refused(&o, fits);
        if (o.passes > 1) {
            t = begin(&o);
            step(t, BATCH);
            effnet_trainer_free(t);
            in_passes++;
        }
        o.passes = 0;
        o.batch = fits;
        effnet_trainer_free(begin(&o));
        o.batch = fits + 1;
        assert_int_equal(effnet_trainer_create(&t, model, NULL, &o, &error), EFFNET_ERR_LIMIT);
    }
    assert_true(tried == 3 && in_passes > 0);
    o.max_bytes = 1 << 20;
    assert_int_equal(effnet_trainer_create(&t, model, NULL, &o, &error), EFFNET_ERR_LIMIT);
    assert_non_null(strstr(error.message, "with one picture at a time, too"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_learns_what_it_is_given),   cmocka_unit_test(threads_do_not_change_a_bit),
        cmocka_unit_test(it_goes_on_from_a_checkpoint), cmocka_unit_test(wrong_batches_are_refused),
        cmocka_unit_test(what_is_planned_is_taken),     cmocka_unit_test(the_limit_chooses),
        cmocka_unit_test(recomputing_changes_nothing),  cmocka_unit_test(the_batch_that_is_named_fits),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
