/* SPDX-License-Identifier: Apache-2.0
 *
 * The zip side of PyTorch checkpoints: rows P1 to P8, P13, P14 and P22 to P24 of the robustness table.
 */
#include "unit/torch_files.h"

/* A fresh well-formed checkpoint. Entry 0 is data.pkl, entry 1 data/0. */
static zip_maker plain_zip(void)
{
    bytes p = plain_pickle();
    zip_maker z = torch_zip(&p, four, sizeof four);
    free(p.data);
    return z;
}

static void expect_refused(zip_maker *z, effnet_status status, const char *rule)
{
    refused(&z->file, status, rule);
    zip_free(z);
}

static void expect_four(zip_maker *z)
{
    state_dict *dict = accepted(&z->file);
    assert_values(dict, "", "w", four, 4);
    state_free(dict);
    zip_free(z);
}

static void well_formed_archives_load(void **state)
{
    (void)state;
    zip_maker z = plain_zip();
    expect_four(&z);
    bytes p = plain_pickle();
    static const size_t described[] = {4, 8};
    for (int i = 0; i < 2;
         i++) { /* sizes in data descriptors, of 32 and 64 bits, with and without zip64 end */
        zip_add_as(&z, "a/data.pkl", p.data, p.size, described[i]);
        zip_add_as(&z, "a/byteorder", "little", 6, described[i]);
        zip_add_as(&z, "a/data/0", four, sizeof four, described[i]);
        zip_add(&z, "a/version", "3\n", 2);
        (i ? zip_end64 : zip_end)(&z);
        expect_four(&z);
    }
    /* A descriptor without its signature. */
    zip_add(&z, "a/data/0", four, sizeof four);
    const uint32_t crc = (uint32_t)crc32(0, (const void *)four, sizeof four);
    put_le(&z.file, crc, 4);
    put_le(&z.file, sizeof four, 4);
    put_le(&z.file, sizeof four, 4);
    zip_add(&z, "a/data.pkl", p.data, p.size);
    zip_end(&z);
    patch(&z.file, z.local[0] + LOCAL_FLAGS, 8, 2);
    patch(&z.file, z.central[0] + CENTRAL_FLAGS, 8, 2);
    expect_four(&z);
    free(p.data);
}

static void p1_end_records(void **state)
{
    (void)state;
    zip_maker z = plain_zip();
    z.file.size = z.end_at;
    refused_within(&z.file, EFFNET_ERR_FORMAT, "truncated: the zip archive has no end record", HEAP_HEAD);
    zip_free(&z);
    z = plain_zip();
    put_text(&z.file, "x");
    refused_within(&z.file, EFFNET_ERR_FORMAT, "trailing data", HEAP_HEAD);
    zip_free(&z);
    z = plain_zip(); /* a comment, which may hold what it likes */
    put_text(&z.file, "PK\5\6");
    patch(&z.file, z.end_at + END_COMMENT, 4, 2);
    expect_refused(&z, EFFNET_ERR_FORMAT, "trailing data");
    z = plain_zip(); /* a comment that looks like an end record at the very end */
    bytes end = {0};
    put(&end, z.file.data + z.end_at, 22);
    put(&z.file, end.data, end.size);
    patch(&z.file, z.end_at + END_COMMENT, 22, 2);
    expect_refused(&z, EFFNET_ERR_FORMAT, "out of range: the zip directory");
    free(end.data);
    z = plain_zip(); /* two archives, one behind the other */
    zip_maker second = plain_zip();
    const size_t shift = z.file.size;
    put(&z.file, second.file.data, second.file.size);
    refused(&z.file, EFFNET_ERR_FORMAT, "out of range: the zip directory");
    patch(&z.file, shift + second.end_at + END_OFFSET, shift + second.directory_at, 4);
    refused(&z.file, EFFNET_ERR_FORMAT, "bytes between the zip entries belong to none");
    patch(&z.file, shift + second.central[0] + CENTRAL_OFFSET, shift, 4);
    patch(&z.file, shift + second.central[1] + CENTRAL_OFFSET, shift + second.local[1], 4);
    refused(&z.file, EFFNET_ERR_FORMAT, "bytes between the zip entries belong to none");
    zip_free(&second);
    zip_free(&z);
    bytes tiny = {0};
    put(&tiny, "PK\3\4\0\0\0\0\0\0", 10);
    refused_within(&tiny, EFFNET_ERR_FORMAT, "truncated: 10 bytes of a zip archive", HEAP_HEAD);
    free(tiny.data);
    bytes big = {0}; /* looks back over a whole comment for an end record, in little memory */
    put_text(&big, "PK\3\4");
    for (size_t i = 0; i < 200000; i++)
        put_u8(&big, 'P');
    refused_within(&big, EFFNET_ERR_FORMAT, "truncated: the zip archive has no end record", HEAP_HEAD);
    free(big.data);
}

static void end_refused(size_t field, uint64_t value, size_t size, effnet_status status, const char *rule)
{
    zip_maker z = plain_zip();
    patch(&z.file, z.end_at + field, value, size);
    expect_refused(&z, status, rule);
}

static void end64_refused(size_t before_end, uint64_t value, effnet_status status, const char *rule)
{
    bytes p = plain_pickle();
    zip_maker z = {0};
    zip_add(&z, "archive/data.pkl", p.data, p.size);
    zip_add(&z, "archive/data/0", four, sizeof four);
    zip_end64(&z);
    patch(&z.file, z.end_at - before_end, value, 8);
    expect_refused(&z, status, rule);
    free(p.data);
}

static void p2_directory_range(void **state)
{
    (void)state;
    end_refused(END_OFFSET, UINT32_MAX, 4, EFFNET_ERR_FORMAT, "out of range");
    end_refused(END_OFFSET, 0, 4, EFFNET_ERR_FORMAT, "out of range");
    end_refused(END_SIZE, UINT32_MAX, 4, EFFNET_ERR_FORMAT, "out of range");
    end_refused(END_SIZE, 0, 4, EFFNET_ERR_FORMAT, "out of range");
    end_refused(END_DISK, 1, 2, EFFNET_ERR_UNSUPPORTED, "in several parts");
    end_refused(END_COUNT, 3, 2, EFFNET_ERR_UNSUPPORTED, "in several parts");
    enum { COUNT64 = 20 + 32, COUNT64_HERE = 20 + 24 + 8, SIZE64 = 20 + 16, OFFSET64 = 20 + 8, LOCATED = 12 };
    end64_refused(OFFSET64, (uint64_t)1 << 63, EFFNET_ERR_FORMAT,
                  "the two end records of the zip archive differ");
    end64_refused(SIZE64, UINT64_MAX, EFFNET_ERR_FORMAT, "the two end records of the zip archive differ");
    end64_refused(COUNT64_HERE, 1, EFFNET_ERR_UNSUPPORTED, "in several parts");
    end64_refused(LOCATED, 7, EFFNET_ERR_FORMAT, "the zip64 end record is not where it should be");
    /* Fields of the end record that say "see zip64", and wild values there. */
    static const uint64_t wild[] = {(uint64_t)1 << 63, UINT64_MAX, 0};
    for (size_t i = 0; i < 3; i++) {
        bytes p = plain_pickle();
        zip_maker z = {0};
        zip_add(&z, "archive/data.pkl", p.data, p.size);
        zip_end64(&z);
        patch(&z.file, z.end_at + END_OFFSET, UINT32_MAX, 4);
        patch(&z.file, z.end_at - OFFSET64, wild[i], 8);
        expect_refused(&z, EFFNET_ERR_FORMAT, "out of range");
        free(p.data);
    }
    zip_maker z = plain_zip();
    patch(&z.file, z.end_at + END_COUNT, 60000, 2);
    patch(&z.file, z.end_at + END_COUNT - 2, 60000, 2);
    expect_refused(&z, EFFNET_ERR_FORMAT, "too small for 60000 entries");
    z = plain_zip();
    patch(&z.file, z.end_at + END_COUNT, 1, 2);
    patch(&z.file, z.end_at + END_COUNT - 2, 1, 2);
    expect_refused(&z, EFFNET_ERR_FORMAT, "trailing data in the zip directory");
    z = plain_zip();
    patch(&z.file, z.central[1] + CENTRAL_DISK, 1, 2);
    expect_refused(&z, EFFNET_ERR_FORMAT, "in several parts");
    z = plain_zip();
    patch(&z.file, z.central[1], 0, 1);
    expect_refused(&z, EFFNET_ERR_FORMAT, "no zip directory entry where one should be");
}

/* Both headers of entry 1 get `value` as their size. */
static void size_refused(uint64_t value, effnet_status status, const char *rule)
{
    zip_maker z = plain_zip();
    patch(&z.file, z.local[1] + LOCAL_STORED, value, 4);
    patch(&z.file, z.local[1] + LOCAL_SIZE, value, 4);
    patch(&z.file, z.central[1] + CENTRAL_STORED, value, 4);
    patch(&z.file, z.central[1] + CENTRAL_SIZE, value, 4);
    expect_refused(&z, status, rule);
}

static void p3_overlaps(void **state)
{
    (void)state;
    size_refused(sizeof four + 1, EFFNET_ERR_FORMAT, "out of range: its data reaches into the directory");
    size_refused(UINT32_MAX, EFFNET_ERR_FORMAT, "out of range: its data reaches into the directory");
    size_refused(sizeof four - 1, EFFNET_ERR_FORMAT, "1 bytes between the zip entries belong to none");
    zip_maker z = plain_zip(); /* the first entry reaches one byte into the second */
    const uint64_t size = z.local[1] - z.data[0] + 1;
    patch(&z.file, z.local[0] + LOCAL_STORED, size, 4);
    patch(&z.file, z.local[0] + LOCAL_SIZE, size, 4);
    patch(&z.file, z.central[0] + CENTRAL_STORED, size, 4);
    patch(&z.file, z.central[0] + CENTRAL_SIZE, size, 4);
    expect_refused(&z, EFFNET_ERR_FORMAT, "overlap: 1 bytes are in two zip entries");
    z = plain_zip(); /* two entries, one content */
    patch(&z.file, z.central[1] + CENTRAL_OFFSET, z.local[0], 4);
    expect_refused(&z, EFFNET_ERR_FORMAT, "overlap");
    z = plain_zip();
    patch(&z.file, z.central[1] + CENTRAL_OFFSET, z.directory_at, 4);
    expect_refused(&z, EFFNET_ERR_FORMAT, "bytes between the zip entries belong to none");
    z = plain_zip();
    patch(&z.file, z.central[1] + CENTRAL_OFFSET, UINT32_MAX, 4);
    expect_refused(&z, EFFNET_ERR_FORMAT, "between the zip entries");
    /* A quoted overlap: an entry whose data is the next entry, header and all. */
    bytes p = plain_pickle(), quoted = {0};
    zip_add(&z, "archive/data.pkl", p.data, p.size);
    const size_t quote = z.file.size;
    zip_add(&z, "archive/data/0", four, sizeof four);
    put(&quoted, z.file.data + quote, z.file.size - quote);
    z.file.size = quote;
    z.count--;
    z.directory.size = z.central[1];
    zip_add(&z, "archive/data/1", quoted.data, quoted.size);
    const size_t inner = z.data[1];
    zip_add(&z, "archive/data/0", four, sizeof four);
    zip_end(&z);
    patch(&z.file, z.central[2] + CENTRAL_OFFSET, inner, 4);
    expect_refused(&z, EFFNET_ERR_FORMAT, "overlap");
    free(quoted.data);
    free(p.data);
}

static void field_refused(bool local, size_t field, uint64_t value, size_t size, effnet_status status,
                          const char *rule)
{
    zip_maker z = plain_zip();
    patch(&z.file, (local ? z.local[1] : z.central[1]) + field, value, size);
    expect_refused(&z, status, rule);
}

static void p4_headers_agree(void **state)
{
    (void)state;
    bytes p = plain_pickle();
    zip_maker z = {0};
    zip_add(&z, "archive/data.pkl", p.data, p.size);
    zip_add(&z, "archive/data/0", four, sizeof four);
    zip_add(&z, "archive/data/0", four, sizeof four);
    zip_end(&z);
    expect_refused(&z, EFFNET_ERR_FORMAT, "zip entry archive/data/0: duplicate name");
    free(p.data);
    field_refused(true, LOCAL_NAME, 'b', 1, EFFNET_ERR_FORMAT, "its local header has another name");
    field_refused(true, LOCAL_NAME_SIZE, 13, 2, EFFNET_ERR_FORMAT, "its local header has another name");
    field_refused(true, LOCAL_SIZE, 15, 4, EFFNET_ERR_FORMAT, "another size than the directory");
    field_refused(true, LOCAL_SIZE, 0, 4, EFFNET_ERR_FORMAT, "another size than the directory");
    field_refused(true, LOCAL_SIZE, UINT32_MAX, 4, EFFNET_ERR_FORMAT, "another size than the directory");
    field_refused(true, LOCAL_METHOD, 8, 2, EFFNET_ERR_FORMAT, "another method or flags");
    field_refused(true, LOCAL_FLAGS, 8, 2, EFFNET_ERR_FORMAT, "another method or flags");
    field_refused(true, LOCAL_CRC, 1, 4, EFFNET_ERR_FORMAT, "CRC mismatch between its local header");
    field_refused(true, 0, 0, 1, EFFNET_ERR_FORMAT, "there is no local header where it should be");
    field_refused(false, CENTRAL_NAME, 'b', 1, EFFNET_ERR_FORMAT, "its local header has another name");
}

/* The zip64 extra field in both headers of a small entry. */
static void zip64_sizes(void **state)
{
    (void)state;
    bytes p = plain_pickle();
    for (int wrong = 0; wrong < 3; wrong++) {
        zip_maker z = {0};
        zip_add(&z, "archive/data.pkl", p.data, p.size);
        const size_t at = z.file.size;
        put_le(&z.file, 0x04034B50, 4);
        put_le(&z.file, 45, 8);
        put_le(&z.file, 0, 2);
        put_le(&z.file, crc32(0, (const void *)four, sizeof four), 4);
        put_le(&z.file, UINT64_MAX, 8);
        put_le(&z.file, 14 | 24 << 16, 4);
        put_text(&z.file, "archive/data/0");
        put(&z.file, "FB\0\0\1\0\x10\0", 8); /* padding, then zip64 with two sizes */
        put_le(&z.file, sizeof four + (wrong == 1), 8);
        put_le(&z.file, sizeof four, 8);
        put(&z.file, four, sizeof four);
        put_le(&z.directory, 0x02014B50, 4);
        put_le(&z.directory, 45 | 45 << 16, 4);
        put_le(&z.directory, 0, 8);
        put_le(&z.directory, crc32(0, (const void *)four, sizeof four), 4);
        put_le(&z.directory, UINT64_MAX, 8);
        put_le(&z.directory, 14 | 28 << 16, 8);
        put_le(&z.directory, 0, 6);
        put_le(&z.directory, UINT32_MAX, 4);
        put_text(&z.directory, "archive/data/0");
        put_le(&z.directory, 1 | (wrong == 2 ? 10u : 24u) << 16, 4);
        put_le(&z.directory, sizeof four, 8);
        put_le(&z.directory, sizeof four, 8);
        put_le(&z.directory, at, 8);
        z.count++;
        zip_end(&z);
        if (wrong == 0)
            expect_four(&z);
        else
            expect_refused(&z, EFFNET_ERR_FORMAT,
                           wrong == 1 ? "another size than the directory" : "zip64 extra field is cut short");
    }
    free(p.data);
}

static void both_refused(uint64_t flags, uint64_t method, const char *rule)
{
    zip_maker z = plain_zip();
    patch(&z.file, z.local[1] + LOCAL_FLAGS, flags, 2);
    patch(&z.file, z.central[1] + CENTRAL_FLAGS, flags, 2);
    patch(&z.file, z.local[1] + LOCAL_METHOD, method, 2);
    patch(&z.file, z.central[1] + CENTRAL_METHOD, method, 2);
    expect_refused(&z, EFFNET_ERR_UNSUPPORTED, rule);
}

static void p5_p6_stored_only(void **state)
{
    (void)state;
    both_refused(0, 8, "zip entry archive/data/0: compressed; it must be stored");
    both_refused(0, 99, "compressed; it must be stored");
    both_refused(1, 0, "encrypted");
    both_refused(0x41, 0, "encrypted");
    both_refused(0x20, 0, "a patch");
    field_refused(false, CENTRAL_STORED, 15, 4, EFFNET_ERR_FORMAT, "stored, yet its two sizes differ");
    zip_maker z = plain_zip(); /* a wrong CRC of data.pkl */
    patch(&z.file, z.local[0] + LOCAL_CRC, 1, 4);
    patch(&z.file, z.central[0] + CENTRAL_CRC, 1, 4);
    expect_refused(&z, EFFNET_ERR_FORMAT, "zip entry archive/data.pkl: CRC mismatch");
    bytes p = plain_pickle();
    zip_add_as(&z, "archive/data.pkl", p.data, p.size, 4);
    zip_add(&z, "archive/data/0", four, sizeof four);
    zip_end(&z);
    patch(&z.file, z.data[0] + p.size + 4, 1, 4);
    expect_refused(&z, EFFNET_ERR_FORMAT, "CRC mismatch: its data descriptor differs");
    free(p.data);
}

static void p7_names_are_only_names(void **state)
{
    (void)state;
    bytes p = plain_pickle();
    zip_maker z = {0};
    zip_add(&z, "archive/data.pkl", p.data, p.size);
    zip_add(&z, "../x", "1", 1);
    zip_add(&z, "/etc/passwd", "2", 1);
    zip_add(&z, "C:\\x", "3", 1);
    zip_add(&z, "archive/../data.pkl", "4", 1);
    zip_add(&z, "archive/data/0", four, sizeof four);
    zip_end(&z);
    expect_four(&z);
    free(p.data);
    /* A key that leads elsewhere is an entry that is not there. */
    bytes q = {0};
    put_text(&q, "}");
    op_text(&q, "w");
    op_tensor(&q, "torch FloatStorage", "../../etc/passwd", 4, (view){0, 1, {4}, {1}});
    put_text(&q, "s.");
    made_refused(&q, EFFNET_ERR_FORMAT, "data/../../etc/passwd: missing from the archive");
}

static void p8_data_pkl(void **state)
{
    (void)state;
    zip_maker z = {0};
    zip_end(&z);
    expect_refused(&z, EFFNET_ERR_FORMAT, "without data.pkl");
    zip_add(&z, "archive/data/0", four, sizeof four);
    zip_end(&z);
    expect_refused(&z, EFFNET_ERR_FORMAT, "a zip archive without data.pkl");
    zip_add(&z, "data.pkl", "}.", 2);
    zip_end(&z);
    expect_refused(&z, EFFNET_ERR_FORMAT, "a zip archive without data.pkl");
    zip_add(&z, "weights.npy", "x", 1);
    zip_end(&z);
    expect_refused(&z, EFFNET_ERR_UNSUPPORTED, "NumPy .npz");
    zip_add(&z, "model.weights.h5", "x", 1);
    zip_end(&z);
    expect_refused(&z, EFFNET_ERR_UNSUPPORTED, "Keras");
    zip_add(&z, "archive/data.pkl", "", 0);
    zip_end(&z);
    expect_refused(&z, EFFNET_ERR_FORMAT, "truncated: it is empty");
    zip_add(&z, "archive/data.pkl", "}.", 2);
    zip_add(&z, "other/data.pkl", "}.", 2);
    zip_end(&z);
    expect_refused(&z, EFFNET_ERR_FORMAT, "a second data.pkl");
    z = plain_zip();
    patch(&z.file, z.central[0] + CENTRAL_STORED, UINT32_MAX - 1, 4);
    patch(&z.file, z.central[0] + CENTRAL_SIZE, UINT32_MAX - 1, 4);
    expect_refused(&z, EFFNET_ERR_LIMIT, "zip entry archive/data.pkl: larger than 4 MiB");
    pickle_refused("}..", EFFNET_ERR_FORMAT, "trailing data after the pickle");
}

static void entry_limits(void **state)
{
    (void)state;
    char name[600];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    bytes p = plain_pickle();
    zip_maker z = {0};
    zip_add(&z, "archive/data.pkl", p.data, p.size);
    zip_add(&z, "archive/data/0", four, sizeof four);
    zip_add(&z, name, "", 0);
    zip_end(&z);
    expect_refused(&z, EFFNET_ERR_LIMIT, "the name is too long");
    zip_add(&z, "archive/data.pkl", p.data, p.size);
    zip_add(&z, "archive/data/0", four, sizeof four);
    for (size_t i = 0; i < 65534; i++) {
        snprintf(name, sizeof name, "archive/data/x%zu", i * 7919 % 65534);
        zip_add(&z, name, "", 0);
    }
    zip_end64(&z);
    const double start = cpu_seconds();
    state_dict *dict = accepted(&z.file);
    assert_true(cpu_seconds() - start <= 1.0);
    state_free(dict);
    z.directory.size = z.file.size = 0;
    z.count = 0;
    zip_add(&z, "archive/data.pkl", p.data, p.size);
    for (size_t i = 0; i < 65536; i++) {
        snprintf(name, sizeof name, "x%zu", i);
        zip_add(&z, name, "", 0);
    }
    zip_end64(&z);
    expect_refused(&z, EFFNET_ERR_LIMIT, "65537 zip entries, the limit is 65536");
    free(p.data);
}

/* {"w": a tensor of `type` over `count` elements} in a storage of four floats. */
static void tensor_refused(const char *type, int64_t count, view v, effnet_status status, const char *rule)
{
    bytes p = {0};
    put_text(&p, "}");
    op_text(&p, "w");
    op_tensor(&p, type, "0", count, v);
    put_text(&p, "s.");
    made_refused(&p, status, rule);
}

static void p13_storage_sizes(void **state)
{
    (void)state;
    static const view one = {0, 1, {1}, {1}};
    tensor_refused("torch FloatStorage", 3, one, EFFNET_ERR_FORMAT,
                   "storage 0: size mismatch: 3 elements of 4 bytes declared, 16 bytes stored");
    tensor_refused("torch FloatStorage", 5, one, EFFNET_ERR_FORMAT, "size mismatch");
    tensor_refused("torch DoubleStorage", 4, one, EFFNET_ERR_FORMAT, "size mismatch");
    tensor_refused("torch FloatStorage", (int64_t)1 << 62, one, EFFNET_ERR_FORMAT, "size mismatch");
    tensor_refused("torch FloatStorage", -1, one, EFFNET_ERR_FORMAT, "bad description of a storage");
}

static void p14_views(void **state)
{
    (void)state;
    static const struct {
        view v;
        const char *rule;
    } cases[] = {
        {{1, 1, {4}, {1}}, "tensor w: out of range: element 4 of a storage of 4"},
        {{4, 1, {1}, {1}}, "tensor w: out of range"},
        {{4, 0, {0}, {0}}, "out of range"},
        {{0, 1, {5}, {1}}, "out of range"},
        {{0, 1, {3}, {2}}, "out of range"},
        {{0, 2, {2, 2}, {3, 1}}, "out of range"},
        {{INT64_MAX, 1, {2}, {INT64_MAX}}, "out of range"},
        {{0, 2, {3, 3}, {INT64_MAX, INT64_MAX}}, "out of range"},
        {{-1, 1, {1}, {1}}, "out of range: a negative offset"},
        {{0, 1, {4}, {-1}}, "out of range: a negative size or stride"},
        {{0, 1, {-4}, {1}}, "out of range: a negative size or stride"},
        {{0, 2, {(int64_t)1 << 32, (int64_t)1 << 32}, {0, 0}},
         "tensor w: the product of the shape overflows"},
        {{0, 3, {0, (int64_t)1 << 32, (int64_t)1 << 32}, {0, 0, 0}}, "the product of the shape overflows"},
        {{0, 1, {(int64_t)1 << 62}, {0}}, "the product of the shape overflows"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        tensor_refused("torch FloatStorage", 4, cases[i].v, EFFNET_ERR_FORMAT, cases[i].rule);
    tensor_refused("torch FloatStorage", 4,
                   (view){0, 9, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1}}, EFFNET_ERR_LIMIT,
                   "a tensor of 9 dimensions, the limit is 8");
}

/* Big-endian files, and element types that are not read. */
static void p22_byte_order_and_types(void **state)
{
    (void)state;
    uint8_t big[sizeof four];
    for (size_t i = 0; i < sizeof four; i++)
        big[i] = ((const uint8_t *)four)[i / 4 * 4 + 3 - i % 4];
    bytes p = plain_pickle();
    zip_maker z = {0};
    zip_add(&z, "m/byteorder", "big", 3);
    zip_add(&z, "m/data.pkl", p.data, p.size);
    zip_add(&z, "m/data/0", big, sizeof big);
    zip_end(&z);
    state_dict *dict = accepted(&z.file);
    assert_true(state_find(dict, "", "w")->big_endian);
    assert_values(dict, "", "w", four, 4);
    state_free(dict);
    zip_free(&z);
    static const char *const wrong[] = {"middle", "lit", "", "a text that is too long for it"};
    for (size_t i = 0; i < 4; i++) {
        zip_add(&z, "m/byteorder", wrong[i], strlen(wrong[i]));
        zip_add(&z, "m/data.pkl", p.data, p.size);
        zip_add(&z, "m/data/0", big, sizeof big);
        zip_end(&z);
        expect_refused(&z, i == 3 ? EFFNET_ERR_LIMIT : EFFNET_ERR_FORMAT, "zip entry m/byteorder");
    }
    free(p.data);
    tensor_refused("torch ComplexFloatStorage", 2, (view){0, 1, {2}, {1}}, EFFNET_ERR_UNSUPPORTED,
                   "tensor w: unsupported dtype torch.ComplexFloatStorage");
    tensor_refused("torch QInt8Storage", 16, (view){0, 1, {2}, {1}}, EFFNET_ERR_UNSUPPORTED,
                   "unsupported dtype");
    tensor_refused("torch StringStorage", 4, (view){0, 1, {2}, {1}}, EFFNET_ERR_FORMAT,
                   "bad description of a storage");
}

static void p23_shared_storage(void **state)
{
    (void)state;
    bytes p = {0};
    put_text(&p, "}(");
    op_text(&p, "a");
    op_four(&p);
    op_text(&p, "b");
    op_tensor(&p, "torch FloatStorage", "0", 4, (view){1, 2, {2, 2}, {1, 1}});
    op_text(&p, "c");
    op_tensor(&p, "torch FloatStorage", "0", 4, (view){3, 1, {3}, {0}});
    put_text(&p, "u.");
    state_dict *dict = made_accepted(&p);
    assert_values(dict, "", "a", four, 4);
    assert_values(dict, "", "b", (float[]){2, 3, 3, 4}, 4);
    assert_values(dict, "", "c", (float[]){4, 4, 4}, 3);
    state_free(dict);
    free(p.data);
}

static void p24_torchscript(void **state)
{
    (void)state;
    zip_maker z = {0};
    zip_add(&z, "m/data.pkl", "}.", 2);
    zip_add(&z, "m/code/__torch__.py", "x", 1);
    zip_add(&z, "m/constants.pkl", ").", 2);
    zip_end(&z);
    expect_refused(&z, EFFNET_ERR_UNSUPPORTED,
                   "a TorchScript program: load it with PyTorch and export its state_dict()");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_archives_load),
        cmocka_unit_test(p1_end_records),
        cmocka_unit_test(p2_directory_range),
        cmocka_unit_test(p3_overlaps),
        cmocka_unit_test(p4_headers_agree),
        cmocka_unit_test(zip64_sizes),
        cmocka_unit_test(p5_p6_stored_only),
        cmocka_unit_test(p7_names_are_only_names),
        cmocka_unit_test(p8_data_pkl),
        cmocka_unit_test(entry_limits),
        cmocka_unit_test(p13_storage_sizes),
        cmocka_unit_test(p14_views),
        cmocka_unit_test(p22_byte_order_and_types),
        cmocka_unit_test(p23_shared_storage),
        cmocka_unit_test(p24_torchscript),
    };
    return cmocka_run_group_tests_name("torch zip", tests, NULL, NULL);
}
