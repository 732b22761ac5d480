/* SPDX-License-Identifier: Apache-2.0
 *
 * Values of a model: fresh, read, adapted, saved and read back; and values that are not finite.
 */
#include "model_test.h"

static char path[] = "/tmp/effnet-model-XXXXXX";

static int make_path(void **state)
{
    (void)state;
    const int descriptor = mkstemp(path);
    return descriptor < 0 ? -1 : close(descriptor);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

static model *create(const net_arch *arch, uint64_t seed)
{
    effnet_error error;
    net_graph *graph;
    model *m = NULL;
    if (net_graph_create(&graph, arch, NULL, 0, 0, &error) || model_create(&m, graph, seed, &error))
        fail_msg("%s", error.message);
    net_graph_free(graph);
    return m;
}

static model *fresh(void)
{
    const net_arch arch = tiny_arch();
    return create(&arch, 3);
}

static model *open_path(const model_options *options)
{
    effnet_error error;
    model *m;
    if (model_open(&m, path, options, &error)) fail_msg("%s", error.message);
    return m;
}

static void save(const model *m, dialect d, state_dtype dtype)
{
    effnet_error error;
    if (model_save(m, path, d, dtype, &error)) fail_msg("%s", error.message);
}

/* ---- Fresh weights ---- */

static void moments(const float *values, size_t count, double *mean, double *deviation)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (double)values[i];
        squares += (double)values[i] * (double)values[i];
    }
    *mean = sum / (double)count;
    *deviation = sqrt(squares / (double)count - *mean * *mean);
}

static void fresh_weights_follow_the_source(void **state)
{
    (void)state;
    const net_arch arch = named_arch("efficientnet-b0");
    model *m = create(&arch, 1);
    assert_int_equal(m->graph->variant.padding, NET_PAD_SAME);
    assert_string_equal(m->origin, "fresh weights, seed 1");
    static const struct {
        const char *name;
        double deviation;
    } cases[] = {
        {"stem.conv.weight", 0.0833333},              /* sqrt(2 / (3 * 3 * 32)) */
        {"blocks.0.depthwise.conv.weight", 0.471405}, /* sqrt(2 / (3 * 3)) */
        {"blocks.1.expand.conv.weight", 0.144338},    /* sqrt(2 / 96) */
        {"blocks.15.se.reduce.weight", 0.204124},     /* sqrt(2 / 48) */
        {"head.conv.weight", 0.0395285},              /* sqrt(2 / 1280) */
        {"classifier.weight", 0.0161374},             /* 1 / sqrt(1280) / sqrt(3) */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t count;
        float *values = read_values(m, cases[i].name, &count);
        double mean, deviation;
        moments(values, count, &mean, &deviation);
        if (fabs(mean) > 4 * cases[i].deviation / sqrt((double)count) ||
            fabs(deviation / cases[i].deviation - 1) > 4 / sqrt(2.0 * (double)count))
            fail_msg("%s: mean %g, deviation %g, not %g", cases[i].name, mean, deviation, cases[i].deviation);
        free(values);
    }
    static const struct {
        const char *name;
        float value;
    } constants[] = {{"stem.bn.weight", 1},          {"stem.bn.bias", 0},
                     {"stem.bn.running_mean", 0},    {"stem.bn.running_var", 1},
                     {"blocks.3.se.reduce.bias", 0}, {"classifier.bias", 0}};
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
        size_t count;
        float *values = read_values(m, constants[i].name, &count);
        for (size_t j = 0; j < count; j++)
            assert_true(values[j] == constants[i].value);
        free(values);
    }
    model_free(m);
}

static void networks_keep_variant_and_size(void **state)
{
    (void)state;
    const net_arch arch = tiny_arch();
    const net_variant variant = {NET_PAD_SYMMETRIC, 2e-5, 0.1};
    effnet_error error;
    net_graph *graph;
    model *m;
    assert_int_equal(net_graph_create(&graph, &arch, &variant, 97, 131, &error), EFFNET_OK);
    assert_int_equal(model_create(&m, graph, 1, &error), EFFNET_OK);
    net_graph_free(graph);
    save(m, DIALECT_EFFNET, STATE_F32);
    model_free(m);
    m = open_path(NULL);
    assert_true(m->graph->variant.padding == variant.padding && m->graph->variant.bn_epsilon == 2e-5);
    assert_true(m->graph->height == 97 && m->graph->width == 131 && m->recipe.resize == 149);
    model_free(m);
}

/* Small pictures have no border to cut off: training does not, so nobody else may. */
static void small_networks_see_the_whole_picture(void **state)
{
    (void)state;
    const int sides[][3] = {{32, 32, 32}, {64, 96, 96}, {65, 65, 74}, {224, 224, 256}};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        const net_arch arch = tiny_arch();
        net_graph *graph;
        model *m;
        assert_int_equal(net_graph_create(&graph, &arch, NULL, sides[i][0], sides[i][1], NULL), EFFNET_OK);
        assert_int_equal(model_create(&m, graph, 1, NULL), EFFNET_OK);
        assert_int_equal(m->recipe.resize, sides[i][2]);
        model_free(m);
        net_graph_free(graph);
    }
}

static void seeds_differ(void **state)
{
    (void)state;
    const net_arch arch = tiny_arch();
    model *a = fresh(), *b = create(&arch, 4);
    size_t count;
    float *x = read_values(a, "stem.conv.weight", &count), *y = read_values(b, "stem.conv.weight", NULL);
    float *z = read_values(a, "stem.conv.weight", NULL);
    assert_false(same_floats(x, y, count));
    assert_true(same_floats(x, z, count));
    free(x);
    free(y);
    free(z);
    model_free(a);
    model_free(b);
    model_free(NULL);
}

/* ---- Round trips ---- */

/* The largest relative difference over all tensors; statistics must be equal. */
static double difference(model *a, model *b)
{
    double worst = 0;
    for (size_t i = 0; i < net_tensor_count(a->graph); i++) {
        const net_tensor tensor = net_tensor_at(a->graph, i);
        float *x = calloc(tensor.count, sizeof *x), *y = calloc(tensor.count, sizeof *y);
        assert_int_equal(model_read(a, &tensor, x, NULL), EFFNET_OK);
        assert_int_equal(model_read(b, &tensor, y, NULL), EFFNET_OK);
        if (tensor.field == NET_MEAN || tensor.field == NET_VARIANCE)
            assert_true(same_floats(x, y, tensor.count));
        for (size_t j = 0; j < tensor.count; j++)
            if (x[j] != 0) worst = fmax(worst, fabs((double)(y[j] - x[j]) / (double)x[j]));
        free(x);
        free(y);
    }
    return worst;
}

static void everything_comes_back(void **state)
{
    (void)state;
    static const struct {
        state_dtype dtype;
        double limit;
    } dtypes[] = {{STATE_F32, 0}, {STATE_F16, 0x1p-11}, {STATE_BF16, 0x1p-8}};
    const net_arch arch = tiny_arch();
    for (int d = 0; d < DIALECT_COUNT; d++)
        for (size_t i = 0; i < 3; i++) {
            model *m = fresh();
            save(m, (dialect)d, dtypes[i].dtype);
            model *back = open_path(&(model_options){.labels = "[\"a\",\"b\",\"c\",\"d\",\"\\u00e9\"]",
                                                     .recipe = "resize=40,lite"});
            assert_int_equal(back->source_dialect, d);
            assert_int_equal(back->graph->arch.stage_count, arch.stage_count);
            assert_string_equal(back->graph->arch.name, "tiny");
            if (difference(m, back) > dtypes[i].limit) fail_msg("dialect %d, dtype %zu: too far", d, i);

            /* And once more: labels, recipe, variant and origin survive. */
            save(back, (dialect)d, STATE_F32);
            model *again = open_path(NULL);
            assert_int_equal(again->label_count, 5);
            assert_string_equal(again->labels[4], "\xc3\xa9");
            assert_memory_equal(&again->graph->variant, &back->graph->variant, sizeof back->graph->variant);
            char first[512], second[512];
            recipe_format(first, sizeof first, &back->recipe);
            recipe_format(second, sizeof second, &again->recipe);
            assert_string_equal(first, second);
            assert_string_equal(again->origin, "fresh weights, seed 3");
            assert_string_equal(again->notice, "");
            assert_true(difference(back, again) == 0);
            model_free(m);
            model_free(back);
            model_free(again);
        }
}

static void counters_are_for_pytorch(void **state)
{
    (void)state;
    for (int d = 0; d < DIALECT_COUNT; d++) {
        model *m = fresh();
        save(m, (dialect)d, STATE_F16);
        model *back = open_path(NULL);
        size_t counters = 0, statistics = 0;
        for (size_t i = 0; i < state_count(back->state); i++) {
            const state_tensor *tensor = state_at(back->state, i);
            const bool counter = strstr(tensor->name, "num_batches_tracked");
            const bool statistic = strstr(tensor->name, "running_");
            counters += counter;
            statistics += statistic;
            assert_int_equal(tensor->dtype, counter ? STATE_I64 : statistic ? STATE_F32 : STATE_F16);
            float value = 1;
            if (counter) {
                assert_int_equal(tensor->rank, 0);
                assert_int_equal(state_read_f32(back->state, tensor, &value, NULL), EFFNET_OK);
                assert_true(value == 0);
            }
        }
        assert_int_equal(counters * 2, d == DIALECT_EFFNET ? 0 : statistics);
        assert_true((state_metadata(back->state, "format") != NULL) == (d != DIALECT_EFFNET));
        model_free(m);
        model_free(back);
    }
}

static void saving_fails_cleanly(void **state)
{
    (void)state;
    model *m = fresh();
    effnet_error error;
    assert_int_equal(model_save(m, "/no/such/folder/file", DIALECT_TIMM, STATE_F32, &error),
                     EFFNET_ERR_CREATE);
    model_free(m);
}

/* ---- Adaptation ---- */

static void stems_are_adapted(void **state)
{
    (void)state;
    model *m = fresh();
    save(m, DIALECT_EFFNET, STATE_F32);
    size_t count;
    float *rgb = read_values(m, "stem.conv.weight", &count); /* [8][3][3][3] */
    model_free(m);

    m = open_path(&(model_options){.in_channels = 1});
    assert_int_equal(m->graph->arch.in_channels, 1);
    assert_int_equal(m->file_in_channels, 3);
    assert_has(m->notice, "stem adapted from 3 to 1 input channels");
    float *grey = read_values(m, "stem.conv.weight", NULL);
    for (size_t o = 0; o < 8; o++)
        for (size_t k = 0; k < 9; k++)
            assert_true(grey[o * 9 + k] == rgb[o * 27 + k] + rgb[o * 27 + 9 + k] + rgb[o * 27 + 18 + k]);
    free(grey);
    save(m, DIALECT_EFFNET, STATE_F32);
    model_free(m);

    /* From one channel back to three: the response to a grey picture stays the same. */
    m = open_path(&(model_options){.in_channels = 3});
    float *three = read_values(m, "stem.conv.weight", NULL);
    for (size_t k = 0; k < 9; k++)
        assert_true(fabsf(three[k] * 3 - (rgb[k] + rgb[9 + k] + rgb[18 + k])) < 1e-6F);
    free(three);
    model_free(m);

    m = fresh();
    save(m, DIALECT_EFFNET, STATE_F32);
    model_free(m);
    m = open_path(&(model_options){.in_channels = 5});
    float *five = read_values(m, "stem.conv.weight", NULL);
    for (size_t o = 0; o < 8; o++)
        for (size_t c = 0; c < 5; c++)
            for (size_t k = 0; k < 9; k++)
                assert_true(five[(o * 5 + c) * 9 + k] == rgb[o * 27 + c % 3 * 9 + k] * 0.6F);
    free(five);
    free(rgb);
    model_free(m);
}

static void classifiers_are_replaced(void **state)
{
    (void)state;
    model *m = fresh();
    save(m, DIALECT_TIMM, STATE_F32);
    model_free(m);
    m = open_path(&(model_options){.classes = 7, .seed = 9});
    assert_int_equal(m->graph->arch.classes, 7);
    assert_int_equal(m->file_classes, 5);
    assert_has(m->notice, "classifier of 7 classes is fresh, the file's has 5");
    size_t count;
    float *fresh_values = read_values(m, "classifier.weight", &count),
          *stem = read_values(m, "stem.conv.weight", NULL);
    assert_int_equal(count, 7 * 24);
    model_free(m);
    m = open_path(&(model_options){.classes = 7, .seed = 10});
    float *other = read_values(m, "classifier.weight", NULL);
    assert_false(same_floats(fresh_values, other, count));
    free(other);
    free(fresh_values);
    model_free(m);

    m = open_path(&(model_options){.classes = MODEL_NO_CLASSIFIER});
    assert_int_equal(m->graph->arch.classes, 0);
    other = read_values(m, "stem.conv.weight", NULL);
    assert_true(same_floats(stem, other, 8 * 27));
    free(other);
    free(stem);
    save(m, DIALECT_LUKEMELAS, STATE_F32);
    model_free(m);
    m = open_path(NULL);
    assert_int_equal(m->file_classes, 0);
    model_free(m);

    effnet_error error;
    assert_int_equal(model_open(&m, path, &(model_options){.classes = -2}, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(model_open(&m, path, &(model_options){.in_channels = -1}, &error), EFFNET_ERR_ARGUMENT);
}

/* ---- Values that are not finite ---- */

static void poison(float value, const char *word)
{
    const net_arch arch = tiny_arch();
    for (int strict = 0; strict < 2; strict++) {
        effnet_error error;
        char *json;
        assert_int_equal(net_arch_format(&json, &arch, &error), EFFNET_OK);
        state_dict *dict = make_state(&arch, DIALECT_TIMM, NULL);
        assert_int_equal(state_set_metadata(dict, "effnet.network", json, &error), EFFNET_OK);
        free(json);
        const state_tensor *tensor = state_find(dict, "", "blocks.1.0.bn2.bias");
        ((float *)(uintptr_t)tensor->data)[6] = value;
        model *m = open_ok(dict, "file", &(model_options){.variant = "same", .strict = strict});
        m->notice[0] = '\0';
        const net_tensor bad = find_tensor(m, "blocks.1.depthwise.bn.bias");
        float values[16];
        char wanted[80];
        if (strict) {
            assert_int_equal(model_read(m, &bad, values, &error), EFFNET_ERR_FORMAT);
            snprintf(wanted, sizeof wanted, "tensor blocks.1.0.bn2.bias: value 6 of 16 is %s", word);
            assert_string_equal(error.message, wanted);
        } else {
            for (int i = 0; i < 2; i++)
                assert_int_equal(model_read(m, &bad, values, &error), EFFNET_OK);
            snprintf(wanted, sizeof wanted,
                     "weights are not all finite: %s at value 6 of tensor blocks.1.0.bn2.bias", word);
            assert_string_equal(m->notice, wanted);
        }
        model_free(m);
    }
}

static void values_are_watched(void **state)
{
    (void)state;
    poison(NAN, "NaN");
    poison(-INFINITY, "infinity");
}

/* Notices never overflow. */
static void notices_are_cut(void **state)
{
    (void)state;
    model *m = fresh();
    for (int i = 0; i < 20; i++)
        model_note(m, "statement %d that takes some sixty bytes or so, all in all, here", i);
    assert_true(strlen(m->notice) < sizeof m->notice);
    assert_has(m->notice, "here; statement 1");
    model_free(m);
}

/* ---- From bytes ---- */

static void bytes_in_memory_open(void **state)
{
    (void)state;
    model *m = fresh();
    save(m, DIALECT_EFFNET, STATE_F16);
    effnet_error error;
    source *file;
    void *bytes;
    size_t size;
    assert_int_equal(source_open_file(&file, path, &error), EFFNET_OK);
    assert_int_equal(source_read_all(file, 1 << 20, &bytes, &size, &error), EFFNET_OK);
    source_close(file);
    model *back;
    assert_int_equal(model_open_memory(&back, bytes, size, "some/where", NULL, &error), EFFNET_OK);
    assert_true(difference(m, back) <= 0x1p-11);
    model_free(back);
    model_free(m);
    assert_int_equal(model_open_memory(&back, bytes, size - 1, "some/where", NULL, &error),
                     EFFNET_ERR_FORMAT);
    assert_null(back);
    assert_has(error.message, "some/where: ");
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fresh_weights_follow_the_source),
        cmocka_unit_test(networks_keep_variant_and_size),
        cmocka_unit_test(small_networks_see_the_whole_picture),
        cmocka_unit_test(seeds_differ),
        cmocka_unit_test(everything_comes_back),
        cmocka_unit_test(counters_are_for_pytorch),
        cmocka_unit_test(saving_fails_cleanly),
        cmocka_unit_test(stems_are_adapted),
        cmocka_unit_test(classifiers_are_replaced),
        cmocka_unit_test(values_are_watched),
        cmocka_unit_test(notices_are_cut),
        cmocka_unit_test(bytes_in_memory_open),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
