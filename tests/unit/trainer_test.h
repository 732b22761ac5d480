/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of runs share: pictures that are easily told apart, a tiny network for them, and what of two
 * runs must be equal.
 */
#ifndef TEST_TRAINER_TEST_H
#define TEST_TRAINER_TEST_H

#include "data_test.h"

#include "base/rng.h"
#include "train/loop/trainer.h"

enum { COLUMNS_SIDE = 32, COLUMNS_CLASSES = 3, COLUMNS_MOST = 24 };

/* An IDX part of `count` grey pictures of COLUMNS_SIDE, at most COLUMNS_MOST, of COLUMNS_CLASSES classes:
 * class c is bright in column block c. */
static inline void put_columns(const char *stem, uint32_t count, uint64_t key)
{
    uint8_t pixels[COLUMNS_MOST * COLUMNS_SIDE * COLUMNS_SIDE], classes[COLUMNS_MOST];
    char name[64];
    for (uint32_t i = 0; i < count; i++) {
        classes[i] = (uint8_t)(i % COLUMNS_CLASSES);
        for (size_t p = 0; p < COLUMNS_SIDE * COLUMNS_SIDE; p++)
            pixels[i * COLUMNS_SIDE * COLUMNS_SIDE + p] =
                (uint8_t)((p % COLUMNS_SIDE / 11 == classes[i] ? 160 : 40) +
                          (int)(rng_bits(key + i, p) % 60));
    }
    const uint32_t shape[] = {count, COLUMNS_SIDE, COLUMNS_SIDE};
    bytes b = make_idx(8, 3, shape, pixels, count * COLUMNS_SIDE * COLUMNS_SIDE);
    snprintf(name, sizeof name, "%s-images-idx3-ubyte", stem);
    put_file(name, b.data, b.size);
    bytes_free(&b);
    b = make_idx(8, 1, shape, classes, count);
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte", stem);
    put_file(name, b.data, b.size);
    bytes_free(&b);
}

/* For pictures of put_columns: every kind of block, drop-connect, dropout. */
static inline effnet_status make_tiny_model(model **out, effnet_error *error)
{
    static const char json[] =
        "{\"name\":\"tiny\",\"blocks\":[\"r1_k3_s11_e1_i8_o8_se0.25\",\"r2_k3_s22_e2_i8_o16_se0.25\"],"
        "\"size\":32,\"stem\":{\"filters\":8},\"head\":{\"filters\":24},\"num_classes\":3,\"in_channels\":1,"
        "\"drop_connect\":0.2,\"dropout\":0.1}";
    net_arch arch;
    net_graph *graph;
    TRY(net_arch_parse(&arch, json, strlen(json), error));
    TRY(net_graph_create(&graph, &arch, &(net_variant){NET_PAD_SAME, 1e-3, 0.3}, 0, 0, error));
    const effnet_status status = model_create(out, graph, 5, error);
    net_graph_free(graph);
    return status;
}

/* Everything a run is made of. */
static inline void assert_same(const trainer *a, const trainer *b)
{
    const size_t count = a->layout->count * sizeof(float), trained = a->layout->trained * sizeof(float);
    assert_memory_equal(a->values, b->values, count);
    assert_memory_equal(a->average, b->average, count);
    assert_memory_equal(a->states[0], b->states[0], trained);
    trainer_position x = a->at, y = b->at;
    x.seconds = y.seconds = x.epoch_seconds = y.epoch_seconds = 0;
    assert_memory_equal(&x, &y, sizeof x);
}

#endif
