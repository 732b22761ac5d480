/* SPDX-License-Identifier: Apache-2.0
 *
 * Folders as the Hugging Face hub lays them, and everything that a config.json from a stranger may hold;
 * labels in all forms.
 */
#include "model_test.h"

#include "base/json.h"
#include "model/config.h"
#include "model/labels.h"
#include "unit/folder.h"

/* ---- config.json ---- */

static config parse_ok(const char *text)
{
    config c;
    effnet_error error;
    if (config_parse(&c, text, strlen(text), &error)) fail_msg("%s", error.message);
    return c;
}

#define ARCH "\"architecture\":\"tf_efficientnet_b0\""

static void config_is_read(void **state)
{
    (void)state;
    /* As timm 1.0 writes it. */
    config c = parse_ok(
        "{" ARCH ",\"num_classes\":1000,\"num_features\":1280,\"global_pool\":\"avg\",\"pretrained_cfg\":{"
        "\"tag\":\"x\",\"input_size\":[3,224,224],\"test_input_size\":[3,256,256],\"fixed_input_size\":false,"
        "\"crop_pct\":0.875,\"test_crop_pct\":1.0,\"interpolation\":\"bilinear\",\"mean\":[0.5,0.25,0.125],"
        "\"std\":[1.0,2.0,4],\"first_conv\":\"conv_stem\",\"label_names\":null}}");
    assert_string_equal(c.architecture, "tf_efficientnet_b0");
    assert_int_equal(c.classes, 1000);
    assert_true(c.has_recipe);
    assert_int_equal(c.recipe.height, 256);
    assert_int_equal(c.recipe.resize, 256);
    assert_int_equal(c.recipe.filter, IMAGE_BILINEAR);
    assert_true(c.recipe.mean[1] == 0.25F && c.recipe.deviation[2] == 4);
    assert_null(c.labels);
    config_free(&c);

    /* Without a test size, the test crop does not count; old files are flat. */
    c = parse_ok("{" ARCH ",\"num_classes\":2,\"input_size\":[1,224,224],\"crop_pct\":0.875,\"test_crop_"
                 "pct\":1.0,\"mean\":[0.5],"
                 "\"std\":[0.5],\"interpolation\":\"nearest\",\"labels\":[\"cat\",\"dog\"]}");
    assert_int_equal(c.recipe.resize, 256);
    assert_int_equal(c.recipe.filter, IMAGE_NEAREST);
    assert_true(c.recipe.mean[2] == 0.5F);
    assert_int_equal(c.in_channels, 1);
    assert_string_equal(c.labels[1], "dog");
    config_free(&c);

    c = parse_ok("{" ARCH ",\"label_names\":{\"1\":\"n2\",\"0\":\"n1\"},\"label_descriptions\":{\"n2\":"
                 "\"two\"},\"model_args\":{"
                 "\"in_chans\":4,\"num_classes\":2,\"global_pool\":\"avg\"},\"pretrained_cfg\":{\"input_"
                 "size\":[3,448,448],"
                 "\"crop_pct\":1,\"crop_mode\":\"squash\"}}");
    assert_string_equal(c.labels[0], "n1");
    assert_string_equal(c.labels[1], "two");
    assert_int_equal(c.in_channels, 4);
    assert_int_equal(c.recipe.fit, RECIPE_SQUASH);
    config_free(&c);
    c = parse_ok("{" ARCH "}");
    assert_false(c.has_recipe);
    assert_int_equal(c.classes, -1);
    config_free(&c);
}

static void hostile_configs_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *word;
        effnet_status status;
    } cases[] = {
        {"", "not valid JSON", EFFNET_ERR_FORMAT},
        {"[]", "must hold an object", EFFNET_ERR_FORMAT},
        {"\"x\"", "must hold an object", EFFNET_ERR_FORMAT},
        {"{}", "\"architecture\" must be", EFFNET_ERR_FORMAT},
        {"{\"architecture\":1}", "a string", EFFNET_ERR_FORMAT},
        {"{\"architecture\":\"a\",\"architecture\":\"b\"}", "duplicate", EFFNET_ERR_FORMAT},
        {"{\"architecture\":\"a\\u0000b\"}", "not valid JSON", EFFNET_ERR_FORMAT},
        {"{\"architecture\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"}",
         "no network", EFFNET_ERR_NOT_FOUND},
        {"{\"architectures\":[\"EfficientNetForImageClassification\"]}", "transformers",
         EFFNET_ERR_UNSUPPORTED},
        {"{" ARCH "} x", "not valid JSON", EFFNET_ERR_FORMAT},
        {"{" ARCH ",\"pretrained_cfg\":3}", "an object", EFFNET_ERR_FORMAT},
        {"{" ARCH ",\"num_classes\":-1}", "num_classes", EFFNET_ERR_FORMAT},
        {"{" ARCH ",\"num_classes\":1e3}", "num_classes", EFFNET_ERR_FORMAT},
        {"{" ARCH ",\"num_classes\":99999999999999999999}", "not valid JSON", EFFNET_ERR_FORMAT},
        {"{" ARCH ",\"num_classes\":4000000000}", "num_classes", EFFNET_ERR_FORMAT},
        {"{" ARCH ",\"input_size\":224}", "input_size", EFFNET_ERR_FORMAT},
        {"{" ARCH ",\"input_size\":[3,224]}", "input_size", EFFNET_ERR_FORMAT},
        {"{" ARCH ",\"input_size\":[3,224,100000]}", "input_size", EFFNET_ERR_FORMAT},
        {"{" ARCH ",\"input_size\":[0,224,224]}", "input_size", EFFNET_ERR_FORMAT},
        {"{" ARCH ",\"input_size\":[3,224,8]}", "input_size", EFFNET_ERR_FORMAT},
        {"{" ARCH ",\"input_size\":[3,224,224],\"crop_pct\":0}", "crop_pct", EFFNET_ERR_FORMAT},
        {"{" ARCH ",\"input_size\":[3,224,224],\"crop_pct\":\"all\"}", "crop_pct", EFFNET_ERR_FORMAT},
        {"{" ARCH ",\"input_size\":[3,224,224],\"crop_mode\":\"border\"}", "border", EFFNET_ERR_UNSUPPORTED},
        {"{" ARCH ",\"input_size\":[3,224,224],\"crop_mode\":\"squash\"}", "squash", EFFNET_ERR_UNSUPPORTED},
        {"{" ARCH ",\"input_size\":[3,224,224],\"crop_mode\":7}", "crop_mode", EFFNET_ERR_FORMAT},
        {"{" ARCH ",\"input_size\":[3,224,224],\"interpolation\":\"lanczos\"}", "lanczos",
         EFFNET_ERR_UNSUPPORTED},
        {"{" ARCH ",\"input_size\":[3,224,224],\"mean\":[1,2]}", "mean", EFFNET_ERR_FORMAT},
        {"{" ARCH ",\"input_size\":[3,224,224],\"mean\":[1,2,\"3\"]}", "mean", EFFNET_ERR_FORMAT},
        {"{" ARCH ",\"input_size\":[3,224,224],\"mean\":[1,2,1e300]}", "mean", EFFNET_ERR_FORMAT},
        {"{" ARCH ",\"input_size\":[3,224,224],\"std\":[1,0,1]}", "positive", EFFNET_ERR_FORMAT},
        {"{" ARCH ",\"model_args\":[]}", "model_args", EFFNET_ERR_FORMAT},
        {"{" ARCH ",\"model_args\":{\"act_layer\":\"relu\"}}", "act_layer", EFFNET_ERR_UNSUPPORTED},
        {"{" ARCH ",\"model_args\":{\"global_pool\":\"max\"}}", "global_pool", EFFNET_ERR_UNSUPPORTED},
        {"{" ARCH ",\"model_args\":{\"in_chans\":0}}", "in_chans", EFFNET_ERR_FORMAT},
        {"{" ARCH ",\"label_names\":[]}", "no labels", EFFNET_ERR_FORMAT},
        {"{" ARCH ",\"label_names\":\"cat\"}", "labels must be", EFFNET_ERR_FORMAT},
        {"{" ARCH ",\"label_names\":{\"1\":\"cat\"}}", "label 0 of 1", EFFNET_ERR_FORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        config c;
        effnet_error error;
        const effnet_status status = config_parse(&c, cases[i].text, strlen(cases[i].text), &error);
        if (status != cases[i].status)
            fail_msg("%s: %d %s", cases[i].text, status, status ? error.message : "");
        assert_has(error.message, cases[i].word);
        assert_null(c.labels);
    }
}

static void depth_is_limited(void **state)
{
    (void)state;
    enum { DEEP = 1000000 };
    char *text = malloc(DEEP);
    json_t *json;
    effnet_error error;
    memset(text, '[', DEEP);
    assert_int_equal(json_read(&json, text, DEEP, &error), EFFNET_ERR_LIMIT);
    assert_int_equal(error.offset, JSON_MAX_DEPTH);
    assert_null(json);
    /* Brackets in strings and closed ones are not deep. */
    size_t size = 0;
    text[size++] = '[';
    for (int i = 0; i < 100; i++)
        size += (size_t)sprintf(text + size, "%s[\"[[\\\"{\"]", i ? "," : "");
    text[size++] = ']';
    assert_int_equal(json_read(&json, text, size, &error), EFFNET_OK);
    assert_int_equal(json_array_size(json), 100);
    json_decref(json);
    assert_int_equal(json_read(&json, "]]]", 3, &error), EFFNET_ERR_FORMAT);
    free(text);
}

/* ---- Folders ---- */

static void save_b0(const char *name)
{
    const net_arch arch = named_arch("mobilenet-v2-0.35");
    effnet_error error;
    model *m = open_ok(make_state(&arch, DIALECT_TIMM, &(damage){.zeros = true}), "x", NULL);
    snprintf(m->notice, sizeof m->notice, "%s", "");
    assert_int_equal(model_save(m, name, DIALECT_TIMM, STATE_F16, &error), EFFNET_OK);
    model_free(m);
}

static void folders_open(void **state)
{
    (void)state;
    effnet_error error;
    model *m;
    assert_int_equal(model_open(&m, folder, NULL, &error), EFFNET_ERR_NOT_FOUND);
    assert_has(error.message, "a folder without model.safetensors or pytorch_model.bin");
    save_b0(in_folder("model.safetensors"));
    if (model_open(&m, folder, NULL, &error)) fail_msg("%s", error.message);
    model_free(m);
    write_file(in_folder("config.json"), "{\"architecture\":\"mobilenetv2_035\",\"num_classes\":1000}");
    if (model_open(&m, folder, NULL, &error)) fail_msg("%s", error.message);
    assert_string_equal(m->graph->arch.name, "mobilenet-v2-0.35");
    model_free(m);
    /* The weights in such a folder are read with it, however they are named to us. */
    write_file(in_folder("config.json"), "{\"architecture\":\"mobilenetv2_035\",\"num_classes\":7}");
    assert_int_equal(model_open(&m, in_folder("model.safetensors"), NULL, &error), EFFNET_ERR_MISMATCH);
    assert_has(error.message, "config.json says 7 classes, the weights have 1000");
    write_file(in_folder("config.json"), "{\"architecture\":");
    assert_int_equal(model_open(&m, folder, NULL, &error), EFFNET_ERR_FORMAT);
    assert_has(error.message, "/config.json: not valid JSON");
    assert_null(m);
    unlink(in_folder("config.json"));
    assert_int_equal(mkdir(in_folder("config.json"), 0700), 0);
    assert_int_equal(model_open(&m, folder, NULL, &error), EFFNET_ERR_FORMAT);
    rmdir(in_folder("config.json"));

    assert_int_equal(rename(in_folder("model.safetensors"), "/tmp/effnet-folder-other"), 0);
    assert_int_equal(model_open(&m, "/tmp/effnet-folder-other", NULL, &error), EFFNET_OK);
    model_free(m);
    unlink("/tmp/effnet-folder-other");
    assert_int_equal(model_open(&m, in_folder("none"), NULL, &error), EFFNET_ERR_NOT_FOUND);
    write_file(in_folder("pytorch_model.bin"), "version https://git-lfs.github.com/spec/v1\n");
    assert_int_not_equal(model_open(&m, folder, NULL, &error), EFFNET_OK);
    assert_has(error.message, "pytorch_model.bin: ");
    unlink(in_folder("pytorch_model.bin"));
}

/* A state_producer; the context is the outputs. */
static effnet_status write_zeros(void *context, size_t index, float *out, effnet_error *error)
{
    (void)error;
    const state_output *o = (const state_output *)context + index;
    size_t count = 1;
    for (int i = 0; i < o->rank; i++)
        count *= o->shape[i];
    memset(out, 0, count * sizeof *out);
    return EFFNET_OK;
}

/* Without effnet's metadata, all comes from config.json: padding, recipe, labels. */
static void config_settles_what_tensors_cannot(void **state)
{
    (void)state;
    const net_arch arch = named_arch("efficientnet-b0");
    effnet_error error;
    state_dict *dict = make_state(&arch, DIALECT_TIMM, &(damage){.zeros = true});
    const size_t count = state_count(dict);
    state_output *outputs = calloc(count, sizeof *outputs);
    for (size_t i = 0; i < count; i++) {
        const state_tensor *tensor = state_at(dict, i);
        outputs[i] = (state_output){.name = tensor->name, .dtype = STATE_F16, .rank = tensor->rank};
        memcpy(outputs[i].shape, tensor->shape, sizeof tensor->shape);
    }
    assert_int_equal(
        state_write(in_folder("model.safetensors"), outputs, count, NULL, 0, write_zeros, outputs, &error),
        EFFNET_OK);
    free(outputs);
    state_free(dict);

    model *m;
    assert_int_equal(model_open(&m, folder, NULL, &error), EFFNET_ERR_AMBIGUOUS);
    static const char *const names[] = {"efficientnet_b0", "tf_efficientnet_b0"};
    for (int i = 0; i < 2; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "{\"architecture\":\"%s\",\"pretrained_cfg\":{\"input_size\":[3,224,224],\"crop_pct\":0.9}}",
                 names[i]);
        write_file(in_folder("config.json"), text);
        if (model_open(&m, folder, NULL, &error)) fail_msg("%s", error.message);
        assert_int_equal(m->graph->variant.padding, i ? NET_PAD_SAME : NET_PAD_SYMMETRIC);
        assert_int_equal(m->recipe.resize, 248);
        assert_string_equal(m->labels[999], "toilet tissue");
        assert_string_equal(m->notice, "");
        model_free(m);
    }
    write_file(in_folder("config.json"), "{\"architecture\":\"resnet50\"}");
    assert_int_equal(model_open(&m, folder, NULL, &error), EFFNET_ERR_NOT_FOUND);
    write_file(in_folder("config.json"), "{\"architecture\":\"efficientnet_b0\",\"label_names\":[\"a\"]}");
    assert_int_equal(model_open(&m, folder, NULL, &error), EFFNET_ERR_MISMATCH);
    unlink(in_folder("config.json"));
    unlink(in_folder("model.safetensors"));
}

/* ---- Labels ---- */

static void labels_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *second;
        size_t count;
    } good[] = {
        {"a\nb", "b", 2},
        {"a\r\nb\r\n", "b", 2},
        {"a\n\nc\n", "", 3},
        {"[\"a\",\"b\"]", "b", 2},
        {" {\"1\":\"b\",\"0\":\"a\"}", "b", 2},
        {"{\"0\":[\"n01\",\"a\"],\"1\":[\"n02\",\"b\"]}", "b", 2},
    };
    effnet_error error;
    char **labels;
    size_t count = 0;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(labels_parse(&labels, &count, good[i].text, &error), EFFNET_OK);
        assert_int_equal(count, good[i].count);
        assert_string_equal(labels[1], good[i].second);
        char *json;
        assert_int_equal(labels_format(&json, labels, count, &error), EFFNET_OK);
        char **again;
        size_t again_count;
        assert_int_equal(labels_parse(&again, &again_count, json, &error), EFFNET_OK);
        assert_int_equal(again_count, count);
        assert_string_equal(again[1], labels[1]);
        free(json);
        labels_free(again, again_count);
        labels_free(labels, count);
    }
    static const char *const bad[] = {
        "", "[", "[]", "{\"a\":\"b\"}", "[\"a\",2]", "[[]]", "{\"0\":\"a\",\"0\":\"b\"}", "a\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(labels_parse(&labels, &count, bad[i], &error), EFFNET_ERR_FORMAT);
        assert_null(labels);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_is_read),
        cmocka_unit_test(hostile_configs_are_refused),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(folders_open),
        cmocka_unit_test(config_settles_what_tensors_cannot),
        cmocka_unit_test(labels_are_read),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
