/* SPDX-License-Identifier: Apache-2.0
 *
 * State dicts in memory and on disk: look-up, reading with strides and byte orders, writing, and what a file
 * may be instead of weights (rows G3 to G6 and W1 of the robustness table).
 */
#define _GNU_SOURCE
#include "unit/weights_test.h"

#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "weights/dict.h"
#include "weights/dtype.h"
#include "unit/folder.h"

static void memory_dict_finds_what_was_added(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    effnet_error error;
    state_dict *dict;
    float shared[6] = {1, 2, 3, 4, 5, 6};
    assert_int_equal(state_create(&dict, &error), EFFNET_OK);
    assert_null(state_find(dict, "", "a"));
    assert_int_equal(state_get_format(dict), STATE_IN_MEMORY);
    assert_null(state_get_source(dict));
    for (size_t i = 0; i < COUNT; i++) {
        char name[32];
        snprintf(name, sizeof name, "t%zu", i * 7919 % COUNT);
        float *own = malloc(sizeof *own);
        *own = (float)i;
        const effnet_status status =
            i % 2 ? state_add_f32(dict, name, 0, NULL, own, true, &error)
                  : state_add_f32(dict, name, 2, (size_t[]){2, 3}, shared, false, &error);
        assert_int_equal(status, EFFNET_OK);
        if (i % 2 == 0) free(own);
    }
    assert_int_equal(state_count(dict), COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        char name[32];
        snprintf(name, sizeof name, "t%zu", i * 7919 % COUNT);
        const state_tensor *t = state_find(dict, "", name);
        assert_ptr_equal(t, state_at(dict, i));
        assert_string_equal(t->name, name);
        const float value = (float)i;
        if (i % 2)
            assert_values(dict, "", name, &value, 1);
        else
            assert_values(dict, "", name, shared, 6);
    }
    assert_int_equal(state_add_f32(dict, "t5", 0, NULL, shared, false, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(state_add_f32(dict, "r", 9, NULL, shared, false, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(state_add_f32(dict, "\xFF", 0, NULL, shared, false, &error), EFFNET_ERR_FORMAT);
    assert_int_equal(state_set_metadata(dict, "key", "one", &error), EFFNET_OK);
    assert_int_equal(state_set_metadata(dict, "key", "two", &error), EFFNET_OK);
    assert_int_equal(state_set_metadata(dict, "other", "three", &error), EFFNET_OK);
    assert_string_equal(state_metadata(dict, "key"), "two");
    assert_string_equal(state_metadata(dict, "other"), "three");
    state_free(dict);
    state_free(NULL);
}

/* Values of a strided tensor over `storage`, one by one by definition. */
static void expect_strided(const void *storage, state_dtype dtype, int rank, const size_t *shape,
                           const size_t *stride, size_t first)
{
    effnet_error error;
    state_dict *dict = dict_create(NULL, STATE_IN_MEMORY, SIZE_MAX);
    state_tensor *t;
    size_t total;
    assert_int_equal(dict_add(dict, "", "t", &t, &error), EFFNET_OK);
    t->dtype = dtype;
    t->rank = rank;
    memcpy(t->shape, shape, (size_t)rank * sizeof *shape);
    assert_int_equal(dict_set_geometry(t, &total, 0, &error), EFFNET_OK);
    memcpy(t->stride, stride, (size_t)rank * sizeof *stride);
    t->data = (const uint8_t *)storage + first * state_dtype_size(dtype);
    float *values = malloc((t->count + 1) * sizeof *values);
    assert_int_equal(state_read_f32(dict, t, values, &error), EFFNET_OK);
    for (size_t i = 0; i < t->count; i++) {
        size_t at = 0, rest = i;
        for (int k = rank; k-- > 0; rest /= shape[k])
            at += rest % shape[k] * stride[k];
        float want;
        dtype_decode(&want, (const uint8_t *)t->data + at * state_dtype_size(dtype), dtype, false, 1);
        if (memcmp(&values[i], &want, sizeof want) != 0)
            fail_msg("element %zu: %g, want %g", i, (double)values[i], (double)want);
    }
    free(values);
    state_free(dict);
}

static void reads_any_strides(void **state)
{
    (void)state;
    enum { COUNT = 60000 };
    float *floats = malloc(COUNT * sizeof *floats);
    int64_t *integers = malloc(COUNT * sizeof *integers);
    for (size_t i = 0; i < COUNT; i++) {
        floats[i] = (float)i + 0.25f;
        integers[i] = (int64_t)i - 1000;
    }
    static const struct {
        int rank;
        size_t shape[4], stride[4], first;
    } cases[] = {
        {0, {0}, {0}, 17},
        {1, {1}, {99999999}, 5},
        {1, {20000}, {1}, 3},
        {1, {20000}, {2}, 3},
        {1, {3}, {25000}, 0},
        {2, {200, 300}, {300, 1}, 0},
        {2, {200, 300}, {1, 200}, 0},            /* transposed */
        {4, {5, 6, 7, 8}, {336, 1, 48, 6}, 9},   /* channels last */
        {4, {5, 6, 7, 8}, {1, 5, 30, 210}, 0},   /* reversed */
        {3, {4, 1000, 3}, {0, 3, 1}, 0},         /* expanded */
        {2, {1000, 1000}, {7, 50}, 100},         /* overlapping */
        {3, {10, 1, 50}, {5000, 7777777, 1}, 0}, /* a slice */
        {3, {7, 0, 3}, {1, 1, 1}, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_strided(floats, STATE_F32, cases[i].rank, cases[i].shape, cases[i].stride, cases[i].first);
        expect_strided(integers, STATE_I64, cases[i].rank, cases[i].shape, cases[i].stride, cases[i].first);
        expect_strided(integers, STATE_F16, cases[i].rank, cases[i].shape, cases[i].stride, cases[i].first);
    }
    free(integers);
    free(floats);
}

/* ---- Writing ---- */

static const float produced[3][6] = {{0.5f, -1.0f, 2.0f, 65504.0f, -0.0f, 1e-7f}, {3.0f, 4.0f}, {7.0f}};

static effnet_status produce(void *context, size_t index, float *out, effnet_error *error)
{
    const int *fail_at = context;
    if (fail_at && *fail_at == (int)index) return error_set(error, EFFNET_ERR_IO, "no values");
    memcpy(out, produced[index], (index == 0 ? 6 : index == 1 ? 2 : 1) * sizeof *out);
    return EFFNET_OK;
}

static const state_output outputs[] = {
    {"b.\"weight\"", STATE_F32, 2, {3, 2}},
    {"a.bias", STATE_F16, 1, {2}},
    {"n", STATE_I64, 0, {0}},
};
static const state_text texts[] = {{"format", "pt"}, {"labels", "t\xC3\xA4nch\n\"x\"\\"}};

static void writes_what_it_reads(void **state)
{
    (void)state;
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"pt\",\"labels\":\"t\xC3\xA4nch\\u000a\\\"x\\\"\\\\\"},"
        "\"b.\\\"weight\\\"\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[0,24]},"
        "\"a.bias\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[24,28]},"
        "\"n\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[28,36]}}";
    effnet_error error;
    const char *path = in_folder("out.safetensors");
    for (int again = 0; again < 2; again++) /* over itself too */
        assert_int_equal(state_write(path, outputs, 3, texts, 2, produce, NULL, &error), EFFNET_OK);
    bytes b = read_file(path);
    bytes want = {0};
    const size_t padded = (strlen(header) + 7) / 8 * 8;
    put_le(&want, padded, 8);
    put_text(&want, header);
    put_repeated(&want, " ", padded - strlen(header));
    for (size_t i = 0; i < 6; i++)
        put_f32(&want, produced[0][i]);
    put(&want, "\x00\x42\x00\x44\x07\0\0\0\0\0\0\0", 12);
    assert_int_equal(b.size, want.size);
    assert_memory_equal(b.data, want.data, want.size);
    state_dict *dict = accepted(&b);
    assert_values(dict, "", "b.\"weight\"", produced[0], 6);
    assert_values(dict, "", "a.bias", produced[1], 2);
    assert_values(dict, "", "n", produced[2], 1);
    assert_string_equal(state_metadata(dict, "labels"), texts[1].value);
    state_free(dict);
    free(want.data);
    free(b.data);
    assert_int_equal(unlink(path), 0);
}

/* A tensor that several windows long is read through, in every float type. */
static effnet_status produce_ramp(void *context, size_t index, float *out, effnet_error *error)
{
    (void)index;
    (void)error;
    for (size_t i = 0; i < *(const size_t *)context; i++)
        out[i] = (float)(i % 256);
    return EFFNET_OK;
}

static void large_tensors_round_trip(void **state)
{
    (void)state;
    size_t count = 100003;
    effnet_error error;
    const char *path = in_folder("large.safetensors");
    const state_output large[] = {
        {"x", STATE_BF16, 1, {count}}, {"y", STATE_F16, 1, {count}}, {"z", STATE_F32, 1, {count}}};
    assert_int_equal(state_write(path, large, 3, NULL, 0, produce_ramp, &count, &error), EFFNET_OK);
    source *s;
    state_dict *dict;
    assert_int_equal(source_open_file(&s, path, &error), EFFNET_OK);
    assert_int_equal(state_open(&dict, s, &error), EFFNET_OK);
    for (size_t k = 0; k < 3; k++) {
        float *values = values_of(dict, "", large[k].name);
        for (size_t i = 0; i < count; i++)
            if (!(values[i] == (float)(i % 256))) fail_msg("%s[%zu]", large[k].name, i);
        free(values);
    }
    /* G6: the file shrinks after it was opened. */
    assert_int_equal(truncate(path, 5000), 0);
    float *values = malloc(count * sizeof *values);
    assert_int_equal(state_read_f32(dict, state_find(dict, "", "x"), values, &error), EFFNET_ERR_IO);
    assert_string_equal(error.message, "tensor x: the file was cut short while it was read (byte 5000)");
    free(values);
    state_free(dict);
    assert_int_equal(unlink(path), 0);
}

static void write_refused(const state_output *tensors, size_t count, const state_text *strings,
                          size_t string_count, int *fail_at, effnet_status status, const char *rule)
{
    effnet_error error = {0};
    const char *path = in_folder("refused");
    const effnet_status got =
        state_write(path, tensors, count, strings, string_count, produce, fail_at, &error);
    if (!strstr(error.message, rule)) print_error("\"%s\", want \"%s\"\n", error.message, rule);
    assert_int_equal(got, status);
    assert_non_null(strstr(error.message, rule));
    assert_int_equal(access(path, F_OK),
                     -1); /* nor is a temporary file left: the folder is removed at the end */
}

static void refuses_to_write(void **state)
{
    (void)state;
    static const state_output half = {"h", STATE_F16, 2, {3, 2}}, bad_name = {"\xC0", STATE_F32, 0, {0}},
                              huge = {"u", STATE_F32, 2, {SIZE_MAX / 2, 2}},
                              reserved = {"__metadata__", STATE_F32, 0, {0}};
    const state_output twice[] = {outputs[2], outputs[1], outputs[2]};
    static const state_text text_twice[] = {{"k", ""}, {"k", ""}}, bad_key = {"\xFF", ""},
                            bad_value = {"k", "\xFF"};
    static char long_name[STATE_MAX_NAME + 2];
    memset(long_name, 'n', sizeof long_name - 1);
    const state_output too_long = {long_name, STATE_F32, 0, {0}};
    int last = 2;
    write_refused(outputs, 3, NULL, 0, &last, EFFNET_ERR_IO, "no values");
    write_refused(&bad_name, 1, NULL, 0, NULL, EFFNET_ERR_ARGUMENT, "not valid UTF-8");
    write_refused(&reserved, 1, NULL, 0, NULL, EFFNET_ERR_ARGUMENT, "__metadata__: given twice");
    write_refused(&huge, 1, NULL, 0, NULL, EFFNET_ERR_ARGUMENT, "overflows");
    write_refused(&too_long, 1, NULL, 0, NULL, EFFNET_ERR_LIMIT, "name longer than 1024 bytes");
    write_refused(twice, 3, NULL, 0, NULL, EFFNET_ERR_ARGUMENT, "tensor n: given twice");
    write_refused(outputs, 3, text_twice, 2, NULL, EFFNET_ERR_ARGUMENT, "metadata k: given twice");
    write_refused(outputs, 3, &bad_key, 1, NULL, EFFNET_ERR_ARGUMENT, "not valid UTF-8");
    write_refused(outputs, 3, &bad_value, 1, NULL, EFFNET_ERR_ARGUMENT, "not valid UTF-8");
    write_refused(outputs, STATE_MAX_TENSORS + 1, NULL, 0, NULL, EFFNET_ERR_LIMIT, "65537 tensors");
    char *big = malloc(9 << 20);
    memset(big, 'x', 9 << 20);
    big[(9 << 20) - 1] = '\0';
    const state_text big_text = {"k", big};
    write_refused(&half, 1, &big_text, 1, NULL, EFFNET_ERR_LIMIT, "header too large");
    free(big);
}

static effnet_status produce_one(void *context, size_t index, float *out, effnet_error *error)
{
    (void)index;
    (void)error;
    out[0] = 1.0f;
    out[1] = *(const float *)context;
    return EFFNET_OK;
}

static void values_that_do_not_fit(void **state)
{
    (void)state;
    static const struct {
        state_dtype dtype;
        float value;
        const char *message;
    } cases[] = {
        {STATE_F16, 65520.0f, "tensor head.weight: value 1, 65520, does not fit into F16"},
        {STATE_BF16, -3.4e38f, "tensor head.weight: value 1, -3.4e+38, does not fit into BF16"},
        {STATE_I64, 0.5f, "tensor head.weight: value 1, 0.5, does not fit into I64"},
    };
    for (size_t i = 0; i < 3; i++) {
        effnet_error error = {0};
        float value = cases[i].value;
        const state_output t = {"head.weight", cases[i].dtype, 1, {2}};
        const char *path = in_folder("overflow");
        assert_int_equal(state_write(path, &t, 1, NULL, 0, produce_one, &value, &error), EFFNET_ERR_FORMAT);
        assert_string_equal(error.message, cases[i].message);
        assert_int_equal(access(path, F_OK), -1);
    }
}

/* ---- W1: where the output goes ---- */

static void w1_output_paths(void **state)
{
    (void)state;
    effnet_error error;
    char target[256], path[256];
    snprintf(target, sizeof target, "%s", in_folder("target"));
    snprintf(path, sizeof path, "%s", in_folder("link"));
    assert_int_equal(symlink(target, path), 0);
    FILE *f = fopen(target, "w");
    fputs("before", f);
    fclose(f);
    int first = 0;
    assert_int_equal(state_write(path, outputs, 3, NULL, 0, produce, &first, &error), EFFNET_ERR_IO);
    bytes b = read_file(target);
    assert_int_equal(b.size, 6);
    free(b.data);
    assert_int_equal(state_write(path, outputs, 3, NULL, 0, produce, NULL, &error), EFFNET_OK);
    struct stat info;
    assert_int_equal(lstat(path, &info), 0);
    assert_true(S_ISLNK(info.st_mode)); /* the link stays, what it leads to is replaced */
    b = read_file(target);
    state_free(accepted(&b));
    free(b.data);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(unlink(target), 0);
    assert_int_equal(state_write(folder, outputs, 3, NULL, 0, produce, NULL, &error), EFFNET_ERR_CREATE);
    assert_int_equal(state_write("/dev/full", outputs, 3, NULL, 0, produce, NULL, &error), EFFNET_ERR_CREATE);
    assert_int_equal(state_write("/nowhere/at/all", outputs, 3, NULL, 0, produce, NULL, &error),
                     EFFNET_ERR_CREATE);
}

static void w1_full_disk(void **state)
{
    (void)state;
    effnet_error error;
    const char *path = in_folder("full");
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 100;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const effnet_status status = state_write(path, outputs, 3, NULL, 0, produce, NULL, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, EFFNET_ERR_IO);
    assert_int_equal(access(path, F_OK), -1);
}

/* ---- What is not weights ---- */

static void g3_g4_other_files_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *start, *what;
        size_t size;
    } cases[] = {
        {"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "Git LFS pointer", 70},
        {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG", 16},
        {"\xFF\xD8\xFF\xE0\0\x10JFIF", "JPEG", 10},
        {"GIF89a......", "GIF", 12},
        {"RIFF\x10\0\0\0WEBPVP8 ", "WebP", 16},
        {"<!DOCTYPE html><html>", "web page", 21},
        {"\n\n  <HTML><head>", "web page", 16},
        {"<?xml version=\"1.0\"?>", "web page", 21},
        {"\x1F\x8B\x08\0\0\0\0\0\0\x03", "gzip", 10},
        {"BZh91AY&SY", "bzip2", 10},
        {"\xFD"
         "7zXZ\0\0\0\0\0",
         "xz file", 10},
        {"\x28\xB5\x2F\xFD\0\0\0\0\0\0", "zstd", 10},
        {"7z\xBC\xAF\x27\x1C\0\0\0\0", "7-Zip", 10},
        {"\x89HDF\r\n\x1a\n\0\0", "HDF5", 10},
        {"\x1C\0\0\0TFL3\0\0\0\0", "TensorFlow Lite", 12},
        {"GGUF\x03\0\0\0\0\0\0\0", "GGUF", 12},
        {"\x93NUMPY\x01\0v\0{'descr'", "NumPy", 18},
        {"%PDF-1.7\n1 0 obj", "PDF", 16},
        {"\x7F"
         "ELF\x02\x01\x01\0\0\0\0\0",
         "program", 12},
        {"\x08\x07\x12\x07pytorch\x1a\x05", "ONNX", 13},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bytes b = {0};
        put(&b, cases[i].start, cases[i].size);
        refused_within(&b, EFFNET_ERR_UNSUPPORTED, cases[i].what, HEAP_HEAD);
        free(b.data);
    }
    bytes tar = {0};
    put_repeated(&tar, "x", 257);
    put_text(&tar, "ustar  ");
    put_repeated(&tar, "y", 300);
    refused_within(&tar, EFFNET_ERR_UNSUPPORTED, "tar archive", HEAP_HEAD);
    free(tar.data);
    bytes text = {0};
    put_text(&text, "hello, world: nothing of the kind");
    refused_within(&text, EFFNET_ERR_FORMAT, "not weights that effnet reads", HEAP_HEAD);
    free(text.data);
}

static void open_refused(const char *path, effnet_status status, const char *rule)
{
    effnet_error error = {0};
    source *s;
    assert_int_equal(source_open_file(&s, path, &error), status);
    assert_non_null(strstr(error.message, rule));
}

static void g5_not_regular_files(void **state)
{
    (void)state;
    const char *path = in_folder("special");
    open_refused(folder, EFFNET_ERR_FORMAT, "not a regular file");
    open_refused("/dev/zero", EFFNET_ERR_FORMAT, "not a regular file");
    assert_int_equal(mkfifo(path, 0600), 0);
    open_refused(path, EFFNET_ERR_FORMAT, "not a regular file");
    assert_int_equal(unlink(path), 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%.100s", path);
    const int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(descriptor, (const struct sockaddr *)&address, sizeof address), 0);
    open_refused(path, EFFNET_ERR_FORMAT, "not a regular file");
    close(descriptor);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_dict_finds_what_was_added),
        cmocka_unit_test(reads_any_strides),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(large_tensors_round_trip),
        cmocka_unit_test(refuses_to_write),
        cmocka_unit_test(values_that_do_not_fit),
        cmocka_unit_test(w1_output_paths),
        cmocka_unit_test(w1_full_disk),
        cmocka_unit_test(g3_g4_other_files_are_named),
        cmocka_unit_test(g5_not_regular_files),
    };
    return cmocka_run_group_tests_name("state", tests, make_folder, remove_folder);
}
