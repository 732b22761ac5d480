/* SPDX-License-Identifier: Apache-2.0
 *
 * Padding and epsilon by library and by name. See variant.h.
 *
 * Sources: efficientnet_pytorch utils.py (epsilon 1e-3, momentum 0.01), torchvision models/efficientnet.py
 * (the same for B5 to B7, whose weights came from there; PyTorch's 1e-5 and 0.1 otherwise), timm
 * models/efficientnet.py (tf_*: 1e-3, padded like TensorFlow; all others 1e-5).
 */
#include "model/variant.h"

#include <stdlib.h>
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
    *padding = starts_with(name, "tf_") ? NET_PAD_SAME : NET_PAD_SYMMETRIC;
    return starts_with(name, "tf_") || starts_with(name, "efficientnet_") ||
           starts_with(name, "mobilenetv2_");
}

static bool find_padding(net_padding *out, const char *name)
{
    for (int i = NET_PAD_SAME; i <= NET_PAD_SYMMETRIC; i++) {
        if (!name || strcmp(name, padding_names[i])) continue;
        *out = (net_padding)i;
        return true;
    }
    return false;
}

/* A fraction; leaves `out` alone if the field is not there. */
static effnet_status read_fraction(double *out, const json_t *object, const char *key, effnet_error *error)
{
    const json_t *value = json_object_get(object, key);
    if (!value) return EFFNET_OK;
    const double number = json_number_value(value);
    if (!json_is_number(value) || !(number > 0 && number <= 1))
        return error_set(error, EFFNET_ERR_ARGUMENT, "variant: \"%s\" must be a number over 0, at most 1",
                         key);
    *out = number;
    return EFFNET_OK;
}

static effnet_status read_object(net_variant *out, const json_t *object, dialect d, const char *arch,
                                 effnet_error *error)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        if (strcmp(key, "padding") && strcmp(key, "epsilon") && strcmp(key, "momentum"))
            return error_set(error, EFFNET_ERR_ARGUMENT,
                             "variant: no field \"%.40s\"; there are padding, epsilon, momentum", key);
    }
    net_padding padding;
    if (!find_padding(&padding, json_string_value(json_object_get(object, "padding"))))
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "variant: \"padding\" must be \"same\" or \"symmetric\"");
    *out = variant_usual(d, arch, padding);
    TRY(read_fraction(&out->bn_epsilon, object, "epsilon", error));
    return read_fraction(&out->bn_momentum, object, "momentum", error);
}

effnet_status variant_parse(net_variant *out, const char *text, dialect d, const char *arch,
                            effnet_error *error)
{
    net_padding padding;
    if (find_padding(&padding, text)) {
        *out = variant_usual(d, arch, padding);
        return EFFNET_OK;
    }
    if (text[0] != '{')
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "variant \"%.40s\": it is \"same\", \"symmetric\", or {\"padding\":...}", text);
    json_t *object;
    TRY(json_read(&object, text, strlen(text), error));
    const effnet_status status = read_object(out, object, d, arch, error);
    json_decref(object);
    return status;
}

effnet_status variant_format(char **out, const net_variant *variant, effnet_error *error)
{
    *out = NULL;
    json_t *object = json_pack("{s:s, s:f, s:f}", "padding", padding_names[variant->padding], "epsilon",
                               variant->bn_epsilon, "momentum", variant->bn_momentum);
    if (object) *out = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(object);
    return *out ? EFFNET_OK : error_memory(error);
}
