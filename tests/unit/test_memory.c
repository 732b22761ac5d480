/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory that effnet says a network will take: byte for byte what the engine then asks for, and within
 * 5 % of what the process grows by when it really runs.
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
#include "kernels/blocked/blocked.h"
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

static effnet_status ones(void *context, const net_tensor *tensor, float *out, effnet_error *error)
{
    (void)context, (void)error;
    for (size_t i = 0; i < tensor->count; i++)
        out[i] = 1;
    return EFFNET_OK;
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
    assert_true(atomic_load(&taken_aligned) + atomic_load(&taken) == plan.activations + plan.scratch);
    assert_true(plan.activations > 0);
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

/* `name` may be a file in the folder. */
static void check_growth(const char *name, int threads)
{
    char command[512];
    double grown = 0, told = 0;
    snprintf(command, sizeof command, "cd '%s' && '%s' tiny.json '%s' %d", folder, program, name, threads);
    FILE *child = popen(command, "r");
    assert_non_null(child);
    assert_int_equal(fscanf(child, "%lf %lf", &grown, &told), 2);
    assert_int_equal(pclose(child), 0);
    if (grown <= 0) return; /* a system that does not tell */
    const double off = told / grown - 1;
    print_message("%-20s %d thread%s  told %7.2f MB, measured %7.2f MB: %+.1f %%\n", name, threads,
                  threads == 1 ? " " : "s", 1e-6 * told, 1e-6 * grown, 100 * off);
    assert_true(off > -0.05 && off < 0.05);
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

int main(int argc, char **argv)
{
    if (argc == 4) return run_alone(argv[1], argv[2], atoi(argv[3]));
    char path[4096];
    program = realpath(argv[0], path);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_engine_asks_for),
        cmocka_unit_test(errors),
        cmocka_unit_test(what_grows),
        cmocka_unit_test_setup_teardown(what_the_process_grows_by, make_folder, remove_folder),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
