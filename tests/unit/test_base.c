/* SPDX-License-Identifier: Apache-2.0
 *
 * The ground floor: escaping, readers, sources, atomic output, arenas and the counter-based generator.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/output.h"
#include "base/reader.h"
#include "base/rng.h"
#include "base/sizes.h"
#include "base/source.h"
#include "base/text.h"
#include "unit/folder.h"

static void escape_is_printable(void **state)
{
    (void)state;
    char out[64];
    text_escape(out, sizeof out, "a\x1b[31m\n\xff\xc3\xa9", 10);
    assert_string_equal(out, "a\\x1B[31m\\x0A\\xFF\xc3\xa9");
    text_escape(out, sizeof out, "\xc2\x9b\xed\xa0\x80\0z", 7);
    assert_string_equal(out, "\\xC2\\x9B\\xED\\xA0\\x80\\x00z");
    assert_int_equal(text_escape(out, 8, "0123456789", 10), 7);
    assert_string_equal(out, "0123...");
    text_escape(out, 8, "0123456", 7);
    assert_string_equal(out, "0123456");
}

static void error_messages(void **state)
{
    (void)state;
    effnet_error error;
    assert_int_equal(error_set_at(&error, EFFNET_ERR_FORMAT, 17, "bad \x01 thing"), EFFNET_ERR_FORMAT);
    assert_string_equal(error.message, "bad \\x01 thing (byte 17)");
    assert_int_equal(error.offset, 17);
    error_prefix(&error, EFFNET_ERR_FORMAT, "dir/file.pth");
    assert_string_equal(error.message, "dir/file.pth: bad \\x01 thing (byte 17)");
    assert_int_equal(error_set(NULL, EFFNET_ERR_IO, "x"), EFFNET_ERR_IO);

    char longest[2000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    error_set_at(&error, EFFNET_ERR_FORMAT, 5, "%s", longest);
    assert_true(strlen(error.message) < EFFNET_MESSAGE_SIZE);
    assert_non_null(strstr(error.message, "... (byte 5)"));
    for (int i = EFFNET_OK; i <= EFFNET_ERR_INTERNAL; i++)
        assert_string_not_equal(effnet_status_name((effnet_status)i), "unknown status");
}

static void reader_is_sticky(void **state)
{
    (void)state;
    const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 'a', 'b', '\n', 9};
    reader r = reader_over(bytes, sizeof bytes, 100);
    assert_int_equal(reader_u16(&r), 0x0201);
    assert_int_equal(reader_u16_be(&r), 0x0304);
    assert_int_equal(reader_u32(&r), 0x08070605);
    size_t length;
    assert_memory_equal(reader_until(&r, '\n', &length), "ab", 2);
    assert_int_equal(length, 2);
    assert_int_equal(reader_u64(&r), 0);
    assert_false(reader_ok(&r));
    assert_int_equal(reader_u8(&r), 0);
    effnet_error error;
    assert_int_equal(reader_status(&r, &error), EFFNET_ERR_FORMAT);
    assert_int_equal(error.offset, 111);
    r = reader_over(bytes, sizeof bytes, 0);
    assert_null(reader_until(&r, 0xEE, &length));
    r = reader_over(bytes, sizeof bytes, 0);
    reader_seek(&r, 12);
    assert_true(reader_ok(&r));
    reader_seek(&r, 13);
    assert_false(reader_ok(&r));
}

static void sources_read(void **state)
{
    (void)state;
    effnet_error error;
    source *s;
    assert_int_equal(source_open_file(&s, in_folder("none"), &error), EFFNET_ERR_NOT_FOUND);
    assert_null(s);
    assert_int_equal(source_open_file(&s, folder, &error), EFFNET_ERR_FORMAT);
    assert_int_equal(source_open_file(&s, "/dev/zero", &error), EFFNET_ERR_FORMAT);
    const char *fifo = in_folder("fifo");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(source_open_file(&s, fifo, &error), EFFNET_ERR_FORMAT);
    unlink(fifo);

    output *o;
    const char *path = in_folder("file");
    assert_int_equal(output_create(&o, path, &error), EFFNET_OK);
    assert_int_equal(output_write(o, "hello", 5, &error), EFFNET_OK);
    assert_int_equal(output_commit(o, &error), EFFNET_OK);
    assert_int_equal(source_open_file(&s, path, &error), EFFNET_OK);
    assert_int_equal(source_size(s), 5);
    char buffer[8];
    assert_int_equal(source_read(s, 1, buffer, 4, &error), EFFNET_OK);
    assert_memory_equal(buffer, "ello", 4);
    assert_int_equal(source_read(s, 1, buffer, 5, &error), EFFNET_ERR_FORMAT);
    assert_int_equal(source_read(s, UINT64_MAX, buffer, 2, &error), EFFNET_ERR_FORMAT);
    assert_int_equal(truncate(path, 2), 0);
    assert_int_equal(source_read(s, 1, buffer, 4, &error), EFFNET_ERR_IO);
    void *all;
    size_t size;
    assert_int_equal(source_read_all(s, 4, &all, &size, &error), EFFNET_ERR_LIMIT);
    source_close(s);
    unlink(path);
}

static void streams_are_limited(void **state)
{
    (void)state;
    effnet_error error;
    for (int i = 0; i < 2; i++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], "0123456789", 10), 10);
        close(ends[1]);
        source *s;
        assert_int_equal(source_open_stream(&s, ends[0], i ? 9 : 10, "pipe", &error),
                         i ? EFFNET_ERR_LIMIT : EFFNET_OK);
        if (!i) assert_int_equal(source_size(s), 10);
        source_close(s);
        close(ends[0]);
    }
}

/* Standard input read whole is the block that was read, not a copy of it. */
static void stream_is_loaded_once(void **state)
{
    (void)state;
    effnet_error error;
    int ends[2];
    const int kept = dup(STDIN_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "0123456789", 10), 10);
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    void *all;
    size_t size;
    assert_int_equal(source_load(&all, &size, "-", 10, &error), EFFNET_OK);
    assert_int_equal(size, 10);
    assert_memory_equal(all, "0123456789", 10);
    free(all);
    /* At its end it is empty, and still a block. */
    assert_int_equal(source_load(&all, &size, "-", 10, &error), EFFNET_OK);
    assert_int_equal(size, 0);
    assert_non_null(all);
    free(all);
    dup2(kept, STDIN_FILENO);
    close(kept);
}

static void output_is_atomic(void **state)
{
    (void)state;
    effnet_error error;
    output *o;
    char path[256];
    snprintf(path, sizeof path, "%s", in_folder("out"));
    assert_int_equal(output_create(&o, in_folder("no/such/folder"), &error), EFFNET_ERR_CREATE);
    assert_null(o);
    assert_int_equal(output_create(&o, folder, &error), EFFNET_ERR_CREATE);
    assert_int_equal(output_create(&o, path, &error), EFFNET_OK);
    assert_int_equal(output_write(o, "x", 1, &error), EFFNET_OK);
    output_abort(o);
    assert_int_equal(access(path, F_OK), -1);

    char *big = calloc(1, 200000);
    assert_int_equal(output_create(&o, path, &error), EFFNET_OK);
    assert_int_equal(output_write(o, "x", 1, &error), EFFNET_OK);
    assert_int_equal(output_write(o, big, 200000, &error), EFFNET_OK);
    assert_int_equal(output_write(o, "y", 1, &error), EFFNET_OK);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(output_commit(o, &error), EFFNET_OK);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, 200002);
    free(big);

    char link_path[256];
    snprintf(link_path, sizeof link_path, "%s", in_folder("link"));
    assert_int_equal(symlink("out", link_path), 0);
    assert_int_equal(output_create(&o, link_path, &error), EFFNET_OK);
    assert_int_equal(output_write(o, "new", 3, &error), EFFNET_OK);
    assert_int_equal(output_commit(o, &error), EFFNET_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, 3);
    unlink(link_path);
    unlink(path);
}

static void arena_has_a_ceiling(void **state)
{
    (void)state;
    arena a = arena_make(100000);
    char *first = arena_string(&a, "abc", 3);
    assert_string_equal(first, "abc");
    for (int i = 0; i < 90; i++) {
        uint8_t *p = arena_array(&a, 10, 100);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (int j = 0; j < 1000; j++)
            assert_int_equal(p[j], 0);
        memset(p, 0xFF, 1000);
    }
    assert_null(arena_alloc(&a, 20000));
    assert_null(arena_array(&a, SIZE_MAX / 2, 3));
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_string_equal(first, "abc");
    arena_free(&a);
}

static void sizes_do_not_wrap(void **state)
{
    (void)state;
    size_t out = 7;
    assert_false(size_mul(&out, SIZE_MAX, 2));
    assert_false(size_add(&out, SIZE_MAX, 1));
    assert_int_equal(out, 7);
    assert_true(size_product(&out, (size_t[]){3, 4, 5}, 3));
    assert_int_equal(out, 60);
    assert_false(size_product(&out, (size_t[]){4194305, 4194305, 211106198978564}, 3));
}

static void digest_is_sha256(void **state)
{
    (void)state;
    source *s;
    char digest[EFFNET_SHA256_SIZE];
    char *million = malloc(1000000);
    memset(million, 'a', 1000000); /* FIPS 180-2, appendix B.3 */
    assert_int_equal(source_open_memory(&s, million, 1000000, "a", NULL), EFFNET_OK);
    assert_int_equal(digest_sha256(digest, s, NULL), EFFNET_OK);
    assert_string_equal(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    source_close(s);
    free(million);
}

static void generator_is_a_function(void **state)
{
    (void)state;
    const uint64_t key = rng_key(1, "stem.conv.weight");
    assert_int_not_equal(key, rng_key(2, "stem.conv.weight"));
    double sum = 0, squares = 0, normal = 0, normal_squares = 0;
    for (uint64_t i = 0; i < 100000; i++) {
        const double u = rng_uniform(key, i), n = rng_normal(key, i);
        assert_true(u >= 0 && u < 1);
        sum += u, squares += u * u, normal += n, normal_squares += n * n;
    }
    assert_true(fabs(sum / 1e5 - 0.5) < 0.004);
    assert_true(fabs(squares / 1e5 - 1.0 / 3) < 0.004);
    assert_true(fabs(normal / 1e5 - 0) < 0.012);
    assert_true(fabs(normal_squares / 1e5 - 1) < 0.02);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escape_is_printable),     cmocka_unit_test(error_messages),
        cmocka_unit_test(reader_is_sticky),        cmocka_unit_test(sources_read),
        cmocka_unit_test(streams_are_limited),     cmocka_unit_test(stream_is_loaded_once),
        cmocka_unit_test(output_is_atomic),        cmocka_unit_test(arena_has_a_ceiling),
        cmocka_unit_test(sizes_do_not_wrap),       cmocka_unit_test(digest_is_sha256),
        cmocka_unit_test(generator_is_a_function),
    };
    return cmocka_run_group_tests_name("base", tests, make_folder, remove_folder);
}
