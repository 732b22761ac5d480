/* SPDX-License-Identifier: Apache-2.0
 *
 * Telling formats apart by content, and the limits that hold for all of them. The decoders themselves are in
 * decode_jpeg.c, decode_png.c and decode_webp.c.
 */
#include "image/decode.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/sizes.h"
#include "image/exif.h"

enum { DEFAULT_SCANS = 100, CHANNELS = 3, LIMIT_BYTES_PER_PIXEL = 4, LIMIT_BYTES = 32 * 1024 * 1024 };

static bool has_at(const uint8_t *bytes, size_t size, size_t offset, const char *magic)
{
    const size_t length = strlen(magic);
    return size >= offset + length && memcmp(bytes + offset, magic, length) == 0;
}

bool image_format_of(image_format *out, const void *bytes, size_t size)
{
    if (has_at(bytes, size, 0, "\xff\xd8\xff"))
        *out = IMAGE_JPEG;
    else if (has_at(bytes, size, 0, "\x89PNG\r\n\x1a\n"))
        *out = IMAGE_PNG;
    else if (has_at(bytes, size, 0, "RIFF") && has_at(bytes, size, 8, "WEBP"))
        *out = IMAGE_WEBP;
    else
        return false;
    return true;
}

const char *image_format_name(image_format format)
{
    static const char *const names[] = {[IMAGE_JPEG] = "jpeg", [IMAGE_PNG] = "png", [IMAGE_WEBP] = "webp"};
    return names[format];
}

static image_options with_defaults(const image_options *given)
{
    image_options o = given ? *given : (image_options){0};
    if (o.max_pixels == 0) o.max_pixels = IMAGE_MAX_PIXELS;
    if (o.max_side == 0) o.max_side = IMAGE_MAX_SIDE;
    if (o.max_bytes == 0) o.max_bytes = IMAGE_MAX_BYTES;
    if (o.max_scans <= 0) o.max_scans = DEFAULT_SCANS;
    return o;
}

/* What a picture of `pixels` pixels may cost in all must fit what the largest allowed picture may cost. */
static effnet_status check_memory(size_t pixels, size_t bytes_per_pixel, const image_options *limits,
                                  effnet_error *error)
{
    size_t needed, allowed;
    if (!size_mul(&allowed, limits->max_pixels, LIMIT_BYTES_PER_PIXEL) ||
        !size_add(&allowed, allowed, LIMIT_BYTES))
        allowed = SIZE_MAX;
    if (!size_mul(&needed, pixels, bytes_per_pixel)) needed = SIZE_MAX;
    if (needed <= allowed) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_LIMIT,
                     "decoding needs %zu bytes of memory, the limit is %zu (by max_pixels)", needed, allowed);
}

effnet_status decode_allocate(image *out, size_t width, size_t height, size_t codec_bytes,
                              const image_options *limits, effnet_error *error)
{
    size_t pixels;
    if (width == 0 || height == 0)
        return error_set(error, EFFNET_ERR_FORMAT, "the picture is %zu x %zu, without a pixel", width,
                         height);
    if (!size_mul(&pixels, width, height)) pixels = SIZE_MAX;
    if (pixels > limits->max_pixels)
        return error_set(error, EFFNET_ERR_LIMIT, "%zu x %zu is %zu pixels, the limit is %zu (max_pixels)",
                         width, height, pixels, limits->max_pixels);
    if (width > limits->max_side || height > limits->max_side || width > INT32_MAX || height > INT32_MAX)
        return error_set(error, EFFNET_ERR_LIMIT, "%zu x %zu, the limit for a side is %zu (max_side)", width,
                         height, limits->max_side);
    TRY(check_memory(pixels, CHANNELS + codec_bytes, limits, error));
    out->pixels = malloc(pixels * CHANNELS);
    if (!out->pixels) return error_memory(error);
    out->width = (int)width;
    out->height = (int)height;
    return EFFNET_OK;
}

static effnet_status check_input(image_format *format, const uint8_t *bytes, size_t size,
                                 const image_options *limits, effnet_error *error)
{
    if (size == 0) return error_set(error, EFFNET_ERR_FORMAT, "empty file");
    if (size > limits->max_bytes)
        return error_set(error, EFFNET_ERR_LIMIT, "%zu bytes, the limit for a picture is %zu (max_bytes)",
                         size, limits->max_bytes);
    if (image_format_of(format, bytes, size)) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_UNSUPPORTED, "%s; JPEG, PNG and WebP pictures are read",
                     decode_foreign_name(bytes, size));
}

static effnet_status decode(image *out, const uint8_t *bytes, size_t size, const image_options *limits,
                            effnet_error *error)
{
    TRY(check_input(&out->format, bytes, size, limits, error));
    out->orientation = 1;
    switch (out->format) {
    case IMAGE_JPEG: TRY(decode_jpeg(out, bytes, size, limits, error)); break;
    case IMAGE_PNG: TRY(decode_png(out, bytes, size, limits, error)); break;
    case IMAGE_WEBP: TRY(decode_webp(out, bytes, size, limits, error)); break;
    }
    if (!limits->exif || out->orientation < 5)
        return exif_turn(out, limits->exif ? out->orientation : 1, error);
    /* A quarter turn needs the picture twice. */
    TRY(check_memory((size_t)out->width * (size_t)out->height, 2 * CHANNELS, limits, error));
    return exif_turn(out, out->orientation, error);
}

effnet_status image_decode(image *out, const void *bytes, size_t size, const image_options *options,
                           effnet_error *error)
{
    *out = (image){0};
    const image_options limits = with_defaults(options);
    const effnet_status status = decode(out, bytes, size, &limits, error);
    if (status != EFFNET_OK) image_free(out);
    return status;
}

void image_free(image *i)
{
    if (!i) return;
    free(i->pixels);
    *i = (image){0};
}
