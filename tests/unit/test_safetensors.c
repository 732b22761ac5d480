/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading safetensors: what must load, and rows S1 to S17 of the robustness table, each with a file made
 * here.
 */
#include "unit/weights_test.h"

/* A file of a header and `data_size` bytes of data: 0, 1, 2, ... */
static bytes file_of(const char *header, size_t data_size)
{
    bytes b = {0};
    put_le(&b, strlen(header), 8);
    put_text(&b, header);
    for (size_t i = 0; i < data_size; i++)
        put_u8(&b, (uint8_t)i);
    return b;
}

static void header_refused(const char *header, size_t data_size, effnet_status status, const char *rule)
{
    bytes b = file_of(header, data_size);
    refused(&b, status, rule);
    free(b.data);
}

static void header_accepted(const char *header, size_t data_size, size_t tensors)
{
    bytes b = file_of(header, data_size);
    state_dict *dict = accepted(&b);
    assert_int_equal(state_count(dict), tensors);
    assert_true(touch(b.data, b.size));
    state_free(dict);
    free(b.data);
}

static void reads_all_types(void **state)
{
    (void)state;
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"pt\",\"na\\u00efve \\\"key\\\"\":\"\\ud83d\\ude00\\n\"},"
        "\"i8\":{\"dtype\":\"I8\",\"shape\":[2],\"data_offsets\":[8,10]},"
        "\"u8\":{\"shape\":[1,1],\"data_offsets\":[10,11],\"dtype\":\"U8\"},"
        "\"flag\":{\"dtype\":\"BOOL\",\"shape\":[],\"data_offsets\":[11,12]},"
        "\"f32\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8],\"later\":[{\"x\":[null,-1.5e3]},"
        "true]},"
        "\"f16\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[12,14]}}   ";
    bytes b = file_of(header, 0);
    put_f32(&b, 1.25f);
    put_f32(&b, -3.0f);
    put(&b, "\xFE\x7F\xFF\x01\x00\x3C", 6);
    state_dict *dict = accepted(&b);
    assert_int_equal(state_get_format(dict), STATE_SAFETENSORS);
    assert_non_null(state_get_source(dict));
    assert_string_equal(state_at(dict, 0)->name, "i8");
    assert_int_equal(state_find(dict, "", "u8")->rank, 2);
    assert_int_equal(state_find(dict, "", "flag")->count, 1);
    assert_values(dict, "", "f32", (float[]){1.25f, -3.0f}, 2);
    assert_values(dict, "", "i8", (float[]){-2.0f, 127.0f}, 2);
    assert_values(dict, "", "u8", (float[]){255.0f}, 1);
    assert_values(dict, "", "flag", (float[]){1.0f}, 1);
    assert_values(dict, "", "f16", (float[]){1.0f}, 1);
    assert_null(state_find(dict, "", "missing"));
    assert_null(state_find(dict, "model", "f32"));
    assert_string_equal(state_metadata(dict, "format"), "pt");
    assert_string_equal(state_metadata(dict, "na\xC3\xAFve \"key\""), "\xF0\x9F\x98\x80\n");
    assert_null(state_metadata(dict, "other"));
    state_free(dict);
    free(b.data);
}

static void lack_of_memory(void **state)
{
    (void)state;
    bytes b = file_of("{\"__metadata__\":{\"a\":\"\\n\",\"b\":\"c\"},"
                      "\"\\u0061\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
                      1);
    survives_lack_of_memory(&b);
    free(b.data);
}

static void s1_too_small(void **state)
{
    (void)state;
    bytes b = {0};
    refused_within(&b, EFFNET_ERR_FORMAT, "empty", HEAP_HEAD);
    put_le(&b, 0, 7);
    refused_within(&b, EFFNET_ERR_FORMAT, "truncated: 7 bytes", HEAP_HEAD);
    put_u8(&b, 0);
    refused_within(&b, EFFNET_ERR_FORMAT, "header too small", HEAP_HEAD);
    put_text(&b, "{}");
    refused_within(&b, EFFNET_ERR_FORMAT, "header too small", HEAP_HEAD);
    free(b.data);
}

static void s2_s3_length_beyond(void **state)
{
    (void)state;
    static const uint64_t lengths[] = {UINT64_MAX, (uint64_t)1 << 63, 8 * 1024 * 1024 + 1};
    for (size_t i = 0; i < 3; i++) {
        bytes b = {0};
        put_le(&b, lengths[i], 8);
        put_text(&b, "{}");
        refused_within(&b, EFFNET_ERR_LIMIT, "header too large", HEAP_HEAD);
        free(b.data);
    }
    bytes b = {0};
    put_le(&b, 3, 8);
    put_text(&b, "{}");
    refused_within(&b, EFFNET_ERR_FORMAT, "truncated: the safetensors header takes 3 bytes, 2 are left",
                   HEAP_HEAD);
    free(b.data);
}

static void s4_not_json(void **state)
{
    (void)state;
    header_refused("{\"a\xFF\":1}", 0, EFFNET_ERR_FORMAT, "not valid UTF-8 (byte 11)");
    header_refused("{} x", 0, EFFNET_ERR_FORMAT, "something follows the end of the object (byte 11)");
    header_refused("{}{}", 0, EFFNET_ERR_FORMAT, "something follows");
    header_refused(" []", 0, EFFNET_ERR_FORMAT, "must be a JSON object");
    header_refused("{\"a\" 1}", 0, EFFNET_ERR_FORMAT, "a colon is missing (byte 13)");
    header_refused("{a:1}", 0, EFFNET_ERR_FORMAT, "a string is missing");
    header_refused("{\"a\":", 0, EFFNET_ERR_FORMAT, "must be an object");
    header_refused("{\"a\\x\":{}}", 0, EFFNET_ERR_FORMAT, "unknown escape");
    header_refused("{\"\\ud800\":{}}", 0, EFFNET_ERR_FORMAT, "surrogate");
    header_refused("{\"\\udc00\\ud800\":{}}", 0, EFFNET_ERR_FORMAT, "surrogate");
    header_refused("{\"\\u12g4\":{}}", 0, EFFNET_ERR_FORMAT, "hexadecimal");
    header_refused("{\"a\n\":{}}", 0, EFFNET_ERR_FORMAT, "control character");
    header_refused("{\"__metadata__\":{\"a\":\"b\"} \"c\":{}}", 0, EFFNET_ERR_FORMAT, "comma");
    header_refused("{\"__metadata__\":{\"a\":\"b\",}}", 0, EFFNET_ERR_FORMAT, "a string is missing");
}

/* Values under fields that are unknown are skipped, but their grammar is checked. */
static void unknown_fields_keep_the_grammar(void **state)
{
    (void)state;
    static const char *good[] = {
        "1",     "-0",   "0.5",  "1e5",      "1E-5", "-12.25e+3", "true",
        "false", "null", "\"\"", "\"\\\"\"", "[]",   "{}",        "[1,[2,{\"a\":[]}],3]"};
    static const char *bad[] = {"01",  "-",    "1.",    ".5",      "1e",    "+1", "tru",
                                "nul", "[1,]", "[1 2]", "{\"a\"}", "{1:2}", "[}", ""};
    char header[256];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(header, sizeof header,
                 "{\"t\":{\"dtype\":\"U8\",\"x\":%s,\"shape\":[],\"data_offsets\":[0,1]}}", good[i]);
        header_accepted(header, 1, 1);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(header, sizeof header,
                 "{\"t\":{\"dtype\":\"U8\",\"x\":%s,\"shape\":[],\"data_offsets\":[0,1]}}", bad[i]);
        header_refused(header, 1, EFFNET_ERR_FORMAT, "JSON: ");
    }
}

static void refused_nest(const char *prefix, const char *nest, size_t times, const char *rule)
{
    bytes header = {0}, b = {0};
    put_text(&header, prefix);
    put_repeated(&header, nest, times);
    put_le(&b, header.size, 8);
    put(&b, header.data, header.size);
    free(header.data);
    refused(&b, EFFNET_ERR_FORMAT, rule);
    free(b.data);
}

static void s5_depth(void **state)
{
    (void)state;
    refused_nest("", "[", 7000000, "not weights"); /* not even a brace: no safetensors */
    refused_nest("\n", "[", 7000000, "must be a JSON object");
    refused_nest("{\"t\":{\"x\":", "[", 7000000, "nested deeper than 64");
    refused_nest("", "{\"a\":", 1000000, "nested deeper than 64");
}

static void s6_duplicates(void **state)
{
    (void)state;
    header_refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                   "\"\\u0061\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
                   2, EFFNET_ERR_FORMAT, "tensor a: duplicate name");
    header_refused("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
                   EFFNET_ERR_FORMAT, "tensor a: duplicate field");
    header_refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
                   EFFNET_ERR_FORMAT, "duplicate field");
    header_refused("{\"__metadata__\":{},\"__metadata__\":{}}", 0, EFFNET_ERR_FORMAT, "duplicate key");
    header_refused("{\"__metadata__\":{\"a\":\"1\",\"b\":\"2\",\"a\":\"1\"}}", 0, EFFNET_ERR_FORMAT,
                   "duplicate key");
}

/* `count` entries of the shape that safetensors' own audit tried: all over the same bytes. */
static bytes many_entries(size_t count, bool disjoint)
{
    bytes header = {0}, b = {0};
    for (size_t i = 0; i < count; i++) {
        char entry[160];
        snprintf(entry, sizeof entry,
                 "%c\"blocks.%zu.weight\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%zu,%zu]}",
                 i ? ',' : '{', i * 7919 % count, disjoint ? i : 0, disjoint ? i + 1 : 1);
        put_text(&header, entry);
    }
    put_text(&header, "}");
    put_le(&b, header.size, 8);
    put(&b, header.data, header.size);
    free(header.data);
    for (size_t i = 0; i < (disjoint ? count : 1); i++)
        put_u8(&b, (uint8_t)i);
    return b;
}

static void s7_many_entries(void **state)
{
    (void)state;
    bytes b = many_entries(60000, false);
    refused(&b, EFFNET_ERR_FORMAT, "overlap");
    free(b.data);
    b = many_entries(STATE_MAX_TENSORS + 1, true);
    refused(&b, EFFNET_ERR_LIMIT, "more than 65536 tensors");
    free(b.data);
    b = many_entries(100000, false);
    refused(&b, EFFNET_ERR_LIMIT, "more than 65536 tensors");
    free(b.data);
}

static void the_largest_count_loads_fast(void **state)
{
    (void)state;
    bytes b = many_entries(STATE_MAX_TENSORS, true);
    heap_mark();
    const double start = cpu_seconds();
    state_dict *dict = accepted(&b);
    const double seconds = cpu_seconds() - start;
    const size_t heap = heap_used();
    assert_int_equal(state_count(dict), STATE_MAX_TENSORS);
    assert_non_null(state_find(dict, "", "blocks.65535.weight"));
    state_free(dict);
    free(b.data);
    assert_true(heap <= HEAP_METADATA);
    assert_true(seconds <= 10 * case_seconds);
}

static void s8_s9_tiling(void **state)
{
    (void)state;
#define TWO(b0, e0, b1, e1)                                                                                  \
    "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[" #b0 "," #e0 "]},"                            \
    "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[" #b1 "," #e1 "]}}"
    header_accepted(TWO(0, 4, 4, 8), 8, 2);
    header_accepted(TWO(4, 8, 0, 4), 8, 2);
    header_refused(TWO(0, 4, 3, 7), 7, EFFNET_ERR_FORMAT, "tensor b: overlap");
    header_refused(TWO(0, 4, 5, 9), 9, EFFNET_ERR_FORMAT, "1 unused bytes before its data");
    header_refused(TWO(1, 5, 5, 9), 9, EFFNET_ERR_FORMAT, "tensor a: 1 unused bytes before its data");
    header_refused(TWO(0, 4, 4, 8), 9, EFFNET_ERR_FORMAT, "1 bytes that belong to no tensor");
    header_refused(TWO(0, 4, 4, 8), 7, EFFNET_ERR_FORMAT, "truncated: data_offsets end at 8, the data at 7");
    header_refused("{}", 1, EFFNET_ERR_FORMAT, "belong to no tensor");
    header_accepted("{}", 0, 0);
#undef TWO
}

static void s10_offsets(void **state)
{
    (void)state;
    static const char *bad[] = {"0,-1",    "-1,0", "0,1e0",  "0,1.0",  "0,18446744073709551616",
                                "\"0\",1", "00,1", "0,true", "null,1", "0,99999999999999999999999999"};
    char header[256];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(header, sizeof header, "{\"t\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%s]}}",
                 bad[i]);
        header_refused(header, 1, EFFNET_ERR_FORMAT, "tensor t: an unsigned integer below 2^64 is wanted");
    }
    static const char *counts[] = {"0", "", "0,1,1"};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        snprintf(header, sizeof header, "{\"t\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%s]}}",
                 counts[i]);
        header_refused(header, 1, EFFNET_ERR_FORMAT, counts[i][0] ? "list of two" : "unsigned integer");
    }
    header_refused("{\"t\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[2,1]}}", 2, EFFNET_ERR_FORMAT,
                   "data_offsets end at 1, before their begin at 2");
    header_refused("{\"t\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,18446744073709551615]}}", 1,
                   EFFNET_ERR_FORMAT, "size mismatch");
}

static void s11_s12_products(void **state)
{
    (void)state;
    static const char *wraps[] = {"4194305,4194305,211106198978564", "2,18446744073709551614",
                                  "2,9223372036854775807", "4611686018427387904"};
    char header[256];
    for (size_t i = 0; i < sizeof wraps / sizeof *wraps; i++) {
        snprintf(header, sizeof header, "{\"t\":{\"dtype\":\"I32\",\"shape\":[%s],\"data_offsets\":[0,4]}}",
                 wraps[i]);
        header_refused(header, 4, EFFNET_ERR_FORMAT, "tensor t: the product of the shape overflows");
    }
    header_refused("{\"t\":{\"dtype\":\"F32\",\"shape\":[1000000],\"data_offsets\":[0,4]}}", 4,
                   EFFNET_ERR_FORMAT, "size mismatch: shape and dtype make 4000000 bytes, data_offsets 4");
    header_refused("{\"t\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,400]}}", 400,
                   EFFNET_ERR_FORMAT, "size mismatch: shape and dtype make 4 bytes, data_offsets 400");
}

static void s13_fields(void **state)
{
    (void)state;
    static const char *dtypes[] = {"NOTADTYPE", "F4",  "F8_E4M3", "F8_E5M2", "F8_E8M0",
                                   "C64",       "U64", "f32",     ""};
    char header[256];
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        char rule[64];
        snprintf(header, sizeof header,
                 "{\"layer.w\":{\"dtype\":\"%s\",\"shape\":[1],\"data_offsets\":[0,4]}}", dtypes[i]);
        snprintf(rule, sizeof rule, "tensor layer.w: unsupported dtype %s", dtypes[i]);
        header_refused(header, 4, EFFNET_ERR_UNSUPPORTED, rule);
    }
    header_refused("{\"t\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, EFFNET_ERR_FORMAT,
                   "tensor t: dtype is missing");
    header_refused("{\"t\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, EFFNET_ERR_FORMAT,
                   "shape is missing");
    header_refused("{\"t\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, EFFNET_ERR_FORMAT,
                   "data_offsets is missing");
    header_refused("{\"t\":{\"dtype\":null,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, EFFNET_ERR_FORMAT,
                   "a string is missing");
    header_refused("{\"t\":{\"dtype\":\"F32\",\"shape\":null,\"data_offsets\":[0,4]}}", 4, EFFNET_ERR_FORMAT,
                   "must be a list");
    header_refused("{\"t\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, EFFNET_ERR_FORMAT,
                   "unsigned integer");
    header_refused("{\"t\":null}", 4, EFFNET_ERR_FORMAT, "must be an object");
}

static void s14_rank(void **state)
{
    (void)state;
    bytes header = {0}, b = {0};
    put_text(&header, "{\"t\":{\"dtype\":\"F32\",\"data_offsets\":[0,4],\"shape\":[1");
    put_repeated(&header, ",1", 100000);
    put_text(&header, "]}}");
    put_le(&b, header.size, 8);
    put(&b, header.data, header.size);
    put_f32(&b, 1.0f);
    refused(&b, EFFNET_ERR_FORMAT, "tensor t: more than 8 dimensions");
    free(header.data);
    free(b.data);
    header_accepted("{\"t\":{\"dtype\":\"F32\",\"data_offsets\":[0,4],\"shape\":[1,1,1,1,1,1,1,1]}}", 4, 1);
    header_accepted("{\"z\":{\"dtype\":\"F32\",\"shape\":[2,0],\"data_offsets\":[0,0]},"
                    "\"y\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},"
                    "\"t\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}",
                    4, 3);
}

static void s15_metadata(void **state)
{
    (void)state;
    header_refused("{\"__metadata__\":{\"a\":{\"b\":\"c\"}}}", 0, EFFNET_ERR_FORMAT, "nothing but strings");
    header_refused("{\"__metadata__\":{\"a\":1}}", 0, EFFNET_ERR_FORMAT, "nothing but strings");
    header_refused("{\"__metadata__\":[]}", 0, EFFNET_ERR_FORMAT, "must be an object of strings");
    bytes header = {0}, b = {0};
    put_text(&header, "{\"__metadata__\":{\"big\":\"");
    put_repeated(&header, "0123456789abcdef", 7 * 65536);
    put_text(&header, "\"}}");
    put_le(&b, header.size, 8);
    put(&b, header.data, header.size);
    heap_mark();
    state_dict *dict = accepted(&b);
    assert_true(heap_used() <= HEAP_METADATA);
    assert_int_equal(strlen(state_metadata(dict, "big")), 7 * 1024 * 1024);
    state_free(dict);
    free(header.data);
    free(b.data);
}

static void metadata_has_limits(void **state)
{
    (void)state;
    bytes header = {0}, b = {0};
    put_text(&header, "{\"__metadata__\":{\"a\":\"\"");
    put_repeated(&header, ",\"\":\"\"", 65536);
    put_text(&header, "}}");
    put_le(&b, header.size, 8);
    put(&b, header.data, header.size);
    refused(&b, EFFNET_ERR_LIMIT, "more than 65536 strings");
    free(b.data);
    free(header.data);
}

static void s16_s17_spaces_and_odd_offsets(void **state)
{
    (void)state;
    header_accepted(" \n\t{ } \n", 0, 0);
    bytes b =
        file_of("{ \"t\" : { \"dtype\" : \"F32\" , \"shape\" : [ 2 ] , \"data_offsets\" : [ 0 , 8 ] } } ", 0);
    put_f32(&b, 1.5f);
    put_f32(&b, -2.5f);
    assert_int_equal(b.size % 2, 1);
    state_dict *dict = accepted(&b);
    assert_int_equal(state_find(dict, "", "t")->offset % 2, 1);
    assert_values(dict, "", "t", (float[]){1.5f, -2.5f}, 2);
    state_free(dict);
    free(b.data);
}

static void g8_hostile_names(void **state)
{
    (void)state;
    header_refused("{\"a\\u0000b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
                   EFFNET_ERR_FORMAT, "name a\\x00b: holds a NUL byte (byte 9)");
    header_refused("{\"a\\u001b[31m\\n\":{\"dtype\":\"F8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
                   EFFNET_ERR_UNSUPPORTED, "tensor a\\x1B[31m\\x0A: unsupported dtype F8");
    bytes header = {0}, b = {0};
    put_text(&header, "{\"");
    put_repeated(&header, "\\u001b", STATE_MAX_NAME);
    put_text(&header, "\":{\"dtype\":\"F8\",\"shape\":[1],\"data_offsets\":[0,1]}}");
    put_le(&b, header.size, 8);
    put(&b, header.data, header.size);
    refused(&b, EFFNET_ERR_UNSUPPORTED, "...: unsupported dtype F8");
    free(b.data);
    b = (bytes){0};
    header.data[1] = ' ';
    header.data[2] = '"'; /* the first backslash goes: a name of 1024 + 4 bytes */
    put_le(&b, header.size, 8);
    put(&b, header.data, header.size);
    refused(&b, EFFNET_ERR_LIMIT, "the limit is 1024");
    free(b.data);
    free(header.data);
}

static void g1_g2_prefixes_and_flips(void **state)
{
    (void)state;
    bytes b = file_of("{\"__metadata__\":{\"k\":\"v\\n\"},"
                      "\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                      "\"b\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[24,28]}}  ",
                      28);
    for (size_t size = 0; size < b.size; size++) {
        bytes prefix = {malloc(size + 1), size, size};
        memcpy(prefix.data, b.data, size);
        refused(&prefix, EFFNET_ERR_FORMAT, "truncated");
        free(prefix.data);
    }
    for (size_t bit = 0; bit < 8 * b.size; bit++) {
        b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        touch(b.data, b.size);
        b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(touch(b.data, b.size));
    free(b.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_all_types),
        cmocka_unit_test(lack_of_memory),
        cmocka_unit_test(s1_too_small),
        cmocka_unit_test(s2_s3_length_beyond),
        cmocka_unit_test(s4_not_json),
        cmocka_unit_test(unknown_fields_keep_the_grammar),
        cmocka_unit_test(s5_depth),
        cmocka_unit_test(s6_duplicates),
        cmocka_unit_test(s7_many_entries),
        cmocka_unit_test(the_largest_count_loads_fast),
        cmocka_unit_test(s8_s9_tiling),
        cmocka_unit_test(s10_offsets),
        cmocka_unit_test(s11_s12_products),
        cmocka_unit_test(s13_fields),
        cmocka_unit_test(s14_rank),
        cmocka_unit_test(s15_metadata),
        cmocka_unit_test(metadata_has_limits),
        cmocka_unit_test(s16_s17_spaces_and_odd_offsets),
        cmocka_unit_test(g8_hostile_names),
        cmocka_unit_test(g1_g2_prefixes_and_flips),
    };
    return cmocka_run_group_tests_name("safetensors", tests, NULL, NULL);
}
