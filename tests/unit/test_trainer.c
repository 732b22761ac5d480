/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs of training on a data set of a few dozen pictures that are easily told apart: it learns them; the same
 * seed gives the same bits; a run that is resumed after any step ends like the unbroken one; losses that are
 * not finite are skipped, then the run goes back, then it ends; memory is planned and refused.
 */
#define _GNU_SOURCE
#include "trainer_test.h"

#include <math.h>

enum { SIDE = COLUMNS_SIDE, CLASSES = COLUMNS_CLASSES, TRAINING = COLUMNS_MOST, VALIDATION = 9 };

/* ---- Data and network ---- */

static char run_folder[256]; /* in_tree's answers do not last */

static int make_data(void **state)
{
    if (make_tree(state)) return -1;
    strcpy(run_folder, in_tree("run"));
    put_columns("train", TRAINING, 1);
    put_columns("t10k", VALIDATION, 100);
    return mkdir(run_folder, 0777);
}

static dataset *open_data(void)
{
    dataset *d;
    effnet_error error;
    if (dataset_open(&d, tree, NULL, &error)) fail_msg("%s", error.message);
    return d;
}

static model *make_model(void)
{
    model *m;
    effnet_error error;
    if (make_tiny_model(&m, &error)) fail_msg("%s", error.message);
    return m;
}

static effnet_trainer_options usual(void)
{
    return (effnet_trainer_options){.folder = run_folder,
                                    .epochs = 3,
                                    .batch = 8,
                                    .optimizer = EFFNET_SGD,
                                    .learning_rate = 0.05,
                                    .augment = "randaugment=1:5,erase=0.5,mixup=0.2,cutmix=1",
                                    .cache_bytes = 8 * SIDE * SIDE * 3,
                                    .seed = 4};
}

typedef struct run {
    model *m;
    dataset *d;
    trainer *t;
} run;

static run begin(const effnet_trainer_options *options, size_t threads)
{
    static const image_options images;
    run r = {make_model(), open_data(), NULL};
    effnet_error error;
    if (trainer_create(&r.t, r.m, r.d, options, CPU_REF, threads, &images, &error))
        fail_msg("%s", error.message);
    return r;
}

static void end(run *r)
{
    trainer_free(r->t);
    dataset_free(r->d);
    model_free(r->m);
}

static void clean(void)
{
    static const char *const names[] = {"log.csv", "last.ckpt", "previous.ckpt", "best.safetensors"};
    char name[64];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(name, sizeof name, "run/%s", names[i]);
        unlink(in_tree(name));
    }
}

/* Runs to the end, or for `pieces` pieces of work; the last epoch's figures. */
static effnet_progress work(trainer *t, size_t pieces)
{
    effnet_progress p = {0}, last = {0};
    effnet_error error;
    for (size_t i = 0; i < pieces && !p.done; i++) {
        if (trainer_run(t, NULL, &p, &error)) fail_msg("%s", error.message);
        if (p.epoch_ended) last = p;
    }
    return last;
}

/* Runs to the end; writes down what is told of each epoch, by its number. How many pieces that took. */
static size_t finish(trainer *t, effnet_progress *epochs)
{
    effnet_progress p = {0};
    size_t pieces = 0;
    for (; !p.done; pieces++) {
        assert_int_equal(trainer_run(t, NULL, &p, NULL), EFFNET_OK);
        if (p.epoch_ended) epochs[p.epoch] = p;
    }
    return pieces;
}

/* ---- Tests ---- */

static void it_learns(void **state)
{
    (void)state;
    effnet_trainer_options o = usual();
    o.epochs = 8;
    o.augment = "none"; /* the classes are places */
    run r = begin(&o, 1);
    const effnet_progress p = work(r.t, SIZE_MAX);
    if (!(p.val_top1 > 0.9 && p.train_loss < 0.9 && p.ema_top1 >= 0))
        fail_msg("accuracy %g, average's %g, loss %g", p.val_top1, p.ema_top1, p.train_loss);
    assert_true(p.done && p.epoch == 7 && p.skipped == 0);

    /* best.safetensors is a model, with the data's labels, as good as was said. */
    model *best;
    effnet_error error;
    if (model_open(&best, in_tree("run/best.safetensors"), NULL, &error)) fail_msg("%s", error.message);
    assert_int_equal(best->label_count, CLASSES);
    assert_string_equal(best->labels[2], "2");
    assert_non_null(strstr(best->origin, "trained with effnet"));
    model_free(best);

    /* A header and a line for each epoch. */
    void *text;
    size_t size, lines = 0;
    assert_int_equal(source_load(&text, &size, in_tree("run/log.csv"), 1 << 16, NULL), EFFNET_OK);
    for (size_t i = 0; i < size; i++)
        lines += ((char *)text)[i] == '\n';
    assert_int_equal(lines, 9);
    free(text);
    end(&r);
    clean();
}

static void every_kind_of_run_goes(void **state)
{
    (void)state;
    for (int kind = 0; kind < 6; kind++) {
        effnet_trainer_options o = usual();
        o.epochs = 1;
        o.optimizer = (effnet_optimizer)(kind % 3);
        o.schedule = (effnet_schedule)(kind % 4);
        o.learning_rate = 0;
        o.folder = NULL;
        o.passes = 1 + kind % 3;
        o.balance = kind & 1;
        o.averaging = kind & 2 ? -1 : 0;
        o.head_epochs = kind & 4 ? 1 : 0;
        o.clip = kind == 5 ? 1 : 0;
        o.batch = kind == 3 ? 1000 : 8;
        o.keep = EFFNET_KEEP_LEAST;
        run r = begin(&o, 2);
        const effnet_progress p = work(r.t, SIZE_MAX);
        assert_true(p.done && isfinite(p.train_loss));
        assert_int_equal(!isnan(p.ema_loss), !(kind & 2));
        effnet_error error;
        assert_int_equal(trainer_save(r.t, &error), EFFNET_ERR_ARGUMENT);
        assert_int_equal(trainer_load(r.t, &error), EFFNET_ERR_ARGUMENT);
        end(&r);
    }
}

static void the_head_is_trained_first(void **state)
{
    (void)state;
    effnet_trainer_options o = usual();
    o.head_epochs = 1;
    o.epochs = 1;
    run r = begin(&o, 1);
    const size_t first = train_layout_first(r.t->layout, r.t->layout->tensor_count - 2);
    float *before = malloc(r.t->layout->count * sizeof *before);
    memcpy(before, r.t->values, r.t->layout->count * sizeof *before);
    while (r.t->at.phase == 0 && r.t->at.stage == TRAINER_LEARN)
        work(r.t, 1);
    assert_memory_equal(before, r.t->values, first * sizeof *before);
    assert_memory_equal(before + r.t->layout->trained, r.t->values + r.t->layout->trained,
                        (r.t->layout->count - r.t->layout->trained) * sizeof *before);
    assert_true(memcmp(before + first, r.t->values + first, sizeof(float) * 4));
    work(r.t, SIZE_MAX);
    assert_int_equal(r.t->at.phase, 1);
    assert_true(memcmp(before, r.t->values, sizeof(float) * 4));
    free(before);
    end(&r);
    clean();
}

static void resumed_runs_end_the_same(void **state)
{
    (void)state;
    effnet_trainer_options o = usual();
    o.head_epochs = 1;
    o.epochs = 2;
    o.folder = NULL;
    run whole = begin(&o, 1);
    effnet_progress told[3], again[3];
    const size_t pieces = finish(whole.t, told);
    o.folder = run_folder;
    for (size_t stop = 1; stop<pieces; stop += stop> 6 ? 2 : 1) {
        run first = begin(&o, 1 + stop % 2);
        work(first.t, stop);
        effnet_error error;
        if (trainer_save(first.t, &error)) fail_msg("%s", error.message);
        end(&first);
        run second = begin(&o, 1 + stop % 3);
        if (trainer_load(second.t, &error)) fail_msg("%s", error.message);
        memcpy(again, told, sizeof told);
        finish(second.t, again);
        assert_same(whole.t, second.t);
        for (int epoch = 0; epoch < 3; epoch++)
            assert_true(again[epoch].learning_rate == told[epoch].learning_rate &&
                        again[epoch].train_loss == told[epoch].train_loss &&
                        again[epoch].val_loss == told[epoch].val_loss);
        end(&second);
        clean();
    }
    end(&whole);
}

static void other_runs_are_not_resumed(void **state)
{
    (void)state;
    effnet_trainer_options o = usual();
    effnet_error error;
    run r = begin(&o, 1);
    assert_int_equal(trainer_load(r.t, &error), EFFNET_ERR_NOT_FOUND);
    work(r.t, 1);
    assert_int_equal(trainer_save(r.t, &error), EFFNET_OK);
    end(&r);
    o.learning_rate = 0.06;
    r = begin(&o, 1);
    assert_int_equal(trainer_load(r.t, &error), EFFNET_ERR_MISMATCH);
    assert_non_null(strstr(error.message, "learning rate"));
    end(&r);
    clean();
}

static void losses_that_are_not_finite_are_survived(void **state)
{
    (void)state;
    effnet_trainer_options o = usual();
    effnet_error error;
    effnet_progress p;
    o.epochs = 20;
    run r = begin(&o, 1);
    work(r.t, 1);
    assert_int_equal(trainer_save(r.t, &error), EFFNET_OK);
    const uint64_t saved = r.t->at.total;

    /* One bad step changes nothing but the count. */
    float *before = malloc(r.t->layout->count * sizeof *before);
    const size_t bias = r.t->layout->trained - 1;
    memcpy(before, r.t->values, r.t->layout->count * sizeof *before);
    r.t->values[bias] = before[bias] = NAN;
    assert_int_equal(trainer_run(r.t, NULL, &p, &error), EFFNET_OK);
    assert_int_equal(p.skipped, 1);
    assert_memory_equal(before, r.t->values, r.t->layout->count * sizeof *before);
    assert_int_equal(trainer_save(r.t, &error), EFFNET_ERR_INTERNAL);
    free(before);

    /* Ten in a row, and it is back where it was saved, at half the rate. */
    for (size_t i = 0; i < 40 && r.t->at.restores == 0; i++)
        assert_int_equal(trainer_learn(r.t, NULL, &error), EFFNET_OK);
    assert_int_equal(r.t->at.restores, 1);
    assert_int_equal(r.t->at.total, saved);
    assert_true(r.t->at.rate_factor == 0.5 && isfinite(r.t->values[bias]));
    assert_non_null(strstr(r.t->notice, "half the learning rate"));

    /* Once more, and it is over. */
    r.t->values[bias] = INFINITY;
    effnet_status status = EFFNET_OK;
    for (size_t i = 0; i < 40 && status == EFFNET_OK; i++)
        status = trainer_learn(r.t, NULL, &error);
    assert_int_equal(status, EFFNET_ERR_INTERNAL);
    assert_non_null(strstr(error.message, "not finite"));
    end(&r);
    clean();
}

static void memory_is_planned(void **state)
{
    (void)state;
    static const image_options images;
    effnet_trainer_options o = usual();
    effnet_error error;
    run r = begin(&o, 1);
    const size_t planned = r.t->memory.total;
    assert_true(planned > 4 * r.t->layout->count);
    trainer *t;
    o.max_bytes = planned;
    assert_int_equal(trainer_create(&t, r.m, r.d, &o, CPU_REF, 1, &images, &error), EFFNET_OK);
    trainer_free(t);
    o.max_bytes = planned / 2;
    assert_int_equal(trainer_create(&t, r.m, r.d, &o, CPU_REF, 1, &images, &error), EFFNET_ERR_LIMIT);
    assert_non_null(strstr(error.message, "fits"));
    assert_null(t);
    o.max_bytes = 1;
    assert_int_equal(trainer_create(&t, r.m, r.d, &o, CPU_REF, 1, &images, &error), EFFNET_ERR_LIMIT);
    o = usual();
    o.folder = "/nowhere/at/all";
    assert_int_equal(trainer_create(&t, r.m, r.d, &o, CPU_REF, 1, &images, &error), EFFNET_ERR_IO);
    o = usual();
    o.learning_rate = -1;
    assert_int_equal(trainer_create(&t, r.m, r.d, &o, CPU_REF, 1, &images, &error), EFFNET_ERR_ARGUMENT);
    o = usual();
    o.schedule = (effnet_schedule)9;
    assert_int_equal(trainer_create(&t, r.m, r.d, &o, CPU_REF, 1, &images, &error), EFFNET_ERR_ARGUMENT);
    end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_learns),
        cmocka_unit_test(every_kind_of_run_goes),
        cmocka_unit_test(the_head_is_trained_first),
        cmocka_unit_test(resumed_runs_end_the_same),
        cmocka_unit_test(other_runs_are_not_resumed),
        cmocka_unit_test(losses_that_are_not_finite_are_survived),
        cmocka_unit_test(memory_is_planned),
    };
    return cmocka_run_group_tests(tests, make_data, remove_tree);
}
