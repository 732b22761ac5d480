/* SPDX-License-Identifier: Apache-2.0
 *
 * Checkpoints: everything comes back; files that are cut or have one bit changed are refused; whatever call
 * of the system fails while one is saved, and wherever the process is killed, a whole one is there.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/output.h"
#include "train/checkpoint/checkpoint.h"
#include "unit/folder.h"

/* ---- Calls that fail when they are told to ---- */

enum { NEVER = 1 << 20 };
static int calls, fail_at = NEVER, failure, kill_at = NEVER;
static bool cut_short; /* the failing write first takes half of its bytes */

static bool fails_now(void)
{
    if (calls == kill_at) raise(SIGKILL);
    const bool now = calls++ == fail_at;
    if (now) errno = failure;
    return now;
}

ssize_t __real_write(int descriptor, const void *data, size_t size);
ssize_t __wrap_write(int descriptor, const void *data, size_t size);
ssize_t __wrap_write(int descriptor, const void *data, size_t size)
{
    if (!fails_now()) return __real_write(descriptor, data, size);
    if (cut_short) return __real_write(descriptor, data, size / 2);
    return -1;
}

#define WRAP(name, parameters, arguments)                                                                    \
    int __real_##name parameters;                                                                            \
    int __wrap_##name parameters;                                                                            \
    int __wrap_##name parameters                                                                             \
    {                                                                                                        \
        return fails_now() ? -1 : __real_##name arguments;                                                   \
    }
WRAP(fsync, (int descriptor), (descriptor))
WRAP(rename, (const char *from, const char *to), (from, to))
WRAP(link, (const char *from, const char *to), (from, to))

/* ---- A small run ---- */

enum { NUMBERS = 3, FIRST = 5, SECOND = 7 };

typedef struct run {
    uint64_t numbers[NUMBERS];
    float first[FIRST], second[SECOND];
    checkpoint state;
} run;

static void set_run(run *r, unsigned value)
{
    for (size_t i = 0; i < NUMBERS; i++)
        r->numbers[i] = value * 0x0101010101010101u + i;
    for (size_t i = 0; i < FIRST; i++)
        r->first[i] = (float)value + (float)i / 8;
    for (size_t i = 0; i < SECOND; i++)
        r->second[i] = -(float)value * (float)i;
    r->state = (checkpoint){
        "network=tiny\nrate=0.1\n", r->numbers, NUMBERS, {{r->first, FIRST}, {r->second, SECOND}}, 2};
}

static void save(unsigned value)
{
    run r;
    effnet_error error;
    set_run(&r, value);
    if (checkpoint_save(folder, &r.state, &error)) fail_msg("%s", error.message);
}

/* The value of the run that is loaded. */
static unsigned load(char warning[CHECKPOINT_WARNING])
{
    run r, same;
    char own[CHECKPOINT_WARNING];
    effnet_error error;
    set_run(&r, 200);
    if (checkpoint_load(folder, &r.state, warning ? warning : own, &error)) fail_msg("%s", error.message);
    const unsigned value = (unsigned)(r.numbers[0] & 0xFF);
    set_run(&same, value);
    assert_memory_equal(r.numbers, same.numbers, sizeof r.numbers);
    assert_memory_equal(r.first, same.first, sizeof r.first);
    assert_memory_equal(r.second, same.second, sizeof r.second);
    return value;
}

static bool exists(const char *name)
{
    return access(in_folder(name), F_OK) == 0;
}

static void clean(void)
{
    unlink(in_folder("last.ckpt"));
    unlink(in_folder("previous.ckpt"));
}

static void *read_file(const char *name, size_t *size)
{
    void *bytes;
    assert_int_equal(source_load(&bytes, size, in_folder(name), 1 << 16, NULL), EFFNET_OK);
    return bytes;
}

static void write_file(const char *name, const void *bytes, size_t size)
{
    output *o;
    assert_int_equal(output_create(&o, in_folder(name), NULL), EFFNET_OK);
    assert_int_equal(output_write(o, bytes, size, NULL), EFFNET_OK);
    assert_int_equal(output_commit(o, NULL), EFFNET_OK);
}

/* ---- Tests ---- */

static void the_last_two_are_kept(void **state)
{
    (void)state;
    char warning[CHECKPOINT_WARNING];
    save(1);
    assert_false(exists("previous.ckpt"));
    assert_int_equal(load(warning), 1);
    assert_string_equal(warning, "");
    save(2);
    save(3);
    assert_int_equal(load(NULL), 3);
    size_t size;
    free(read_file("last.ckpt", &size));
    run r;
    set_run(&r, 0);
    assert_int_equal(size, checkpoint_size(&r.state));
    unlink(in_folder("last.ckpt"));
    assert_int_equal(load(warning), 2);
    assert_non_null(strstr(warning, "last.ckpt"));
    clean();
}

static effnet_status read_bytes(const void *bytes, size_t size, effnet_error *error)
{
    run r;
    source *s;
    set_run(&r, 0);
    assert_int_equal(source_open_memory(&s, bytes, size, "test", NULL), EFFNET_OK);
    const effnet_status status = checkpoint_read(s, &r.state, error);
    source_close(s);
    return status;
}

static void damage_is_seen(void **state)
{
    (void)state;
    save(7);
    size_t size;
    uint8_t *bytes = read_file("last.ckpt", &size);
    effnet_error error;
    assert_int_equal(read_bytes(bytes, size, &error), EFFNET_OK);
    for (size_t length = 0; length < size; length++)
        if (read_bytes(bytes, length, &error) != EFFNET_ERR_FORMAT) fail_msg("cut at %zu: read", length);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (read_bytes(bytes, size, &error) != EFFNET_ERR_FORMAT) fail_msg("bit %zu changed: read", bit);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    uint8_t *longer = calloc(1, size + 1);
    memcpy(longer, bytes, size);
    assert_int_equal(read_bytes(longer, size + 1, &error), EFFNET_ERR_FORMAT);
    free(longer);

    /* A damaged newest one falls back. */
    save(8);
    write_file("last.ckpt", bytes, size / 2);
    char warning[CHECKPOINT_WARNING];
    assert_int_equal(load(warning), 7);
    assert_non_null(strstr(warning, "truncated"));
    write_file("previous.ckpt", "", 0);
    run r;
    set_run(&r, 0);
    assert_int_equal(checkpoint_load(folder, &r.state, warning, &error), EFFNET_ERR_FORMAT);
    assert_non_null(strstr(error.message, "last.ckpt"));
    unlink(in_folder("last.ckpt"));
    assert_int_equal(checkpoint_load(folder, &r.state, warning, &error), EFFNET_ERR_FORMAT);
    assert_non_null(strstr(error.message, "previous.ckpt"));
    clean();
    assert_int_equal(checkpoint_load(folder, &r.state, warning, &error), EFFNET_ERR_NOT_FOUND);
    free(bytes);
}

static void another_run_is_refused(void **state)
{
    (void)state;
    save(1);
    save(2);
    run r;
    char warning[CHECKPOINT_WARNING];
    effnet_error error;
    set_run(&r, 0);
    r.state.description = "network=tiny\nrate=0.25\n";
    assert_int_equal(checkpoint_load(folder, &r.state, warning, &error), EFFNET_ERR_MISMATCH);
    assert_non_null(strstr(error.message, "\"rate=0.1\", this one has \"rate=0.25\""));
    set_run(&r, 0);
    r.state.arrays[1].count--;
    assert_int_equal(checkpoint_load(folder, &r.state, warning, &error), EFFNET_ERR_MISMATCH);
    set_run(&r, 0);
    r.state.array_count = 1;
    assert_int_equal(checkpoint_load(folder, &r.state, warning, &error), EFFNET_ERR_FORMAT);
    clean();
}

/* How many calls a save makes, beginning with one checkpoint or two. */
static int count_calls(void)
{
    calls = 0;
    save(9);
    return calls;
}

static void begin_with(int checkpoints)
{
    clean();
    for (int i = 0; i < checkpoints; i++)
        save((unsigned)(10 + i));
}

static void failing_calls_lose_nothing(void **state)
{
    (void)state;
    static const int errors[] = {ENOSPC, EIO, EDQUOT, EINTR};
    for (int before = 0; before <= 2; before++) {
        begin_with(before);
        const int most = count_calls();
        assert_true(most >= 4);
        for (int e = 0; e < 5; e++)
            for (int at = 0; at < most; at++) {
                begin_with(before);
                run r;
                effnet_error error = {0};
                set_run(&r, 99);
                calls = 0;
                fail_at = at;
                failure = errors[e % 4];
                cut_short = e == 4;
                const effnet_status status = checkpoint_save(folder, &r.state, &error);
                fail_at = NEVER;
                if (status == EFFNET_OK) {
                    assert_int_equal(load(NULL), 99);
                    continue;
                }
                assert_true(status == EFFNET_ERR_IO && strstr(error.message, folder));
                /* What had already its name may be the new one: the folder could not be synced then. */
                if (before) assert_true(load(NULL) == (unsigned)(9 + before) || load(NULL) == 99);
                assert_false(exists("previous.ckpt.tmp"));
            }
    }
    clean();
}

static void a_killed_save_loses_nothing(void **state)
{
    (void)state;
    begin_with(2);
    const int most = count_calls();
    for (int before = 1; before <= 2; before++)
        for (int at = 0; at <= most; at++) {
            begin_with(before);
            calls = 0;
            const pid_t child = fork();
            if (child == 0) {
                kill_at = at;
                save(99);
                _exit(0);
            }
            int status;
            assert_int_equal(waitpid(child, &status, 0), child);
            const unsigned found = load(NULL);
            if (found != (unsigned)(9 + before) && found != 99) fail_msg("killed at %d: %u", at, found);
            checkpoint_tidy(folder);
            save(50);
            assert_int_equal(load(NULL), 50);
        }
    clean();
}

static void room_is_looked_for(void **state)
{
    (void)state;
    run r;
    effnet_error error;
    set_run(&r, 0);
    assert_int_equal(checkpoint_check_room(folder, &r.state, &error), EFFNET_OK);
    r.state.arrays[0].count = (size_t)1 << 55;
    assert_int_equal(checkpoint_check_room(folder, &r.state, &error), EFFNET_ERR_IO);
    assert_int_equal(checkpoint_check_room(in_folder("nowhere"), &r.state, &error), EFFNET_ERR_IO);
    assert_int_equal(checkpoint_save(in_folder("nowhere"), &r.state, &error), EFFNET_ERR_CREATE);
    checkpoint_tidy(in_folder("nowhere"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_two_are_kept),       cmocka_unit_test(damage_is_seen),
        cmocka_unit_test(another_run_is_refused),      cmocka_unit_test(failing_calls_lose_nothing),
        cmocka_unit_test(a_killed_save_loses_nothing), cmocka_unit_test(room_is_looked_for),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
