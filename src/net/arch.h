/* SPDX-License-Identifier: Apache-2.0
 *
 * What a network of this family is, before any size is known: stages of inverted residual blocks, a stem, a
 * head, and the multipliers that scale them. No weights, no arithmetic. Everything else (graph, cost, engine,
 * training, dialects) is derived from this one description.
 *
 * Sources: lukemelas/EfficientNet-PyTorch utils.py, tensorflow/tpu efficientnet_builder.py and
 * efficientnet_lite_builder.py, torchvision mobilenetv2.py, timm efficientnet.py.
 */
#ifndef NET_ARCH_H
#define NET_ARCH_H

#include "base/error.h"

enum { NET_MAX_STAGES = 32, NET_NAME_SIZE = 64 };

/* What a description may ask for. Channels: of any convolution, hidden ones too; blocks: of the whole network
 * after scaling; kernels are odd; strides are 1 or 2, as everywhere in the family. */
enum {
    NET_MIN_SIZE = 32,
    NET_MAX_SIZE = 16384,
    NET_MAX_CHANNELS = 65536,
    NET_MAX_BLOCKS = 4096,
    NET_MAX_KERNEL = 15,
    NET_MAX_STRIDE = 2,
    NET_MAX_EXPAND = 64,
    NET_MAX_CLASSES = 1 << 20,
    NET_MAX_DIVISOR = 256,
    NET_MAX_MULTIPLIER = 100, /* of width and of depth */
    NET_MAX_FILE = 65536,     /* bytes of a FILE.json */
};

typedef enum net_activation { NET_SWISH, NET_RELU6, NET_RELU, NET_HARD_SWISH } net_activation;

/* How a channel count follows the width multiplier. */
typedef enum net_scaling {
    NET_SCALED,   /* rounded to the divisor after multiplication */
    NET_FIXED,    /* kept (Lite's stem and head) */
    NET_NOT_LESS, /* scaled, but never under the given number (MobileNetV2's head) */
} net_scaling;

/* One block string: `repeats` blocks; the first has `stride` and changes channels, the others do neither. */
typedef struct net_stage {
    int repeats, kernel, stride, expand; /* expand: hidden channels over input channels */
    int in, out;                         /* channels before width scaling */
    double se;                           /* squeeze channels over the block's input channels; 0 for none */
    bool no_skip;                        /* no residual even where shapes match */
} net_stage;

typedef struct net_arch {
    char name[NET_NAME_SIZE]; /* in effnet's spelling: "efficientnet-b0"; "custom" where it has none */
    net_stage stages[NET_MAX_STAGES];
    int stage_count;
    double width, depth; /* multipliers */
    int divisor;         /* channels are rounded to a multiple of this */
    bool fixed_ends;     /* first and last stage keep their repeats (Lite, timm's 110d and 120d) */
    int size;            /* default input height and width */
    net_activation activation;
    int stem, stem_kernel, stem_stride;
    net_scaling stem_scaling;
    int head; /* channels of the last 1x1 convolution; 0 for none */
    net_scaling head_scaling;
    int classes; /* outputs of the classifier; 0 for no classifier */
    int in_channels;
    double dropout;      /* before the classifier */
    double drop_connect; /* of the last block; grows linearly with depth from 0 */
} net_arch;

/* The catalogue network called `name`. Underscores, upper case and peers' spellings are understood
 * ("tf_efficientnet_b0.ns_jft_in1k", "EfficientNetB0", "mobilenetv2_110d", "mobilenet_v2_0.35_96"); the
 * catalogue's head says how. EFFNET_ERR_NOT_FOUND names the nearest. */
effnet_status net_arch_by_name(net_arch *out, const char *name, effnet_error *error);

/* Catalogue entry number `index` in a stable order; false past the end. */
bool net_arch_catalogue(net_arch *out, size_t index);

/* Reads and writes one block string such as "r1_k3_s11_e1_i32_o16_se0.25" ("_noskip" at the end where it
 * applies). EFFNET_ERR_FORMAT with the byte at which a rule is broken. The text written is read back to the
 * same stage, for every stage that was itself read from text. */
enum { NET_STAGE_TEXT = 160 };
effnet_status net_stage_parse(net_stage *out, const char *text, effnet_error *error);
void net_stage_format(char out[NET_STAGE_TEXT], const net_stage *stage);

/* EFFNET_ERR_ARGUMENT with the value that is out of its range. */
effnet_status net_stage_check(const net_stage *stage, effnet_error *error);

/* Reads a FILE.json description (docs/network-file.md lists the fields); every field is checked, unknown ones
 * are errors. "base": a catalogue name to start from. EFFNET_ERR_FORMAT, or EFFNET_ERR_LIMIT by size. */
effnet_status net_arch_parse(net_arch *out, const char *json, size_t size, effnet_error *error);

/* True if `name` means a FILE.json and not the catalogue. */
bool net_arch_is_file(const char *name);

/* The network that `name` means: that of a FILE.json or of the catalogue. */
effnet_status net_arch_load(net_arch *out, const char *name, effnet_error *error);

/* The same as text, malloc'd; the caller frees it. */
effnet_status net_arch_format(char **out, const net_arch *arch, effnet_error *error);

/* EFFNET_ERR_ARGUMENT with the field and its limit if a description cannot be built. */
effnet_status net_arch_check(const net_arch *arch, effnet_error *error);

/* Channels times `width`, rounded to a multiple of `divisor` and never below 90 % (round_filters in the
 * source). */
int net_round_channels(int channels, double width, int divisor);

/* Repeats times `depth`, rounded up (round_repeats in the source). */
int net_round_repeats(int repeats, double depth);

const char *net_activation_name(net_activation activation); /* "swish", "relu6", "relu", "hard-swish" */
const char *net_scaling_name(net_scaling scaling);          /* "scaled", "fixed", "not-less" */

#endif
