/* SPDX-License-Identifier: Apache-2.0
 *
 * PyTorch's format before 1.6: rows L1 to L3 of the robustness table, and views of storages as versions
 * before 0.4 wrote them, which no PyTorch of today can make.
 */
#include "unit/torch_files.h"

static const char magic[] = "\x80\2\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19.", protocol[] = "\x80\2M\xe9\3.";

enum { MAGIC_SIZE = sizeof magic - 1, PROTOCOL_SIZE = sizeof protocol - 1 };

/* The three pickles at the head. */
static void put_head(bytes *b, bool little_endian)
{
    put(b, magic, MAGIC_SIZE);
    put(b, protocol, PROTOCOL_SIZE);
    put_text(b, "\x80\2}(");
    op_text(b, "protocol_version");
    put_text(b, "M\xe9\3");
    op_text(b, "little_endian");
    put_text(b, little_endian ? "\x88" : "\x89");
    op_text(b, "type_sizes");
    put_text(b, "}(");
    op_text(b, "short");
    put_text(b, "K\2u");
    put_text(b, "u.");
}

/* A storage of the legacy kind: with None, or a view, behind the count. */
static void op_legacy_storage(bytes *b, const char *type, const char *key, int64_t count,
                              const char *view_ops)
{
    put_text(b, "(");
    op_text(b, "storage");
    op_global(b, type);
    op_text(b, key);
    op_text(b, "cpu");
    op_int(b, count);
    put_text(b, view_ops);
    put_text(b, "tQ");
}

static void op_legacy_tensor(bytes *b, const char *name, const char *key, int64_t count, const char *view_ops,
                             view v)
{
    op_text(b, name);
    op_global(b, "torch._utils _rebuild_tensor_v2");
    put_text(b, "(");
    op_legacy_storage(b, "torch FloatStorage", key, count, view_ops);
    op_rebuild(b, v);
}

static void put_keys(bytes *b, const char *const *keys, size_t count)
{
    put_text(b, "\x80\2](");
    for (size_t i = 0; i < count; i++)
        op_text(b, keys[i]);
    put_text(b, "e.");
}

/* {"w": four floats} up to the list of keys. */
static bytes start_plain(void)
{
    bytes b = {0};
    put_head(&b, true);
    put_text(&b, "\x80\2}(");
    op_legacy_tensor(&b, "w", "k0", 4, "N", (view){0, 1, {4}, {1}});
    put_text(&b, "u.");
    return b;
}

static void put_four(bytes *b)
{
    put_le(b, 4, 8);
    put(b, four, sizeof four);
}

static void expect_refused(bytes *b, effnet_status status, const char *rule)
{
    refused(b, status, rule);
    free(b->data);
    *b = (bytes){0};
}

static void plain_file_loads(void **state)
{
    (void)state;
    bytes b = start_plain();
    put_keys(&b, (const char *const[]){"k0"}, 1);
    put_four(&b);
    state_dict *dict = accepted(&b);
    assert_int_equal(state_get_format(dict), STATE_TORCH_LEGACY);
    assert_values(dict, "", "w", four, 4);
    state_free(dict);
    free(b.data);
}

static void l1_head(void **state)
{
    (void)state;
    bytes b = {0};
    put_head(&b, true);
    b.data[6] ^= 1;
    refused_within(&b, EFFNET_ERR_FORMAT, "a pickle without PyTorch's magic number", HEAP_HEAD);
    b.data[6] ^= 1;
    b.data[MAGIC_SIZE + 3] ^= 1;
    refused_within(&b, EFFNET_ERR_FORMAT, "unknown protocol version, want 1001", HEAP_HEAD);
    free(b.data);
    b = (bytes){0};
    put_head(&b, false);
    refused_within(&b, EFFNET_ERR_UNSUPPORTED, "written on a big-endian machine", HEAP_HEAD);
    free(b.data);
    static const char *const systems[] = {"}.", "N.", "}\x8C\x0Dlittle_endianK\1s."};
    for (size_t i = 0; i < 3; i++) {
        b = (bytes){0};
        put(&b, magic, MAGIC_SIZE);
        put(&b, protocol, PROTOCOL_SIZE);
        put_text(&b, systems[i]);
        refused_within(&b, EFFNET_ERR_FORMAT, "the byte order is not given", HEAP_HEAD);
        free(b.data);
    }
    b = (bytes){0};
    put_text(&b, "\x80\2"); /* some pickle, longer than the head of a checkpoint */
    put_repeated(&b, "N0", 2000);
    put_text(&b, "N.");
    refused_within(&b, EFFNET_ERR_FORMAT, "a pickle without PyTorch's magic number", HEAP_HEAD);
    free(b.data);
    b = (bytes){0};
    put_text(&b, "\x80\2cos\nsystem\n\x8C\2id\x85R.");
    refused_within(&b, EFFNET_ERR_UNSUPPORTED, "no PyTorch checkpoint: pickle: unsafe global os.system",
                   HEAP_HEAD);
    free(b.data);
    b = (bytes){0};
    put(&b, magic, MAGIC_SIZE);
    put(&b, protocol, PROTOCOL_SIZE);
    put_text(&b, "(\x8C\7storagetQ."); /* a storage before the object */
    refused_within(&b, EFFNET_ERR_FORMAT, "a persistent id that is no storage", HEAP_HEAD);
    free(b.data);
}

static void l2_keys(void **state)
{
    (void)state;
    bytes b = start_plain();
    put_keys(&b, (const char *const[]){"k1"}, 1);
    put_four(&b);
    expect_refused(&b, EFFNET_ERR_FORMAT, "storage k1: unknown key");
    b = start_plain();
    put_keys(&b, (const char *const[]){"k0", "k0"}, 2);
    put_four(&b);
    put_four(&b);
    expect_refused(&b, EFFNET_ERR_FORMAT, "storage k0: duplicate key");
    b = start_plain();
    put_keys(&b, NULL, 0);
    expect_refused(&b, EFFNET_ERR_FORMAT, "storage k0: missing from the list of keys");
    b = start_plain();
    put_text(&b, "](K\1e.");
    expect_refused(&b, EFFNET_ERR_FORMAT, "a storage key that is no text");
    b = start_plain();
    put_text(&b, "}.");
    expect_refused(&b, EFFNET_ERR_FORMAT, "the list of storage keys is missing");
    static const uint64_t counts[] = {3, 5, UINT64_MAX, (uint64_t)1 << 62};
    for (size_t i = 0; i < 4; i++) {
        b = start_plain();
        put_keys(&b, (const char *const[]){"k0"}, 1);
        put_le(&b, counts[i], 8);
        put(&b, four, sizeof four);
        expect_refused(&b, EFFNET_ERR_FORMAT, "storage k0: size mismatch");
    }
    b = start_plain();
    put_keys(&b, (const char *const[]){"k0"}, 1);
    put_four(&b);
    b.size--;
    expect_refused(&b, EFFNET_ERR_FORMAT, "storage k0: truncated");
    b = start_plain();
    put_keys(&b, (const char *const[]){"k0"}, 1);
    expect_refused(&b, EFFNET_ERR_FORMAT, "truncated");
    b = start_plain();
    put_keys(&b, (const char *const[]){"k0"}, 1);
    put_four(&b);
    put_u8(&b, 0);
    expect_refused(&b, EFFNET_ERR_FORMAT, "trailing data after the last storage");
}

/* Two mentions of one storage that do not agree on it. */
static void mentions_must_agree(void **state)
{
    (void)state;
    bytes b = {0};
    put_head(&b, true);
    put_text(&b, "}(");
    op_legacy_tensor(&b, "a", "k", 4, "N", (view){0, 1, {4}, {1}});
    op_legacy_tensor(&b, "b", "k", 5, "N", (view){0, 1, {4}, {1}});
    put_text(&b, "u.");
    put_keys(&b, (const char *const[]){"k"}, 1);
    put_four(&b);
    expect_refused(&b, EFFNET_ERR_FORMAT, "storage k: size mismatch");
}

/* A file of one storage of four floats, of which a tensor of `count` elements sees a view. */
static bytes viewed(const char *view_ops, int64_t count)
{
    bytes b = {0};
    put_head(&b, true);
    put_text(&b, "}(");
    op_legacy_tensor(&b, "all", "root", 4, "N", (view){0, 1, {4}, {1}});
    op_legacy_tensor(&b, "part", "root", 4, view_ops, (view){0, 1, {count}, {1}});
    put_text(&b, "u.");
    put_keys(&b, (const char *const[]){"root"}, 1);
    put_four(&b);
    return b;
}

static void l3_views(void **state)
{
    (void)state;
    bytes b = viewed("\x8C\4viewK\1K\2\x87", 2);
    state_dict *dict = accepted(&b);
    assert_values(dict, "", "all", four, 4);
    assert_values(dict, "", "part", four + 1, 2);
    state_free(dict);
    free(b.data);
    b = viewed("\x8C\4viewK\1K\2\x87", 3);
    expect_refused(&b, EFFNET_ERR_FORMAT, "tensor part: out of range: element 2 of a storage of 2");
    b = viewed("\x8C\4viewK\3K\2\x87", 2);
    expect_refused(&b, EFFNET_ERR_FORMAT,
                   "storage root: out of range: a view of 2 elements from 3 in a storage of 4");
    b = viewed("\x8C\4viewK\5K\1\x87", 1);
    expect_refused(&b, EFFNET_ERR_FORMAT, "storage root: out of range");
    b = viewed("\x8C\4viewJ\xFF\xFF\xFF\xFFK\1\x87", 1);
    expect_refused(&b, EFFNET_ERR_FORMAT, "bad description of a view of a storage");
    b = viewed("\x8C\4viewK\1\x86", 1);
    expect_refused(&b, EFFNET_ERR_FORMAT, "bad description of a view of a storage");
    b = viewed("K\1", 1);
    expect_refused(&b, EFFNET_ERR_FORMAT, "bad description of a view of a storage");
}

/* A module that was saved whole stands in the file with the source text of its class. */
static void whole_module(void **state)
{
    (void)state;
    bytes b = {0};
    put_head(&b, true);
    put_text(&b, "(");
    op_text(&b, "module");
    op_global(&b, "my.net Net");
    op_text(&b, "/home/me/net.py");
    op_text(&b, "class Net: ...");
    put_text(&b, "tQ)\x81}b.");
    put_keys(&b, NULL, 0);
    expect_refused(&b, EFFNET_ERR_UNSUPPORTED, "a whole object (my.net.Net) was saved, not its tensors");
}

static void pickles_have_a_limit(void **state)
{
    (void)state;
    bytes b = {0};
    put_head(&b, true);
    put_text(&b, "}B");
    put_le(&b, 5 << 20, 4);
    put_repeated(&b, "0123456789abcdef", 5 << 16);
    put_text(&b, "0.");
    put_keys(&b, NULL, 0);
    expect_refused(&b, EFFNET_ERR_LIMIT, "the pickles take more than 4 MiB");
}

static void many_storages(void **state)
{
    (void)state;
    enum { COUNT = 2000 };
    bytes b = {0}, keys = {0}, data = {0};
    put_head(&b, true);
    put_text(&b, "}(");
    put_text(&keys, "](");
    for (int i = 0; i < COUNT; i++) {
        char name[16], key[16];
        snprintf(name, sizeof name, "t%d", i);
        snprintf(key, sizeof key, "%d", i * 7919 % COUNT);
        op_legacy_tensor(&b, name, key, 1, "N", (view){0, 0, {0}, {0}});
        snprintf(key, sizeof key, "%d", i);
        op_text(&keys, key);
        put_le(&data, 1, 8);
        put_f32(&data, (float)i);
    }
    put_text(&b, "u.");
    put_text(&keys, "e.");
    put(&b, keys.data, keys.size);
    put(&b, data.data, data.size);
    state_dict *dict = accepted(&b);
    for (int i = 0; i < COUNT; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%d", i);
        const float want = (float)(i * 7919 % COUNT);
        assert_values(dict, "", name, &want, 1);
    }
    state_free(dict);
    free(b.data);
    free(keys.data);
    free(data.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_file_loads),
        cmocka_unit_test(l1_head),
        cmocka_unit_test(l2_keys),
        cmocka_unit_test(mentions_must_agree),
        cmocka_unit_test(l3_views),
        cmocka_unit_test(whole_module),
        cmocka_unit_test(pickles_have_a_limit),
        cmocka_unit_test(many_storages),
    };
    return cmocka_run_group_tests_name("legacy", tests, NULL, NULL);
}
