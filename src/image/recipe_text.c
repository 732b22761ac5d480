/* SPDX-License-Identifier: Apache-2.0
 *
 * Recipes as text: "size=224,resize=256,interpolation=bicubic,...". One table names the keys; numbers are
 * read and written the same in every locale.
 */
#define _POSIX_C_SOURCE 200809L
#include "image/recipe.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { MAX_ITEM = 128 };

/* What has been read so far; the rules that join several keys are applied at the end. */
typedef struct draft {
    recipe r;
    bool resize_given;
    double crop; /* 0: not given */
} draft;

/* Each reads `value` into the draft; false if it is not what `allowed` says. */
typedef bool key_reader(draft *d, const char *value);

static bool read_number(const char *text, double *out)
{
    /* strtod takes more than a number: white space, "inf", "nan" and hexadecimals. */
    if (text[0] == '\0' || strspn(text, "0123456789.eE+-") != strlen(text)) return false;
    char *end;
    *out = strtod(text, &end);
    return *end == '\0' && isfinite(*out) && fabs(*out) <= 1e30;
}

static bool read_side(const char *text, int *out)
{
    double number;
    if (strspn(text, "0123456789") != strlen(text) || !read_number(text, &number)) return false;
    if (number < 1 || number > RECIPE_MAX_SIDE) return false;
    *out = (int)number;
    return true;
}

/* The index of `value` in a list of names that ends with NULL, or -1. */
static int find_name(const char *const *names, const char *value)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], value) == 0) return i;
    return -1;
}

static bool read_size(draft *d, const char *value)
{
    char height[MAX_ITEM];
    const char *cross = strchr(value, 'x');
    if (!cross) return read_side(value, &d->r.height) && read_side(value, &d->r.width);
    snprintf(height, sizeof height, "%.*s", (int)(cross - value), value);
    return read_side(height, &d->r.height) && read_side(cross + 1, &d->r.width);
}

static bool read_height(draft *d, const char *value)
{
    return read_side(value, &d->r.height);
}

static bool read_width(draft *d, const char *value)
{
    return read_side(value, &d->r.width);
}

static bool read_resize(draft *d, const char *value)
{
    d->resize_given = true;
    d->crop = 0;
    return read_side(value, &d->r.resize);
}

static bool read_crop(draft *d, const char *value)
{
    d->resize_given = false;
    return read_number(value, &d->crop) && d->crop > 0.01 && d->crop <= 1;
}

static const char *const fit_names[] = {"center", "squash", "crop-first", NULL};
static const char *const filter_names[] = {"nearest", "bilinear", "bicubic", "area", NULL};
static const char *const truth_names[] = {"false", "true", NULL};
static const char *const order_names[] = {"rgb", "bgr", NULL};

static bool read_fit(draft *d, const char *value)
{
    const int i = find_name(fit_names, value);
    d->r.fit = (recipe_fit)i;
    return i >= 0;
}

static bool read_interpolation(draft *d, const char *value)
{
    const int i = find_name(filter_names, value);
    d->r.filter = (image_filter)i;
    return i >= 0;
}

static bool read_antialias(draft *d, const char *value)
{
    const int i = find_name(truth_names, value);
    d->r.antialias = i == 1;
    return i >= 0;
}

static bool read_order(draft *d, const char *value)
{
    const int i = find_name(order_names, value);
    d->r.bgr = i == 1;
    return i >= 0;
}

static bool read_scale(draft *d, const char *value)
{
    const bool fraction = strncmp(value, "1/", 2) == 0;
    double number;
    if (!read_number(fraction ? value + 2 : value, &number) || number <= 0) return false;
    /* The reciprocal is taken in double: 0.00392156862745098 gives 255. */
    d->r.divisor = (float)(fraction ? number : 1 / number);
    return isnormal(d->r.divisor);
}

/* One number for all channels, or three with colons between. */
static bool read_channels(float out[3], const char *value)
{
    char item[MAX_ITEM];
    for (int c = 0; c < 3; c++) {
        double number;
        const size_t length = strcspn(value, ":");
        snprintf(item, sizeof item, "%.*s", (int)length, value);
        if (!read_number(item, &number)) return false;
        out[c] = (float)number;
        if (c == 0 && value[length] == '\0') {
            out[1] = out[2] = out[0];
            return true;
        }
        if (c == 2) return value[length] == '\0';
        if (value[length] != ':') return false;
        value += length + 1;
    }
    return false;
}

static bool read_mean(draft *d, const char *value)
{
    return read_channels(d->r.mean, value);
}

static bool read_std(draft *d, const char *value)
{
    return read_channels(d->r.deviation, value) && isnormal(d->r.deviation[0]) &&
           isnormal(d->r.deviation[1]) && isnormal(d->r.deviation[2]);
}

static const struct {
    const char *name;
    key_reader *read;
    const char *allowed;
} keys[] = {
    {"size", read_size, "pixels, 1 to 16384, or HEIGHTxWIDTH"},
    {"height", read_height, "pixels, 1 to 16384"},
    {"width", read_width, "pixels, 1 to 16384"},
    {"resize", read_resize, "pixels of the shorter side, 1 to 16384"},
    {"crop", read_crop, "a fraction over 0.01, at most 1"},
    {"fit", read_fit, "center, squash or crop-first"},
    {"interpolation", read_interpolation, "nearest, bilinear, bicubic or area"},
    {"antialias", read_antialias, "true or false"},
    {"order", read_order, "rgb or bgr"},
    {"scale", read_scale, "a number over 0, or 1/N"},
    {"mean", read_mean, "a number, or three as A:B:C"},
    {"std", read_std, "a number other than 0, or three as A:B:C"},
};

static const struct {
    const char *name, *text;
} presets[] = {
    {"imagenet", "scale=1/255,mean=0.485:0.456:0.406,std=0.229:0.224:0.225"},
    {"inception", "scale=1/255,mean=0.5,std=0.5"},
    {"lite", "scale=1,mean=127,std=128"},
};

static effnet_status read_items(draft *d, const char *text, effnet_error *error);

static effnet_status read_item(draft *d, char *item, effnet_error *error)
{
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
        if (strcmp(item, presets[i].name) == 0) return read_items(d, presets[i].text, error);
    char *equals = strchr(item, '=');
    if (!equals)
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "recipe: \"%s\" is neither key=value nor imagenet, inception or lite", item);
    *equals = '\0';
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(item, keys[i].name) != 0) continue;
        if (keys[i].read(d, equals + 1)) return EFFNET_OK;
        return error_set(error, EFFNET_ERR_ARGUMENT, "recipe: %s=%s is not valid, wanted: %s", item,
                         equals + 1, keys[i].allowed);
    }
    return error_set(
        error, EFFNET_ERR_ARGUMENT,
        "recipe: no key \"%s\"; there are size, height, width, resize, crop, fit, interpolation, "
        "antialias, order, scale, mean, std",
        item);
}

static effnet_status read_items(draft *d, const char *text, effnet_error *error)
{
    char item[MAX_ITEM];
    while (*text) {
        if (!text_take_item(&text, item, sizeof item))
            return error_set(error, EFFNET_ERR_ARGUMENT, "recipe: \"%.40s...\" is too long", text);
        TRY(read_item(d, item, error));
    }
    return EFFNET_OK;
}

static int longer(const recipe *r)
{
    return r->height > r->width ? r->height : r->width;
}

/* `resize` follows the size, unless it was given too. */
static void settle_resize(draft *d, const recipe *before)
{
    if (d->crop > 0) d->r.resize = recipe_resize_for(d->r.height, d->r.width, d->crop);
    if (d->crop > 0 || d->resize_given || longer(&d->r) == longer(before)) return;
    d->r.resize = (int)((int64_t)before->resize * longer(&d->r) / longer(before));
    if (d->r.resize < 1) d->r.resize = 1;
}

/* Number formatting and reading follow the thread's locale; "C" is put in its place for a while. */
typedef struct plain_locale {
    locale_t ours, theirs;
} plain_locale;

static bool plain_begin(plain_locale *p)
{
    p->ours = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    if (!p->ours) return false;
    p->theirs = uselocale(p->ours);
    return true;
}

static void plain_end(plain_locale *p)
{
    uselocale(p->theirs);
    freelocale(p->ours);
}

effnet_status recipe_parse(recipe *r, const char *text, effnet_error *error)
{
    plain_locale plain;
    if (!plain_begin(&plain)) return error_memory(error);
    draft d = {.r = *r};
    const effnet_status status = read_items(&d, text, error);
    plain_end(&plain);
    if (status != EFFNET_OK) return status;
    settle_resize(&d, r);
    *r = d.r;
    return EFFNET_OK;
}

enum { NUMBER_SIZE = 24 };

/* The shortest decimal that reads back as the same float. */
static const char *format_number(char out[NUMBER_SIZE], float value)
{
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(out, NUMBER_SIZE, "%.*g", digits, (double)value);
        if ((float)strtod(out, NULL) == value) break;
    }
    return out;
}

size_t recipe_format(char *out, size_t capacity, const recipe *r)
{
    char n[7][NUMBER_SIZE];
    plain_locale plain;
    const bool began = plain_begin(&plain);
    format_number(n[0], r->divisor);
    for (int c = 0; c < 3; c++) {
        format_number(n[1 + c], r->mean[c]);
        format_number(n[4 + c], r->deviation[c]);
    }
    if (began) plain_end(&plain);
    const int length =
        snprintf(out, capacity,
                 "size=%dx%d,resize=%d,fit=%s,interpolation=%s,antialias=%s,order=%s,"
                 "scale=1/%s,mean=%s:%s:%s,std=%s:%s:%s",
                 r->height, r->width, r->resize, fit_names[r->fit], filter_names[r->filter],
                 truth_names[r->antialias], order_names[r->bgr], n[0], n[1], n[2], n[3], n[4], n[5], n[6]);
    return length > 0 ? (size_t)length : 0;
}
