/* SPDX-License-Identifier: Apache-2.0
 *
 * The published networks, and the many ways in which people spell them.
 *
 * efficientnet-b0..b8, -l2: lukemelas/EfficientNet-PyTorch utils.py (tensorflow/tpu efficientnet_builder.py).
 *
 * efficientnet-lite0..lite4: tensorflow/tpu lite/efficientnet_lite_builder.py. No SE, ReLU6; stem, head and
 * the repeats of the first and last stage are not scaled.
 *
 * mobilenet-v2, -0.35..-1.4: torchvision mobilenetv2.py. 1.1d and 1.2d: timm efficientnet.py (width 1.1 and
 * 1.2, depth 1.2 and 1.4; stem, head and end stages fixed). Any other width with two decimals works too.
 *
 * A name that only timm writes ("tf_" in front, or a tag such as ".in1k" behind) takes timm's resolution
 * where that differs: 300 and 380 for lite3 and lite4 (the official ones are 280 and 300), 475 for
 * tf_efficientnet_l2_ns_475. Structure never depends on the spelling.
 */
#include "net/arch.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* kernel, stride, expand, in, out and repeats are one array in all sources; Lite drops SE. */
static const net_stage efficientnet_stages[] = {
    {.repeats = 1, .kernel = 3, .stride = 1, .expand = 1, .in = 32, .out = 16, .se = 0.25},
    {.repeats = 2, .kernel = 3, .stride = 2, .expand = 6, .in = 16, .out = 24, .se = 0.25},
    {.repeats = 2, .kernel = 5, .stride = 2, .expand = 6, .in = 24, .out = 40, .se = 0.25},
    {.repeats = 3, .kernel = 3, .stride = 2, .expand = 6, .in = 40, .out = 80, .se = 0.25},
    {.repeats = 3, .kernel = 5, .stride = 1, .expand = 6, .in = 80, .out = 112, .se = 0.25},
    {.repeats = 4, .kernel = 5, .stride = 2, .expand = 6, .in = 112, .out = 192, .se = 0.25},
    {.repeats = 1, .kernel = 3, .stride = 1, .expand = 6, .in = 192, .out = 320, .se = 0.25},
};

static const net_stage mobilenet_stages[] = {
    {.repeats = 1, .kernel = 3, .stride = 1, .expand = 1, .in = 32, .out = 16},
    {.repeats = 2, .kernel = 3, .stride = 2, .expand = 6, .in = 16, .out = 24},
    {.repeats = 3, .kernel = 3, .stride = 2, .expand = 6, .in = 24, .out = 32},
    {.repeats = 4, .kernel = 3, .stride = 2, .expand = 6, .in = 32, .out = 64},
    {.repeats = 3, .kernel = 3, .stride = 1, .expand = 6, .in = 64, .out = 96},
    {.repeats = 3, .kernel = 3, .stride = 2, .expand = 6, .in = 96, .out = 160},
    {.repeats = 1, .kernel = 3, .stride = 1, .expand = 6, .in = 160, .out = 320},
};

enum { STAGES = sizeof efficientnet_stages / sizeof *efficientnet_stages };
_Static_assert(sizeof mobilenet_stages == sizeof efficientnet_stages, "both families have seven stages");

static const struct {
    const char *name;
    double width, depth;
    int size, timm_size;
    double dropout;
    bool lite;
} efficientnets[] = {
    {"efficientnet-b0", 1.0, 1.0, 224, 224, 0.2, false},
    {"efficientnet-b1", 1.0, 1.1, 240, 240, 0.2, false},
    {"efficientnet-b2", 1.1, 1.2, 260, 260, 0.3, false},
    {"efficientnet-b3", 1.2, 1.4, 300, 300, 0.3, false},
    {"efficientnet-b4", 1.4, 1.8, 380, 380, 0.4, false},
    {"efficientnet-b5", 1.6, 2.2, 456, 456, 0.4, false},
    {"efficientnet-b6", 1.8, 2.6, 528, 528, 0.5, false},
    {"efficientnet-b7", 2.0, 3.1, 600, 600, 0.5, false},
    {"efficientnet-b8", 2.2, 3.6, 672, 672, 0.5, false},
    {"efficientnet-l2", 4.3, 5.3, 800, 800, 0.5, false},
    {"efficientnet-lite0", 1.0, 1.0, 224, 224, 0.2, true},
    {"efficientnet-lite1", 1.0, 1.1, 240, 240, 0.2, true},
    {"efficientnet-lite2", 1.1, 1.2, 260, 260, 0.3, true},
    {"efficientnet-lite3", 1.2, 1.4, 280, 300, 0.3, true},
    {"efficientnet-lite4", 1.4, 1.8, 300, 380, 0.3, true},
};

static const struct {
    int hundredths; /* of the width multiplier */
    bool deep;      /* timm's "d" */
} mobilenets[] = {
    {35, false}, {50, false}, {75, false}, {100, false}, {110, true}, {120, true}, {130, false}, {140, false},
};

enum {
    EFFICIENTNETS = sizeof efficientnets / sizeof *efficientnets,
    MOBILENETS = sizeof mobilenets / sizeof *mobilenets,
};

static void make_efficientnet(net_arch *out, size_t index)
{
    const bool lite = efficientnets[index].lite;
    *out = (net_arch){
        .stage_count = STAGES,
        .width = efficientnets[index].width,
        .depth = efficientnets[index].depth,
        .divisor = 8,
        .fixed_ends = lite,
        .size = efficientnets[index].size,
        .activation = lite ? NET_RELU6 : NET_SWISH,
        .stem = 32,
        .stem_kernel = 3,
        .stem_stride = 2,
        .stem_scaling = lite ? NET_FIXED : NET_SCALED,
        .head = 1280,
        .head_scaling = lite ? NET_FIXED : NET_SCALED,
        .classes = 1000,
        .in_channels = 3,
        .dropout = efficientnets[index].dropout,
        .drop_connect = 0.2,
    };
    snprintf(out->name, sizeof out->name, "%s", efficientnets[index].name);
    memcpy(out->stages, efficientnet_stages, sizeof efficientnet_stages);
    for (size_t i = 0; lite && i < STAGES; i++)
        out->stages[i].se = 0;
}

/* "mobilenet-v2-0.35", "mobilenet-v2-1.1d"; plain "mobilenet-v2" for width 1. */
static void name_mobilenet(char out[NET_NAME_SIZE], int hundredths, bool deep)
{
    if (hundredths == 100)
        snprintf(out, NET_NAME_SIZE, "mobilenet-v2");
    else if (hundredths % 10 == 0)
        snprintf(out, NET_NAME_SIZE, "mobilenet-v2-%d.%d%s", hundredths / 100, hundredths / 10 % 10,
                 deep ? "d" : "");
    else
        snprintf(out, NET_NAME_SIZE, "mobilenet-v2-%d.%02d", hundredths / 100, hundredths % 100);
}

static void make_mobilenet(net_arch *out, int hundredths, bool deep)
{
    *out = (net_arch){
        .stage_count = STAGES,
        .width = hundredths / 100.0,
        .depth = !deep               ? 1.0
                 : hundredths == 110 ? 1.2
                                     : 1.4,
        .divisor = 8,
        .fixed_ends = deep,
        .size = 224,
        .activation = NET_RELU6,
        .stem = 32,
        .stem_kernel = 3,
        .stem_stride = 2,
        .stem_scaling = deep ? NET_FIXED : NET_SCALED,
        .head = 1280,
        .head_scaling = deep ? NET_FIXED : NET_NOT_LESS,
        .classes = 1000,
        .in_channels = 3,
        .dropout = 0.2,
    };
    name_mobilenet(out->name, hundredths, deep);
    memcpy(out->stages, mobilenet_stages, sizeof mobilenet_stages);
}

bool net_arch_catalogue(net_arch *out, size_t index)
{
    if (index < EFFICIENTNETS) {
        make_efficientnet(out, index);
        return true;
    }
    index -= EFFICIENTNETS;
    if (index >= MOBILENETS) return false;
    make_mobilenet(out, mobilenets[index].hundredths, mobilenets[index].deep);
    return true;
}

/* ---- Spelling ---- */

/* A name in one spelling: lower case, '-' for '_', without what says whose weights are meant. */
typedef struct spelling {
    char name[NET_NAME_SIZE];
    bool timm; /* only timm writes it so */
    int size;  /* a resolution within the name; 0 for none */
} spelling;

static bool cut_front(char *name, const char *prefix)
{
    const size_t length = strlen(prefix);
    if (strncmp(name, prefix, length) != 0) return false;
    memmove(name, name + length, strlen(name + length) + 1);
    return true;
}

static bool cut_back(char *name, const char *suffix)
{
    const size_t length = strlen(name), cut = strlen(suffix);
    if (length < cut || strcmp(name + length - cut, suffix) != 0) return false;
    name[length - cut] = '\0';
    return true;
}

/* Replaces `old` at the front of `name`. */
static void swap_front(char name[NET_NAME_SIZE], const char *old, const char *fresh)
{
    char rest[NET_NAME_SIZE];
    if (strncmp(name, old, strlen(old)) != 0) return;
    snprintf(rest, sizeof rest, "%s", name + strlen(old));
    snprintf(name, NET_NAME_SIZE, "%s%.*s", fresh, (int)(NET_NAME_SIZE - 1 - strlen(fresh)), rest);
}

/* timm's tags: ".ns_jft_in1k" behind a dot that no digit follows, and before 2023 "_ns", "_ap", "_ns_475". */
static void cut_tags(spelling *s)
{
    for (char *p = s->name; *p; p++) {
        if (p[0] != '.' || !isalpha((unsigned char)p[1])) continue;
        s->timm = true;
        if (cut_back(s->name, "-475")) s->size = 475;
        *p = '\0';
        break;
    }
    if (cut_front(s->name, "tf-")) s->timm = true;
    if (!s->timm) return;
    if (cut_back(s->name, "-ns-475")) s->size = 475;
    if (!cut_back(s->name, "-ns") && !cut_back(s->name, "-ap")) cut_back(s->name, "-aa");
}

static spelling spell(const char *name)
{
    spelling s = {.size = 0};
    snprintf(s.name, sizeof s.name, "%s", name);
    for (char *p = s.name; *p; p++)
        *p = *p == '_' ? '-' : (char)tolower((unsigned char)*p);
    if (cut_front(s.name, "timm/")) s.timm = true;
    cut_tags(&s);
    swap_front(s.name, "efficientnetb", "efficientnet-b"); /* Keras: EfficientNetB0 */
    swap_front(s.name, "efficientnetl", "efficientnet-l");
    swap_front(s.name, "mobilenetv2", "mobilenet-v2");
    if (!strcmp(s.name, "efficientnet-b2a") || !strcmp(s.name, "efficientnet-b3a")) /* timm's old aliases */
        s.name[strlen(s.name) - 1] = '\0';
    return s;
}

/* Reads digits at *p; -1 if there are none or more than `most`. */
static int read_digits(const char **p, int most)
{
    int value = 0, count = 0;
    for (; isdigit((unsigned char)**p); (*p)++) {
        if (++count > most) return -1;
        value = 10 * value + (**p - '0');
    }
    return count ? value : -1;
}

/* "0.35", "1.4", "035", "140" in hundredths; -1 if it is none of these. */
static int read_hundredths(const char **p)
{
    const char *start = *p;
    int value = read_digits(p, 3);
    if (value < 0 || **p != '.') return *p - start == 3 ? value : -1;
    (*p)++;
    const char *decimals = *p;
    const int fraction = read_digits(p, 2);
    if (fraction < 0) return -1;
    return 100 * value + (*p - decimals == 1 ? 10 * fraction : fraction);
}

/* What follows "mobilenet-v2": nothing, a width, and after a width the resolution that TensorFlow's names
 * carry ("mobilenet_v2_1.0_224"). */
static bool parse_mobilenet(net_arch *out, spelling *s)
{
    if (!cut_front(s->name, "mobilenet-v2")) return false;
    const char *p = s->name;
    int hundredths = 100;
    bool deep = false;
    if (*p == '-') {
        p++;
        hundredths = read_hundredths(&p);
        if (hundredths < 1 || hundredths > 100 * NET_MAX_MULTIPLIER) return false;
        deep = *p == 'd';
        if (deep && hundredths != 110 && hundredths != 120) return false;
        p += deep;
        if (*p == '-') {
            p++;
            s->size = read_digits(&p, 5);
            if (s->size < NET_MIN_SIZE || s->size > NET_MAX_SIZE) return false;
        }
    }
    if (*p) return false;
    make_mobilenet(out, hundredths, deep);
    return true;
}

static bool parse_efficientnet(net_arch *out, const spelling *s)
{
    for (size_t i = 0; i < EFFICIENTNETS; i++) {
        if (strcmp(efficientnets[i].name, s->name) != 0) continue;
        make_efficientnet(out, i);
        if (s->timm) out->size = efficientnets[i].timm_size;
        return true;
    }
    return false;
}

static effnet_status refuse_name(const char *name, const spelling *s, effnet_error *error)
{
    net_arch arch, nearest;
    size_t least = SIZE_MAX;
    for (size_t i = 0; net_arch_catalogue(&arch, i); i++) {
        const size_t distance = text_distance(s->name, arch.name);
        if (distance >= least) continue;
        least = distance;
        nearest = arch;
    }
    return error_set(error, EFFNET_ERR_NOT_FOUND, "no network is called '%.100s'; the nearest is '%s'", name,
                     nearest.name);
}

effnet_status net_arch_by_name(net_arch *out, const char *name, effnet_error *error)
{
    const spelling s = spell(name);
    spelling rest = s;
    if (strlen(name) >= NET_NAME_SIZE || (!parse_efficientnet(out, &s) && !parse_mobilenet(out, &rest)))
        return refuse_name(name, &s, error);
    if (rest.size) out->size = rest.size;
    return EFFNET_OK;
}
