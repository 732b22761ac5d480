/* SPDX-License-Identifier: Apache-2.0
 *
 * Raw arrays in files: what numpy writes is read, hostile headers are refused with their reason, and what is
 * written is what numpy and safetensors read.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "weights/arrays.h"
#include "weights/state.h"
#include "unit/folder.h"
#include "unit/heap.h"

/* Writes a .npy with this header and `count` values 0, 1, 2, ... */
static const char *write_npy(int version, const char *header, size_t count)
{
    const char *path = in_folder("in.npy");
    FILE *f = fopen(path, "wb");
    const size_t size = strlen(header);
    fwrite("\x93NUMPY", 1, 6, f);
    fputc(version, f);
    fputc(0, f);
    for (int i = 0; i < (version == 1 ? 2 : 4); i++)
        fputc((int)(size >> 8 * i & 0xFF), f);
    fwrite(header, 1, size, f);
    for (size_t i = 0; i < count; i++) {
        const float value = (float)i;
        fwrite(&value, sizeof value, 1, f);
    }
    fclose(f);
    return path;
}

/* Reads it, expecting `code` and, if that is an error, words of its message. */
static effnet_array load(const char *path, effnet_status code, const char *words)
{
    effnet_array a;
    effnet_error error = {0};
    assert_int_equal(arrays_load(&a, path, &error), code);
    if (code != EFFNET_OK) {
        if (!strstr(error.message, words)) fail_msg("'%s' is not in '%s'", words, error.message);
        assert_non_null(strstr(error.message, path));
        assert_null(a.data);
    }
    unlink(path);
    return a;
}

static void reads_c_order(void **state)
{
    (void)state;
    effnet_array a = load(write_npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }  \n", 6),
                          EFFNET_OK, "");
    assert_int_equal(a.rank, 2);
    assert_int_equal(a.shape[0], 2);
    assert_int_equal(a.shape[1], 3);
    for (int i = 0; i < 6; i++)
        assert_true(a.data[i] == (float)i);
    arrays_free(&a);
    assert_null(a.data);
    arrays_free(&a);
    arrays_free(NULL);
}

static void reads_fortran_order(void **state)
{
    (void)state;
    /* Element (i, j, k) of a [2][3][2] array lies at i + 2 j + 6 k. */
    effnet_array a = load(write_npy(2, "{\"shape\":(2,3,2),\"fortran_order\":True,\"descr\":\"<f4\"}\n", 12),
                          EFFNET_OK, "");
    assert_int_equal(a.rank, 3);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 2; k++)
                assert_true(a.data[(i * 3 + j) * 2 + k] == (float)(i + 2 * j + 6 * k));
    arrays_free(&a);
}

static void reads_scalars_and_empty(void **state)
{
    (void)state;
    effnet_array a =
        load(write_npy(3, "{'descr': '<f4', 'fortran_order': False, 'shape': ()}", 1), EFFNET_OK, "");
    assert_int_equal(a.rank, 0);
    arrays_free(&a);
    a = load(write_npy(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (0, 4)}", 0), EFFNET_OK, "");
    assert_int_equal(a.shape[0], 0);
    arrays_free(&a);
}

static void refuses_bad_headers(void **state)
{
    (void)state;
    static const struct {
        const char *header, *words;
    } cases[] = {
        {"", "not a dictionary"},
        {"{", "quoted name"},
        {"{'descr'", "colon"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)", "does not end"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", "goes on"},
        {"{'descr': '<f4', 'fortran_order': False}", "lacks"},
        {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "stands twice"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}", "unknown"},
        {"{'descr': '<f4', 'fortran_order': Falsy, 'shape': (1,)}", "neither True nor False"},
        {"{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", "neither True nor False"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': 1}", "not a tuple"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}", "not a tuple"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "dimension was expected"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "too large"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", "too large"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", "more than 8"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "bytes of values"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "quoted name"},
        {"{'descr': '0123456789012345678901234567890123456789', 'shape': (1,)}", "too long"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        load(write_npy(1, cases[i].header, 1), EFFNET_ERR_FORMAT, cases[i].words);
}

static void refuses_other_types(void **state)
{
    (void)state;
    load(write_npy(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", 2), EFFNET_ERR_UNSUPPORTED,
         "type '<f8', wanted float32");
    load(write_npy(1, "{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", 1), EFFNET_ERR_UNSUPPORTED,
         "'>f4'");
    load(write_npy(1, "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", 1), EFFNET_ERR_UNSUPPORTED,
         "'|O'");
}

static void refuses_what_is_no_npy(void **state)
{
    (void)state;
    const char *path = in_folder("in.npy");
    FILE *f = fopen(path, "wb");
    fputs("hello, this is text", f);
    fclose(f);
    load(path, EFFNET_ERR_FORMAT, "does not begin with");
    f = fopen(path, "wb");
    fputs("\x93NUMPY", f);
    fclose(f);
    load(path, EFFNET_ERR_FORMAT, "too short");
    load(write_npy(9, "{'descr': '<f4'}", 1), EFFNET_ERR_UNSUPPORTED, "version 9");
    load(in_folder("none.npy"), EFFNET_ERR_NOT_FOUND, "No such file");
    f = fopen(path, "wb");
    fwrite("\x93NUMPY\x02\0\xFF\xFF\xFF\x7F", 1, 12, f);
    fclose(f);
    load(path, EFFNET_ERR_LIMIT, "header of 2147483647 bytes");
    f = fopen(path, "wb");
    fwrite("\x93NUMPY\x01\0\xFF\x7F{}", 1, 12, f);
    fclose(f);
    load(path, EFFNET_ERR_FORMAT, "truncated");
}

/* Every prefix of a good file, and every flipped bit of its head, is refused or read; nothing else. */
static void survives_damage(void **state)
{
    (void)state;
    static const char header[] = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }\n";
    const size_t size = 10 + sizeof header - 1 + 16;
    uint8_t good[128], bad[128];
    FILE *f = fopen(write_npy(1, header, 4), "rb");
    assert_int_equal(fread(good, 1, sizeof good, f), size);
    fclose(f);
    const char *path = in_folder("in.npy");
    for (size_t i = 0; i < size + 8 * size; i++) {
        memcpy(bad, good, size);
        if (i >= size) bad[(i - size) / 8] ^= (uint8_t)(1 << (i - size) % 8);
        f = fopen(path, "wb");
        fwrite(bad, 1, i < size ? i : size, f);
        fclose(f);
        effnet_array a;
        effnet_error error = {0};
        const effnet_status status = arrays_load(&a, path, &error);
        assert_true(i >= size || status != EFFNET_OK);
        arrays_free(&a);
    }
    unlink(path);
}

/* ---- writing ---- */

static float values[] = {1, 2, 3, 4, 5, 6};
static const effnet_array matrix = {.name = "logits", .rank = 2, .shape = {2, 3}, .data = values};
static const effnet_array vector = {.name = "block:3", .rank = 1, .shape = {4}, .data = values};

static size_t slurp(const char *path, uint8_t *out, size_t capacity)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    const size_t size = fread(out, 1, capacity, f);
    fclose(f);
    unlink(path);
    return size;
}

static void writes_npy(void **state)
{
    (void)state;
    const char *path = in_folder("out.npy");
    assert_int_equal(arrays_save(path, &matrix, 1, NULL), EFFNET_OK);
    uint8_t bytes[512];
    const size_t size = slurp(path, bytes, sizeof bytes);
    static const char head[] =
        "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    assert_int_equal(size, 128 + 24);
    assert_memory_equal(bytes, head, sizeof head - 1);
    assert_int_equal(bytes[127], '\n');
    assert_memory_equal(bytes + 128, values, 24);
}

static void npy_comes_back(void **state)
{
    (void)state;
    const size_t shapes[][3] = {{3, 2, 1}, {1, 1, 1}, {0, 5, 2}};
    for (size_t i = 0; i < 3; i++)
        for (int rank = 0; rank <= 3; rank++) {
            effnet_array a = {.name = "x", .rank = rank, .data = values};
            memcpy(a.shape, shapes[i], sizeof shapes[i]);
            const char *path = in_folder("out.npy");
            assert_int_equal(arrays_save(path, &a, 1, NULL), EFFNET_OK);
            effnet_array b = load(path, EFFNET_OK, "");
            assert_int_equal(b.rank, rank);
            assert_memory_equal(b.shape, a.shape, (size_t)rank * sizeof *a.shape);
            arrays_free(&b);
        }
}

static uint32_t u32_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void writes_npz(void **state)
{
    (void)state;
    const char *path = in_folder("out.npz");
    const effnet_array both[] = {matrix, vector};
    assert_int_equal(arrays_save(path, both, 2, NULL), EFFNET_OK);
    uint8_t bytes[1024];
    const size_t size = slurp(path, bytes, sizeof bytes);
    const uint8_t *end = bytes + size - 22;
    assert_int_equal(u32_at(end), 0x06054B50);
    assert_int_equal(end[10], 2);
    const uint8_t *entry = bytes + u32_at(end + 16); /* the second one names the second member */
    assert_int_equal(u32_at(entry), 0x02014B50);
    entry += 46 + strlen("logits.npy");
    assert_memory_equal(entry + 46, "block:3.npy", 11);
    const uint8_t *local = bytes + u32_at(entry + 42);
    assert_int_equal(u32_at(local), 0x04034B50);
    assert_memory_equal(local + 30, "block:3.npy", 11);
    const uint8_t *content = local + 30 + 11;
    const uint32_t length = u32_at(local + 22);
    assert_int_equal(length, 128 + 16);
    assert_int_equal(u32_at(local + 14), crc32(0, content, length));
    assert_memory_equal(content + 128, values, 16);
    assert_ptr_equal(content + length, bytes + u32_at(end + 16));
}

static void writes_safetensors(void **state)
{
    (void)state;
    const char *path = in_folder("out.safetensors");
    const effnet_array both[] = {matrix, vector};
    assert_int_equal(arrays_save(path, both, 2, NULL), EFFNET_OK);
    source *file;
    state_dict *dict;
    assert_int_equal(source_open_file(&file, path, NULL), EFFNET_OK);
    assert_int_equal(state_open(&dict, file, NULL), EFFNET_OK);
    const state_tensor *t = state_find(dict, "", "block:3");
    assert_non_null(t);
    assert_int_equal(t->shape[0], 4);
    float read[4];
    assert_int_equal(state_read_f32(dict, t, read, NULL), EFFNET_OK);
    assert_memory_equal(read, values, sizeof read);
    state_free(dict);
    unlink(path);
}

static void refused(const char *name, const effnet_array *arrays, size_t count, effnet_status code,
                    const char *words)
{
    effnet_error error = {0};
    const char *path = in_folder(name);
    assert_int_equal(arrays_save(path, arrays, count, &error), code);
    if (!strstr(error.message, words)) fail_msg("'%s' is not in '%s'", words, error.message);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void refuses_to_write(void **state)
{
    (void)state;
    const effnet_array twice[] = {matrix, matrix};
    refused("out.txt", &matrix, 1, EFFNET_ERR_ARGUMENT, "must end in");
    refused("out.npy", twice, 2, EFFNET_ERR_ARGUMENT, "one array");
    refused("out.npz", twice, 2, EFFNET_ERR_ARGUMENT, "two arrays are called 'logits'");
    static const char *const names[] = {"", "../x", "a/b", ".x"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        effnet_array a = matrix;
        a.name = names[i];
        refused("out.npz", &a, 1, EFFNET_ERR_ARGUMENT, "cannot be the name");
    }
    effnet_array huge = {.name = "x", .rank = 2, .shape = {SIZE_MAX / 2, 3}, .data = values};
    refused("out.npz", &huge, 1, EFFNET_ERR_ARGUMENT, "too large");
    huge = (effnet_array){.name = "x", .rank = 1, .shape = {(size_t)1 << 30}, .data = values};
    refused("out.npz", &huge, 1, EFFNET_ERR_LIMIT,
            "more than 4 GiB"); /* noticed before the values are touched */
    refused("no/folder.npz", &matrix, 1, EFFNET_ERR_CREATE, "No such file");
    refused("no/folder.safetensors", &matrix, 1, EFFNET_ERR_CREATE, "No such file");
}

/* ---- growing ---- */

enum { ROW = 1000 };

/* An array called "maps" of `rows` rows of 10 x 100 values, each its number in the file, `step` rows at a
 * time. */
static void grow(const char *path, size_t rows, size_t step)
{
    static float block[8 * ROW];
    const effnet_array shape = {.name = "maps", .rank = 3, .shape = {99, 10, 100}};
    effnet_array_writer *w;
    assert_int_equal(arrays_writer_create(&w, path, &shape, 1, NULL), EFFNET_OK);
    for (size_t row = 0; row < rows; row += step) {
        const float *const values_of[] = {block};
        for (size_t i = 0; i < step * ROW; i++)
            block[i] = (float)(row * ROW + i);
        assert_int_equal(arrays_writer_append(w, values_of, step, NULL), EFFNET_OK);
    }
    assert_int_equal(access(path, F_OK), -1); /* nothing is seen before the end */
    assert_int_equal(arrays_writer_save(w, NULL), EFFNET_OK);
    arrays_writer_free(w);
}

static void growing_gives_the_same_file(void **state)
{
    (void)state;
    static const char *const names[] = {"out.npy", "out.npz", "out.safetensors"};
    enum { ROWS = 24 };
    float *all = malloc(ROWS * ROW * sizeof *all);
    for (size_t i = 0; i < ROWS * ROW; i++)
        all[i] = (float)i;
    const effnet_array array = {.name = "maps", .rank = 3, .shape = {ROWS, 10, 100}, .data = all};
    const size_t capacity = ROWS * ROW * sizeof *all + 4096;
    uint8_t *want = malloc(capacity), *got = malloc(capacity);
    for (size_t i = 0; i < 3; i++)
        for (size_t step = 1; step <= 8; step *= 2) {
            const char *path = in_folder(names[i]);
            assert_int_equal(arrays_save(path, &array, 1, NULL), EFFNET_OK);
            const size_t size = slurp(path, want, capacity);
            grow(path, ROWS, step);
            assert_int_equal(slurp(path, got, capacity), size);
            assert_memory_equal(got, want, size);
        }
    free(all);
    free(want);
    free(got);
}

static void grows_several_at_once(void **state)
{
    (void)state;
    const effnet_array shapes[] = {{.name = "a", .rank = 2, .shape = {0, 2}}, {.name = "b", .rank = 1}};
    const float a[] = {1, 2, 3, 4, 5, 6}, b[] = {7, 8, 9};
    const effnet_array both[] = {
        {.name = "a", .rank = 2, .shape = {3, 2}, .data = (float[]){1, 2, 3, 4, 5, 6}},
        {.name = "b", .rank = 1, .shape = {3}, .data = (float[]){7, 8, 9}}};
    static const char *const names[] = {"out.npz", "out.safetensors"};
    for (size_t i = 0; i < 2; i++) {
        uint8_t want[2048], got[2048];
        const char *path = in_folder(names[i]);
        assert_int_equal(arrays_save(path, both, 2, NULL), EFFNET_OK);
        const size_t size = slurp(path, want, sizeof want);
        effnet_array_writer *w;
        assert_int_equal(arrays_writer_create(&w, path, shapes, 2, NULL), EFFNET_OK);
        assert_int_equal(arrays_writer_append(w, (const float *const[]){a, b}, 1, NULL), EFFNET_OK);
        assert_int_equal(arrays_writer_append(w, (const float *const[]){a + 2, b + 1}, 2, NULL), EFFNET_OK);
        assert_int_equal(arrays_writer_save(w, NULL), EFFNET_OK);
        arrays_writer_free(w);
        assert_int_equal(slurp(path, got, sizeof got), size);
        assert_memory_equal(got, want, size);
    }
}

/* Forty times the rows in the same memory, which is less than they have bytes. */
static void memory_does_not_grow(void **state)
{
    (void)state;
    static const char *const names[] = {"out.npy", "out.npz", "out.safetensors"};
    for (size_t i = 0; i < 3; i++) {
        const char *path = in_folder(names[i]);
        heap_mark();
        grow(path, 50, 1);
        const size_t few = heap_used();
        unlink(path);
        heap_mark();
        grow(path, 2000, 1);
        const size_t many = heap_used();
        unlink(path);
        assert_true(many <= few + 1024);
        assert_true(many < 50 * ROW * sizeof(float));
        assert_int_equal(heap_kept(), 0);
    }
}

static void growing_is_refused(const char *name, const effnet_array *arrays, size_t count, effnet_status code,
                               const char *words)
{
    effnet_error error = {0};
    effnet_array_writer *w = NULL;
    assert_int_equal(arrays_writer_create(&w, in_folder(name), arrays, count, &error), code);
    if (!strstr(error.message, words)) fail_msg("'%s' is not in '%s'", words, error.message);
    assert_null(w);
}

static void refuses_to_grow(void **state)
{
    (void)state;
    const effnet_array twice[] = {matrix, matrix}, scalar = {.name = "x"};
    const effnet_array huge = {.name = "x", .rank = 3, .shape = {1, SIZE_MAX / 2, 3}};
    growing_is_refused("out.txt", &matrix, 1, EFFNET_ERR_ARGUMENT, "must end in");
    growing_is_refused("out.npz", twice, 2, EFFNET_ERR_ARGUMENT, "two arrays are called 'logits'");
    growing_is_refused("out.npy", &scalar, 1, EFFNET_ERR_ARGUMENT, "no rows");
    growing_is_refused("out.npy", &huge, 1, EFFNET_ERR_ARGUMENT, "too large");
    growing_is_refused("no/folder.npy", &matrix, 1, EFFNET_ERR_CREATE, "No such file");
    growing_is_refused(".", &matrix, 1, EFFNET_ERR_ARGUMENT, "must end in");
}

/* A row beyond 4 GiB is refused before it is touched, and after that nothing more is taken. */
static void stops_where_npz_ends(void **state)
{
    (void)state;
    effnet_error error = {0};
    effnet_array_writer *w;
    const effnet_array long_rows = {.name = "x", .rank = 2, .shape = {0, (size_t)1 << 30}};
    const float *const rows[] = {values};
    assert_int_equal(arrays_writer_create(&w, in_folder("out.npz"), &long_rows, 1, NULL), EFFNET_OK);
    assert_int_equal(arrays_writer_append(w, rows, 1, &error), EFFNET_ERR_LIMIT);
    assert_non_null(strstr(error.message, "more than 4 GiB"));
    assert_int_equal(arrays_writer_append(w, rows, 0, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(arrays_writer_save(w, &error), EFFNET_ERR_ARGUMENT);
    arrays_writer_free(w);
    arrays_writer_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_c_order),
        cmocka_unit_test(reads_fortran_order),
        cmocka_unit_test(reads_scalars_and_empty),
        cmocka_unit_test(refuses_bad_headers),
        cmocka_unit_test(refuses_other_types),
        cmocka_unit_test(refuses_what_is_no_npy),
        cmocka_unit_test(survives_damage),
        cmocka_unit_test(writes_npy),
        cmocka_unit_test(npy_comes_back),
        cmocka_unit_test(writes_npz),
        cmocka_unit_test(writes_safetensors),
        cmocka_unit_test(refuses_to_write),
        cmocka_unit_test(growing_gives_the_same_file),
        cmocka_unit_test(grows_several_at_once),
        cmocka_unit_test(memory_does_not_grow),
        cmocka_unit_test(refuses_to_grow),
        cmocka_unit_test(stops_where_npz_ends),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
