/* SPDX-License-Identifier: Apache-2.0
 *
 * The order of things for one picture, and its geometry and colours. See augment.h.
 */
#include "train/data/augment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image/adjust.h"
#include "image/resize.h"

augment_options augment_photos(void)
{
    return (augment_options){
        .crop = AUGMENT_RANDOM, .scale = {0.08, 1}, .ratio = {3.0 / 4, 4.0 / 3}, .mirror = 0.5};
}

augment_options augment_small(int side)
{
    return (augment_options){.crop = AUGMENT_SHIFT, .padding = side / 8, .mirror = 0.5};
}

/* ---- Checks ---- */

typedef struct range {
    const char *name;
    double value, low, high;
} range;

static effnet_status check_ranges(const range *ranges, size_t count, effnet_error *error)
{
    for (size_t i = 0; i < count; i++)
        if (!(ranges[i].value >= ranges[i].low && ranges[i].value <= ranges[i].high))
            return error_set(error, EFFNET_ERR_ARGUMENT, "%s is %g, from %g to %g are possible",
                             ranges[i].name, ranges[i].value, ranges[i].low, ranges[i].high);
    return EFFNET_OK;
}

effnet_status augment_check(const augment_options *o, effnet_error *error)
{
    const range ranges[] = {
        {"padding", o->padding, 0, RECIPE_MAX_SIDE},
        {"mirror", o->mirror, 0, 1},
        {"brightness", o->brightness, 0, 100},
        {"contrast", o->contrast, 0, 100},
        {"saturation", o->saturation, 0, 100},
        {"hue", o->hue, 0, 0.5},
        {"operations", o->operations, 0, AUGMENT_MAX_OPERATIONS},
        {"magnitude", o->magnitude, 0, AUGMENT_MAX_MAGNITUDE},
        {"erase", o->erase, 0, 1},
        {"mixup", o->mixup, 0, 1000},
        {"cutmix", o->cutmix, 0, 1000},
        {"mix probability", o->mix_probability, 0, 1},
    };
    TRY(check_ranges(ranges, sizeof ranges / sizeof *ranges, error));
    if (o->crop != AUGMENT_RANDOM) return EFFNET_OK;
    const range parts[] = {
        {"least area", o->scale[0], 1e-6, 1},
        {"most area", o->scale[1], o->scale[0], 1},
        {"least width / height", o->ratio[0], 0.01, 100},
        {"most width / height", o->ratio[1], o->ratio[0], 100},
    };
    return check_ranges(parts, sizeof parts / sizeof *parts, error);
}

/* ---- Geometry ---- */

/* The largest part in the middle with width / height = ratio. */
static void middle_part(int part[4], int height, int width, double ratio)
{
    part[2] = width;
    part[3] = height;
    if ((double)width > height * ratio)
        part[2] = (int)round(height * ratio);
    else
        part[3] = (int)round(width / ratio);
    part[2] = part[2] < 1 ? 1 : part[2] > width ? width : part[2];
    part[3] = part[3] < 1 ? 1 : part[3] > height ? height : part[3];
    part[0] = (width - part[2]) / 2;
    part[1] = (height - part[3]) / 2;
}

/* torchvision's RandomResizedCrop.get_params: ten attempts, then the middle with the nearest shape allowed.
 */
void augment_random_part(int part[4], const augment_options *o, int height, int width, draws *d)
{
    enum { ATTEMPTS = 10 };
    const double area = (double)height * width;
    for (int i = 0; i < ATTEMPTS; i++) {
        const double wanted = area * draw_between(d, o->scale[0], o->scale[1]);
        const double ratio = exp(draw_between(d, log(o->ratio[0]), log(o->ratio[1])));
        const double w = round(sqrt(wanted * ratio)), h = round(sqrt(wanted / ratio));
        if (!(w >= 1 && w <= width && h >= 1 && h <= height)) continue;
        part[2] = (int)w;
        part[3] = (int)h;
        part[1] = (int)draw_below(d, (uint32_t)(height - part[3] + 1));
        part[0] = (int)draw_below(d, (uint32_t)(width - part[2] + 1));
        return;
    }
    const double own = (double)width / height;
    middle_part(part, height, width, own < o->ratio[0] ? o->ratio[0] : own > o->ratio[1] ? o->ratio[1] : own);
}

/* Moves the picture by (right, down) pixels; black comes in. */
static effnet_status move_picture(image *p, int right, int down, effnet_error *error)
{
    const size_t stride = (size_t)p->width * 3;
    uint8_t *moved = calloc((size_t)p->height, stride);
    if (!moved) return error_memory(error);
    const int columns = p->width - abs(right);
    const size_t from = right < 0 ? (size_t)-right * 3 : 0, to = right > 0 ? (size_t)right * 3 : 0;
    for (int y = 0; y < p->height; y++)
        if (columns > 0 && y - down >= 0 && y - down < p->height)
            memcpy(moved + (size_t)y * stride + to, p->pixels + (size_t)(y - down) * stride + from,
                   (size_t)columns * 3);
    free(p->pixels);
    p->pixels = moved;
    return EFFNET_OK;
}

static effnet_status crop(image *out, const augment_options *o, const recipe *r, const image *picture,
                          const augment_place *place, effnet_error *error)
{
    int part[4];
    if (o->crop == AUGMENT_RECIPE) return recipe_fit_picture(out, r, picture, error);
    draws d = draws_for(place->seed, "crop", place->epoch, place->item);
    if (o->crop == AUGMENT_RANDOM)
        augment_random_part(part, o, picture->height, picture->width, &d);
    else
        middle_part(part, picture->height, picture->width, (double)r->width / r->height);
    const double box[4] = {part[0], part[1], part[0] + part[2], part[1] + part[3]};
    TRY(image_resize(out, picture, r->height, r->width, r->filter, r->antialias, box, error));
    if (o->crop != AUGMENT_SHIFT || o->padding == 0) return EFFNET_OK;
    const uint32_t places = 2 * (uint32_t)o->padding + 1;
    const int right = (int)draw_below(&d, places) - o->padding,
              down = (int)draw_below(&d, places) - o->padding;
    return move_picture(out, right, down, error);
}

/* ---- Colours ---- */

static float factor(draws *d, double strength)
{
    return (float)draw_between(d, strength < 1 ? 1 - strength : 0, 1 + strength);
}

/* torchvision's ColorJitter: the four in a random order. */
static void jitter(image *p, const augment_options *o, const augment_place *place)
{
    enum { KINDS = 4 };
    uint32_t order[KINDS];
    draws d = draws_for(place->seed, "jitter", place->epoch, place->item);
    draw_order(order, KINDS, &d);
    for (int i = 0; i < KINDS; i++) {
        if (order[i] == 0 && o->brightness > 0) adjust_brightness(p, factor(&d, o->brightness));
        if (order[i] == 1 && o->contrast > 0) adjust_contrast(p, factor(&d, o->contrast));
        if (order[i] == 2 && o->saturation > 0) adjust_colour(p, factor(&d, o->saturation));
        if (order[i] == 3 && o->hue > 0) adjust_hue(p, (float)draw_between(&d, -o->hue, o->hue));
    }
}

static effnet_status change(image *p, const augment_options *o, const augment_place *place,
                            effnet_error *error)
{
    draws mirror = draws_for(place->seed, "mirror", place->epoch, place->item);
    if (draw_chance(&mirror, o->mirror)) adjust_mirror(p);
    if (o->brightness > 0 || o->contrast > 0 || o->saturation > 0 || o->hue > 0) jitter(p, o, place);
    draws operations = draws_for(place->seed, "randaugment", place->epoch, place->item);
    return augment_randomly(p, o->operations, o->magnitude, &operations, error);
}

effnet_status augment_picture(float *out, const augment_options *o, const recipe *r, int channels,
                              const image *picture, const augment_place *place, effnet_error *error)
{
    image p;
    effnet_status status = crop(&p, o, r, picture, place, error);
    if (status == EFFNET_OK) status = change(&p, o, place, error);
    if (status == EFFNET_OK) {
        if (channels == 1) adjust_grey(&p);
        recipe_normalise(out, r, &p, channels);
        draws d = draws_for(place->seed, "erase", place->epoch, place->item);
        if (draw_chance(&d, o->erase)) augment_erase(out, r->height, r->width, channels, o->erase_noise, &d);
    }
    image_free(&p);
    return status;
}
