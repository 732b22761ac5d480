/* SPDX-License-Identifier: Apache-2.0
 *
 * Padding and epsilon by library and by name. See variant.h.
 *
 * Sources: efficientnet_pytorch utils.py (epsilon 1e-3, momentum 0.01), torchvision models/efficientnet.py
 * (the same for B5 to B7, whose weights came from there; PyTorch's 1e-5 and 0.1 otherwise), timm
 * models/efficientnet.py (tf_*: 1e-3, padded like TensorFlow; all others 1e-5).
 */
#include "model/variant.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

static const char *const padding_names[] = {[NET_PAD_SAME] = "same", [NET_PAD_SYMMETRIC] = "symmetric"};

static bool starts_with(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

net_variant variant_usual(dialect d, const char *arch, net_padding padding)
{
    const bool large = !strcmp(arch, "efficientnet-b5") || !strcmp(arch, "efficientnet-b6") ||
                       !strcmp(arch, "efficientnet-b7");
    net_variant variant = net_variant_source;
    variant.padding = padding;
    if (padding == NET_PAD_SAME || (d == DIALECT_TORCHVISION && large)) return variant;
    variant.bn_epsilon = 1e-5;
    variant.bn_momentum = 0.1;
    return variant;
}

bool variant_is_certain(dialect d, const char *arch, net_padding *padding)
{
    *padding = d == DIALECT_LUKEMELAS ? NET_PAD_SAME : NET_PAD_SYMMETRIC;
    /* timm builds MobileNetV2 in one way only. */
    return d == DIALECT_LUKEMELAS || d == DIALECT_TORCHVISION ||
           (d == DIALECT_TIMM && starts_with(arch, "mobilenet-v2"));
}

bool variant_of_name(const char *name, net_padding *padding)
{
    const char *slash = strrchr(name, '/'); /* "hf_hub:timm/tf_efficientnet_b0" */
    if (slash) name = slash + 1;
    *padding = starts_with(name, "tf_") ? NET_PAD_SAME : NET_PAD_SYMMETRIC;
    return starts_with(name, "tf_") || starts_with(name, "efficientnet_") ||
           starts_with(name, "mobilenetv2_");
}

static effnet_status read_setting(net_variant *out, const char *text, size_t size, effnet_error *error)
{
    static const char epsilon[] = "epsilon=", momentum[] = "momentum=";
    double number = 0;
    double *into = NULL;
    size_t key = 0;
    if (starts_with(text, epsilon)) {
        into = &out->bn_epsilon;
        key = sizeof epsilon - 1;
    } else if (starts_with(text, momentum)) {
        into = &out->bn_momentum;
        key = sizeof momentum - 1;
    }
    if (!into || !json_read_number(&number, text + key, size - key) || !(number > 0 && number <= 1))
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "variant: \"%.*s\" is not epsilon=X or momentum=X with X over 0, at most 1",
                         size < 40 ? (int)size : 40, text);
    *into = number;
    return EFFNET_OK;
}

effnet_status variant_parse(net_variant *out, const char *text, dialect d, const char *arch,
                            effnet_error *error)
{
    size_t length = strcspn(text, ",");
    int padding = NET_PAD_SAME;
    while (padding <= NET_PAD_SYMMETRIC &&
           (strlen(padding_names[padding]) != length || strncmp(text, padding_names[padding], length)))
        padding++;
    if (padding > NET_PAD_SYMMETRIC)
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "variant \"%.40s\": it is \"same\" or \"symmetric\", and \",epsilon=X\" may follow",
                         text);
    *out = variant_usual(d, arch, (net_padding)padding);
    while (text[length] == ',') {
        text += length + 1;
        length = strcspn(text, ",");
        TRY(read_setting(out, text, length, error));
    }
    return EFFNET_OK;
}

/* jansson writes numbers the same in every locale. */
static void format_number(char *out, size_t capacity, double number)
{
    json_t *value = json_real(number);
    const size_t size = json_dumpb(value, out, capacity - 1, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    json_decref(value);
    out[size < capacity ? size : 0] = '\0';
}

void variant_format(char out[VARIANT_TEXT], const net_variant *variant)
{
    char epsilon[32], momentum[32];
    format_number(epsilon, sizeof epsilon, variant->bn_epsilon);
    format_number(momentum, sizeof momentum, variant->bn_momentum);
    snprintf(out, VARIANT_TEXT, "%s,epsilon=%s,momentum=%s", padding_names[variant->padding], epsilon,
             momentum);
}
