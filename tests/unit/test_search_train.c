/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole search of small networks on a few dozen pictures: halving leaves the last rung's runs as they would
 * be without it; interrupted after every few steps, on several workers, or by ranks in groups, it ends with
 * the same bits; what it refuses. And whether two networks can be told apart, against a test that is known.
 */
#define _GNU_SOURCE
#include "trainer_test.h"

#include <math.h>
#include <pthread.h>

#include "search/search.h"
#include "unit/thread_wire.h"

enum { SIDE = COLUMNS_SIDE, CLASSES = COLUMNS_CLASSES, TRAINING = COLUMNS_MOST, VALIDATION = 9 };

static char run_folder[256]; /* in_tree's answers do not last */

static int make_data(void **state)
{
    if (make_tree(state)) return -1;
    put_columns("data/train", TRAINING, 1);
    put_columns("data/t10k", VALIDATION, 100);
    strcpy(run_folder, in_tree("run"));
    return 0;
}

static void clean(void)
{
    nftw(run_folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    assert_int_equal(mkdir(run_folder, 0777), 0);
}

/* ---- Searches ---- */

typedef struct fixture {
    dataset *data;
    net_graph *base;
    search *s;
} fixture;

static net_graph *make_base(void)
{
    static const char json[] =
        "{\"name\":\"tiny\",\"blocks\":[\"r1_k3_s22_e1_i8_o8\",\"r1_k3_s22_e2_i8_o8\"],"
        "\"size\":32,\"stem\":{\"filters\":8},\"head\":{\"filters\":16},\"num_classes\":3,"
        "\"in_channels\":1}";
    net_arch arch;
    net_graph *graph = NULL;
    effnet_error error;
    if (net_arch_parse(&arch, json, strlen(json), &error) ||
        net_graph_create(&graph, &arch, &(net_variant){NET_PAD_SAME, 1e-3, 0.3}, 0, 0, &error))
        fail_msg("%s", error.message);
    return graph;
}

/* Two seeds, two rungs of 1 and 3 epochs, 5 networks. */
static effnet_search_options usual(void)
{
    return (effnet_search_options){.alpha = {2, 2},
                                   .beta = {1, 1},
                                   .gamma = {1, 1},
                                   .seeds = 2,
                                   .halving = true,
                                   .training = {.epochs = 3,
                                                .batch = 8,
                                                .optimizer = EFFNET_SGD,
                                                .learning_rate = 0.05,
                                                .augment = "none",
                                                .seed = 4}};
}

static effnet_status try_search(fixture *f, const effnet_search_options *options, effnet_error *error)
{
    static const image_options images;
    *f = (fixture){.base = make_base()};
    assert_int_equal(dataset_open(&f->data, in_tree("data"), NULL, NULL), EFFNET_OK);
    return search_create(&f->s, f->base, f->data, options, CPU_REF, &images, error);
}

static fixture begin(const effnet_search_options *options)
{
    fixture f;
    effnet_error error;
    if (try_search(&f, options, &error)) fail_msg("%s", error.message);
    return f;
}

static void end(fixture *f)
{
    search_free(f->s);
    dataset_free(f->data);
    net_graph_free(f->base);
}

/* What a search found: all that must not depend on how it came about. */
typedef struct found {
    size_t jobs, order[8];
    double mean[8], loss[8];
    uint8_t hits[8][2][(VALIDATION + 7) / 8];
} found;

static void note_found(void *context, const search *s)
{
    found *out = context;
    memset(out, 0, sizeof *out);
    out->jobs = s->jobs;
    assert_true(s->jobs <= 8);
    memcpy(out->order, s->order, s->jobs * sizeof *s->order);
    for (uint32_t job = 0; job < s->jobs; job++) {
        search_score score;
        assert_true(search_queue_score(s->queue, job, &score));
        out->mean[job] = score.mean;
        out->loss[job] = score.loss;
        for (uint32_t seed = 0; seed < 2; seed++) {
            const search_result *r =
                search_queue_result(s->queue, &(search_task){job, seed, (uint32_t)score.rung});
            assert_non_null(r);
            assert_int_equal(r->images, VALIDATION);
            memcpy(out->hits[job][seed], r->hits, sizeof out->hits[job][seed]);
        }
    }
}

static void run(fixture *f, bool resume, size_t workers, search_stop *stop, void *context, bool *stopped)
{
    effnet_error error;
    const search_run_options o = {
        .folder = run_folder, .resume = resume, .workers = workers, .stop = stop, .context = context};
    if (search_work_on(f->s, &o, stopped, &error)) fail_msg("%s", error.message);
}

static found unbroken;

static void a_search_trains_and_ranks(void **state)
{
    (void)state;
    bool stopped;
    const effnet_search_options o = usual();
    clean();
    fixture f = begin(&o);
    assert_int_equal(f.s->rungs, 2);
    assert_int_equal(f.s->epochs[0], 1);
    assert_int_equal(f.s->epochs[1], 3);
    assert_int_equal(search_estimate(f.s, NULL), EFFNET_OK);
    assert_true(search_total_seconds(f.s) > 0);
    run(&f, false, 1, NULL, NULL, &stopped);
    assert_false(stopped);
    note_found(&unbroken, f.s);
    for (size_t job = 0; job < f.s->jobs; job++) {
        assert_true(f.s->kept[job]); /* the grid's only point is a control */
        assert_int_equal(search_queue_rung(f.s->queue, job), 1);
        assert_true(f.s->verdicts[job].compared == (job != f.s->order[0]));
    }
    assert_int_not_equal(access(in_tree("run/candidates/000-1/last.ckpt"), F_OK), 0);
    assert_int_equal(access(in_tree("run/candidates/000-1/best.safetensors"), F_OK), 0);
    end(&f);
}

/* Without rungs the same networks have the same answers. */
static void halving_changes_no_run(void **state)
{
    (void)state;
    bool stopped;
    found whole;
    effnet_search_options o = usual();
    o.halving = false;
    clean();
    fixture f = begin(&o);
    run(&f, false, 1, NULL, NULL, &stopped);
    note_found(&whole, f.s);
    assert_memory_equal(&whole, &unbroken, sizeof whole);
    end(&f);
}

static bool stop_sometimes(void *context)
{
    size_t *calls = context;
    return ++*calls % 7 == 0;
}

static void interrupted_it_ends_with_the_same_bits(void **state)
{
    (void)state;
    const effnet_search_options o = usual();
    size_t calls = 0, times = 0;
    for (size_t workers = 1; workers <= 3; workers += 2) {
        bool stopped = true;
        clean();
        for (times = 0; stopped; times++) {
            fixture f = begin(&o);
            run(&f, times > 0, workers, times < 10 ? stop_sometimes : NULL, &calls, &stopped);
            if (!stopped) {
                found again;
                note_found(&again, f.s);
                assert_memory_equal(&again, &unbroken, sizeof again);
            }
            end(&f);
        }
        assert_true(times > 3);
    }
}

/* ---- Ranks in groups ---- */

enum { MOST_RANKS = 5 };

typedef struct seat {
    pthread_t thread;
    fixture f;
    search_run_options options;
    bool stopped;
    effnet_status status;
    effnet_error error;
    size_t calls;
} seat;

static void *sit(void *context)
{
    seat *s = context;
    s->status = search_work_on(s->f.s, &s->options, &s->stopped, &s->error);
    return NULL;
}

/* True if it was stopped; otherwise `look` is shown what rank 0 has. */
static bool run_ranks(const effnet_search_options *o, size_t count, bool resume, search_stop *stop,
                      void (*look)(void *context, const search *s), void *context)
{
    seat seats[MOST_RANKS] = {0};
    bool stopped = false;
    thread_wires_begin(count);
    for (size_t i = 0; i < count; i++) {
        seats[i].f = begin(o);
        seats[i].options = (search_run_options){.folder = run_folder,
                                                .resume = resume,
                                                .open = thread_wire_open,
                                                .stop = stop,
                                                .context = &seats[i].calls};
        assert_int_equal(pthread_create(&seats[i].thread, NULL, sit, &seats[i]), 0);
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(seats[i].thread, NULL);
        stopped |= seats[i].stopped;
    }
    thread_wires_end();
    for (size_t i = 0; i < count; i++) {
        if (seats[i].status != EFFNET_OK) fail_msg("%s", seats[i].error.message);
        if (!stopped && seats[i].f.s->judged) look(context, seats[i].f.s); /* whichever that is */
        end(&seats[i].f);
    }
    return stopped;
}

/* However many groups there are; and not what one rank with the whole batch finds: a batch norm sees half. */
static void groups_end_with_the_same_bits(void **state)
{
    (void)state;
    effnet_search_options o = usual();
    found one, two, cut;
    o.group = 2;
    clean();
    assert_false(run_ranks(&o, 3, false, NULL, note_found, &one));
    assert_int_equal(one.jobs, unbroken.jobs);
    assert_true(memcmp(one.loss, unbroken.loss, sizeof one.loss) != 0);
    clean();
    assert_false(run_ranks(&o, 5, false, NULL, note_found, &two));
    assert_memory_equal(&one, &two, sizeof one);
    clean();
    size_t times = 0;
    while (run_ranks(&o, 3, times > 0, times < 10 ? stop_sometimes : NULL, note_found, &cut))
        times++;
    assert_true(times > 3);
    assert_memory_equal(&one, &cut, sizeof one);
}

/* One clock counts, not that of each. */
static void seconds_end_a_training_of_a_group(void **state)
{
    (void)state;
    effnet_search_options o = usual();
    found by_time;
    o.group = 2;
    o.seconds = 1e-9;
    o.training.epochs = 50;
    clean();
    assert_false(run_ranks(&o, 3, false, NULL, note_found, &by_time));
}

static void all_have_failed(void *note, const search *s)
{
    for (uint32_t job = 0; job < s->jobs; job++) {
        const search_result *r = search_queue_result(s->queue, &(search_task){job, 0, 0});
        assert_true(r && r->failed);
        if (!strstr(r->note, note)) fail_msg("%s", r->note);
    }
}

/* Networks that cannot be trained are results; the group goes on. */
static void groups_survive_what_cannot_be_trained(void **state)
{
    (void)state;
    effnet_search_options o = usual();
    o.group = 2;
    o.training.max_bytes = 1000;
    clean();
    assert_false(run_ranks(&o, 3, false, NULL, all_have_failed, "limit"));
    o.training.max_bytes = 0;
    o.training.learning_rate = 1e6;
    o.training.warmup_epochs = -1;
    o.training.epochs = 20;
    clean();
    assert_false(run_ranks(&o, 3, false, NULL, all_have_failed, "not finite"));
}

static void seconds_end_a_training_too(void **state)
{
    (void)state;
    bool stopped;
    effnet_search_options o = usual();
    o.seconds = 1e-9;
    o.seeds = 1;
    o.training.epochs = 50;
    clean();
    fixture f = begin(&o);
    run(&f, false, 1, NULL, NULL, &stopped);
    assert_int_equal(search_queue_result(f.s->queue, &(search_task){0, 0, 0})->epochs, 1);
    end(&f);
}

/* ---- What it refuses ---- */

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    static const struct {
        int seeds, epochs, head_epochs;
        double seconds;
        const char *recipe, *message;
    } cases[] = {
        {1001, 3, 0, 0, NULL, "1001 seeds"},           {-1, 3, 0, 0, NULL, "-1 seeds"},
        {1, 3, 0, -1, NULL, "a budget of -1 seconds"}, {1, -1, 0, 0, NULL, "with all weights"},
        {1, 3, 1, 0, NULL, "with all weights"},
    };
    const search_run_options anew = {.folder = run_folder, .workers = 1};
    const search_run_options again = {.folder = run_folder, .workers = 1, .resume = true};
    effnet_error error;
    fixture f;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        effnet_search_options o = usual();
        o.seeds = cases[i].seeds;
        o.seconds = cases[i].seconds;
        o.training.epochs = cases[i].epochs;
        o.training.head_epochs = cases[i].head_epochs;
        assert_int_equal(try_search(&f, &o, &error), EFFNET_ERR_ARGUMENT);
        if (!strstr(error.message, cases[i].message)) fail_msg("%s", error.message);
        end(&f);
    }
    effnet_search_options o = usual();
    o.recipe = "size=48";
    f = begin(&o);
    assert_int_equal(search_estimate(f.s, &error), EFFNET_ERR_ARGUMENT);
    end(&f);
    o = usual();
    o.training.seed = 5; /* another search's folder */
    bool stopped;
    f = begin(&o);
    assert_int_equal(search_work_on(f.s, &again, &stopped, &error), EFFNET_ERR_MISMATCH);
    assert_int_equal(search_work_on(f.s, &anew, &stopped, &error), EFFNET_ERR_CREATE);
    end(&f);
    static const image_options images;
    f = (fixture){.base = make_base()};
    o = usual();
    assert_int_equal(search_create(&f.s, f.base, NULL, &o, CPU_REF, &images, NULL), EFFNET_OK);
    assert_int_equal(search_estimate(f.s, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(search_work_on(f.s, &anew, &stopped, &error), EFFNET_ERR_ARGUMENT);
    end(&f);
}

/* A network that cannot be trained is a result: here all, for want of memory. */
static void what_cannot_be_trained_is_told(void **state)
{
    (void)state;
    bool stopped;
    effnet_search_options o = usual();
    o.training.max_bytes = 1000;
    clean();
    fixture f = begin(&o);
    run(&f, false, 1, NULL, NULL, &stopped);
    const search_result *r = search_queue_result(f.s->queue, &(search_task){0, 0, 0});
    assert_true(r->failed && strstr(r->note, "limit"));
    end(&f);
}

/* ---- Told apart ---- */

enum { IMAGES = 2000 };

static void set_bit(uint8_t *bits, size_t i)
{
    bits[i / 8] = (uint8_t)(bits[i / 8] | 1 << i % 8);
}

/* McNemar's test (Psychometrika 12, 1947) by the normal distribution: b and c pictures that only one gets
 * right. */
static double mcnemar(double b, double c)
{
    return erfc(fabs(b - c) / sqrt(b + c) / sqrt(2));
}

static void a_bootstrap_agrees_with_mcnemar(void **state)
{
    (void)state;
    static const size_t only[][2] = {{100, 100}, {100, 110}, {120, 100}, {100, 140}, {60, 30}, {200, 100}};
    for (size_t n = 0; n < sizeof only / sizeof *only; n++) {
        uint8_t a[IMAGES / 8] = {0}, b[IMAGES / 8] = {0};
        const size_t only_a = only[n][0], only_b = only[n][1];
        for (size_t i = 0; i < IMAGES; i++) {
            if (i < only_a || (i >= only_a + only_b && i < 1500)) set_bit(a, i);
            if (i >= only_a && i < 1500) set_bit(b, i);
        }
        const uint8_t *first[] = {a}, *second[] = {b};
        search_verdict v;
        assert_int_equal(
            search_compare(&v, &(search_answers){first, 1}, &(search_answers){second, 1}, IMAGES, 3, NULL),
            EFFNET_OK);
        const double expected = mcnemar((double)only_a, (double)only_b);
        if (fabs(v.p - expected) > 0.05) fail_msg("p %g, McNemar's %g", v.p, expected);
        assert_true(fabs(v.difference - ((double)only_a - (double)only_b) / IMAGES) < 1e-12);
        assert_true(v.low <= v.difference && v.difference <= v.high);
    }
}

/* Seeds that spread more than pictures do make a difference uncertain that one seed would seem to show. */
static void seeds_count(void **state)
{
    (void)state;
    uint8_t good[IMAGES / 8] = {0}, bad[IMAGES / 8] = {0}, middle[IMAGES / 8] = {0};
    for (size_t i = 0; i < IMAGES; i++) {
        if (i < 1800) set_bit(good, i);
        if (i < 1600) set_bit(middle, i);
        if (i < 1500) set_bit(bad, i);
    }
    const uint8_t *first[] = {good, bad}, *second[] = {middle, middle};
    search_verdict one, both;
    search_compare(&one, &(search_answers){first, 1}, &(search_answers){second, 1}, IMAGES, 3, NULL);
    search_compare(&both, &(search_answers){first, 2}, &(search_answers){second, 2}, IMAGES, 3, NULL);
    assert_true(one.p < 0.01 && both.p > 0.3);
    search_verdict none;
    search_compare(&none, &(search_answers){second, 2}, &(search_answers){second, 2}, IMAGES, 3, NULL);
    assert_true(none.compared && none.p == 1 && none.difference == 0);
    search_compare(&none, &(search_answers){second, 2}, &(search_answers){second, 2}, 0, 3, NULL);
    assert_false(none.compared);
}

static void holm_corrects(void **state)
{
    (void)state;
    search_verdict v[] = {{.compared = true, .p = 0.012},
                          {.compared = true, .p = 0.2},
                          {.compared = false, .p = 0},
                          {.compared = true, .p = 0.001},
                          {.compared = true, .p = 0.03}};
    search_correct(v, 5); /* 0.05 / 4, / 3, / 2: 0.001 and 0.012 pass, 0.03 does not */
    assert_true(v[3].apart && v[0].apart);
    assert_false(v[1].apart || v[2].apart || v[4].apart);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_search_trains_and_ranks),
        cmocka_unit_test(halving_changes_no_run),
        cmocka_unit_test(interrupted_it_ends_with_the_same_bits),
        cmocka_unit_test(groups_end_with_the_same_bits),
        cmocka_unit_test(seconds_end_a_training_of_a_group),
        cmocka_unit_test(groups_survive_what_cannot_be_trained),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(seconds_end_a_training_too),
        cmocka_unit_test(what_cannot_be_trained_is_told),
        cmocka_unit_test(a_bootstrap_agrees_with_mcnemar),
        cmocka_unit_test(seeds_count),
        cmocka_unit_test(holm_corrects),
    };
    return cmocka_run_group_tests(tests, make_data, remove_tree);
}
