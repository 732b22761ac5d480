/* SPDX-License-Identifier: Apache-2.0
 *
 * Tensor names of every network in every dialect against PyTorch's own modules (tests/data/dialect_names.txt,
 * made by scripts/make_dialect_names.py), and the table of published checkpoints.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/dialect.h"
#include "model/known.h"
#include "unit/named_graph.h"

/* "NAME d0xd1..." */
static void print_line(char *out, size_t capacity, dialect d, const net_graph *graph, size_t index)
{
    const net_tensor tensor = net_tensor_at(graph, index);
    char name[DIALECT_NAME_SIZE];
    dialect_tensor_name(name, d, graph, &tensor);
    size_t used = (size_t)snprintf(out, capacity, "%s ", name);
    for (int i = 0; i < tensor.rank; i++)
        used += (size_t)snprintf(out + used, capacity - used, "%s%zu", i ? "x" : "", tensor.shape[i]);
}

static uint64_t hash_names(dialect d, const net_graph *graph)
{
    uint64_t hash = 0xCBF29CE484222325u;
    for (size_t i = 0; i < net_tensor_count(graph); i++) {
        char line[256];
        print_line(line, sizeof line - 1, d, graph, i);
        strcat(line, "\n");
        for (const char *c = line; *c; c++)
            hash = (hash ^ (uint8_t)*c) * 0x100000001B3u;
    }
    return hash;
}

static void names_are_pytorchs(void **state)
{
    (void)state;
    FILE *golden = fopen(TEST_DATA "/dialect_names.txt", "r");
    assert_non_null(golden);
    char line[512];
    int networks = 0, lines = 0;
    net_graph *graph = NULL;
    dialect d = DIALECT_EFFNET;
    size_t at = 0;
    while (fgets(line, sizeof line, golden)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == ' ') {
            char mine[256];
            print_line(mine, sizeof mine, d, graph, at++);
            assert_string_equal(mine, line + 2);
            lines++;
            continue;
        }
        char dialect_text[32], network[64];
        size_t count;
        uint64_t hash;
        assert_int_equal(sscanf(line, "%31s %63s %zu %" SCNx64, dialect_text, network, &count, &hash), 4);
        assert_true(dialect_parse(dialect_text, &d));
        net_graph_free(graph);
        graph = named_graph(network, 0, 0);
        at = 0;
        if (net_tensor_count(graph) != count || hash_names(d, graph) != hash)
            fail_msg("%s names of %s differ from PyTorch's", dialect_text, network);
        networks++;
    }
    net_graph_free(graph);
    fclose(golden);
    assert_true(networks >= 50 && lines > 1000);
}

/* No two tensors of a network share a name, in any dialect. */
static void names_are_unique(void **state)
{
    (void)state;
    net_arch arch;
    for (size_t n = 0; net_arch_catalogue(&arch, n); n++) {
        net_graph *graph = named_graph(arch.name, 0, 0);
        if (net_tensor_count(graph) > 500) {
            net_graph_free(graph);
            continue;
        }
        for (int d = 0; d < DIALECT_COUNT; d++) {
            const size_t count = net_tensor_count(graph);
            char(*names)[DIALECT_NAME_SIZE] = calloc(count, sizeof *names);
            for (size_t i = 0; i < count; i++) {
                const net_tensor tensor = net_tensor_at(graph, i);
                dialect_tensor_name(names[i], (dialect)d, graph, &tensor);
                for (size_t j = 0; j < i; j++)
                    assert_string_not_equal(names[i], names[j]);
            }
            assert_string_equal(names[0], dialect_stem((dialect)d));
            assert_string_equal(names[count - 2], dialect_classifier((dialect)d));
            free(names);
        }
        net_graph_free(graph);
    }
}

static void names_by_hand(void **state)
{
    (void)state;
    static const struct {
        dialect d;
        size_t index;
        const char *name, *counter;
    } cases[] = {
        {DIALECT_EFFNET, 3, "stem.bn.running_mean", "stem.bn.num_batches_tracked"},
        {DIALECT_EFFNET, 6, "blocks.0.depthwise.bn.weight", "blocks.0.depthwise.bn.num_batches_tracked"},
        {DIALECT_LUKEMELAS, 6, "_blocks.0._bn1.weight", "_blocks.0._bn1.num_batches_tracked"},
        {DIALECT_TORCHVISION, 6, "features.1.0.block.0.1.weight",
         "features.1.0.block.0.1.num_batches_tracked"},
        {DIALECT_TIMM, 6, "blocks.0.0.bn1.weight", "blocks.0.0.bn1.num_batches_tracked"},
    };
    net_graph *graph = named_graph("efficientnet-b0", 0, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const net_tensor tensor = net_tensor_at(graph, cases[i].index);
        char name[DIALECT_NAME_SIZE];
        dialect_tensor_name(name, cases[i].d, graph, &tensor);
        assert_string_equal(name, cases[i].name);
        dialect_counter_name(name, cases[i].d, graph, &tensor);
        assert_string_equal(name, cases[i].counter);
    }
    net_graph_free(graph);
}

static void dialects_have_names(void **state)
{
    (void)state;
    dialect d;
    for (int i = 0; i < DIALECT_COUNT; i++) {
        assert_true(dialect_parse(dialect_name((dialect)i), &d));
        assert_int_equal(d, i);
    }
    assert_true(dialect_parse("lukemelas", &d) && d == DIALECT_LUKEMELAS);
    assert_true(dialect_parse("efficientnet_lite_pytorch", &d) && d == DIALECT_LUKEMELAS);
    assert_false(dialect_parse("keras", &d));
}

/* ---- Published checkpoints ---- */

/* Torch's rule for file names cuts hashes to eight digits: no two files may share them. */
static void hash_is_unique(const char *hash)
{
    size_t found = 0;
    for (size_t i = 0; i < known_table_size; i++)
        for (int f = 0; f < KNOWN_MAX_FILES && known_table[i].files[f].name; f++)
            if (*hash && !strncmp(known_table[i].files[f].sha256, hash, 8)) found++;
    assert_int_equal(found, *hash ? 1 : 0);
}

static void hash_is_hexadecimal(const char *hash)
{
    const size_t length = strlen(hash);
    assert_true(length == 0 || length == 8 || length == 64);
    assert_int_equal(strspn(hash, "0123456789abcdef"), length);
}

static void table_is_sound(void **state)
{
    (void)state;
    assert_true(known_table_size >= 80);
    for (size_t i = 0; i < known_table_size; i++) {
        const known_checkpoint *known = &known_table[i];
        net_graph_free(named_graph(known->arch, 0, 0));
        assert_ptr_equal(known_by_name(known->name), known);
        assert_non_null(known->files[0].name);
        for (int f = 0; f < KNOWN_MAX_FILES && known->files[f].name; f++) {
            hash_is_hexadecimal(known->files[f].sha256);
            hash_is_unique(known->files[f].sha256);
            assert_true(!*known->files[f].url || !strncmp(known->files[f].url, "https://", 8));
            assert_true(known_claims(known, known->files[f].name));
            for (size_t j = 0; j < known_table_size; j++)
                if (j != i) assert_false(known_claims(&known_table[j], known->files[f].name));
        }
        /* Padding follows from who trained it, as reference tables say. */
        const bool tensorflow = known->dialect == DIALECT_LUKEMELAS || !strncmp(known->name, "tf_", 3);
        assert_int_equal(known->padding, tensorflow ? NET_PAD_SAME : NET_PAD_SYMMETRIC);
    }
}

static void look_ups(void **state)
{
    (void)state;
    const known_checkpoint *lite = known_by_name("efficientnet-lite0.tf");
    assert_non_null(lite);
    assert_null(known_by_name("efficientnet-b9"));
    assert_true(known_fits(lite, DIALECT_LUKEMELAS, "efficientnet-lite0", 1000, 3));
    assert_false(known_fits(lite, DIALECT_TIMM, "efficientnet-lite0", 1000, 3));
    assert_false(known_fits(lite, DIALECT_LUKEMELAS, "efficientnet-lite1", 1000, 3));
    assert_false(known_fits(lite, DIALECT_LUKEMELAS, "efficientnet-lite0", 10, 3));
    assert_false(known_fits(lite, DIALECT_LUKEMELAS, "efficientnet-lite0", 1000, 1));
    assert_true(known_has_hash(lite, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"));
    assert_false(known_has_hash(lite, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77dc"));

    const known_checkpoint *student = known_by_name("tf_efficientnet_b0.ns_jft_in1k");
    assert_true(known_has_hash(student, "c0e6a31c00000000000000000000000000000000000000000000000000000000"));
    assert_true(known_claims(student, "my-copy-c0e6a31c.pth"));
    assert_true(known_claims(student, "tf_efficientnet_b0.ns_jft_in1k"));
    assert_false(known_claims(student, "my-copy-c0e6a31cc.pth"));
    assert_false(known_claims(student, "tf_efficientnet_b0.ns_jft_in1k_475.safetensors"));
    assert_false(known_claims(student, "c0e6a31c.pth"));
}

static void labels_are_the_models(void **state)
{
    (void)state;
    FILE *file = fopen(SOURCE_ROOT "/models/imagenet_labels.txt", "r");
    assert_non_null(file);
    char line[256];
    for (int i = 0; i < IMAGENET_CLASSES; i++) {
        assert_non_null(fgets(line, sizeof line, file));
        line[strcspn(line, "\n")] = '\0';
        assert_string_equal(imagenet_labels[i], line);
    }
    assert_null(fgets(line, sizeof line, file));
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_pytorchs),    cmocka_unit_test(names_are_unique),
        cmocka_unit_test(names_by_hand),         cmocka_unit_test(dialects_have_names),
        cmocka_unit_test(table_is_sound),        cmocka_unit_test(look_ups),
        cmocka_unit_test(labels_are_the_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
