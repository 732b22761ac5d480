/* SPDX-License-Identifier: Apache-2.0
 *
 * Checkpoints made by PyTorch itself (scripts/make_torch_fixtures.py), zip and legacy: every element type,
 * strides, nested checkpoints with all that lies beside the tensors, and what is refused with advice. Then
 * the malicious and odd files of others, where they are at hand.
 */
#define _GNU_SOURCE
#include "unit/weights_test.h"

#include <dirent.h>

#include "base/pool.h"

typedef struct expected {
    const char *group, *name;
    state_dtype dtype;
    int number; /* of the fill */
    int rank;
    size_t shape[4];
} expected;

static state_dict *open_fixture(const char *name, effnet_error *error)
{
    char path[512];
    source *s;
    state_dict *dict;
    snprintf(path, sizeof path, TEST_DATA "/torch/%s", name);
    assert_int_equal(source_open_file(&s, path, error), EFFNET_OK);
    return state_open(&dict, s, error) == EFFNET_OK ? dict : NULL;
}

/* fill() of scripts/make_torch_fixtures.py. */
static float filled(state_dtype dtype, int number, size_t i)
{
    const float value = (float)((7 * (int)i + 3 * number) % 23 - 11);
    switch (dtype) {
    case STATE_U8: return value + 11.0f;
    case STATE_BOOL: return value > 0.0f ? 1.0f : 0.0f;
    case STATE_F32:
    case STATE_F16:
    case STATE_BF16:
    case STATE_F64: return value / 4.0f;
    default: return value;
    }
}

static void expect_tensor(const state_dict *dict, const expected *want)
{
    const state_tensor *t = state_find(dict, want->group, want->name);
    if (!t) fail_msg("no tensor %s in group \"%s\"", want->name, want->group);
    assert_int_equal(t->dtype, want->dtype);
    assert_int_equal(t->rank, want->rank);
    for (int i = 0; i < t->rank; i++)
        assert_int_equal(t->shape[i], want->shape[i]);
    float *values = values_of(dict, want->group, want->name);
    for (size_t i = 0; i < t->count; i++)
        if (!(values[i] == filled(want->dtype, want->number, i)))
            fail_msg("%s[%zu] is %g, not %g", want->name, i, (double)values[i],
                     (double)filled(want->dtype, want->number, i));
    free(values);
}

static void expect_file(const char *file, state_format format, const expected *want, size_t count)
{
    effnet_error error = {0};
    state_dict *dict = open_fixture(file, &error);
    if (!dict) fail_msg("%s: %s", file, error.message);
    assert_int_equal(state_get_format(dict), format);
    for (size_t i = 0; i < count; i++)
        expect_tensor(dict, &want[i]);
    assert_int_equal(state_count(dict), count);
    state_free(dict);
}

static const expected plain[] = {
    {"", "types.float32", STATE_F32, 0, 2, {2, 5}},
    {"", "types.float16", STATE_F16, 1, 2, {2, 5}},
    {"", "types.bfloat16", STATE_BF16, 2, 2, {2, 5}},
    {"", "types.float64", STATE_F64, 3, 2, {2, 5}},
    {"", "types.int64", STATE_I64, 4, 2, {2, 5}},
    {"", "types.int32", STATE_I32, 5, 2, {2, 5}},
    {"", "types.int16", STATE_I16, 6, 2, {2, 5}},
    {"", "types.int8", STATE_I8, 7, 2, {2, 5}},
    {"", "types.uint8", STATE_U8, 8, 2, {2, 5}},
    {"", "types.bool", STATE_BOOL, 9, 2, {2, 5}},
    {"", "scalar", STATE_I64, 10, 0, {0}},
    {"", "empty", STATE_F32, 11, 2, {2, 0}},
    {"", "transposed", STATE_F32, 12, 2, {3, 4}},
    {"", "channels_last", STATE_F16, 13, 4, {2, 3, 2, 2}},
    {"", "inside", STATE_F64, 14, 2, {3, 4}},
    {"", "inside_transposed", STATE_F32, 15, 2, {3, 4}},
    {"", "tied.a", STATE_F32, 16, 1, {6}},
    {"", "tied.b", STATE_F32, 16, 1, {6}},
    {"", "parameter", STATE_F32, 17, 1, {4}},
    {"", "with_attribute", STATE_F32, 18, 1, {4}},
    {"", "strange name \xC3\xA9\xF0\x9F\x99\x82", STATE_F32, 19, 1, {1}},
};

enum { PLAIN = sizeof plain / sizeof *plain };

static void plain_state_dicts(void **state)
{
    (void)state;
    expect_file("plain.pth", STATE_TORCH_ZIP, plain, PLAIN);
    expect_file("plain_legacy.pth", STATE_TORCH_LEGACY, plain, PLAIN);
    expect_file("plain_protocol3.pth", STATE_TORCH_ZIP, plain, PLAIN);
}

/* One dict, read by four threads at once. */
static void read_all(void *context, size_t member, size_t members)
{
    (void)member;
    (void)members;
    for (size_t round = 0; round < 50; round++)
        for (size_t i = 0; i < PLAIN; i++)
            expect_tensor(context, &plain[i]);
}

static void threads_share_a_dict(void **state)
{
    (void)state;
    effnet_error error;
    pool *team;
    state_dict *dict = open_fixture("plain.pth", &error);
    assert_non_null(dict);
    assert_int_equal(pool_create(&team, 4, &error), EFFNET_OK);
    pool_run(team, read_all, dict);
    pool_free(team);
    state_free(dict);
}

/* Rows P23 and P25. */
static const expected checkpoint[] = {
    {"state_dict", "0.weight", STATE_F32, 0, 2, {2, 3}},
    {"state_dict", "0.bias", STATE_F32, 1, 1, {2}},
    {"state_dict", "1.weight", STATE_F32, 2, 1, {2}},
    {"state_dict", "1.bias", STATE_F32, 3, 1, {2}},
    {"state_dict", "1.running_mean", STATE_F32, 4, 1, {2}},
    {"state_dict", "1.running_var", STATE_F32, 5, 1, {2}},
    {"state_dict", "1.num_batches_tracked", STATE_I64, 6, 0, {0}},
    {"state_dict_ema", "module.0.weight", STATE_F32, 50, 2, {2, 3}},
    {"state_dict_ema", "module.0.bias", STATE_F32, 51, 1, {2}},
    {"state_dict_ema", "module.1.weight", STATE_F32, 52, 1, {2}},
    {"state_dict_ema", "module.1.bias", STATE_F32, 53, 1, {2}},
    {"state_dict_ema", "module.1.running_mean", STATE_F32, 54, 1, {2}},
    {"state_dict_ema", "module.1.running_var", STATE_F32, 55, 1, {2}},
    {"state_dict_ema", "module.1.num_batches_tracked", STATE_I64, 56, 0, {0}},
    {"optimizer", "state.0.momentum_buffer", STATE_F32, 90, 1, {3}},
    {"optimizer", "state.1.momentum_buffer", STATE_F32, 91, 1, {3}},
    {"counts", "deep.er.0", STATE_F32, 95, 1, {2}},
    {"", "rng", STATE_U8, 96, 1, {16}},
};

static void checkpoints_with_everything_beside(void **state)
{
    (void)state;
    expect_file("checkpoint.pth.tar", STATE_TORCH_ZIP, checkpoint, sizeof checkpoint / sizeof *checkpoint);
    expect_file("checkpoint_legacy.pth.tar", STATE_TORCH_LEGACY, checkpoint,
                sizeof checkpoint / sizeof *checkpoint);
    effnet_error error;
    state_dict *dict = open_fixture("checkpoint.pth.tar", &error);
    assert_string_equal(state_metadata(dict, "arch"), "b0");
    assert_null(state_metadata(dict, "epoch"));
    state_free(dict);
    static const expected list[] = {{"", "0", STATE_F32, 0, 1, {2}}, {"1", "0", STATE_F32, 1, 1, {2}}};
    expect_file("list.pth", STATE_TORCH_ZIP, list, 2);
    static const expected no_crc[] = {{"", "a", STATE_F32, 0, 1, {4}}};
    expect_file("no_crc.pth", STATE_TORCH_ZIP, no_crc, 1);
}

static void refused_with_advice(void **state)
{
    (void)state;
    static const struct {
        const char *file, *message;
    } cases[] = {
        {"module.pth", "a whole object (torch.nn.modules.linear.Linear) was saved, not its tensors: save "
                       "model.state_dict() instead"},
        {"wrapped_module.pth", "a whole object (torch.nn.modules.linear.Linear) was saved"},
        {"tensor.pth", "a single tensor without a name"},
        {"nothing.pth", "no tensors in the file"},
        {"complex.pth", "tensor w: unsupported dtype torch.ComplexFloatStorage"},
        {"float8.pth", "tensor w: unsupported dtype torch.float8_e4m3fn"},
        {"quantized.pth", "tensor w: unsupported kind (torch._utils._rebuild_qtensor)"},
        {"sparse.pth", "tensor w: unsupported kind (torch._utils._rebuild_sparse_tensor)"},
        {"protocol4.pth", "unsupported opcode STACK_GLOBAL (torch._utils._rebuild_tensor_v2)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        effnet_error error = {0};
        assert_null(open_fixture(cases[i].file, &error));
        assert_int_equal(error.code, EFFNET_ERR_UNSUPPORTED);
        if (!strstr(error.message, cases[i].message)) fail_msg("%s: \"%s\"", cases[i].file, error.message);
    }
}

/* G1 and G2: every prefix is an error that says so, and no flipped bit does harm. Storages bear no CRC, so
 * that a flip in them goes unseen. */
static void prefixes_and_flips(void **state)
{
    (void)state;
    static const char *const files[] = {"no_crc.pth", "plain_legacy.pth", "list.pth"};
    for (size_t k = 0; k < 3; k++) {
        char path[512];
        snprintf(path, sizeof path, TEST_DATA "/torch/%s", files[k]);
        bytes b = read_file(path);
        for (size_t size = 0; size < b.size; size++) {
            bytes prefix = {malloc(size + 1), size, size};
            memcpy(prefix.data, b.data, size);
            refused(&prefix, EFFNET_ERR_FORMAT, size ? "truncated" : "empty");
            free(prefix.data);
        }
        const size_t bits = 8 * (b.size < 4096 ? b.size : 4096);
        for (size_t bit = 0; bit < bits; bit++) {
            b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            touch(b.data, b.size);
            b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        assert_true(touch(b.data, b.size));
        free(b.data);
    }
}

static void lack_of_memory(void **state)
{
    (void)state;
    static const char *const files[] = {"checkpoint.pth.tar", "checkpoint_legacy.pth.tar"};
    for (size_t k = 0; k < 2; k++) {
        char path[512];
        snprintf(path, sizeof path, TEST_DATA "/torch/%s", files[k]);
        bytes b = read_file(path);
        survives_lack_of_memory(&b);
        free(b.data);
    }
}

/* Every file of a folder opens or gives one line. */
static void touch_folder(const char *folder, size_t least)
{
    DIR *files = opendir(folder);
    if (!files) skip();
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(files));) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_type == DT_DIR) continue;
        bytes b = read_file(path);
        const double start = cpu_seconds();
        touch(b.data, b.size);
        assert_true(cpu_seconds() - start <= case_seconds);
        free(b.data);
        count++;
    }
    closedir(files);
    assert_true(count >= least);
}

static void attacks_of_others(void **state)
{
    (void)state;
    touch_folder(SOURCE_ROOT "/../shared/data/pickle-attacks", 100);
}

static void weights_of_others(void **state)
{
    (void)state;
    touch_folder(SOURCE_ROOT "/../shared/data/weights", 6);
    effnet_error error = {0};
    source *s;
    state_dict *dict;
    assert_int_equal(
        source_open_file(&s, SOURCE_ROOT "/../shared/data/weights/mobilenet_quantized_scripted.pt", &error),
        EFFNET_OK);
    assert_int_equal(state_open(&dict, s, &error), EFFNET_ERR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "TorchScript"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_state_dicts),    cmocka_unit_test(checkpoints_with_everything_beside),
        cmocka_unit_test(refused_with_advice),  cmocka_unit_test(prefixes_and_flips),
        cmocka_unit_test(threads_share_a_dict), cmocka_unit_test(lack_of_memory),
        cmocka_unit_test(attacks_of_others),    cmocka_unit_test(weights_of_others),
    };
    return cmocka_run_group_tests_name("torch", tests, NULL, NULL);
}
