/* SPDX-License-Identifier: Apache-2.0
 *
 * Predicted times: what makes two parts the same, how a time is told that was not measured, the file of
 * measured times with all that may be wrong with it, and measuring itself, in short.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "effnet.h"
#include "engine/latency/latency.h"
#include "unit/folder.h"
#include "unit/heap.h"

static const probe_effort short_effort = {0.1, 2};

static net_graph *graph_of(const char *name, int size)
{
    net_arch arch;
    net_graph *graph;
    assert_int_equal(net_arch_by_name(&arch, name, NULL), EFFNET_OK);
    assert_int_equal(net_graph_create(&graph, &arch, NULL, size, size, NULL), EFFNET_OK);
    return graph;
}

/* ---- Parts ---- */

static void parts(void **state)
{
    (void)state;
    net_graph *b0 = graph_of("efficientnet-b0", 64), *lite = graph_of("efficientnet-lite0", 64);
    assert_true(net_graph_parts(b0) == 19);
    assert_int_equal(latency_part_at(b0, 0, false).kind, PART_STEM);
    assert_int_equal(latency_part_at(b0, 0, true).kind, PART_INSIDE);
    assert_int_equal(latency_part_at(b0, 1, false).kind, PART_BLOCK);
    assert_int_equal(latency_part_at(b0, 1, true).kind, PART_FIRST);
    assert_int_equal(latency_part_at(b0, 17, true).kind, PART_HEAD);
    assert_int_equal(latency_part_at(b0, 18, true).kind, PART_CLASSIFIER);
    const latency_part seventh = latency_part_at(b0, 7, true), eighth = latency_part_at(b0, 8, true),
                       ninth = latency_part_at(b0, 9, true), other = latency_part_at(lite, 7, true);
    assert_true(latency_part_equal(&seventh, &eighth));
    assert_false(latency_part_equal(&eighth, &ninth));
    assert_false(latency_part_equal(&seventh, &other));
    const part_place here = latency_part_place(&seventh), same = latency_part_place(&eighth),
                     near = latency_part_place(&ninth), far = latency_part_place(&other);
    assert_true(part_distance2(&here, &same) == 0 && part_distance2(&here, &near) > 0);
    assert_true(part_distance2(&here, &far) > part_distance2(&here, &near));
    for (size_t i = 0; i < 19; i++) {
        const latency_part part = latency_part_at(b0, i, true);
        assert_true(i == 0 ? latency_part_work(&part) == 0 : latency_part_work(&part) > 1e5);
    }
    net_graph_free(b0);
    net_graph_free(lite);
}

/* ---- The table ---- */

static void put_network(latency *l, const net_graph *graph, double ms_each)
{
    for (size_t i = 0; i < net_graph_parts(graph); i++) {
        const latency_part part = latency_part_at(graph, i, false);
        assert_int_equal(latency_put(l, &part, ms_each * latency_part_work(&part), NULL), EFFNET_OK);
    }
}

static void lookup(void **state)
{
    (void)state;
    latency l;
    latency_init(&l, CPU_REF, 1);
    net_graph *b0 = graph_of("efficientnet-b0", 64), *b1 = graph_of("efficientnet-b1", 96);
    latency_sum sum;
    double part_ms[64], total = 0;
    effnet_error error;
    assert_int_equal(latency_predict(&sum, &l, b0, part_ms, &error), EFFNET_ERR_NOT_FOUND);
    put_network(&l, b0, 1e-6);
    assert_true(l.count == 15); /* 19 parts, of which four blocks are like the ones before them */
    assert_int_equal(latency_predict(&sum, &l, b0, part_ms, NULL), EFFNET_OK);
    assert_true(sum.parts == 19 && sum.measured == 19);
    for (size_t i = 0; i < sum.parts; i++)
        total += part_ms[i];
    assert_true(fabs(total / sum.ms - 1) < 1e-12);

    /* Where time is as work, the work of another network tells its time, whatever its neighbours. */
    assert_int_equal(latency_predict(&sum, &l, b1, part_ms, NULL), EFFNET_OK);
    assert_true(sum.measured < sum.parts);
    for (size_t i = 0; i < sum.parts; i++) {
        const latency_part part = latency_part_at(b1, i, false);
        assert_true(fabs(part_ms[i] / (1e-6 * latency_part_work(&part)) - 1) < 1e-9);
    }

    /* So it is for a kind of part of which nothing was measured. */
    const latency_part first = latency_part_at(b0, 1, true);
    double ms;
    assert_false(latency_of_part(&l, &first, &ms));
    assert_true(fabs(ms / (1e-6 * latency_part_work(&first)) - 1) < 1e-9);

    /* The lesser of two times stays. */
    const latency_part stem = latency_part_at(b0, 0, false);
    assert_int_equal(latency_put(&l, &stem, 1e-9, NULL), EFFNET_OK);
    assert_int_equal(latency_put(&l, &stem, 5, NULL), EFFNET_OK);
    assert_true(latency_of_part(&l, &stem, &ms) && ms > 0.9e-9 && ms < 1.1e-9);
    latency_clear(&l);
    net_graph_free(b0);
    net_graph_free(b1);
}

/* Nearer neighbours count for more. */
static void nearness(void **state)
{
    (void)state;
    latency l;
    latency_init(&l, CPU_REF, 1);
    net_graph *graph = graph_of("efficientnet-b0", 64);
    latency_part near = latency_part_at(graph, 7, false), far = near, asked = near;
    near.in += 1;
    far.in *= 8;
    assert_int_equal(latency_put(&l, &near, 1e-6 * latency_part_work(&near), NULL), EFFNET_OK);
    assert_int_equal(latency_put(&l, &far, 4e-6 * latency_part_work(&far), NULL), EFFNET_OK);
    double ms;
    assert_false(latency_of_part(&l, &asked, &ms));
    const double slowness = ms / latency_part_work(&asked);
    assert_true(slowness > 1e-6 && slowness < 1.1e-6);
    latency_clear(&l);
    net_graph_free(graph);
}

static void oldest_go(void **state)
{
    (void)state;
    latency l;
    latency_init(&l, CPU_REF, 1);
    latency_part part = {.kind = PART_HEAD, .in = 1};
    for (int i = 0; i <= LATENCY_MAX_ENTRIES; i++) {
        part.out = i;
        /* Looking each up among thousands would take long: they are put in by hand. */
        if (i > 0 && i < LATENCY_MAX_ENTRIES && l.count < l.room)
            l.entries[l.count++] = (latency_entry){.part = part, .ms = 1};
        else
            assert_int_equal(latency_put(&l, &part, 1, NULL), EFFNET_OK);
    }
    assert_true(l.count == LATENCY_MAX_ENTRIES);
    assert_int_equal(l.entries[0].part.out, 1);
    assert_int_equal(l.entries[l.count - 1].part.out, LATENCY_MAX_ENTRIES);
    latency_clear(&l);
}

/* ---- The file ---- */

static void there_and_back(void **state)
{
    (void)state;
    latency from, to;
    latency_init(&from, CPU_REF, 3);
    latency_init(&to, CPU_REF, 3);
    net_graph *graph = graph_of("mobilenet-v2", 96);
    put_network(&from, graph, 1.25e-7);
    char *text;
    assert_int_equal(latency_format(&text, &from, NULL), EFFNET_OK);
    assert_int_equal(latency_parse(&to, text, strlen(text), NULL), EFFNET_OK);
    assert_true(from.count == to.count && to.count > 10);
    for (size_t i = 0; i < to.count; i++) {
        assert_true(latency_part_equal(&from.entries[i].part, &to.entries[i].part));
        assert_true(fabs(from.entries[i].ms / to.entries[i].ms - 1) < 1e-5);
    }
    /* No beginning of it is a file. */
    for (size_t size = 0; size + 1 < strlen(text); size += 7) {
        latency_clear(&to);
        assert_int_equal(latency_parse(&to, text, size, NULL), EFFNET_ERR_FORMAT);
    }
    free(text);
    latency_clear(&from);
    latency_clear(&to);
    net_graph_free(graph);
}

/* Parses a file whose head fits and whose parts are `parts_text`. */
static effnet_status parse_parts(const char *parts_text, effnet_error *error)
{
    latency l;
    latency_init(&l, CPU_REF, 2);
    char text[1024];
    snprintf(text, sizeof text,
             "{\"effnet\":\"%s\",\"cpu\":\"%s\",\"level\":\"ref\",\"threads\":2,\"parts\":%s}",
             EFFNET_VERSION, l.cpu, parts_text);
    const effnet_status status = latency_parse(&l, text, strlen(text), error);
    latency_clear(&l);
    return status;
}

static void damaged(void **state)
{
    static const char *const bad[] = {
        "{}",
        "1",
        "[1]",
        "[[]]",
        "[{}]",
        "[{\"kind\":\"head\"}]",
        "[{\"kind\":\"head\",\"ms\":0}]",
        "[{\"kind\":\"head\",\"ms\":-1}]",
        "[{\"kind\":\"head\",\"ms\":1e10}]",
        "[{\"kind\":\"head\",\"ms\":\"1\"}]",
        "[{\"kind\":\"inside\",\"ms\":1}]",
        "[{\"kind\":\"tail\",\"ms\":1}]",
        "[{\"kind\":5,\"ms\":1}]",
        "[{\"kind\":\"head\",\"ms\":1,\"activation\":\"sine\"}]",
        "[{\"kind\":\"head\",\"ms\":1,\"in\":-1}]",
        "[{\"kind\":\"head\",\"ms\":1,\"in\":65537}]",
        "[{\"kind\":\"head\",\"ms\":1,\"in\":1.5}]",
        "[{\"kind\":\"head\",\"ms\":1,\"in\":1,\"in\":1}]",
        "[{\"kind\":\"head\",\"ms\":1,\"in\":18446744073709551616}]",
        "[{\"kind\":\"head\",\"ms\":1,\"residual\":2}]",
        "[{\"kind\":\"head\",\"ms\":1,\"colour\":1}]",
    };
    (void)state;
    assert_int_equal(parse_parts("[{\"kind\":\"head\",\"ms\":1,\"in\":1,\"activation\":\"relu\"}]", NULL),
                     EFFNET_OK);
    assert_int_equal(parse_parts("[]", NULL), EFFNET_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        effnet_error error = {0};
        if (parse_parts(bad[i], &error) != EFFNET_ERR_FORMAT || !error.message[0])
            fail_msg("%s was taken (%s)", bad[i], error.message);
    }
}

static void of_somebody_else(void **state)
{
    static const char *const heads[] = {
        "{\"effnet\":\"9.9.9\",\"cpu\":\"%s\",\"level\":\"ref\",\"threads\":2,\"parts\":[]}",
        "{\"effnet\":\"" EFFNET_VERSION "\",\"cpu\":\"x%s\",\"level\":\"ref\",\"threads\":2,\"parts\":[]}",
        "{\"effnet\":\"" EFFNET_VERSION "\",\"cpu\":\"%s\",\"level\":\"avx2\",\"threads\":2,\"parts\":[]}",
        "{\"effnet\":\"" EFFNET_VERSION "\",\"cpu\":\"%s\",\"level\":\"ref\",\"threads\":1,\"parts\":[]}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        latency l;
        char text[512];
        latency_init(&l, CPU_REF, 2);
        snprintf(text, sizeof text, heads[i], l.cpu);
        assert_int_equal(latency_parse(&l, text, strlen(text), NULL), EFFNET_ERR_MISMATCH);
        latency_clear(&l);
    }
}

/* ---- Measuring ---- */

static void every_level(void **state)
{
    static const char *const names[] = {"efficientnet-b0", "mobilenet-v2-0.35"};
    (void)state;
    for (cpu_level level = CPU_REF; level <= CPU_NEON; level++)
        for (size_t i = 0; cpu_has_level(level) && i < 2; i++)
            for (size_t members = 1; members <= 2; members++) {
                net_graph *graph = graph_of(names[i], 32);
                latency l;
                latency_sum sum;
                latency_init(&l, level, members);
                assert_int_equal(latency_measure(&l, graph, short_effort, NULL), EFFNET_OK);
                assert_int_equal(latency_predict(&sum, &l, graph, NULL, NULL), EFFNET_OK);
                assert_true(sum.parts == sum.measured && sum.ms > 0);
                const size_t count = l.count;
                assert_int_equal(latency_measure(&l, graph, short_effort, NULL), EFFNET_OK);
                assert_true(l.count == count);
                latency_clear(&l);
                net_graph_free(graph);
            }
}

/* Without head and classifier, and with a first block that the stem is not made in. */
static void odd_networks(void **state)
{
    (void)state;
    net_arch arch;
    assert_int_equal(net_arch_by_name(&arch, "mobilenet-v2-0.35", NULL), EFFNET_OK);
    arch.head = arch.classes = 0;
    arch.stages[0].expand = 2;
    net_graph *graph;
    assert_int_equal(net_graph_create(&graph, &arch, NULL, 32, 48, NULL), EFFNET_OK);
    latency l;
    latency_sum sum;
    latency_init(&l, cpu_best_level(), 2);
    assert_int_equal(latency_measure(&l, graph, short_effort, NULL), EFFNET_OK);
    assert_int_equal(latency_predict(&sum, &l, graph, NULL, NULL), EFFNET_OK);
    assert_true(sum.parts == sum.measured && sum.parts == net_graph_parts(graph));
    latency_clear(&l);
    net_graph_free(graph);
}

/* ---- Through the public API ---- */

static char saved_path[512];

static effnet_latency *open_here(bool afresh)
{
    effnet_latency *l;
    const effnet_latency_options options = {
        .folder = folder, .threads = 1, .measure_ms = 0.1, .afresh = afresh};
    assert_int_equal(effnet_latency_create(&l, &options, NULL), EFFNET_OK);
    return l;
}

static void kept_in_a_file(void **state)
{
    (void)state;
    effnet_network *network;
    effnet_latency_figure first, again;
    double part_ms[64] = {0};
    effnet_error error;
    const effnet_network_options small = {.height = 32, .width = 32};
    assert_int_equal(effnet_network_create(&network, "mobilenet-v2-0.35", &small, NULL), EFFNET_OK);
    effnet_latency *l = open_here(false);
    assert_string_equal(effnet_latency_get_notice(l), "");
    assert_int_equal(effnet_latency_predict(l, network, &first, NULL, &error), EFFNET_ERR_NOT_FOUND);
    assert_int_equal(effnet_latency_measure(l, network, &error), EFFNET_OK);
    assert_int_equal(effnet_latency_predict(l, network, &first, part_ms, &error), EFFNET_OK);
    assert_true(first.ms > 0 && first.parts == first.measured);
    snprintf(saved_path, sizeof saved_path, "%s", effnet_latency_get_file(l));
    assert_int_equal(access(saved_path, R_OK), 0);
    effnet_latency_free(l);

    l = open_here(false);
    assert_int_equal(effnet_latency_predict(l, network, &again, NULL, &error), EFFNET_OK);
    assert_true(fabs(again.ms / first.ms - 1) < 1e-4 && again.measured == first.measured);
    effnet_latency_free(l);
    l = open_here(true);
    assert_int_equal(effnet_latency_predict(l, network, &again, NULL, &error), EFFNET_ERR_NOT_FOUND);
    effnet_latency_free(l);

    /* A damaged file is told of, not used, and replaced. */
    assert_int_equal(effnet_file_write(saved_path, "{\"effnet\": ", 11, NULL), EFFNET_OK);
    l = open_here(false);
    assert_non_null(strstr(effnet_latency_get_notice(l), "not used"));
    assert_int_equal(effnet_latency_measure(l, network, &error), EFFNET_OK);
    effnet_latency_free(l);
    l = open_here(false);
    assert_string_equal(effnet_latency_get_notice(l), "");
    effnet_latency_free(l);
    unlink(saved_path);
    effnet_network_free(network);
}

static void nowhere_to_keep(void **state)
{
    (void)state;
    effnet_network *network;
    effnet_latency *l;
    const effnet_network_options small = {.height = 32, .width = 32};
    const effnet_latency_options options = {.folder = "/nonexistent/folder", .threads = 1, .measure_ms = 0.1};
    assert_int_equal(effnet_network_create(&network, "mobilenet-v2-0.35", &small, NULL), EFFNET_OK);
    assert_int_equal(effnet_latency_create(&l, &options, NULL), EFFNET_OK);
    assert_int_equal(effnet_latency_measure(l, network, NULL), EFFNET_OK);
    assert_non_null(strstr(effnet_latency_get_notice(l), "not kept"));
    effnet_latency_free(l);
    assert_int_equal(effnet_latency_create(&l, NULL, NULL), EFFNET_OK);
    assert_string_equal(effnet_latency_get_file(l), "");
    effnet_latency_free(l);
    effnet_latency_free(NULL);
    effnet_network_free(network);
}

static void bad_arguments(void **state)
{
    (void)state;
    effnet_latency *l;
    effnet_latency_figure figure;
    assert_int_equal(effnet_latency_create(NULL, NULL, NULL), EFFNET_ERR_ARGUMENT);
    const effnet_latency_options bad[] = {{.threads = -1},
                                          {.level = (effnet_level)77},
                                          {.measure_ms = -1},
                                          {.measure_ms = NAN},
                                          {.measure_ms = 1e6}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(effnet_latency_create(&l, &bad[i], NULL), EFFNET_ERR_ARGUMENT);
        assert_null(l);
    }
    assert_int_equal(effnet_latency_measure(NULL, NULL, NULL), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_latency_predict(NULL, NULL, &figure, NULL, NULL), EFFNET_ERR_ARGUMENT);
}

static void layers(void **state)
{
    static const effnet_layer cases[] = {
        {.height = 9,
         .width = 7,
         .in_channels = 5,
         .out_channels = 18,
         .kernel = 3,
         .stride = 1,
         .expand = 3},
        {.height = 16,
         .width = 12,
         .in_channels = 32,
         .out_channels = 8,
         .kernel = 5,
         .stride = 2,
         .expand = 2,
         .se = 0.25},
        {.height = 1, .width = 1, .in_channels = 1, .out_channels = 1, .kernel = 1, .stride = 1, .expand = 1},
    };
    (void)state;
    for (effnet_level level = EFFNET_LEVEL_REF; level <= EFFNET_LEVEL_NEON; level++) {
        effnet_level usable;
        if (!effnet_level_parse(effnet_level_name(level), &usable)) continue;
        const effnet_latency_options options = {.level = level, .threads = 2, .measure_ms = 0.1};
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
            for (effnet_layer_kind kind = EFFNET_LAYER_STANDARD; kind <= EFFNET_LAYER_BOTTLENECK; kind++) {
                effnet_layer layer = cases[i];
                double ms = 0;
                effnet_error error;
                layer.kind = kind;
                if (kind != EFFNET_LAYER_INVERTED) layer.se = 0;
                if (effnet_measure_layer(&ms, &layer, &options, &error)) fail_msg("%s", error.message);
                assert_true(ms > 0 && ms < 1e4);
            }
    }
}

static void bad_layers(void **state)
{
    (void)state;
    const effnet_layer good = {
        .height = 8, .width = 8, .in_channels = 8, .out_channels = 8, .kernel = 3, .stride = 1};
    effnet_layer bad[] = {good, good, good, good, good};
    bad[0].height = 0;
    bad[1].kernel = 2;
    bad[2].stride = 3;
    bad[3].in_channels = bad[3].out_channels = 65536;
    bad[4].height = bad[4].width = 16384;
    double ms;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        effnet_error error = {0};
        assert_int_equal(effnet_measure_layer(&ms, &bad[i], NULL, &error),
                         i < 3 ? EFFNET_ERR_ARGUMENT : EFFNET_ERR_LIMIT);
        assert_true(error.message[0]);
    }
    assert_int_equal(effnet_measure_layer(&ms, NULL, NULL, NULL), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_measure_layer(NULL, &good, NULL, NULL), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_measure_layer(&ms, &good, &(effnet_latency_options){.threads = -1}, NULL),
                     EFFNET_ERR_ARGUMENT);
}

static void standard_network(void **state)
{
    (void)state;
    effnet_network *network;
    effnet_latency *l;
    double ms = 0, part_ms[32] = {0}, sum = 0;
    const effnet_network_options small = {.height = 32, .width = 32};
    const effnet_latency_options options = {.threads = 1, .measure_ms = 0.1};
    assert_int_equal(effnet_network_create(&network, "mobilenet-v2-0.35", &small, NULL), EFFNET_OK);
    assert_int_equal(effnet_latency_create(&l, &options, NULL), EFFNET_OK);
    assert_int_equal(effnet_latency_measure_standard(l, network, &ms, part_ms, NULL), EFFNET_OK);
    effnet_part_info part;
    for (size_t i = 0; effnet_network_get_part(network, i, &part); i++) {
        assert_true(part_ms[i] > 0);
        sum += part_ms[i];
    }
    assert_true(fabs(sum / ms - 1) < 1e-12);
    assert_int_equal(effnet_latency_measure_standard(l, network, NULL, NULL, NULL), EFFNET_ERR_ARGUMENT);
    effnet_latency_free(l);
    effnet_network_free(network);
}

/* Predicted against a run, with room for a busy machine; docs/performance.md has the true errors. */
static void near_the_truth(void **state)
{
    (void)state;
#if defined(HEAP_UNDER_SANITIZER) || defined(TEST_COUNTS_LINES)
    skip(); /* a run takes so long there that other programs are always in it */
#endif
    effnet_network *network;
    effnet_model *model;
    effnet_session *session;
    effnet_latency *l;
    effnet_latency_figure figure;
    const effnet_network_options small = {.height = 96, .width = 96};
    const effnet_latency_options options = {.threads = 1, .measure_ms = 20};
    assert_int_equal(effnet_network_create(&network, "efficientnet-lite0", &small, NULL), EFFNET_OK);
    assert_int_equal(effnet_model_create(&model, network, NULL, NULL), EFFNET_OK);
    assert_int_equal(effnet_session_create(&session, model, &(effnet_session_options){.threads = 1}, NULL),
                     EFFNET_OK);
    assert_int_equal(effnet_latency_create(&l, &options, NULL), EFFNET_OK);
    assert_int_equal(effnet_latency_measure(l, network, NULL), EFFNET_OK);
    assert_int_equal(effnet_latency_predict(l, network, &figure, NULL, NULL), EFFNET_OK);
    float *input = calloc((size_t)96 * 96 * 3, sizeof *input), logits[1000];
    assert_non_null(input);
    double least = INFINITY;
    for (int i = 0; i < 40; i++) {
        const double start = clock_ms();
        assert_int_equal(effnet_session_run(session, input, 1, &(effnet_output){"logits", logits}, 1, NULL),
                         EFFNET_OK);
        least = fmin(least, clock_ms() - start);
    }
    if (!(figure.ms > least / 3 && figure.ms < least * 3))
        fail_msg("predicted %g ms, least of forty runs %g", figure.ms, least);
    free(input);
    effnet_latency_free(l);
    effnet_session_free(session);
    effnet_model_free(model);
    effnet_network_free(network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts),
        cmocka_unit_test(lookup),
        cmocka_unit_test(nearness),
        cmocka_unit_test(oldest_go),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(damaged),
        cmocka_unit_test(of_somebody_else),
        cmocka_unit_test(every_level),
        cmocka_unit_test(odd_networks),
        cmocka_unit_test_setup_teardown(kept_in_a_file, make_folder, remove_folder),
        cmocka_unit_test(nowhere_to_keep),
        cmocka_unit_test(bad_arguments),
        cmocka_unit_test(layers),
        cmocka_unit_test(bad_layers),
        cmocka_unit_test(standard_network),
        cmocka_unit_test(near_the_truth),
    };
    return cmocka_run_group_tests_name("latency", tests, NULL, NULL);
}
