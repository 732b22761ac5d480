/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory that effnet says a network will take: byte for byte what the engine then asks for, and within
 * 5 % of what the process grows by when it really runs. The same of training: what the trainer plans, and by
 * how much steps make a process grow.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "effnet.h"
#include "engine/engine.h"
#include "kernels/blocked/training.h"
#include "unit/folder.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RESIDENT_MEMORY_IS_THE_SANITIZERS 1
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RESIDENT_MEMORY_IS_THE_SANITIZERS 1
#endif
#endif

/* ---- Byte for byte ---- */

static atomic_size_t taken, taken_aligned; /* bytes asked of malloc and of aligned_alloc */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    atomic_fetch_add(&taken, size);
    return __real_malloc(size);
}

void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    atomic_fetch_add(&taken_aligned, size);
    return __real_aligned_alloc(alignment, size);
}

static void count_from_now(void)
{
    atomic_store(&taken, 0);
    atomic_store(&taken_aligned, 0);
}

static size_t all_taken(void)
{
    return atomic_load(&taken_aligned) + atomic_load(&taken);
}

static effnet_status ones(void *context, const net_tensor *tensor, float *out, effnet_error *error)
{
    (void)context, (void)error;
    for (size_t i = 0; i < tensor->count; i++)
        out[i] = 1;
    return EFFNET_OK;
}

static size_t team_bytes(void)
{
    pool *one;
    count_from_now();
    assert_int_equal(pool_create(&one, 1, NULL), EFFNET_OK);
    pool_free(one);
    return all_taken();
}

/* The first batch of as many images as members takes what was told and a team of one, which is no buffer of
 * the engine's; the others nothing. */
static void check_batch(const net_graph *graph, engine_scratch *scratch, const engine_memory *plan,
                        size_t members)
{
    const size_t image = (size_t)graph->height * (size_t)graph->width * (size_t)graph->arch.in_channels;
    const size_t team = team_bytes();
    float *images = calloc(members, image * sizeof *images);
    engine_tap tap;
    assert_int_equal(net_endpoint_find(&tap.at, graph, "pooled", NULL), EFFNET_OK);
    tap.out = calloc(members, (size_t)tap.at.channels * sizeof *tap.out);
    for (int run = 0; run < 3; run++) {
        count_from_now();
        engine_run(scratch, images, run == 0 && members > 1 ? members - 1 : members, &tap, 1);
        assert_true(all_taken() == (run == 1 && plan->batch ? plan->batch + team : 0));
    }
    free(images);
    free(tap.out);
}

static void check_plan(const net_graph *graph, cpu_level level, size_t members)
{
    engine_memory plan;
    pool *team;
    engine_weights *weights;
    engine_scratch *scratch;
    assert_int_equal(engine_memory_plan(&plan, graph, level, members, NULL), EFFNET_OK);
    assert_int_equal(pool_create(&team, members, NULL), EFFNET_OK);
    count_from_now();
    assert_int_equal(engine_weights_create(&weights, graph, level, team, ones, NULL, NULL), EFFNET_OK);
    if (blocked_table_for(level)) {
        assert_true(atomic_load(&taken_aligned) == plan.weights);
        assert_true(plan.loading > 0 && plan.loading <= atomic_load(&taken));
    } else {
        assert_true(atomic_load(&taken_aligned) == plan.weights + plan.loading);
    }
    count_from_now();
    assert_int_equal(engine_scratch_create(&scratch, graph, weights, team, NULL), EFFNET_OK);
    assert_true(all_taken() == plan.activations + plan.scratch);
    assert_true(plan.activations > 0);
    check_batch(graph, scratch, &plan, members);
    engine_scratch_free(scratch);
    engine_weights_free(weights);
    pool_free(team);
}

static void what_the_engine_asks_for(void **state)
{
    static const char *const names[] = {"efficientnet-b0", "efficientnet-lite1", "mobilenet-v2-0.35"};
    static const int sizes[][2] = {{32, 32}, {97, 160}};
    (void)state;
    for (cpu_level level = CPU_REF; level <= CPU_NEON; level++)
        for (size_t i = 0; cpu_has_level(level) && i < sizeof names / sizeof *names; i++)
            for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
                for (size_t members = 1; members <= 3; members++) {
                    net_arch arch;
                    net_graph *graph;
                    assert_int_equal(net_arch_by_name(&arch, names[i], NULL), EFFNET_OK);
                    if (i == 2) arch.head = arch.classes = 0;
                    assert_int_equal(net_graph_create(&graph, &arch, NULL, sizes[s][0], sizes[s][1], NULL),
                                     EFFNET_OK);
                    check_plan(graph, level, members);
                    net_graph_free(graph);
                }
}

/* ---- Through the public API ---- */

static void errors(void **state)
{
    (void)state;
    effnet_network *network;
    effnet_memory memory = {.total = 1};
    effnet_error error;
    assert_int_equal(effnet_network_create(&network, "efficientnet-b0", NULL, &error), EFFNET_OK);
    assert_int_equal(effnet_network_get_memory(NULL, EFFNET_LEVEL_BEST, 1, &memory, &error),
                     EFFNET_ERR_ARGUMENT);
    assert_true(memory.total == 0);
    assert_int_equal(effnet_network_get_memory(network, EFFNET_LEVEL_BEST, 1, NULL, &error),
                     EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_network_get_memory(network, EFFNET_LEVEL_BEST, -1, &memory, &error),
                     EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_network_get_memory(network, (effnet_level)99, 1, &memory, &error),
                     EFFNET_ERR_ARGUMENT);
    effnet_network_free(network);
}

/* More threads, more scratch; a larger picture, more activations; neither, more weights. */
static void what_grows(void **state)
{
    (void)state;
    effnet_network *small, *large;
    const effnet_network_options larger = {.height = 320, .width = 320};
    effnet_memory base, threads, pixels;
    assert_int_equal(effnet_network_create(&small, "efficientnet-b0", NULL, NULL), EFFNET_OK);
    assert_int_equal(effnet_network_create(&large, "efficientnet-b0", &larger, NULL), EFFNET_OK);
    assert_int_equal(effnet_network_get_memory(small, EFFNET_LEVEL_BEST, 1, &base, NULL), EFFNET_OK);
    assert_int_equal(effnet_network_get_memory(small, EFFNET_LEVEL_BEST, 64, &threads, NULL), EFFNET_OK);
    assert_int_equal(effnet_network_get_memory(large, EFFNET_LEVEL_BEST, 1, &pixels, NULL), EFFNET_OK);
    assert_true(base.weights == threads.weights && base.weights == pixels.weights);
    assert_true(base.activations == threads.activations && base.activations < pixels.activations);
    assert_true(base.scratch <= threads.scratch && base.total < threads.total && base.total < pixels.total);
    assert_true(base.batch == 0 && threads.batch == 64 * (base.activations + base.scratch));
    effnet_network_free(small);
    effnet_network_free(large);
}

/* ---- Against what the process grows by ---- */

static const char *program; /* this one */

/* Resident bytes at their most so far, 0 where the system does not tell. */
static double most_resident(void)
{
    double kibibytes = 0;
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    if (!status) return 0;
    while (fgets(line, sizeof line, status) && sscanf(line, "VmHWM: %lf kB", &kibibytes) != 1)
        ;
    fclose(status);
    return 1024 * kibibytes;
}

/* Runs the network `name` once, and gives by how much that made the process grow, and what was told. */
static int grow(const char *name, int threads, double *grown, double *told)
{
    effnet_network *network;
    effnet_model *model;
    effnet_session *session;
    effnet_network_info info;
    effnet_memory memory;
    if (effnet_network_create(&network, name, NULL, NULL)) return 1;
    effnet_network_get_info(network, &info);
    const size_t size = (size_t)info.height * (size_t)info.width * (size_t)info.channels;
    float *input = malloc(size * sizeof *input), *logits = calloc((size_t)info.num_classes, sizeof *logits);
    if (!input || !logits) return 1;
    for (size_t i = 0; i < size; i++)
        input[i] = 1;
    const double before = most_resident();
    if (effnet_model_create(&model, network, NULL, NULL) ||
        effnet_session_create(&session, model, &(effnet_session_options){.threads = threads}, NULL) ||
        effnet_session_run(session, input, 1, &(effnet_output){"logits", logits}, 1, NULL) ||
        effnet_network_get_memory(network, EFFNET_LEVEL_BEST, threads, &memory, NULL))
        return 1;
    *grown = most_resident() - before;
    *told = (double)memory.total;
    effnet_session_free(session);
    effnet_model_free(model);
    effnet_network_free(network);
    free(input);
    free(logits);
    return 0;
}

/* What a process of its own does. A tiny network first, since code that runs for the first time takes memory
 * too. */
static int run_alone(const char *tiny, const char *name, int threads)
{
    double grown, told;
    if (grow(tiny, threads, &grown, &told) || grow(name, threads, &grown, &told)) return 1;
    printf("%.0f %.0f\n", grown, told);
    return 0;
}

/* Runs this program with the arguments in a process of its own. */
static void compare(const char *name, const char *what, const char *arguments)
{
    char command[512];
    double grown = 0, told = 0;
    snprintf(command, sizeof command, "cd '%s' && '%s' tiny.json %s", folder, program, arguments);
    FILE *child = popen(command, "r");
    assert_non_null(child);
    assert_int_equal(fscanf(child, "%lf %lf", &grown, &told), 2);
    assert_int_equal(pclose(child), 0);
    if (grown <= 0) return; /* a system that does not tell */
    const double off = told / grown - 1;
    print_message("%-20s %-22s told %7.2f MB, measured %7.2f MB: %+.1f %%\n", name, what, 1e-6 * told,
                  1e-6 * grown, 100 * off);
    assert_true(off > -0.05 && off < 0.05);
}

/* `name` may be a file in the folder. */
static void check_growth(const char *name, int threads)
{
    char arguments[256];
    snprintf(arguments, sizeof arguments, "'%s' %d", name, threads);
    compare(name, threads == 1 ? "1 thread" : "2 threads", arguments);
}

static const char tiny[] =
    "{\"name\":\"tiny\",\"blocks\":[\"r1_k3_s11_e1_i8_o8\",\"r1_k3_s22_e4_i8_o8_se0.25\"],"
    "\"stem\":{\"filters\":8},\"num_classes\":7,\"size\":32}";

/* Networks of nobody: without and with squeeze-and-excitation, narrow and deep, wide and shallow. */
static const char *const custom_names[] = {"plain", "narrow-deep", "wide-flat"};
static const char *const custom[] = {
    "{\"name\":\"plain\",\"blocks\":[\"r1_k3_s11_e1_i24_o24\",\"r3_k3_s22_e4_i24_o48\",\"r4_k3_s22_e4_i48_"
    "o96\","
    "\"r5_k5_s22_e4_i96_o192\",\"r2_k3_s22_e6_i192_o384\"],\"stem\":{\"filters\":24},\"head\":{\"filters\":"
    "1024},"
    "\"activation\":\"relu6\",\"num_classes\":1000,\"size\":256}",
    "{\"base\":\"efficientnet-b0\",\"width\":0.75,\"depth\":2.5,\"size\":352}",
    "{\"base\":\"efficientnet-b0\",\"width\":1.7,\"depth\":0.5,\"size\":192}",
};

static void network_path(char path[128], const char *name)
{
    snprintf(path, 128, "%s/%s.json", folder, name);
}

static void write_network(const char *name, const char *text)
{
    char path[128];
    network_path(path, name);
    assert_int_equal(effnet_file_write(path, text, strlen(text), NULL), EFFNET_OK);
}

static void remove_network(const char *name)
{
    char path[128];
    network_path(path, name);
    unlink(path);
}

static void what_the_process_grows_by(void **state)
{
    static const char *const names[] = {"efficientnet-b0", "efficientnet-b4", "efficientnet-lite0",
                                        "mobilenet-v2"};
    (void)state;
#ifdef RESIDENT_MEMORY_IS_THE_SANITIZERS
    skip();
#endif
    write_network("tiny", tiny);
    for (size_t i = 0; i < sizeof custom / sizeof *custom; i++)
        write_network(custom_names[i], custom[i]);
    for (int threads = 1; threads <= 2; threads++) {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            check_growth(names[i], threads);
        for (size_t i = 0; i < sizeof custom / sizeof *custom; i++) {
            char file[32];
            snprintf(file, sizeof file, "%s.json", custom_names[i]);
            check_growth(file, threads);
        }
    }
    check_growth("efficientnet-b7", 2);
    for (size_t i = 0; i < sizeof custom / sizeof *custom; i++)
        remove_network(custom_names[i]);
    remove_network("tiny");
}

/* ---- Training ---- */

/* What a trainer plans is what is told of it, but for the pictures of a data set that it has not got. */
static void training_as_planned(void **state)
{
    (void)state;
    effnet_network *network;
    effnet_model *model;
    const effnet_network_options small = {.height = 64, .width = 96, .num_classes = 10};
    assert_int_equal(effnet_network_create(&network, "efficientnet-b0", &small, NULL), EFFNET_OK);
    assert_int_equal(effnet_model_create(&model, network, NULL, NULL), EFFNET_OK);
    for (int i = 0; i < 24; i++) {
        const effnet_trainer_options o = {
            .optimizer = (effnet_optimizer)(i % 3),
            .averaging = i % 2 ? 0 : -1,
            .keep = i % 4 < 2 ? EFFNET_KEEP_ALL : EFFNET_KEEP_LEAST,
            .batch = 1 + i,
            .passes = 1 + i % 5,
            .head_epochs = i % 7 == 0,
            .freeze_norms = i % 6 == 0,
            .threads = 1 + i % 3,
        };
        effnet_training_memory told;
        effnet_trainer *trainer;
        effnet_trainer_info planned;
        assert_int_equal(effnet_network_get_training_memory(network, &o, &told, NULL), EFFNET_OK);
        assert_int_equal(effnet_trainer_create(&trainer, model, NULL, &o, NULL), EFFNET_OK);
        effnet_trainer_get_info(trainer, &planned);
        assert_true(told.total - told.pictures == planned.bytes);
        assert_true(told.pictures == sizeof(float) * 2 * 64 * 96 * 3 * (size_t)o.batch);
        assert_true(told.total == told.arrays + told.step + told.pictures);
        assert_int_equal(told.keep, planned.keep);
        effnet_trainer_free(trainer);
    }
    effnet_model_free(model);
    effnet_network_free(network);
}

static void training_errors(void **state)
{
    (void)state;
    effnet_network *network, *headless;
    effnet_training_memory all, least, told = {.total = 1};
    effnet_error error;
    const effnet_network_options none = {.num_classes = EFFNET_NO_CLASSIFIER};
    assert_int_equal(effnet_network_create(&network, "efficientnet-b0", NULL, &error), EFFNET_OK);
    assert_int_equal(effnet_network_create(&headless, "efficientnet-b0", &none, &error), EFFNET_OK);
    assert_int_equal(effnet_network_get_training_memory(NULL, NULL, &told, &error), EFFNET_ERR_ARGUMENT);
    assert_true(told.total == 0);
    assert_int_equal(effnet_network_get_training_memory(network, NULL, NULL, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_network_get_training_memory(headless, NULL, &told, &error), EFFNET_ERR_MISMATCH);
    effnet_trainer_options o = {.threads = -1};
    assert_int_equal(effnet_network_get_training_memory(network, &o, &told, &error), EFFNET_ERR_ARGUMENT);
    o = (effnet_trainer_options){.level = (effnet_level)99};
    assert_int_equal(effnet_network_get_training_memory(network, &o, &told, &error), EFFNET_ERR_ARGUMENT);
    o = (effnet_trainer_options){.batch = -1};
    assert_int_equal(effnet_network_get_training_memory(network, &o, &told, &error), EFFNET_ERR_ARGUMENT);
    o = (effnet_trainer_options){.keep = EFFNET_KEEP_ALL};
    assert_int_equal(effnet_network_get_training_memory(network, &o, &all, &error), EFFNET_OK);
    o.keep = EFFNET_KEEP_LEAST;
    assert_int_equal(effnet_network_get_training_memory(network, &o, &least, &error), EFFNET_OK);
    assert_true(least.total < all.total);
    o = (effnet_trainer_options){.max_bytes = all.total};
    assert_int_equal(effnet_network_get_training_memory(network, &o, &told, &error), EFFNET_OK);
    assert_true(told.keep == EFFNET_KEEP_ALL && told.total == all.total);
    o.max_bytes = 1; /* chooses, and refuses nothing */
    assert_int_equal(effnet_network_get_training_memory(network, &o, &told, &error), EFFNET_OK);
    assert_true(told.keep == EFFNET_KEEP_LEAST && told.total == least.total);
    effnet_network_free(headless);
    effnet_network_free(network);
}

/* Two steps on random numbers: by how much they made the process grow, and what was told. */
static int grow_training(const char *name, effnet_trainer_options o, double *grown, double *told)
{
    effnet_network *network;
    effnet_model *model;
    effnet_trainer *trainer;
    effnet_network_info info;
    effnet_training_memory memory;
    effnet_progress progress;
    if (effnet_network_create(&network, name, NULL, NULL)) return 1;
    effnet_network_get_info(network, &info);
    const size_t values = (size_t)o.batch * (size_t)info.height * (size_t)info.width * (size_t)info.channels;
    float *images = malloc(values * sizeof *images);
    int *classes = calloc((size_t)o.batch, sizeof *classes);
    if (!images || !classes) return 1;
    for (size_t i = 0; i < values; i++)
        images[i] = (float)(i * 7919 % 1009) / 504 - 1;
    const double before = most_resident();
    if (effnet_model_create(&model, network, NULL, NULL) ||
        effnet_trainer_create(&trainer, model, NULL, &o, NULL))
        return 1;
    for (int step = 0; step < 2; step++)
        if (effnet_trainer_step_on(trainer, images, classes, (size_t)o.batch, &progress, NULL)) return 1;
    *grown = most_resident() - before;
    if (effnet_network_get_training_memory(network, &o, &memory, NULL)) return 1;
    *told = (double)(memory.total - memory.pictures);
    effnet_trainer_free(trainer);
    effnet_model_free(model);
    effnet_network_free(network);
    free(images);
    free(classes);
    return 0;
}

static int train_alone(const char *tiny_name, const char *name, int batch, int keep)
{
    effnet_trainer_options o = {.batch = 1, .threads = 2, .keep = (effnet_keep)keep, .learning_rate = 1e-6};
    double grown, told;
    if (grow_training(tiny_name, o, &grown, &told)) return 1;
    o.batch = batch;
    if (grow_training(name, o, &grown, &told)) return 1;
    printf("%.0f %.0f\n", grown, told);
    return 0;
}

static void check_training(const char *name, int batch, effnet_keep keep)
{
    char arguments[256], what[64];
    snprintf(arguments, sizeof arguments, "'%s' %d %d", name, batch, (int)keep);
    snprintf(what, sizeof what, "batch %d%s", batch, keep == EFFNET_KEEP_LEAST ? ", recomputed" : "");
    compare(name, what, arguments);
}

static void what_training_grows_by(void **state)
{
    (void)state;
#ifdef RESIDENT_MEMORY_IS_THE_SANITIZERS
    skip();
#endif
    if (!blocked_training_for(cpu_best_level())) skip(); /* the reference takes minutes */
    write_network("tiny", tiny);
    check_training("efficientnet-b0", 1, EFFNET_KEEP_ALL);
    check_training("efficientnet-b0", 4, EFFNET_KEEP_ALL);
    check_training("efficientnet-b0", 8, EFFNET_KEEP_LEAST);
    check_training("efficientnet-lite0", 4, EFFNET_KEEP_ALL);
    check_training("mobilenet-v2", 8, EFFNET_KEEP_ALL);
    remove_network("tiny");
}

int main(int argc, char **argv)
{
    if (argc == 4) return run_alone(argv[1], argv[2], atoi(argv[3]));
    if (argc == 5) return train_alone(argv[1], argv[2], atoi(argv[3]), atoi(argv[4]));
    char path[4096];
    program = realpath(argv[0], path);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_engine_asks_for),
        cmocka_unit_test(errors),
        cmocka_unit_test(what_grows),
        cmocka_unit_test(what_the_process_grows_by),
        cmocka_unit_test(training_as_planned),
        cmocka_unit_test(training_errors),
        cmocka_unit_test(what_training_grows_by),
    };
    return cmocka_run_group_tests_name("memory", tests, make_folder, remove_folder);
}
