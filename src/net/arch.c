/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules of a description: how channels and repeats follow the multipliers, and which values can be built.
 * Shapes are the graph's business.
 */
#include "net/arch.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/text.h"

int net_round_channels(int channels, double width, int divisor)
{
    assert(channels > 0 && divisor > 0 && width > 0);
    const double exact = channels * width;
    int rounded = (int)(exact + divisor / 2.0) / divisor * divisor;
    if (rounded < divisor) rounded = divisor;
    if (rounded < 0.9 * exact) rounded += divisor;
    return rounded;
}

int net_round_repeats(int repeats, double depth)
{
    return (int)ceil(depth * repeats);
}

const char *net_activation_name(net_activation activation)
{
    switch (activation) {
    case NET_SWISH: return "swish";
    case NET_RELU6: return "relu6";
    case NET_RELU: return "relu";
    case NET_HARD_SWISH: return "hard-swish";
    }
    return "unknown";
}

const char *net_scaling_name(net_scaling scaling)
{
    switch (scaling) {
    case NET_SCALED: return "scaled";
    case NET_FIXED: return "fixed";
    case NET_NOT_LESS: return "not-less";
    }
    return "unknown";
}

/* ---- Checks: each names the field as FILE.json spells it ---- */

static effnet_status check_range(const char *field, int value, int low, int high, effnet_error *error)
{
    if (value >= low && value <= high) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_ARGUMENT, "%s is %d; wanted %d to %d", field, value, low, high);
}

static effnet_status check_kernel(const char *field, int value, effnet_error *error)
{
    if (value >= 1 && value <= NET_MAX_KERNEL && value % 2 == 1) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_ARGUMENT, "%s is %d; wanted an odd number up to %d", field, value,
                     NET_MAX_KERNEL);
}

static effnet_status check_multiplier(const char *field, double value, effnet_error *error)
{
    if (value > 0 && value <= NET_MAX_MULTIPLIER) return EFFNET_OK; /* false for NaN */
    return error_set(error, EFFNET_ERR_ARGUMENT, "%s is %g; wanted more than 0 and at most %d", field, value,
                     NET_MAX_MULTIPLIER);
}

static effnet_status check_rate(const char *field, double value, effnet_error *error)
{
    if (value >= 0 && value < 1) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_ARGUMENT, "%s is %g; wanted at least 0 and less than 1", field, value);
}

effnet_status net_stage_check(const net_stage *stage, effnet_error *error)
{
    TRY(check_range("r (repeats)", stage->repeats, 1, NET_MAX_BLOCKS, error));
    TRY(check_kernel("k (kernel)", stage->kernel, error));
    TRY(check_range("s (stride)", stage->stride, 1, NET_MAX_STRIDE, error));
    TRY(check_range("e (expansion)", stage->expand, 1, NET_MAX_EXPAND, error));
    TRY(check_range("i (input channels)", stage->in, 1, NET_MAX_CHANNELS, error));
    TRY(check_range("o (output channels)", stage->out, 1, NET_MAX_CHANNELS, error));
    if (!(stage->se >= 0 && stage->se <= 1))
        return error_set(error, EFFNET_ERR_ARGUMENT, "se (squeeze ratio) is %g; wanted 0 to 1", stage->se);
    return EFFNET_OK;
}

/* Every stage must take as many channels as the one before it (or the stem) gives. */
static effnet_status check_stages(const net_arch *arch, effnet_error *error)
{
    TRY(check_range("the number of blocks", arch->stage_count, 1, NET_MAX_STAGES, error));
    for (int i = 0; i < arch->stage_count; i++) {
        const effnet_status status = net_stage_check(&arch->stages[i], error);
        if (status != EFFNET_OK) {
            char text[NET_STAGE_TEXT];
            net_stage_format(text, &arch->stages[i]);
            return error_prefix(error, status, text);
        }
        const int given = i == 0 ? arch->stem : arch->stages[i - 1].out;
        if (arch->stages[i].in != given)
            return error_set(error, EFFNET_ERR_ARGUMENT, "blocks[%d] takes %d channels, but %s gives %d", i,
                             arch->stages[i].in, i == 0 ? "the stem" : "the one before it", given);
    }
    return EFFNET_OK;
}

static effnet_status check_ends(const net_arch *arch, effnet_error *error)
{
    TRY(check_range("stem.filters", arch->stem, 1, NET_MAX_CHANNELS, error));
    TRY(check_kernel("stem.kernel", arch->stem_kernel, error));
    TRY(check_range("stem.stride", arch->stem_stride, 1, NET_MAX_STRIDE, error));
    TRY(check_range("stem.scaling", (int)arch->stem_scaling, NET_SCALED, NET_NOT_LESS, error));
    TRY(check_range("head.filters", arch->head, 0, NET_MAX_CHANNELS, error));
    return check_range("head.scaling", (int)arch->head_scaling, NET_SCALED, NET_NOT_LESS, error);
}

static effnet_status check_name(const net_arch *arch, effnet_error *error)
{
    const char *end = memchr(arch->name, '\0', sizeof arch->name);
    if (end && end > arch->name && text_is_utf8(arch->name, (size_t)(end - arch->name))) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_ARGUMENT, "name must be 1 to %d bytes of UTF-8", NET_NAME_SIZE - 1);
}

effnet_status net_arch_check(const net_arch *arch, effnet_error *error)
{
    TRY(check_name(arch, error));
    TRY(check_ends(arch, error));
    TRY(check_stages(arch, error));
    TRY(check_multiplier("width", arch->width, error));
    TRY(check_multiplier("depth", arch->depth, error));
    TRY(check_range("divisor", arch->divisor, 1, NET_MAX_DIVISOR, error));
    TRY(check_range("size", arch->size, NET_MIN_SIZE, NET_MAX_SIZE, error));
    TRY(check_range("activation", (int)arch->activation, NET_SWISH, NET_HARD_SWISH, error));
    TRY(check_range("num_classes", arch->classes, 0, NET_MAX_CLASSES, error));
    TRY(check_range("in_channels", arch->in_channels, 1, NET_MAX_CHANNELS, error));
    TRY(check_rate("dropout", arch->dropout, error));
    return check_rate("drop_connect", arch->drop_connect, error);
}
