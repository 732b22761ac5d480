/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads tests/data/goldens/train.jsonl (scripts/make_train_goldens.py) and makes the networks, weights,
 * pictures and classes that its lines are about. Include in one file of a test program only.
 */
#ifndef TEST_TRAIN_GOLDEN_H
#define TEST_TRAIN_GOLDEN_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/rng.h"
#include "golden_weights.h"
#include "model/dialect.h"
#include "train/parameters.h"
#include "train/step.h"

/* A line: what to build, with the values that PyTorch found still in `json`. */
typedef struct train_golden {
    json_t *json;
    net_graph *graph;
    train_layout *layout;
    dialect names;
    uint64_t seed;
    size_t batch;
    float *values; /* [layout->count] */
} train_golden;

static inline double golden_number(const json_t *line, const char *key)
{
    return json_number_value(json_object_get(line, key));
}

/* Overwrites `*out` where the line has such a number. */
static inline void golden_option(const json_t *line, const char *key, double *out)
{
    if (json_object_get(line, key)) *out = golden_number(line, key);
}

static inline void train_golden_graph(train_golden *g)
{
    net_arch arch;
    effnet_error error = {0};
    const int size = (int)golden_number(g->json, "size");
    const char *variant_name = json_string_value(json_object_get(g->json, "variant"));
    const net_variant variant = {.padding = strcmp(variant_name, "same") ? NET_PAD_SYMMETRIC : NET_PAD_SAME,
                                 .bn_epsilon = golden_number(g->json, "epsilon"),
                                 .bn_momentum = golden_number(g->json, "bn_momentum")};
    if (net_arch_by_name(&arch, json_string_value(json_object_get(g->json, "arch")), &error))
        fail_msg("%s", error.message);
    arch.classes = (int)golden_number(g->json, "classes");
    arch.dropout = arch.drop_connect = 0;
    golden_option(g->json, "dropout", &arch.dropout);
    golden_option(g->json, "drop_connect", &arch.drop_connect);
    golden_option(g->json, "width", &arch.width);
    golden_option(g->json, "depth", &arch.depth);
    if (net_graph_create(&g->graph, &arch, &variant, size, size, &error)) fail_msg("%s", error.message);
}

static inline void train_golden_values(train_golden *g)
{
    g->values = calloc(g->layout->count, sizeof *g->values);
    assert_non_null(g->values);
    for (size_t i = 0; i < g->layout->tensor_count; i++) {
        const net_tensor t = net_tensor_at(g->graph, i);
        char name[DIALECT_NAME_SIZE];
        dialect_tensor_name(name, g->names, g->graph, &t);
        golden_tensor(g->values + g->layout->slots[i].offset, g->seed, name, t.rank, t.shape);
    }
}

static inline train_golden train_golden_make(const char *text)
{
    train_golden g = {0};
    assert_int_equal(json_read(&g.json, text, strlen(text), NULL), EFFNET_OK);
    g.seed = (uint64_t)golden_number(g.json, "seed");
    g.batch = (size_t)golden_number(g.json, "batch");
    assert_true(dialect_parse(json_string_value(json_object_get(g.json, "dialect")), &g.names));
    train_golden_graph(&g);
    assert_int_equal(train_layout_create(&g.layout, g.graph, NULL), EFFNET_OK);
    train_golden_values(&g);
    return g;
}

static inline void train_golden_free(train_golden *g)
{
    free(g->values);
    train_layout_free(g->layout);
    net_graph_free(g->graph);
    json_decref(g->json);
}

/* Pictures [batch][size][size][3] and classes [batch] of step `step`; the caller frees both. */
static inline float *train_golden_batch(const train_golden *g, uint64_t step, int **classes)
{
    const size_t size = (size_t)g->graph->height;
    float *pictures = calloc(g->batch * size * size * 3, sizeof *pictures);
    *classes = calloc(g->batch, sizeof **classes);
    assert_true(pictures && *classes);
    golden_picture(pictures, g->seed + step, g->batch * size, size, 3);
    for (size_t i = 0; i < g->batch; i++)
        (*classes)[i] =
            (int)(rng_uniform(rng_key(g->seed + step, "classes"), i) * (float)g->graph->arch.classes);
    return pictures;
}

/* Calls `check` with every line of a kind ("step", "curve") and returns how many there were. */
static inline size_t train_golden_each(const char *kind, void (*check)(train_golden *))
{
    static char text[1 << 17]; /* a line */
    char start[32];
    size_t count = 0;
    FILE *file = fopen(TEST_DATA "/goldens/train.jsonl", "r");
    assert_non_null(file);
    snprintf(start, sizeof start, "{\"kind\":\"%s\"", kind);
    while (fgets(text, sizeof text, file)) {
        if (strncmp(text, start, strlen(start))) continue;
        train_golden g = train_golden_make(text);
        check(&g);
        train_golden_free(&g);
        count++;
    }
    fclose(file);
    return count;
}

#endif
