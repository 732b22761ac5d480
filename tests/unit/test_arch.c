/* SPDX-License-Identifier: Apache-2.0
 *
 * Descriptions: names and their spellings, block strings, FILE.json, the scaling rules, and everything that
 * is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/text.h"
#include "net/graph.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void says(const effnet_error *error, const char *words)
{
    if (!strstr(error->message, words)) fail_msg("'%s' does not say '%s'", error->message, words);
}

static net_arch by_name(const char *name)
{
    net_arch arch;
    effnet_error error;
    if (net_arch_by_name(&arch, name, &error)) fail_msg("%s", error.message);
    return arch;
}

static bool same_stage(const net_stage *a, const net_stage *b)
{
    return a->repeats == b->repeats && a->kernel == b->kernel && a->stride == b->stride &&
           a->expand == b->expand && a->in == b->in && a->out == b->out && a->se == b->se &&
           a->no_skip == b->no_skip;
}

static bool same_ends(const net_arch *a, const net_arch *b)
{
    return a->stem == b->stem && a->stem_kernel == b->stem_kernel && a->stem_stride == b->stem_stride &&
           a->stem_scaling == b->stem_scaling && a->head == b->head && a->head_scaling == b->head_scaling &&
           a->classes == b->classes && a->in_channels == b->in_channels;
}

static bool same_arch(const net_arch *a, const net_arch *b)
{
    if (a->stage_count != b->stage_count || strcmp(a->name, b->name) != 0 || !same_ends(a, b)) return false;
    for (int i = 0; i < a->stage_count; i++)
        if (!same_stage(&a->stages[i], &b->stages[i])) return false;
    return a->width == b->width && a->depth == b->depth && a->divisor == b->divisor &&
           a->fixed_ends == b->fixed_ends && a->size == b->size && a->activation == b->activation &&
           a->dropout == b->dropout && a->drop_connect == b->drop_connect;
}

/* ---- Names ---- */

static void catalogue_names_itself(void **state)
{
    (void)state;
    net_arch arch;
    size_t count = 0;
    for (; net_arch_catalogue(&arch, count); count++) {
        const net_arch again = by_name(arch.name);
        assert_true(same_arch(&arch, &again));
        assert_int_equal(net_arch_check(&arch, NULL), EFFNET_OK);
    }
    assert_int_equal(count, 23);
    assert_false(net_arch_catalogue(&arch, SIZE_MAX));
}

static void spellings(void **state)
{
    (void)state;
    static const struct {
        const char *spelling, *name;
        int size;
    } cases[] = {
        {"efficientnet_b0", "efficientnet-b0", 224},
        {"EfficientNet-B7", "efficientnet-b7", 600},
        {"EfficientNetB3", "efficientnet-b3", 300},
        {"efficientnetlite1", "efficientnet-lite1", 240},
        {"EfficientNetL2", "efficientnet-l2", 800},
        {"tf_efficientnet_b0", "efficientnet-b0", 224},
        {"tf_efficientnet_b5_ns", "efficientnet-b5", 456},
        {"tf_efficientnet_b8_ap", "efficientnet-b8", 672},
        {"tf_efficientnet_b5_aa", "efficientnet-b5", 456},
        {"tf_efficientnet_b0.ns_jft_in1k", "efficientnet-b0", 224},
        {"timm/tf_efficientnet_b0.ns_jft_in1k", "efficientnet-b0", 224},
        {"efficientnet_b0.ra4_e3600_r224_in1k", "efficientnet-b0", 224},
        {"efficientnet_b2a", "efficientnet-b2", 260},
        {"efficientnet_b3a", "efficientnet-b3", 300},
        {"tf_efficientnet_l2", "efficientnet-l2", 800},
        {"tf_efficientnet_l2_ns_475", "efficientnet-l2", 475},
        {"tf_efficientnet_l2.ns_jft_in1k_475", "efficientnet-l2", 475},
        {"efficientnet_lite0", "efficientnet-lite0", 224},
        {"efficientnet_lite3", "efficientnet-lite3", 280},
        {"efficientnet-lite4", "efficientnet-lite4", 300},
        {"tf_efficientnet_lite3", "efficientnet-lite3", 300},
        {"tf_efficientnet_lite4.in1k", "efficientnet-lite4", 380},
        {"mobilenet_v2", "mobilenet-v2", 224},
        {"MobileNetV2", "mobilenet-v2", 224},
        {"mobilenetv2_100.ra_in1k", "mobilenet-v2", 224},
        {"mobilenet-v2-1.0", "mobilenet-v2", 224},
        {"mobilenet_v2_1.0_224", "mobilenet-v2", 224},
        {"mobilenet_v2_0.35_96", "mobilenet-v2-0.35", 96},
        {"mobilenetv2_1.40_224", "mobilenet-v2-1.4", 224},
        {"mobilenetv2_035", "mobilenet-v2-0.35", 224},
        {"mobilenetv2_050.lamb_in1k", "mobilenet-v2-0.5", 224},
        {"mobilenetv2_110d", "mobilenet-v2-1.1d", 224},
        {"mobilenetv2_120d.ra_in1k", "mobilenet-v2-1.2d", 224},
        {"mobilenetv2_140", "mobilenet-v2-1.4", 224},
        {"mobilenet-v2-0.6", "mobilenet-v2-0.6", 224},
        {"mobilenet-v2-2.25", "mobilenet-v2-2.25", 224},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const net_arch arch = by_name(cases[i].spelling);
        assert_string_equal(arch.name, cases[i].name);
        assert_int_equal(arch.size, cases[i].size);
    }
}

static void unknown_names(void **state)
{
    (void)state;
    static const struct {
        const char *name, *nearest;
    } cases[] = {
        {"efficientnet-b9", "'efficientnet-b"},
        {"eficientnet-b4", "'efficientnet-b4'"},
        {"efficientnet-lite5", "'efficientnet-lite"},
        {"efficientnet_b1_pruned", "'efficientnet-b1'"},
        {"efficientnet_b0_gn", "'efficientnet-b0'"},
        {"efficientnet_b0_ns", "'efficientnet-b0'"}, /* timm has weights of that kind for tf_ only */
        {"mobilenet-v3", "'mobilenet-v2'"},
        {"mobilenet-v2-", "'mobilenet-v2'"},
        {"mobilenet-v2-0", "'mobilenet-v2"},
        {"mobilenet-v2-0.0", "'mobilenet-v2"},
        {"mobilenet-v2-35", "'mobilenet-v2-0.35'"},
        {"mobilenet-v2-1.3d", "'mobilenet-v2-1."},
        {"mobilenet-v2-0.355", "'mobilenet-v2-0.35'"},
        {"mobilenet-v2-1.", "'mobilenet-v2-1."},
        {"mobilenet-v2-999.0", "'mobilenet-v2"},
        {"mobilenet-v2-1.0-31", "'mobilenet-v2"},
        {"mobilenet-v2-1.0-999999", "'mobilenet-v2"},
        {"mobilenet-v2-1.0-224x", "'mobilenet-v2"},
        {"mobilenet-v2-1.0x", "'mobilenet-v2"},
        {"resnet50", "the nearest is"},
        {"", "the nearest is"},
        {"\x1b[31m", "\\x1B"},
        {"efficientnet-b0-and-then-a-tail-that-is-longer-than-any-name-of-a-network", "the nearest is"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        net_arch arch;
        effnet_error error;
        assert_int_equal(net_arch_by_name(&arch, cases[i].name, &error), EFFNET_ERR_NOT_FOUND);
        says(&error, cases[i].nearest);
    }
}

static void distances(void **state)
{
    (void)state;
    assert_int_equal(text_distance("", ""), 0);
    assert_int_equal(text_distance("classify", "classify"), 0);
    assert_int_equal(text_distance("", "abc"), 3);
    assert_int_equal(text_distance("clasify", "classify"), 1);
    assert_int_equal(text_distance("sumamry", "summary"), 1);
    assert_int_equal(text_distance("kitten", "sitting"), 3);
    char a[200], b[200];
    memset(a, 'a', sizeof a);
    memset(b, 'b', sizeof b);
    a[199] = b[199] = '\0';
    assert_int_equal(text_distance(a, b), 63);
}

/* ---- Block strings ---- */

static net_stage stage_of(const char *text)
{
    net_stage stage;
    effnet_error error;
    if (net_stage_parse(&stage, text, &error)) fail_msg("%s", error.message);
    return stage;
}

static void block_strings_round_trip(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"r1_k3_s11_e1_i32_o16_se0.25", "r1_k3_s11_e1_i32_o16_se0.25"},
        {"noskip_se1_o16_i32_e1_s1_k3_r1", "r1_k3_s11_e1_i32_o16_se1_noskip"},
        {"r4096_k15_s2_e64_i65536_o65536_se0.000001", "r4096_k15_s22_e64_i65536_o65536_se0.000001"},
        {"r1_k1_s11_e1_i1_o1_se0", "r1_k1_s11_e1_i1_o1"},
        {"r1_k1_s11_e1_i1_o1_se0.2500", "r1_k1_s11_e1_i1_o1_se0.25"},
        {"r1_k1_s11_e1_i1_o1_se0.333333333333333", "r1_k1_s11_e1_i1_o1_se0.333333333333333"},
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        char text[NET_STAGE_TEXT];
        const net_stage stage = stage_of(texts[i][0]);
        net_stage_format(text, &stage);
        assert_string_equal(text, texts[i][1]);
        const net_stage again = stage_of(text);
        assert_true(same_stage(&stage, &again));
    }
}

/* Ratios are the doubles nearest to their decimals, as a C compiler reads them, and survive being written. */
static void ratios_are_exact(void **state)
{
    (void)state;
    assert_true(stage_of("r1_k3_s11_e1_i1_o1_se0.1").se == 0.1);
    assert_true(stage_of("r1_k3_s11_e1_i1_o1_se0.0625").se == 0.0625);
    assert_true(stage_of("r1_k3_s11_e1_i1_o1_se0.123456789012345").se == 0.123456789012345);
    for (uint64_t i = 0; i < 2000; i++) {
        char text[NET_STAGE_TEXT];
        const unsigned decimals = 1 + (unsigned)(rng_bits(1, i) % 15);
        snprintf(text, sizeof text, "r1_k3_s11_e1_i1_o1_se0.%0*llu", (int)decimals,
                 (unsigned long long)(rng_bits(2, i) % (uint64_t)pow(10, decimals)));
        const net_stage stage = stage_of(text);
        assert_true(stage.se == strtod(strstr(text, "se") + 2, NULL));
        net_stage_format(text, &stage);
        assert_true(stage_of(text).se == stage.se);
    }
    net_stage third = stage_of("r1_k3_s11_e1_i1_o1");
    char text[NET_STAGE_TEXT];
    third.se = 1.0 / 3;
    net_stage_format(text, &third);
    assert_true(fabs(stage_of(text).se - third.se) < 1e-15);
}

static void bad_block_strings(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
        uint64_t offset;
    } cases[] = {
        {"", "unknown option", 0},
        {"_", "unknown option", 0},
        {"r1_k3_s11_e1_i32_o16_", "unknown option", 21},
        {"r1__k3_s11_e1_i32_o16", "unknown option", 3},
        {"ir_r1_k3_s1_e1_c16", "unknown option", 0},
        {"r1_k3_s11_e1_i32_o16_x1", "unknown option", 21},
        {"R1_k3_s11_e1_i32_o16", "unknown option", 0},
        {"r1_k3_s11_e1_i32_o16_sex0.25", "unknown option", 21},
        {"1r_k3_s11_e1_i32_o16", "unknown option", 0},
        {"r1_r1_k3_s11_e1_i32_o16", "given twice", 3},
        {"r1_k3_s11_e1_i32_o16_noskip_noskip", "given twice", 28},
        {"k3_s11_e1_i32_o16", "no 'r'", 17},
        {"r1_s11_e1_i32_o16", "no 'k'", 17},
        {"r1_k3_e1_i32_o16", "no 's'", 16},
        {"r1_k3_s11_i32_o16", "no 'e'", 17},
        {"r1_k3_s11_e1_o16", "no 'i'", 16},
        {"r1_k3_s11_e1_i32", "no 'o'", 16},
        {"r_k3_s11_e1_i32_o16", "a number is missing", 1},
        {"r1_k3_s_e1_i32_o16", "a number is missing", 7},
        {"r1_k3_s11_e1_i32_o16_se", "a number is missing", 23},
        {"r1_k3_s11_e1_i32_o16_se.5", "a number is missing", 23},
        {"r-1_k3_s11_e1_i32_o16", "not a digit", 1},
        {"r+1_k3_s11_e1_i32_o16", "not a digit", 1},
        {"r1x_k3_s11_e1_i32_o16", "not a digit", 2},
        {"r 1_k3_s11_e1_i32_o16", "not a digit", 1},
        {"r1.5_k3_s11_e1_i32_o16", "not a digit", 2},
        {"r01_k3_s11_e1_i32_o16", "leading zero", 1},
        {"r99999999999999999999_k3_s11_e1_i32_o16", "too long", 8},
        {"r1_k3_s12_e1_i32_o16", "two equal", 7},
        {"r1_k3_s111_e1_i32_o16", "two equal", 7},
        {"r1_k3_sx_e1_i32_o16", "unknown option", 6},
        {"r1_k3_s1x_e1_i32_o16", "two equal", 7},
        {"r1_k3_s11_e1_i32_o16_se0.", "a digit is missing", 25},
        {"r1_k3_s11_e1_i32_o16_se0.2e1", "not a digit", 26},
        {"r1_k3_s11_e1_i32_o16_se25", "0 to 1", 24},
        {"r1_k3_s11_e1_i32_o16_se0.1234567890123456", "too long", 40},
        {"r1_k3_s11_e1_i32_o16_noskip1", "takes no number", 27},
        {"r0_k3_s11_e1_i32_o16", "repeats) is 0", 0},
        {"r4097_k3_s11_e1_i32_o16", "repeats) is 4097", 0},
        {"r1_k4_s11_e1_i32_o16", "kernel) is 4", 0},
        {"r1_k17_s11_e1_i32_o16", "kernel) is 17", 0},
        {"r1_k0_s11_e1_i32_o16", "kernel) is 0", 0},
        {"r1_k3_s00_e1_i32_o16", "stride) is 0", 0},
        {"r1_k3_s3_e1_i32_o16", "stride) is 3", 0},
        {"r1_k3_s11_e0_i32_o16", "expansion) is 0", 0},
        {"r1_k3_s11_e65_i32_o16", "expansion) is 65", 0},
        {"r1_k3_s11_e1_i0_o16", "input channels) is 0", 0},
        {"r1_k3_s11_e1_i32_o65537", "output channels) is 65537", 0},
        {"r1_k3_s11_e1_i32_o16_se1.01", "squeeze ratio) is 1.01", 0},
        {"r1_k3_s11_e1_i32_o16_se9", "squeeze ratio) is 9", 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        net_stage stage;
        effnet_error error;
        if (net_stage_parse(&stage, cases[i].text, &error) != EFFNET_ERR_FORMAT)
            fail_msg("'%s' was read", cases[i].text);
        assert_int_equal(error.code, EFFNET_ERR_FORMAT);
        says(&error, cases[i].words);
        if (error.offset != cases[i].offset)
            fail_msg("'%s': byte %llu", cases[i].text, (unsigned long long)error.offset);
        assert_int_equal(net_stage_parse(&stage, cases[i].text, NULL), EFFNET_ERR_FORMAT);
    }
}

/* ---- Scaling ---- */

/* Values of round_filters and round_repeats in the source. */
static void scaling_rules(void **state)
{
    (void)state;
    assert_int_equal(net_round_channels(32, 1.0, 8), 32);
    assert_int_equal(net_round_channels(32, 1.1, 8), 32);  /* 35.2 */
    assert_int_equal(net_round_channels(32, 1.2, 8), 40);  /* 38.4 */
    assert_int_equal(net_round_channels(24, 1.4, 8), 32);  /* 33.6 */
    assert_int_equal(net_round_channels(32, 0.35, 8), 16); /* 11.2: 8 would lose more than a tenth */
    assert_int_equal(net_round_channels(16, 0.35, 8), 8);  /* 5.6: never under the divisor */
    assert_int_equal(net_round_channels(320, 4.3, 8), 1376);
    assert_int_equal(net_round_channels(1280, 1.4, 8), 1792);
    assert_int_equal(net_round_channels(10, 1.05, 1), 11); /* 10.5 rounds up */
    assert_int_equal(net_round_channels(10, 1.04, 1), 10);
    assert_int_equal(net_round_channels(65536, 100, 8), 6553600);
    assert_int_equal(net_round_repeats(1, 1.0), 1);
    assert_int_equal(net_round_repeats(2, 1.1), 3);
    assert_int_equal(net_round_repeats(4, 3.1), 13);
    assert_int_equal(net_round_repeats(1, 5.3), 6);
    assert_int_equal(net_round_repeats(3, 0.2), 1);
}

static void names_of_kinds(void **state)
{
    (void)state;
    assert_string_equal(net_activation_name(NET_SWISH), "swish");
    assert_string_equal(net_activation_name(NET_HARD_SWISH), "hard-swish");
    assert_string_equal(net_activation_name((net_activation)9), "unknown");
    assert_string_equal(net_scaling_name(NET_NOT_LESS), "not-less");
    assert_string_equal(net_scaling_name((net_scaling)9), "unknown");
}

/* ---- Checks ---- */

#define REFUSED(change, words)                                                                               \
    do {                                                                                                     \
        net_arch arch = by_name("efficientnet-b0");                                                          \
        effnet_error error;                                                                                  \
        change;                                                                                              \
        assert_int_equal(net_arch_check(&arch, &error), EFFNET_ERR_ARGUMENT);                                \
        says(&error, words);                                                                                 \
    } while (0)

static void multipliers_and_sizes_are_checked(void **state)
{
    (void)state;
    REFUSED(arch.width = (double)NAN, "width is");
    REFUSED(arch.width = (double)INFINITY, "width is inf");
    REFUSED(arch.width = 0, "width is 0");
    REFUSED(arch.width = -1, "width is -1");
    REFUSED(arch.width = 100.5, "width is 100.5");
    REFUSED(arch.depth = (double)NAN, "depth is");
    REFUSED(arch.depth = 0, "depth is 0");
    REFUSED(arch.divisor = 0, "divisor is 0");
    REFUSED(arch.divisor = 257, "divisor is 257");
    REFUSED(arch.size = 31, "size is 31");
    REFUSED(arch.size = 16385, "size is 16385");
    REFUSED(arch.size = -224, "size is -224");
    REFUSED(arch.activation = (net_activation)4, "activation is 4");
    REFUSED(arch.classes = -1, "num_classes is -1");
    REFUSED(arch.classes = NET_MAX_CLASSES + 1, "num_classes is 1048577");
    REFUSED(arch.in_channels = 0, "in_channels is 0");
    REFUSED(arch.dropout = 1, "dropout is 1");
    REFUSED(arch.dropout = (double)NAN, "dropout is");
    REFUSED(arch.drop_connect = -0.1, "drop_connect is -0.1");
}

static void stages_and_ends_are_checked(void **state)
{
    (void)state;
    REFUSED(arch.name[0] = '\0', "name must be");
    REFUSED(memset(arch.name, 'x', sizeof arch.name), "name must be");
    REFUSED(memcpy(arch.name, "\xff", 2), "name must be");
    REFUSED(arch.stem = 0, "stem.filters is 0");
    REFUSED(arch.stem_kernel = 2, "stem.kernel is 2");
    REFUSED(arch.stem_stride = 4, "stem.stride is 4");
    REFUSED(arch.stem_scaling = (net_scaling)3, "stem.scaling is 3");
    REFUSED(arch.head = -1, "head.filters is -1");
    REFUSED(arch.head_scaling = (net_scaling)3, "head.scaling is 3");
    REFUSED(arch.stage_count = 33, "blocks is 33");
    REFUSED(arch.stem = 16, "blocks[0] takes 32 channels, but the stem gives 16");
    REFUSED(arch.stages[2].in = 32, "blocks[2] takes 32 channels, but the one before it gives 24");
    REFUSED(arch.stages[2].kernel = 0, "r2_k0_s22_e6_i24_o40_se0.25: k (kernel) is 0");
    REFUSED(arch.stages[2].se = (double)NAN, "squeeze ratio");
}

/* ---- FILE.json ---- */

static net_arch parse(const char *json)
{
    net_arch arch;
    effnet_error error;
    if (net_arch_parse(&arch, json, strlen(json), &error)) fail_msg("%s", error.message);
    return arch;
}

static void files_start_from_a_base(void **state)
{
    (void)state;
    net_arch arch = parse("{\"base\": \"tf_efficientnet_lite3\"}");
    assert_string_equal(arch.name, "efficientnet-lite3");
    assert_int_equal(arch.size, 300);
    arch = parse("{\"num_classes\": 10, \"base\": \"efficientnet-b0\", \"in_channels\": 1, \"size\": 64,"
                 "\"dropout\": 0, \"drop_connect\": 0.5}");
    assert_string_equal(arch.name, "efficientnet-b0");
    assert_int_equal(arch.classes, 10);
    assert_int_equal(arch.in_channels, 1);
    assert_int_equal(arch.size, 64);
    assert_true(arch.dropout == 0 && arch.drop_connect == 0.5);
    arch = parse("{\"base\": \"efficientnet-b0\", \"width\": 2}");
    assert_string_equal(arch.name, "custom");
    assert_true(arch.width == 2 && arch.depth == 1 && arch.stage_count == 7);
    arch = parse("{\"base\": \"efficientnet-b0\", \"width\": 2, \"name\": \"wide\"}");
    assert_string_equal(arch.name, "wide");
    arch = parse("{\"base\": \"mobilenet-v2\", \"stem\": {\"stride\": 1}}");
    assert_int_equal(arch.stem_stride, 1);
    assert_int_equal(arch.stem, 32);
    assert_int_equal(arch.head_scaling, NET_NOT_LESS);
}

static void files_have_defaults(void **state)
{
    (void)state;
    const net_arch arch = parse("{\"blocks\": [\"r1_k3_s11_e1_i32_o16\"]}");
    assert_string_equal(arch.name, "custom");
    assert_int_equal(arch.stage_count, 1);
    assert_int_equal(arch.size, 224);
    assert_int_equal(arch.stem, 32);
    assert_int_equal(arch.stem_stride, 2);
    assert_int_equal(arch.head, 1280);
    assert_int_equal(arch.classes, 1000);
    assert_int_equal(arch.activation, NET_SWISH);
    assert_int_equal(arch.divisor, 8);
}

static void round_trip(const net_arch *arch)
{
    char *json;
    net_arch again;
    effnet_error error;
    if (net_arch_format(&json, arch, &error)) fail_msg("%s", error.message);
    if (net_arch_parse(&again, json, strlen(json), &error)) fail_msg("%s", error.message);
    assert_true(same_arch(arch, &again));
    free(json);
}

static void files_round_trip(void **state)
{
    (void)state;
    net_arch arch;
    for (size_t i = 0; net_arch_catalogue(&arch, i); i++)
        round_trip(&arch);
    arch = by_name("efficientnet-b0");
    snprintf(arch.name, sizeof arch.name, "\"q\\\" \xc3\xa9 \x01");
    arch.width = 1.0 / 3;
    arch.depth = 1.2345678901234567;
    arch.dropout = 1e-300;
    arch.fixed_ends = true;
    arch.stem_stride = 1;
    arch.stem_scaling = NET_NOT_LESS;
    arch.activation = NET_HARD_SWISH;
    arch.stages[1].no_skip = true;
    arch.classes = arch.head = 0;
    round_trip(&arch);
    arch.activation = NET_RELU;
    round_trip(&arch);
}

/* The text is for people too: short numbers, fields in the order of the documentation. */
static void files_read_well(void **state)
{
    (void)state;
    char *json;
    const net_arch arch = by_name("efficientnet-b1");
    assert_int_equal(net_arch_format(&json, &arch, NULL), EFFNET_OK);
    static const char start[] =
        "{\n  \"name\": \"efficientnet-b1\",\n  \"blocks\": [\n    \"r1_k3_s11_e1_i32_o16_se0.25\",";
    assert_memory_equal(json, start, sizeof start - 1);
    assert_non_null(
        strstr(json, "\"width\": 1.0,\n  \"depth\": 1.1,\n  \"divisor\": 8,\n  \"fixed_ends\": false,"));
    assert_non_null(strstr(json, "\"dropout\": 0.2,\n  \"drop_connect\": 0.2\n}"));
    free(json);
}

static void impossible_files_are_not_written(void **state)
{
    (void)state;
    char *json = (char *)1;
    net_arch arch = by_name("efficientnet-b0");
    arch.width = (double)NAN;
    assert_int_equal(net_arch_format(&json, &arch, NULL), EFFNET_ERR_ARGUMENT);
    assert_null(json);
}

static void bad_files(void **state)
{
    (void)state;
#define B0 "{\"base\": \"efficientnet-b0\", "
    static const char *const cases[][2] = {
        {"", "not valid JSON"},
        {"{", "not valid JSON"},
        {"[]", "one JSON object"},
        {"\"efficientnet-b0\"", "one JSON object"},
        {"{} x", "end of file expected"},
        {"{}", "needs 'blocks', or 'base'"},
        {"{\"width\": 1}", "needs 'blocks', or 'base'"},
        {"{\"base\": 1}", "'base' must be"},
        {"{\"base\": \"efficientnet-b9\"}", "the nearest is 'efficientnet-b"},
        {"{\"base\": \"efficientnet-b0\", \"base\": \"efficientnet-b1\"}", "duplicate object key"},
        {B0 "\"widht\": 1}", "unknown field 'widht'; the nearest is 'width'"},
        {B0 "\"stem.filters\": 1}", "unknown field 'stem.filters'"},
        {B0 "\"stem\": {\"filter\": 1}}", "unknown field 'stem.filter'; the nearest is 'stem.filters'"},
        {B0 "\"stem\": {\"stem\": {}}}", "unknown field 'stem.stem'"},
        {B0 "\"stem\": {\"filters\": 32, \"filters\": 32}}", "duplicate object key"},
        {B0 "\"stem\": 32}", "'stem' must be an object"},
        {B0 "\"head\": null}", "'head' must be an object"},
        {B0 "\"\\u001b[31m\": 1}", "unknown field '\\x1B[31m'"},
        {B0 "\"name\": 7}", "'name' must be"},
        {B0 "\"name\": \"\"}", "name must be"},
        {B0 "\"name\": \"0123456789012345678901234567890123456789012345678901234567890123\"}",
         "'name' must be"},
        {B0 "\"name\": \"a\\u0000b\"}", "NUL"},
        {B0 "\"name\": \"\xff\"}", "unable to decode byte 0xff"},
        {B0 "\"width\": \"1\"}", "'width' must be a number"},
        {B0 "\"width\": 0}", "width is 0"},
        {B0 "\"width\": -1.5}", "width is -1.5"},
        {B0 "\"width\": NaN}", "invalid token"},
        {B0 "\"width\": 1e999}", "real number overflow"},
        {B0 "\"width\": 1e300}", "width is 1e+300"},
        {B0 "\"width\": 90}", "65536"},
        {B0 "\"depth\": null}", "'depth' must be a number"},
        {B0 "\"divisor\": 8.0}", "'divisor' must be a whole number"},
        {B0 "\"divisor\": 0}", "divisor is 0"},
        {B0 "\"size\": 0}", "size is 0"},
        {B0 "\"size\": 2147483648}", "'size' must be a whole number"},
        {B0 "\"size\": 9223372036854775808}", "too big integer"},
        {B0 "\"size\": [224, 224]}", "'size' must be a whole number"},
        {B0 "\"num_classes\": -1}", "num_classes is -1"},
        {B0 "\"in_channels\": 4294967299}", "'in_channels' must be a whole number"},
        {B0 "\"fixed_ends\": 1}", "'fixed_ends' must be true or false"},
        {B0 "\"activation\": \"gelu\"}", "'activation' must be"},
        {B0 "\"activation\": 1}", "'activation' must be"},
        {B0 "\"stem\": {\"scaling\": \"half\"}}", "'stem.scaling' must be"},
        {B0 "\"head\": {\"scaling\": false}}", "'head.scaling' must be"},
        {B0 "\"blocks\": []}", "'blocks' must be"},
        {B0 "\"blocks\": \"r1_k3_s11_e1_i32_o16\"}", "'blocks' must be"},
        {B0 "\"blocks\": [1]}", "'blocks' must be"},
        {B0 "\"blocks\": [\"r1_k3_s11_e1_i32_o16\", \"r1_k3\"]}", "block string 'r1_k3': no 's'"},
        {B0 "\"blocks\": [\"r1_k3_s11_e1_i16_o16\"]}", "blocks[0] takes 16 channels, but the stem gives 32"},
        {B0 "\"dropout\": 1}", "dropout is 1"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        net_arch arch;
        net_graph *graph = NULL;
        effnet_error error;
        effnet_status status = net_arch_parse(&arch, cases[i][0], strlen(cases[i][0]), &error);
        const effnet_status wanted = status ? EFFNET_ERR_FORMAT : EFFNET_ERR_ARGUMENT;
        if (!status) status = net_graph_create(&graph, &arch, NULL, 0, 0, &error);
        if (status != wanted || error.code != wanted)
            fail_msg("'%s' gives %d, %s", cases[i][0], (int)status, status ? error.message : "");
        says(&error, cases[i][1]);
    }
}

static effnet_status parse_bytes(const char *json, size_t size, effnet_error *error)
{
    net_arch arch;
    return net_arch_parse(&arch, json, size, error);
}

static void hostile_files(void **state)
{
    (void)state;
    effnet_error error;
    char *bytes = malloc(NET_MAX_FILE + 1);
    assert_non_null(bytes);
    memset(bytes, '[', NET_MAX_FILE + 1);
    assert_int_equal(parse_bytes(bytes, NET_MAX_FILE + 1, &error), EFFNET_ERR_LIMIT);
    says(&error, "65537 bytes");
    assert_int_equal(parse_bytes(bytes, NET_MAX_FILE, &error), EFFNET_ERR_LIMIT);
    says(&error, "nested deeper than 64 (byte 64)");
    for (size_t i = 0; i + 5 <= NET_MAX_FILE; i += 5)
        memcpy(bytes + i, "{\"a\":", 5);
    assert_int_equal(parse_bytes(bytes, NET_MAX_FILE, &error), EFFNET_ERR_LIMIT);
    says(&error, "nested deeper than 64 (byte 320)");
    memset(bytes, 0xFF, NET_MAX_FILE);
    assert_int_equal(parse_bytes(bytes, NET_MAX_FILE, &error), EFFNET_ERR_FORMAT);
    free(bytes);
    static const char quoted[] = "{\"base\": \"efficientnet-b0\", \"name\": \"[[[[[[[[[[\\\"[[[[[[\"}";
    assert_int_equal(parse_bytes(quoted, sizeof quoted - 1, &error), EFFNET_OK);
}

/* Every prefix of a good file is refused, and every one-bit change of it is refused or builds or is refused
 * by the graph. */
static void damaged_files(void **state)
{
    (void)state;
    char *json;
    net_arch arch = by_name("efficientnet-b0");
    assert_int_equal(net_arch_format(&json, &arch, NULL), EFFNET_OK);
    const size_t size = strlen(json);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(parse_bytes(json, i, NULL), EFFNET_ERR_FORMAT);
    size_t read = 0;
    for (size_t bit = 0; bit < 8 * size; bit++) {
        json[bit / 8] = (char)(json[bit / 8] ^ (1 << bit % 8));
        net_graph *graph = NULL;
        if (net_arch_parse(&arch, json, size, NULL) == EFFNET_OK) {
            net_graph_create(&graph, &arch, NULL, 0, 0, NULL);
            read++;
        }
        net_graph_free(graph);
        json[bit / 8] = (char)(json[bit / 8] ^ (1 << bit % 8));
    }
    assert_true(read > 0 && read < 4 * size);
    free(json);
}

static void too_many_blocks(void **state)
{
    (void)state;
    char json[2048] = "{\"blocks\": [";
    for (int count = 1; count <= 33; count++) {
        strcat(json, count > 1 ? ", \"r1_k3_s11_e1_i32_o32\"" : "\"r1_k3_s11_e1_i32_o32\"");
        const size_t length = strlen(json);
        strcat(json, "]}");
        effnet_error error;
        const effnet_status status = parse_bytes(json, strlen(json), &error);
        assert_int_equal(status, count <= NET_MAX_STAGES ? EFFNET_OK : EFFNET_ERR_FORMAT);
        json[length] = '\0';
    }
}

/* ---- The documentation's own examples ---- */

static void documented_files(void **state)
{
    (void)state;
    FILE *file = fopen(SOURCE_ROOT "/docs/network-file.md", "rb");
    assert_non_null(file);
    static char text[32768];
    const size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = '\0';
    int examples = 0;
    for (char *p = text; (p = strstr(p, "```json\n")) != NULL; examples++) {
        p += strlen("```json\n");
        char *end = strstr(p, "```");
        assert_non_null(end);
        net_arch arch;
        net_graph *graph;
        effnet_error error;
        if (net_arch_parse(&arch, p, (size_t)(end - p), &error)) fail_msg("%s", error.message);
        if (net_graph_create(&graph, &arch, NULL, 0, 0, &error)) fail_msg("%s", error.message);
        net_graph_free(graph);
        p = end + 3;
    }
    assert_int_equal(examples, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(catalogue_names_itself),
        cmocka_unit_test(spellings),
        cmocka_unit_test(unknown_names),
        cmocka_unit_test(distances),
        cmocka_unit_test(block_strings_round_trip),
        cmocka_unit_test(ratios_are_exact),
        cmocka_unit_test(bad_block_strings),
        cmocka_unit_test(scaling_rules),
        cmocka_unit_test(names_of_kinds),
        cmocka_unit_test(multipliers_and_sizes_are_checked),
        cmocka_unit_test(stages_and_ends_are_checked),
        cmocka_unit_test(files_start_from_a_base),
        cmocka_unit_test(files_have_defaults),
        cmocka_unit_test(files_round_trip),
        cmocka_unit_test(files_read_well),
        cmocka_unit_test(impossible_files_are_not_written),
        cmocka_unit_test(bad_files),
        cmocka_unit_test(hostile_files),
        cmocka_unit_test(damaged_files),
        cmocka_unit_test(too_many_blocks),
        cmocka_unit_test(documented_files),
    };
    return cmocka_run_group_tests_name("arch", tests, NULL, NULL);
}
