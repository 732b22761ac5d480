/* SPDX-License-Identifier: Apache-2.0
 *
 * What a session promises about its runs, on real networks, through the public API alone and for every level
 * of this machine: the same bits for any number of threads, any batch and place in it, and each time; no
 * memory taken and no page fault in a steady run; no slower for denormal weights. EfficientNet-Lite0 with its
 * published weights stands for the networks without squeeze-and-excitation, a fresh EfficientNet-B0 for those
 * with it.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "effnet.h"
#include "unit/folder.h"
#include "unit/heap.h"

/* Sanitizers and builds without optimisation take a hundred times as long: there, less of everything. */
#if defined(HEAP_UNDER_SANITIZER) || defined(TEST_COUNTS_LINES)
enum { SLOW_BUILD = 1, REPEATS = 2, CALLS = 2, ROUNDS = 1, THREAD_STEP = 2, BATCH_STEP = 7, FAST_SIDE = 32 };
#else
enum {
    SLOW_BUILD = 0,
    REPEATS = 100,
    CALLS = 10,
    ROUNDS = 5,
    THREAD_STEP = 1,
    BATCH_STEP = 1,
    FAST_SIDE = 72
};
#endif

enum { MOST_THREADS = 4, MOST_BATCH = 8, CLASSES = 1000, REF_SIDE = 32 };

static const char lite0_path[] = SOURCE_ROOT "/models/efficientnet-lite0.safetensors";
static char b0_path[64];
static const char *const networks[] = {lite0_path, b0_path};

static int set_up(void **state)
{
    if (make_folder(state)) return -1;
    snprintf(b0_path, sizeof b0_path, "%s/b0.safetensors", folder);
    effnet_network *network = NULL;
    effnet_model *model = NULL;
    const bool ok = effnet_network_create(&network, "efficientnet-b0", NULL, NULL) == EFFNET_OK &&
                    effnet_model_create(&model, network, NULL, NULL) == EFFNET_OK &&
                    effnet_model_save(model, b0_path, NULL, NULL) == EFFNET_OK;
    effnet_model_free(model);
    effnet_network_free(network);
    return ok ? 0 : -1;
}

static int tear_down(void **state)
{
    unlink(b0_path);
    return remove_folder(state);
}

/* ---- One network at one level ---- */

typedef struct trial {
    effnet_model *model;
    int side;
    size_t image;  /* floats of one */
    float *images; /* [MOST_BATCH][side][side][3] */
} trial;

static effnet_session *session_of(const trial *t, int threads)
{
    const effnet_session_options options = {.threads = threads, .height = t->side, .width = t->side};
    effnet_session *session = NULL;
    effnet_error error;
    if (effnet_session_create(&session, t->model, &options, &error)) fail_msg("%s", error.message);
    return session;
}

static void run(effnet_session *session, const float *images, size_t count, float *logits)
{
    const effnet_output output = {"logits", logits};
    assert_int_equal(effnet_session_run(session, images, count, &output, 1, NULL), EFFNET_OK);
}

static void make_images(trial *t)
{
    t->image = (size_t)t->side * (size_t)t->side * 3;
    t->images = calloc(MOST_BATCH, t->image * sizeof *t->images);
    assert_non_null(t->images);
    for (size_t i = 0; i < MOST_BATCH * t->image; i++)
        t->images[i] = 2 * sinf((float)i * 0.37f + (float)(i / t->image));
}

/* False if this processor or this build has not got the level. */
static bool trial_make(trial *t, const char *path, effnet_level level)
{
    const effnet_model_options options = {.level = level};
    *t = (trial){.side = level == EFFNET_LEVEL_REF ? REF_SIDE : FAST_SIDE};
    effnet_error error;
    const effnet_status status = effnet_model_load(&t->model, path, &options, &error);
    if (status == EFFNET_ERR_ARGUMENT || status == EFFNET_ERR_MISSING) return false;
    if (status != EFFNET_OK) fail_msg("%s", error.message);
    make_images(t);
    return true;
}

static void trial_free(trial *t)
{
    effnet_model_free(t->model);
    free(t->images);
}

static void each_trial(void (*check)(const trial *))
{
    size_t done = 0;
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        for (effnet_level level = EFFNET_LEVEL_REF; level <= EFFNET_LEVEL_NEON; level++) {
            trial t;
            if (SLOW_BUILD && level == EFFNET_LEVEL_REF && networks[i] == b0_path) continue;
            if (!trial_make(&t, networks[i], level)) continue;
            check(&t);
            trial_free(&t);
            done++;
        }
    assert_true(done >= 2);
}

/* ---- The same bits ---- */

static void check_threads_and_batches(const trial *t)
{
    static float want[MOST_BATCH * CLASSES], got[MOST_BATCH * CLASSES];
    effnet_session *one = session_of(t, 1);
    for (size_t i = 0; i < MOST_BATCH; i++)
        run(one, t->images + i * t->image, 1, want + i * CLASSES);
    effnet_session_free(one);
    assert_memory_not_equal(want, want + CLASSES, CLASSES * sizeof *want);
    for (int threads = 1; threads <= MOST_THREADS; threads += THREAD_STEP) {
        effnet_session *session = session_of(t, threads);
        for (size_t batch = 1; batch <= MOST_BATCH; batch += BATCH_STEP) {
            const size_t first = MOST_BATCH - batch; /* so that every picture is at every place */
            run(session, t->images + first * t->image, batch, got);
            assert_memory_equal(got, want + first * CLASSES, batch * CLASSES * sizeof *got);
        }
        effnet_session_free(session);
    }
}

static void threads_and_batches(void **state)
{
    (void)state;
    each_trial(check_threads_and_batches);
}

static void check_repeats(const trial *t)
{
    static float want[CLASSES], got[CLASSES];
    effnet_session *session = session_of(t, 2);
    run(session, t->images, 1, want);
    for (int i = 0; i < REPEATS; i++) {
        run(session, t->images + t->image, 1, got); /* something else in all the buffers */
        run(session, t->images, 1, got);
        assert_memory_equal(got, want, sizeof want);
    }
    effnet_session_free(session);
}

static void repeats(void **state)
{
    (void)state;
    each_trial(check_repeats);
}

typedef struct caller {
    const trial *trial;
    effnet_session *session;
    float logits[CLASSES];
} caller;

static void *call(void *argument)
{
    caller *c = argument;
    const effnet_output output = {"logits", c->logits};
    for (int i = 0; i < CALLS; i++)
        if (effnet_session_run(c->session, c->trial->images, 1, &output, 1, NULL) != EFFNET_OK)
            c->logits[0] = NAN;
    return NULL;
}

static void check_callers(const trial *t)
{
    enum { CALLERS = 4 };
    static float want[CLASSES];
    static caller callers[CALLERS];
    pthread_t threads[CALLERS];
    effnet_session *one = session_of(t, 1);
    run(one, t->images, 1, want);
    effnet_session_free(one);
    for (int i = 0; i < CALLERS; i++)
        callers[i] = (caller){.trial = t, .session = session_of(t, 1 + i % 3)};
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call, &callers[i]), 0);
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], NULL);
        effnet_session_free(callers[i].session);
        assert_memory_equal(callers[i].logits, want, sizeof want);
    }
}

static void several_callers(void **state)
{
    (void)state;
    each_trial(check_callers);
}

/* ---- A steady run ---- */

static long page_faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt + usage.ru_majflt;
}

/* The system may take a page away at any time; not in each of five rounds. */
static void check_steady(const trial *t)
{
    static float logits[3 * CLASSES];
    for (int threads = 1; threads <= 2; threads++) {
        effnet_session *session = session_of(t, threads);
        for (int i = 0; i < 2; i++)
            run(session, t->images, 3, logits);
        long fewest = 1;
        for (int round = 0; round < ROUNDS && fewest > 0; round++) {
            const long before = page_faults();
            heap_mark();
            for (int i = 0; i < CALLS; i++)
                run(session, t->images, 1 + (size_t)i % 3, logits);
            assert_int_equal(heap_used(), 0);
            const long faults = page_faults() - before;
            fewest = round == 0 || faults < fewest ? faults : fewest;
        }
        if (!SLOW_BUILD) assert_int_equal(fewest, 0); /* sanitizers touch pages of their own */
        effnet_session_free(session);
    }
}

static void steady_runs(void **state)
{
    (void)state;
    each_trial(check_steady);
}

/* ---- Denormals ---- */

/* The file of `path` with every other value made denormal; safetensors: a length, a header of JSON, data. */
static void *with_denormals(size_t *size, const char *path)
{
    static const float tiny = 1e-39F;
    void *bytes = NULL;
    assert_int_equal(effnet_file_read(&bytes, size, path, (size_t)1 << 30, NULL), EFFNET_OK);
    uint64_t header;
    memcpy(&header, bytes, sizeof header);
    for (size_t at = sizeof header + header; at + sizeof tiny <= *size; at += 2 * sizeof tiny)
        memcpy((char *)bytes + at, &tiny, sizeof tiny);
    return bytes;
}

static double run_ms(effnet_session *session, const float *image, float *logits)
{
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    run(session, image, 1, logits);
    clock_gettime(CLOCK_MONOTONIC, &end);
    return (double)(end.tv_sec - start.tv_sec) * 1e3 + (double)(end.tv_nsec - start.tv_nsec) * 1e-6;
}

static bool denormals_live(void)
{
    volatile float x = FLT_MIN;
    x = x / 4;
    return x > 0;
}

/* Alternated, the least of each. The bound is wide because machines that test are busy; without protection
 * some processors take many times as long. */
static void denormal_weights(void **state)
{
    (void)state;
    static float logits[CLASSES];
    trial usual;
    assert_true(trial_make(&usual, b0_path, EFFNET_LEVEL_BEST));
    trial denormal = usual;
    size_t size;
    void *bytes = with_denormals(&size, b0_path);
    effnet_error error;
    if (effnet_model_load_memory(&denormal.model, bytes, size, "denormal.safetensors", NULL, &error))
        fail_msg("%s", error.message);
    effnet_session *sessions[2] = {session_of(&usual, 1), session_of(&denormal, 1)};
    double least[2] = {1e9, 1e9};
    for (int i = 0; i < (SLOW_BUILD ? 2 : 60); i++)
        for (int k = 0; k < 2; k++) {
            const double ms = run_ms(sessions[k], usual.images, logits);
            if (ms < least[k]) least[k] = ms;
            assert_true(denormals_live());
        }
    print_message("with denormal weights %.3f ms, without %.3f\n", least[1], least[0]);
    if (!SLOW_BUILD) assert_true(least[1] < 1.5 * least[0]);
    effnet_session_free(sessions[0]);
    effnet_session_free(sessions[1]);
    effnet_model_free(denormal.model);
    trial_free(&usual);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_and_batches), cmocka_unit_test(repeats),
        cmocka_unit_test(several_callers),     cmocka_unit_test(steady_runs),
        cmocka_unit_test(denormal_weights),
    };
    return cmocka_run_group_tests_name("sessions", tests, set_up, tear_down);
}
