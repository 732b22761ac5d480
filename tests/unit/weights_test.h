/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of the weight formats share: files built byte by byte, and checks that hold a hostile file
 * to its error, its memory and its time.
 */
#ifndef WEIGHTS_TEST_H
#define WEIGHTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/case_time.h"
#include "unit/heap.h"
#include "weights/state.h"

/* ---- Files built in memory ---- */

typedef struct bytes {
    uint8_t *data;
    size_t size, capacity;
} bytes;

static inline void put(bytes *b, const void *data, size_t size)
{
    if (b->size + size > b->capacity) {
        b->capacity = 2 * (b->size + size);
        b->data = realloc(b->data, b->capacity);
        assert_non_null(b->data);
    }
    if (size) memcpy(b->data + b->size, data, size);
    b->size += size;
}

static inline void put_text(bytes *b, const char *text)
{
    put(b, text, strlen(text));
}

/* `size` bytes of `value`, least significant first. */
static inline void put_le(bytes *b, uint64_t value, size_t size)
{
    uint8_t le[8];
    for (size_t i = 0; i < size; i++)
        le[i] = (uint8_t)(value >> 8 * i);
    put(b, le, size);
}

static inline void put_u8(bytes *b, uint8_t value)
{
    put(b, &value, 1);
}

static inline void put_f32(bytes *b, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_le(b, bits, 4);
}

static inline void put_repeated(bytes *b, const char *text, size_t times)
{
    while (times--)
        put_text(b, text);
}

/* All of a file, to be freed. */
static inline bytes read_file(const char *path)
{
    bytes b = {0};
    char chunk[65536];
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
        put(&b, chunk, n);
    fclose(f);
    return b;
}

/* ---- Opening them ---- */

enum { HEAP_HEAD = 64 * 1024, HEAP_METADATA = 32 * 1024 * 1024 };

static inline effnet_status open_bytes(state_dict **dict, const void *data, size_t size, effnet_error *error)
{
    source *s;
    assert_int_equal(source_open_memory(&s, data, size, "test", error), EFFNET_OK);
    return state_open(dict, s, error);
}

/* The file must be refused with `status` and a message that holds `rule`, within `heap` bytes and the time
 * that a case may take. */
static inline void refused_within(const bytes *file, effnet_status status, const char *rule, size_t heap)
{
    effnet_error error = {0};
    state_dict *dict = (state_dict *)1;
    heap_mark();
    const double start = cpu_seconds();
    const effnet_status got = open_bytes(&dict, file->data, file->size, &error);
    const double seconds = cpu_seconds() - start;
    const size_t used = heap_used();
    if (got != status || !strstr(error.message, rule))
        print_error("got %d \"%s\", want %d with \"%s\"\n", (int)got, error.message, (int)status, rule);
    assert_int_equal(got, status);
    assert_int_equal(error.code, status);
    assert_non_null(strstr(error.message, rule));
    assert_null(dict);
    if (used > heap || seconds > case_seconds)
        print_error("\"%s\": %zu bytes of heap, %.3f s\n", error.message, used, seconds);
    assert_true(used <= heap);
    assert_true(seconds <= case_seconds);
}

static inline void refused(const bytes *file, effnet_status status, const char *rule)
{
    refused_within(file, status, rule, HEAP_METADATA);
}

static inline state_dict *accepted(const bytes *file)
{
    effnet_error error = {0};
    state_dict *dict = NULL;
    const effnet_status status = open_bytes(&dict, file->data, file->size, &error);
    if (status != EFFNET_OK) print_error("%s\n", error.message);
    assert_int_equal(status, EFFNET_OK);
    assert_non_null(dict);
    return dict;
}

/* Opening a good file with one allocation after the other failing: always the one error, and nothing left
 * behind. Builds that bring an allocator of their own have nothing to show here. */
static inline void survives_lack_of_memory(const bytes *file)
{
    enum { MOST = 10000 };
    for (size_t n = 0; HEAP_CAN_FAIL; n++) {
        effnet_error error = {0};
        state_dict *dict = NULL;
        source *s;
        assert_true(n < MOST);
        assert_int_equal(source_open_memory(&s, file->data, file->size, "test", &error), EFFNET_OK);
        const size_t before = atomic_load(&heap_now);
        heap_fail_after(n);
        const effnet_status status = state_open(&dict, s, &error);
        heap_fail_after(SIZE_MAX);
        if (status == EFFNET_OK) {
            state_free(dict);
            return;
        }
        assert_int_equal(status, EFFNET_ERR_MEMORY);
        assert_null(dict);
        assert_true(atomic_load(&heap_now) < before); /* the source is gone, and nothing came in its place */
    }
}

/* The values of a tensor, to be freed. */
static inline float *values_of(const state_dict *dict, const char *group, const char *name)
{
    effnet_error error = {0};
    const state_tensor *t = state_find(dict, group, name);
    if (!t) print_error("no tensor %s in group %s\n", name, group);
    assert_non_null(t);
    float *values = malloc((t->count + 1) * sizeof *values);
    assert_non_null(values);
    const effnet_status status = state_read_f32(dict, t, values, &error);
    if (status != EFFNET_OK) print_error("%s\n", error.message);
    assert_int_equal(status, EFFNET_OK);
    return values;
}

static inline void assert_values(const state_dict *dict, const char *group, const char *name,
                                 const float *want, size_t count)
{
    float *values = values_of(dict, group, name);
    assert_int_equal(state_find(dict, group, name)->count, count);
    for (size_t i = 0; i < count; i++)
        if (!(values[i] == want[i]))
            fail_msg("%s[%zu]: %g, want %g", name, i, (double)values[i], (double)want[i]);
    free(values);
}

/* Opens whatever it is, and if it opens, reads every tensor of moderate size; true if all of it worked. */
static inline bool touch(const void *data, size_t size)
{
    enum { LARGEST = 1 << 20 };
    effnet_error error = {0};
    state_dict *dict;
    if (open_bytes(&dict, data, size, &error) != EFFNET_OK) {
        assert_null(dict);
        assert_true(error.message[0] != '\0' && strlen(error.message) < EFFNET_MESSAGE_SIZE);
        return false;
    }
    bool all = true;
    for (size_t i = 0; i < state_count(dict); i++) {
        const state_tensor *t = state_at(dict, i);
        if (t->count > LARGEST) continue;
        float *values = malloc((t->count + 1) * sizeof *values);
        assert_non_null(values);
        all = state_read_f32(dict, t, values, &error) == EFFNET_OK && all;
        free(values);
    }
    state_free(dict);
    return all;
}

#endif
