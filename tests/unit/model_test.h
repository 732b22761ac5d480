/* SPDX-License-Identifier: Apache-2.0
 *
 * Checkpoints made in memory, for the tests of src/model: any network in any dialect's names, whole or
 * damaged.
 */
#ifndef MODEL_TEST_H
#define MODEL_TEST_H

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
#include <sys/stat.h>
#include <unistd.h>

#include "base/output.h"
#include "model/binding.h"
#include "model/init.h"
#include "model/model.h"

/* Three blocks with everything that blocks can have: 36 tensors, 32 pixels, 5 classes. */
static inline net_arch tiny_arch(void)
{
    static const char json[] =
        "{\"name\":\"tiny\",\"blocks\":[\"r1_k3_s11_e1_i8_o8_se0.25\",\"r2_k3_s22_e2_i8_o16_se0.25\"],"
        "\"size\":32,\"stem\":{\"filters\":8},\"head\":{\"filters\":24},\"num_classes\":5}";
    net_arch arch;
    effnet_error error;
    if (net_arch_parse(&arch, json, strlen(json), &error)) fail_msg("%s", error.message);
    return arch;
}

static inline net_arch named_arch(const char *name)
{
    net_arch arch;
    effnet_error error;
    if (net_arch_by_name(&arch, name, &error)) fail_msg("%s", error.message);
    return arch;
}

/* How to damage a checkpoint while it is made. */
typedef struct damage {
    const char *prefix;  /* before every name */
    const char *without; /* leave this tensor out */
    const char *flatten; /* give this tensor one dimension */
    const char *extra;   /* add a tensor of this name */
    bool zeros;          /* values are all zero (fast) */
} damage;

static inline void add_tensor(state_dict *state, const char *name, int rank, const size_t *shape,
                              float *values)
{
    effnet_error error;
    if (state_add_f32(state, name, rank, shape, values, true, &error)) fail_msg("%s", error.message);
}

static inline state_dict *make_state(const net_arch *arch, dialect d, const damage *how)
{
    static const damage none = {0};
    if (!how) how = &none;
    effnet_error error;
    net_graph *graph;
    state_dict *state;
    if (net_graph_create(&graph, arch, NULL, 0, 0, &error)) fail_msg("%s", error.message);
    assert_int_equal(state_create(&state, &error), EFFNET_OK);
    for (size_t i = 0; i < net_tensor_count(graph); i++) {
        const net_tensor tensor = net_tensor_at(graph, i);
        char name[DIALECT_NAME_SIZE], whole[2 * DIALECT_NAME_SIZE];
        dialect_tensor_name(name, d, graph, &tensor);
        if (how->without && !strcmp(name, how->without)) continue;
        float *values = calloc(tensor.count, sizeof *values);
        if (!how->zeros) init_tensor(values, graph, &tensor, 7);
        snprintf(whole, sizeof whole, "%s%s", how->prefix ? how->prefix : "", name);
        const bool flat = how->flatten && !strcmp(name, how->flatten);
        add_tensor(state, whole, flat ? 1 : tensor.rank, flat ? &tensor.count : tensor.shape, values);
    }
    if (how->extra) {
        const size_t one = 1;
        add_tensor(state, how->extra, 1, &one, calloc(1, sizeof(float)));
    }
    net_graph_free(graph);
    return state;
}

static inline model *open_ok(state_dict *state, const char *name, const model_options *options)
{
    effnet_error error;
    model *m;
    if (model_open_state(&m, state, name, options, &error)) fail_msg("%s", error.message);
    return m;
}

/* Opens what must not open; `*error` says why. */
static inline void open_fails(state_dict *state, const char *name, const model_options *options,
                              effnet_status status, effnet_error *error)
{
    model *m;
    const effnet_status got = model_open_state(&m, state, name, options, error);
    if (got != status)
        fail_msg("%s: status %d, not %d: %s", name, got, status, got ? error->message : "opened");
    assert_null(m);
}

static inline void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static inline net_tensor find_tensor(const model *m, const char *name)
{
    for (size_t i = 0; i < net_tensor_count(m->graph); i++) {
        const net_tensor tensor = net_tensor_at(m->graph, i);
        char here[DIALECT_NAME_SIZE];
        dialect_tensor_name(here, DIALECT_EFFNET, m->graph, &tensor);
        if (!strcmp(here, name)) return tensor;
    }
    fail_msg("no tensor %s", name);
    abort();
}

/* The values of one tensor by effnet's name; the caller frees them. */
static inline float *read_values(model *m, const char *name, size_t *count)
{
    const net_tensor tensor = find_tensor(m, name);
    float *values = calloc(tensor.count, sizeof *values);
    effnet_error error;
    if (model_read(m, &tensor, values, &error)) fail_msg("%s", error.message);
    if (count) *count = tensor.count;
    return values;
}

static inline bool same_floats(const float *a, const float *b, size_t count)
{
    return memcmp(a, b, count * sizeof *a) == 0;
}

/* A file of the given text. */
static inline void write_file(const char *path, const char *text)
{
    effnet_error error;
    output *o;
    if (output_create(&o, path, &error) || output_write(o, text, strlen(text), &error) ||
        output_commit(o, &error))
        fail_msg("%s", error.message);
}

#endif
