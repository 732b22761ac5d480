/* SPDX-License-Identifier: Apache-2.0
 *
 * Augmentation as text: "photos,mirror=0,cutmix=1". One table names the keys; numbers are read as JSON writes
 * them, so that no locale changes them. See augment.h.
 */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "train/data/augment.h"

enum { MAX_ITEM = 64, MAX_NUMBERS = 2 };

/* ---- What is assumed ---- */

const char *augment_usual(int height, int width)
{
    return recipe_is_small(height, width) ? "small" : "photos";
}

/* ---- Keys ---- */

typedef struct numbers {
    double values[MAX_NUMBERS];
    size_t count;
} numbers;

static bool read_numbers(numbers *out, const char *text)
{
    *out = (numbers){.count = 0};
    for (;;) {
        const size_t length = strcspn(text, ":");
        if (out->count == MAX_NUMBERS || !json_read_number(&out->values[out->count++], text, length))
            return false;
        if (text[length] == '\0') return true;
        text += length + 1;
    }
}

static bool take_one(double *out, const numbers *n)
{
    *out = n->values[0];
    return n->count == 1;
}

static bool take_pair(double out[2], const numbers *n)
{
    out[0] = n->values[0];
    out[1] = n->values[1];
    return n->count == 2;
}

static bool take_whole(int *out, double value)
{
    const bool whole = value >= 0 && value <= RECIPE_MAX_SIDE;
    *out = whole ? (int)value : 0;
    return whole && (double)*out == value;
}

typedef enum key {
    KEY_AREA,
    KEY_SHAPE,
    KEY_PADDING,
    KEY_MIRROR,
    KEY_BRIGHTNESS,
    KEY_CONTRAST,
    KEY_SATURATION,
    KEY_HUE,
    KEY_RANDAUGMENT,
    KEY_ERASE,
    KEY_NOISE,
    KEY_MIXUP,
    KEY_CUTMIX,
    KEY_MIX,
    KEYS,
} key;

static const struct {
    const char *name, *wanted;
} keys[KEYS] = {
    [KEY_AREA] = {"area", "least and most share as 0.08:1"},
    [KEY_SHAPE] = {"shape", "least and most width / height as 0.75:1.333"},
    [KEY_PADDING] = {"padding", "pixels"},
    [KEY_MIRROR] = {"mirror", "a probability"},
    [KEY_BRIGHTNESS] = {"brightness", "a number from 0"},
    [KEY_CONTRAST] = {"contrast", "a number from 0"},
    [KEY_SATURATION] = {"saturation", "a number from 0"},
    [KEY_HUE] = {"hue", "turns of the circle, 0 to 0.5"},
    [KEY_RANDAUGMENT] = {"randaugment", "operations and magnitude as 2:9"},
    [KEY_ERASE] = {"erase", "a probability"},
    [KEY_NOISE] = {"noise", "1 erases with noise, 0 with the mean colour"},
    [KEY_MIXUP] = {"mixup", "alpha, 0 for none"},
    [KEY_CUTMIX] = {"cutmix", "alpha, 0 for none"},
    [KEY_MIX] = {"mix", "the probability that a pair is mixed"},
};

static bool take_key(augment_options *o, key k, const numbers *n)
{
    switch (k) {
    case KEY_AREA: o->crop = AUGMENT_RANDOM; return take_pair(o->scale, n);
    case KEY_SHAPE: o->crop = AUGMENT_RANDOM; return take_pair(o->ratio, n);
    case KEY_PADDING: o->crop = AUGMENT_SHIFT; return n->count == 1 && take_whole(&o->padding, n->values[0]);
    case KEY_MIRROR: return take_one(&o->mirror, n);
    case KEY_BRIGHTNESS: return take_one(&o->brightness, n);
    case KEY_CONTRAST: return take_one(&o->contrast, n);
    case KEY_SATURATION: return take_one(&o->saturation, n);
    case KEY_HUE: return take_one(&o->hue, n);
    case KEY_RANDAUGMENT:
        o->magnitude = n->values[1];
        return n->count == 2 && take_whole(&o->operations, n->values[0]);
    case KEY_ERASE: return take_one(&o->erase, n);
    case KEY_NOISE:
        o->erase_noise = n->values[0] == 1;
        return n->count == 1 && (o->erase_noise || n->values[0] == 0);
    case KEY_MIXUP: return take_one(&o->mixup, n);
    case KEY_CUTMIX: return take_one(&o->cutmix, n);
    case KEY_MIX: return take_one(&o->mix_probability, n);
    default: return false;
    }
}

/* ---- Reading ---- */

static bool take_preset(augment_options *o, const char *item, int height, int width)
{
    if (strcmp(item, "none") == 0)
        *o = (augment_options){0};
    else if (strcmp(item, "photos") == 0)
        *o = augment_photos();
    else if (strcmp(item, "small") == 0)
        *o = augment_small(height < width ? height : width);
    else
        return false;
    return true;
}

static effnet_status take_item(augment_options *o, char *item, effnet_error *error)
{
    numbers n;
    char *equals = strchr(item, '=');
    if (!equals)
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "augmentation: \"%s\" is neither key=value nor none, photos or small", item);
    *equals = '\0';
    for (key k = 0; k < KEYS; k++) {
        if (strcmp(item, keys[k].name) != 0) continue;
        if (read_numbers(&n, equals + 1) && take_key(o, k, &n)) return EFFNET_OK;
        return error_set(error, EFFNET_ERR_ARGUMENT, "augmentation: %s=%s is not valid, wanted: %s", item,
                         equals + 1, keys[k].wanted);
    }
    return error_set(
        error, EFFNET_ERR_ARGUMENT,
        "augmentation: no key \"%s\"; there are area, shape, padding, mirror, brightness, contrast, "
        "saturation, hue, randaugment, erase, noise, mixup, cutmix, mix",
        item);
}

/* A crop that was asked for by one of its two numbers has the usual other one. */
static void complete_crop(augment_options *o)
{
    const augment_options photos = augment_photos();
    if (o->scale[1] == 0) memcpy(o->scale, photos.scale, sizeof o->scale);
    if (o->ratio[1] == 0) memcpy(o->ratio, photos.ratio, sizeof o->ratio);
}

effnet_status augment_parse(augment_options *out, const char *text, int height, int width,
                            effnet_error *error)
{
    char item[MAX_ITEM];
    augment_options o;
    take_preset(&o, augment_usual(height, width), height, width);
    while (text && *text) {
        if (!text_take_item(&text, item, sizeof item))
            return error_set(error, EFFNET_ERR_ARGUMENT, "augmentation: \"%.40s...\" is too long", text);
        if (!take_preset(&o, item, height, width)) TRY(take_item(&o, item, error));
    }
    complete_crop(&o);
    TRY(augment_check(&o, error));
    *out = o;
    return EFFNET_OK;
}
