/* SPDX-License-Identifier: Apache-2.0
 *
 * From pixels to the network's input: which part of the picture is resized to what, and the normalisation.
 * The text form of recipes is in recipe_text.c.
 */
#include "image/recipe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image/adjust.h"
#include "image/resize.h"

bool recipe_is_small(int height, int width)
{
    return height <= RECIPE_SMALL_SIDE || width <= RECIPE_SMALL_SIDE;
}

/* timm data/constants.py IMAGENET_DEFAULT_MEAN, _STD and DEFAULT_CROP_PCT. */
recipe recipe_default(int height, int width)
{
    const double fraction = recipe_is_small(height, width) ? 1 : 0.875;
    return (recipe){.height = height,
                    .width = width,
                    .fit = RECIPE_CENTER,
                    .resize = recipe_resize_for(height, width, fraction),
                    .filter = IMAGE_BICUBIC,
                    .antialias = true,
                    .divisor = 255.0f,
                    .mean = {0.485f, 0.456f, 0.406f},
                    .deviation = {0.229f, 0.224f, 0.225f}};
}

int recipe_resize_for(int height, int width, double fraction)
{
    return (int)floor((height > width ? height : width) / fraction);
}

/* One direction of a centre crop of `wanted` from `length`: where it starts, how much of it there is, and how
 * much black goes before it. */
typedef struct crop {
    int start, size, before;
} crop;

/* torchvision's center_crop: int(round((length - wanted) / 2.0)), where Python rounds halves to even. */
static crop crop_centre(int length, int wanted)
{
    if (wanted > length) return (crop){.size = length, .before = (wanted - length) / 2};
    const int twice = length - wanted, start = twice / 2;
    return (crop){.start = twice % 2 == 1 && start % 2 == 1 ? start + 1 : start, .size = wanted};
}

/* torchvision's Resize(int): int(resize * long / short) for the longer side. */
static int longer_side(int resize, int longer, int shorter)
{
    return (int)((double)resize * longer / shorter);
}

static void plan_center(resize_request *plan, crop *across, crop *down, const recipe *r, const image *in)
{
    const bool tall = in->width <= in->height;
    plan->width = tall ? r->resize : longer_side(r->resize, in->width, in->height);
    plan->height = tall ? longer_side(r->resize, in->height, in->width) : r->resize;
    *across = crop_centre(plan->width, r->width);
    *down = crop_centre(plan->height, r->height);
}

/* tensorflow/tpu efficientnet/preprocessing.py, _decode_and_center_crop: a window of size/(size+32) of the
 * shorter side in float32, cut to an integer, its offset rounded up. */
static void plan_crop_first(resize_request *plan, const recipe *r, const image *in)
{
    const int side = r->height < r->width ? r->height : r->width;
    const float fraction = (float)(side / (side + 32.0));
    const double by_height = (double)in->height / r->height, by_width = (double)in->width / r->width;
    const double stretch = by_height < by_width ? by_height : by_width;
    int height = (int)(fraction * (float)(stretch * r->height));
    int width = (int)(fraction * (float)(stretch * r->width));
    if (height < 1) height = 1;
    if (width < 1) width = 1;
    const int left = (in->width - width + 1) / 2, top = (in->height - height + 1) / 2;
    const double box[4] = {left, top, left + width, top + height};
    memcpy(plan->box, box, sizeof box);
}

/* A copy in grey. */
static effnet_status make_grey(image *out, const image *in, effnet_error *error)
{
    const size_t size = (size_t)in->height * (size_t)in->width * 3;
    *out = *in;
    out->pixels = malloc(size);
    if (!out->pixels) return error_memory(error);
    memcpy(out->pixels, in->pixels, size);
    adjust_grey(out);
    return EFFNET_OK;
}

/* What every value of a byte becomes in one channel, in the order of operations of torchvision's ToTensor and
 * Normalize. */
static void make_table(float table[256], float divisor, float mean, float deviation)
{
    for (int i = 0; i < 256; i++)
        table[i] = ((float)i / divisor - mean) / deviation;
}

static void make_tables(float tables[3][256], const recipe *r, int channels)
{
    if (channels == 3)
        for (int c = 0; c < 3; c++)
            make_table(tables[c], r->divisor, r->mean[c], r->deviation[c]);
    else
        make_table(tables[0], r->divisor, (r->mean[0] + r->mean[1] + r->mean[2]) / 3,
                   (r->deviation[0] + r->deviation[1] + r->deviation[2]) / 3);
}

/* A row of pixels through the tables, one for each channel of the network. */
static void convert_row(float *restrict out, const uint8_t *restrict pixels, int count, int channels,
                        const float tables[3][256], bool bgr)
{
    const int first = bgr ? 2 : 0, last = 2 - first;
    for (int x = 0; x < count; x++, out += channels, pixels += 3) {
        out[0] = tables[0][pixels[first]];
        if (channels == 1) continue;
        out[1] = tables[1][pixels[1]];
        out[2] = tables[2][pixels[last]];
    }
}

static void fill_black(float *out, int count, int channels, const float tables[3][256])
{
    for (int x = 0; x < count; x++)
        for (int c = 0; c < channels; c++)
            *out++ = tables[c][0];
}

/* Lays `part` into the network's input with black around it. */
static void normalise(float *out, const recipe *r, const image *part, crop across, crop down, int channels)
{
    float tables[3][256];
    make_tables(tables, r, channels);
    const int after = r->width - across.before - across.size;
    for (int y = 0; y < r->height; y++, out += r->width * channels) {
        if (y < down.before || y >= down.before + down.size) {
            fill_black(out, r->width, channels, tables);
            continue;
        }
        const uint8_t *row = part->pixels + (size_t)(y - down.before) * (size_t)part->width * 3;
        float *middle = out + across.before * channels;
        fill_black(out, across.before, channels, tables);
        convert_row(middle, row, across.size, channels, tables, r->bgr);
        fill_black(middle + across.size * channels, after, channels, tables);
    }
}

/* What is resized to what, and where it comes to lie in the network's input. */
static resize_request make_plan(crop *across, crop *down, const recipe *r, const image *picture)
{
    resize_request plan = {.height = r->height,
                           .width = r->width,
                           .filter = r->filter,
                           .antialias = r->antialias,
                           .box = {0, 0, picture->width, picture->height}};
    *across = (crop){.size = r->width};
    *down = (crop){.size = r->height};
    if (r->fit == RECIPE_CENTER) plan_center(&plan, across, down, r, picture);
    if (r->fit == RECIPE_CROP_FIRST) plan_crop_first(&plan, r, picture);
    plan.left = across->start;
    plan.columns = across->size;
    plan.top = down->start;
    plan.rows = down->size;
    return plan;
}

/* Black around a part that is smaller than the network's input. */
static effnet_status add_border(image *part, const recipe *r, crop across, crop down, effnet_error *error)
{
    const size_t stride = (size_t)r->width * 3, size = (size_t)across.size * 3;
    uint8_t *pixels = calloc((size_t)r->height, stride);
    if (!pixels) return error_memory(error);
    for (int y = 0; y < down.size; y++)
        memcpy(pixels + (size_t)(y + down.before) * stride + (size_t)across.before * 3,
               part->pixels + (size_t)y * size, size);
    free(part->pixels);
    part->pixels = pixels;
    part->height = r->height;
    part->width = r->width;
    return EFFNET_OK;
}

effnet_status recipe_fit_picture(image *out, const recipe *r, const image *picture, effnet_error *error)
{
    crop across, down;
    const resize_request plan = make_plan(&across, &down, r, picture);
    TRY(resize_part(out, picture, &plan, error));
    if (out->height == r->height && out->width == r->width) return EFFNET_OK;
    const effnet_status status = add_border(out, r, across, down, error);
    if (status != EFFNET_OK) image_free(out);
    return status;
}

void recipe_normalise(float *out, const recipe *r, const image *picture, int channels)
{
    float tables[3][256];
    make_tables(tables, r, channels);
    convert_row(out, picture->pixels, picture->height * picture->width, channels, tables, r->bgr);
}

effnet_status recipe_apply(const recipe *r, const image *picture, int channels, float *out,
                           effnet_error *error)
{
    if (channels != 1 && channels != 3)
        return error_set(error, EFFNET_ERR_UNSUPPORTED,
                         "a picture cannot feed a network of %d input channels, only of 1 or 3", channels);
    crop across, down;
    const resize_request plan = make_plan(&across, &down, r, picture);
    image part, grey = {0};
    if (channels == 1) TRY(make_grey(&grey, picture, error));
    const effnet_status status = resize_part(&part, channels == 1 ? &grey : picture, &plan, error);
    image_free(&grey);
    if (status != EFFNET_OK) return status;
    normalise(out, r, &part, across, down, channels);
    image_free(&part);
    return EFFNET_OK;
}
