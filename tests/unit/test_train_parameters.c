/* SPDX-License-Identifier: Apache-2.0
 *
 * The flat layout of a network's tensors: which come first, which decay; values of a model go in and come out
 * as a model again, with recipe and labels.
 */
#include "model_test.h"

#include "model/labels.h"
#include "train/parameters.h"

static model *fresh(void)
{
    static const char names[] = "[\"a\",\"b\",\"c\",\"d\",\"e\"]";
    const net_arch arch = tiny_arch();
    effnet_error error;
    net_graph *graph;
    model *m = NULL;
    if (net_graph_create(&graph, &arch, NULL, 0, 0, &error) || model_create(&m, graph, 3, &error) ||
        labels_parse(&m->labels, &m->label_count, names, &error) ||
        recipe_parse(&m->recipe, "resize=40,lite", &error))
        fail_msg("%s", error.message);
    net_graph_free(graph);
    return m;
}

static train_layout *layout_of(const net_graph *graph)
{
    train_layout *layout;
    assert_int_equal(train_layout_create(&layout, graph, NULL), EFFNET_OK);
    return layout;
}

static void trainable_tensors_come_first(void **state)
{
    (void)state;
    model *m = fresh();
    train_layout *layout = layout_of(m->graph);
    assert_int_equal(layout->tensor_count, net_tensor_count(m->graph));
    size_t trained = 0, rest = layout->trained;
    for (size_t i = 0; i < layout->tensor_count; i++) {
        const net_tensor tensor = net_tensor_at(m->graph, i);
        const train_slot *slot = &layout->slots[i];
        const bool statistic = tensor.field == NET_MEAN || tensor.field == NET_VARIANCE;
        assert_int_equal(slot->trainable, !statistic);
        assert_int_equal(slot->count, tensor.count);
        size_t *next = statistic ? &rest : &trained;
        assert_int_equal(slot->offset, *next);
        *next += slot->count;
        /* Decay is for what multiplies: kernels and matrices, which have two dimensions or more. */
        assert_int_equal(slot->decays, tensor.rank > 1);
    }
    assert_int_equal(trained, layout->trained);
    assert_int_equal(rest, layout->count);
    train_layout_free(layout);
    model_free(m);
}

static void a_prefix_can_be_frozen(void **state)
{
    (void)state;
    model *m = fresh();
    train_layout *layout = layout_of(m->graph);
    const size_t tensors = layout->tensor_count;
    assert_int_equal(train_layout_first(layout, 0), 0);
    assert_int_equal(train_layout_first(layout, 2), layout->slots[2].offset);
    /* Tensor 3 is the stem's running mean: what is trained begins behind it. */
    assert_int_equal(train_layout_first(layout, 3), layout->slots[5].offset);
    assert_int_equal(train_layout_first(layout, tensors - 2), layout->trained - 5 - 5 * 24);
    assert_int_equal(train_layout_first(layout, tensors), layout->trained);
    train_layout_free(layout);
    model_free(m);
}

static void values_become_a_model(void **state)
{
    (void)state;
    model *m = fresh(), *made;
    train_layout *layout = layout_of(m->graph);
    float *values = calloc(layout->count, sizeof *values), *again = calloc(layout->count, sizeof *again);
    assert_int_equal(train_layout_read(layout, m->graph, model_read, m, values, NULL), EFFNET_OK);
    const net_tensor stem = net_tensor_at(m->graph, 0);
    float *direct = read_values(m, "stem.conv.weight", NULL);
    assert_true(same_floats(values, direct, stem.count));
    for (size_t i = 0; i < layout->count; i++)
        values[i] += (float)(i % 7);
    assert_int_equal(train_layout_export(&made, layout, m, "trained", values, NULL), EFFNET_OK);

    char path[] = "/tmp/effnet-parameters-XXXXXX";
    close(mkstemp(path));
    effnet_error error;
    if (model_save(made, path, DIALECT_EFFNET, STATE_F32, &error)) fail_msg("%s", error.message);
    model_free(made);
    if (model_open(&made, path, NULL, &error)) fail_msg("%s", error.message);
    unlink(path);
    assert_string_equal(made->origin, "trained");
    assert_string_equal(made->labels[4], "e");
    assert_int_equal(made->recipe.resize, 40);
    assert_true(made->recipe.mean[0] == 127);
    assert_int_equal(train_layout_read(layout, made->graph, model_read, made, again, NULL), EFFNET_OK);
    assert_true(same_floats(values, again, layout->count));
    model_free(made);
    free(direct);
    free(values);
    free(again);
    train_layout_free(layout);
    model_free(m);
}

static effnet_status refuse(void *context, const net_tensor *tensor, float *out, effnet_error *error)
{
    (void)context;
    *out = 0;
    if (tensor->field != NET_VARIANCE) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_IO, "no");
}

static void a_failing_reader_is_heard(void **state)
{
    (void)state;
    model *m = fresh();
    train_layout *layout = layout_of(m->graph);
    float *values = calloc(layout->count, sizeof *values);
    assert_int_equal(train_layout_read(layout, m->graph, refuse, NULL, values, NULL), EFFNET_ERR_IO);
    free(values);
    train_layout_free(layout);
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trainable_tensors_come_first),
        cmocka_unit_test(a_prefix_can_be_frozen),
        cmocka_unit_test(values_become_a_model),
        cmocka_unit_test(a_failing_reader_is_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
