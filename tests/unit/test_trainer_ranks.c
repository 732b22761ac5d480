/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs of training on several ranks, which are threads here: a step is that of one rank with all pictures;
 * all ranks have the same state, to the bit, also after a resume; a stop, an error and a bad step of one are
 * those of all.
 */
#define _GNU_SOURCE
#include "trainer_test.h"

#include <math.h>
#include <pthread.h>

#include "thread_wire.h"

enum { SIDE = COLUMNS_SIDE, CLASSES = COLUMNS_CLASSES, TRAINING = 36, VALIDATION = 7, MOST = 4 };

/* ---- Data and network ---- */

static char run_folder[256];

static int make_data(void **state)
{
    if (make_tree(state)) return -1;
    strcpy(run_folder, in_tree("run"));
    put_idx_part("train", TRAINING, SIDE, SIDE, CLASSES, false);
    put_idx_part("t10k", VALIDATION, SIDE, SIDE, CLASSES, false);
    return mkdir(run_folder, 0777);
}

static effnet_trainer_options usual(void)
{
    return (effnet_trainer_options){.epochs = 2,
                                    .batch = 4,
                                    .optimizer = EFFNET_SGD,
                                    .learning_rate = 0.05,
                                    .augment = "randaugment=1:5,erase=0.5,mixup=0.2",
                                    .seed = 4};
}

static void clean(void)
{
    static const char *const names[] = {"log.csv", "last.ckpt", "previous.ckpt", "best.safetensors"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", run_folder, names[i]);
        unlink(path);
    }
}

/* ---- Ranks ---- */

typedef struct seat {
    /* Given. */
    effnet_trainer_options options;
    cpu_level level;
    size_t pieces; /* of work; 0: all */
    bool resumes, saves;
    void (*before)(struct seat *s, size_t piece);
    /* Found. */
    pthread_t thread;
    ranks *ranks;
    size_t rank, done;
    model *m;
    dataset *d;
    trainer *t;
    effnet_progress progress;
    effnet_status status;
    effnet_error error;
} seat;

static effnet_status run_pieces(seat *s)
{
    while ((!s->pieces || s->done < s->pieces) && !s->progress.done && !s->progress.stop) {
        if (s->before) s->before(s, s->done);
        TRY(trainer_run(s->t, NULL, &s->progress, &s->error));
        s->done++;
    }
    return s->saves ? trainer_save(s->t, &s->error) : EFFNET_OK;
}

static effnet_status run_seat(seat *s)
{
    static const image_options images;
    s->options.ranks = s->ranks;
    TRY(make_tiny_model(&s->m, &s->error));
    TRY(dataset_open(&s->d, tree, NULL, &s->error));
    TRY(trainer_create(&s->t, s->m, s->d, &s->options, s->level, 1 + (s->rank == 1), &images, &s->error));
    if (s->resumes) TRY(trainer_load(s->t, &s->error));
    return run_pieces(s);
}

static void *sit(void *argument)
{
    seat *s = argument;
    const effnet_ranks_options o = {.patience = 20};
    if (ranks_join(&s->ranks, thread_wire_open, &o, &s->error)) abort();
    s->rank = ranks_number(s->ranks);
    if (s->before) s->before(s, SIZE_MAX);
    s->status = run_seat(s);
    ranks_leave(s->ranks, NULL);
    if (s->t) s->t->ranks = NULL;
    return NULL;
}

static void *sit_alone(void *argument)
{
    seat *s = argument;
    s->status = run_seat(s);
    return NULL;
}

/* `count` ranks that all do as `like` says; seats[i] is of some rank. */
static void together(seat *seats, size_t count, const seat *like)
{
    thread_wires_begin(count);
    for (size_t i = 0; i < count; i++) {
        seats[i] = *like;
        pthread_create(&seats[i].thread, NULL, count > 1 ? sit : sit_alone, &seats[i]);
    }
    for (size_t i = 0; i < count; i++)
        pthread_join(seats[i].thread, NULL);
    thread_wires_end();
}

static void end(seat *seats, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        trainer_free(seats[i].t);
        dataset_free(seats[i].d);
        model_free(seats[i].m);
    }
}

static void assert_went_well(const seat *seats, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (seats[i].status) fail_msg("rank %zu: %s", seats[i].rank, seats[i].error.message);
}

static double largest_difference(const trainer *a, const trainer *b)
{
    double most = 0;
    for (size_t i = 0; i < a->layout->count; i++)
        most = fmax(most, fabs((double)a->values[i] - (double)b->values[i]));
    return most;
}

/* ---- The same as one rank ---- */

static void check_step(const seat *like, size_t count)
{
    seat one[1], some[MOST], again[MOST], ranked = *like;
    together(one, 1, like);
    ranked.options.batch /= (int)count;
    together(some, count, &ranked);
    together(again, count, &ranked);
    assert_went_well(one, 1);
    assert_went_well(some, count);
    assert_went_well(again, count);
    for (size_t i = 0; i < count; i++) {
        assert_same(some[0].t, some[i].t);
        assert_same(some[0].t, again[i].t);
    }
    const double difference = largest_difference(one[0].t, some[0].t);
    if (!(difference <= 1e-5)) fail_msg("%zu ranks: %g", count, difference);
    const double loss = fabs(one[0].t->at.loss - some[0].t->at.loss);
    if (!(loss < 1e-5)) fail_msg("%zu ranks: losses differ by %g", count, loss);
    assert_int_equal(some[0].t->at.images, 16);
    end(one, 1);
    end(some, count);
    end(again, count);
}

static void a_step_is_that_of_one_rank(void **state)
{
    (void)state;
    const cpu_level levels[] = {CPU_REF, cpu_best_level()};
    for (int kind = 0; kind < 8; kind++) {
        seat like = {.options = usual(), .level = levels[kind & 1], .pieces = 1};
        like.options.batch = 16;
        like.options.freeze_norms = true;
        like.options.warmup_epochs = -1;
        like.options.balance = kind & 2;
        like.options.passes = kind & 2 ? 2 : 1;
        check_step(&like, kind & 4 ? 4 : 2);
    }
}

/* ---- Whole runs ---- */

static void runs_end_the_same_on_all(void **state)
{
    (void)state;
    seat like = {.options = usual(), .level = cpu_best_level()}, some[MOST], again[MOST];
    like.options.folder = run_folder;
    like.options.head_epochs = 1;
    for (size_t count = 2; count <= MOST; count++) {
        together(some, count, &like);
        clean();
        together(again, count, &like);
        assert_went_well(some, count);
        assert_went_well(again, count);
        for (size_t i = 0; i < count; i++) {
            assert_true(some[i].progress.done && isfinite(some[i].progress.val_loss));
            assert_same(some[0].t, some[i].t);
            assert_same(some[0].t, again[i].t);
        }
        assert_int_equal(some[0].t->evaluation.images, VALIDATION);
        void *text;
        size_t size, lines = 0;
        assert_int_equal(source_load(&text, &size, in_tree("run/log.csv"), 1 << 16, NULL), EFFNET_OK);
        for (size_t i = 0; i < size; i++)
            lines += ((char *)text)[i] == '\n';
        assert_int_equal(lines, 4);
        free(text);
        end(some, count);
        end(again, count);
        clean();
    }
}

static void resumed_runs_end_the_same(void **state)
{
    (void)state;
    seat like = {.options = usual(), .level = cpu_best_level()}, whole[2], first[2], second[2];
    together(whole, 2, &like);
    assert_went_well(whole, 2);
    like.options.folder = run_folder;
    for (size_t stop = 1; stop < whole[0].done; stop += 5) {
        seat part = like, rest = like;
        part.pieces = stop;
        part.saves = rest.resumes = true;
        together(first, 2, &part);
        together(second, 2, &rest);
        assert_went_well(first, 2);
        assert_went_well(second, 2);
        for (size_t i = 0; i < 2; i++)
            assert_same(whole[0].t, second[i].t);
        end(first, 2);
        end(second, 2);
        clean();
    }
    end(whole, 2);
}

static void other_numbers_of_ranks_are_refused(void **state)
{
    (void)state;
    seat like = {.options = usual(), .level = CPU_REF, .pieces = 1, .saves = true}, seats[MOST];
    like.options.folder = run_folder;
    together(seats, 2, &like);
    assert_went_well(seats, 2);
    end(seats, 2);
    like.resumes = true;
    together(seats, 4, &like);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(seats[i].status, EFFNET_ERR_MISMATCH);
        if (!strstr(seats[i].error.message, "\"batch=4 on each of 2 ranks\""))
            fail_msg("%s", seats[i].error.message);
    }
    end(seats, 4);
    clean();
}

/* ---- What one does is done by all ---- */

static int stop_at_third(void *context)
{
    const seat *s = context;
    return s->rank == 1 && s->done == 2 ? 15 : 0;
}

static void give_stop(seat *s, size_t piece)
{
    if (piece != SIZE_MAX) return;
    s->options.stop = stop_at_third;
    s->options.stop_context = s;
}

static void all_stop_together(void **state)
{
    (void)state;
    const seat like = {.options = usual(), .level = CPU_REF, .before = give_stop};
    seat seats[3];
    together(seats, 3, &like);
    assert_went_well(seats, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(seats[i].done, 3);
        assert_int_equal(seats[i].progress.stop, 15);
    }
    end(seats, 3);
}

static void change_rate(seat *s, size_t piece)
{
    if (piece == SIZE_MAX && s->rank == 2) s->options.learning_rate = 0.5;
}

static void lose_folder(seat *s, size_t piece)
{
    if (piece == 1 && s->rank == 0) rename(run_folder, in_tree("elsewhere"));
}

static void spoil_weight(seat *s, size_t piece)
{
    if (piece == 0 && s->rank == 1) s->t->values[0] += 1;
}

static void check_failure(const seat *like, size_t count, effnet_status status, const char *message)
{
    seat seats[MOST];
    together(seats, count, like);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(seats[i].status, status);
        if (!strstr(seats[i].error.message, message)) fail_msg("%s", seats[i].error.message);
    }
    end(seats, count);
}

static void an_error_of_one_is_that_of_all(void **state)
{
    (void)state;
    seat like = {.options = usual(), .level = CPU_REF, .before = change_rate};
    check_failure(&like, 4, EFFNET_ERR_MISMATCH, "\"learning rate=0.5\" here, \"learning rate=0.05");
    like.before = spoil_weight;
    check_failure(&like, 2, EFFNET_ERR_INTERNAL, "rank 1 has other weights than rank 0");
    like.before = lose_folder;
    like.options.folder = run_folder;
    like.options.save_seconds = 1e-9;
    check_failure(&like, 3, EFFNET_ERR_CREATE, "run/last.ckpt");
    assert_int_equal(rename(in_tree("elsewhere"), run_folder), 0);
    clean();
}

static float kept;

static void break_bias(seat *s, size_t piece)
{
    float *bias = s->t ? s->t->values + s->t->layout->trained - 1 : NULL;
    if (s->rank != 1 || !bias) return;
    if (piece == 1) {
        kept = *bias;
        *bias = NAN;
    } else if (piece == 2) {
        *bias = kept;
    }
}

static void a_bad_step_is_skipped_by_all(void **state)
{
    (void)state;
    const seat like = {.options = usual(), .level = cpu_best_level(), .pieces = 3, .before = break_bias};
    seat seats[2];
    together(seats, 2, &like);
    assert_went_well(seats, 2);
    assert_same(seats[0].t, seats[1].t);
    assert_int_equal(seats[0].progress.skipped, 1);
    end(seats, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_is_that_of_one_rank),
        cmocka_unit_test(runs_end_the_same_on_all),
        cmocka_unit_test(resumed_runs_end_the_same),
        cmocka_unit_test(other_numbers_of_ranks_are_refused),
        cmocka_unit_test(all_stop_together),
        cmocka_unit_test(an_error_of_one_is_that_of_all),
        cmocka_unit_test(a_bad_step_is_skipped_by_all),
    };
    return cmocka_run_group_tests(tests, make_data, remove_tree);
}
