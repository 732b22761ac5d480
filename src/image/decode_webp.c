/* SPDX-License-Identifier: Apache-2.0
 *
 * WebP through libwebp. The RIFF container is walked here: the walk finds the EXIF block and the bitstream of
 * the (first) picture, and only that bitstream is handed to libwebp. So the alpha plane of a lossy picture is
 * never decoded, and an animation costs one frame. Source: Google's "WebP Container Specification".
 */
#include <stdlib.h>
#include <string.h>

#include <webp/decode.h>

#include "base/reader.h"
#include "image/decode.h"
#include "image/exif.h"

enum { FRAME_HEADER_SIZE = 16, ANIMATION_FLAG = 0x02 };

/* Bytes per pixel that the lossless decoder keeps beside the output: the whole picture as ARGB. */
enum { LOSSLESS_BYTES = 4 };

typedef struct webp_layout {
    const uint8_t *stream; /* the VP8 or VP8L chunk of the first picture with its header, NULL if none */
    size_t stream_size;
    bool lossless;
    bool has_canvas; /* there is a VP8X header, which states the size */
    bool animated;
    size_t canvas_width, canvas_height;
    size_t left, top; /* of the first frame on the canvas */
} webp_layout;

typedef struct riff_chunk {
    const uint8_t *start; /* of the tag */
    const uint8_t *data;
    size_t size; /* of the data */
} riff_chunk;

/* Reads the chunk under `r` and moves past it and its padding. False at the end, or if a rule is broken. */
static bool next_chunk(reader *r, riff_chunk *chunk)
{
    if (!reader_ok(r) || reader_left(r) == 0) return false;
    chunk->start = reader_bytes(r, 4);
    chunk->size = reader_u32(r);
    chunk->data = reader_bytes(r, chunk->size);
    if (chunk->data && chunk->size % 2 == 1 && reader_left(r) > 0) reader_u8(r);
    return chunk->data != NULL;
}

static bool has_tag(const riff_chunk *chunk, const char *tag)
{
    return memcmp(chunk->start, tag, 4) == 0;
}

static size_t u24(const uint8_t *bytes)
{
    return bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16;
}

static void note_stream(webp_layout *layout, const riff_chunk *chunk)
{
    const bool lossless = has_tag(chunk, "VP8L");
    if (layout->stream || (!lossless && !has_tag(chunk, "VP8 "))) return;
    layout->stream = chunk->start;
    layout->stream_size = (size_t)(chunk->data - chunk->start) + chunk->size;
    layout->lossless = lossless;
}

/* The header of a frame is its place, size, duration and flags; then come the chunks of a still picture. */
static void note_frame(webp_layout *layout, reader *r, const riff_chunk *frame)
{
    if (layout->stream) return;
    if (frame->size < FRAME_HEADER_SIZE) {
        reader_fail(r, "WebP frame shorter than its header");
        return;
    }
    layout->left = 2 * u24(frame->data);
    layout->top = 2 * u24(frame->data + 3);
    reader inner = reader_over(frame->data + FRAME_HEADER_SIZE, frame->size - FRAME_HEADER_SIZE, 0);
    for (riff_chunk chunk; !layout->stream && next_chunk(&inner, &chunk);)
        note_stream(layout, &chunk);
    if (!layout->stream) reader_fail(r, "WebP frame without a picture");
}

static void note_canvas(webp_layout *layout, reader *r, const riff_chunk *chunk)
{
    if (chunk->size < 10) {
        reader_fail(r, "WebP VP8X header too short");
        return;
    }
    layout->has_canvas = true;
    layout->animated = chunk->data[0] & ANIMATION_FLAG;
    layout->canvas_width = 1 + u24(chunk->data + 4);
    layout->canvas_height = 1 + u24(chunk->data + 7);
}

static effnet_status read_layout(webp_layout *layout, image *out, const uint8_t *bytes, size_t size,
                                 effnet_error *error)
{
    *layout = (webp_layout){0};
    reader r = reader_over(bytes, size, 0);
    reader_bytes(&r, 4); /* "RIFF" */
    const uint32_t riff_size = reader_u32(&r);
    if (riff_size > size - 8)
        return error_set_at(error, EFFNET_ERR_FORMAT, 4,
                            "WebP truncated: the header says %zu bytes, there are %zu", (size_t)riff_size + 8,
                            size);
    r = reader_over(bytes, (size_t)riff_size + 8, 0);
    reader_bytes(&r, 12);
    for (riff_chunk chunk; next_chunk(&r, &chunk);) {
        if (has_tag(&chunk, "VP8X") && !layout->has_canvas) note_canvas(layout, &r, &chunk);
        if (has_tag(&chunk, "ANMF") && layout->animated) note_frame(layout, &r, &chunk);
        if (!layout->animated) note_stream(layout, &chunk);
        if (has_tag(&chunk, "EXIF")) out->orientation = exif_orientation(chunk.data, chunk.size);
        if (has_tag(&chunk, "ICCP")) out->has_icc = true;
    }
    TRY(reader_status(&r, error));
    if (!layout->stream) return error_set(error, EFFNET_ERR_FORMAT, "WebP without a picture in it");
    return EFFNET_OK;
}

static effnet_status failure(VP8StatusCode code, effnet_error *error)
{
    switch (code) {
    case VP8_STATUS_OUT_OF_MEMORY: return error_memory(error);
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED: return error_set(error, EFFNET_ERR_FORMAT, "WebP truncated");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return error_set(error, EFFNET_ERR_UNSUPPORTED, "WebP with a feature that libwebp does not know");
    default: return error_set(error, EFFNET_ERR_FORMAT, "WebP with damaged data");
    }
}

/* Settles the size of the output from container and bitstream, and allocates it. */
static effnet_status prepare(image *out, webp_layout *layout, size_t width, size_t height,
                             const image_options *limits, effnet_error *error)
{
    if (!layout->has_canvas) {
        layout->canvas_width = width;
        layout->canvas_height = height;
    }
    const bool still_fits = width == layout->canvas_width && height == layout->canvas_height;
    const bool frame_fits =
        layout->left + width <= layout->canvas_width && layout->top + height <= layout->canvas_height;
    if (layout->animated ? !frame_fits : !still_fits)
        return error_set(error, EFFNET_ERR_FORMAT, "WebP of %zu x %zu holds a picture of %zu x %zu",
                         layout->canvas_width, layout->canvas_height, width, height);
    TRY(decode_allocate(out, layout->canvas_width, layout->canvas_height,
                        layout->lossless ? LOSSLESS_BYTES : 0, limits, error));
    /* What the first frame leaves open of the canvas is transparent black. */
    if (!still_fits) memset(out->pixels, 0, layout->canvas_width * layout->canvas_height * 3);
    return EFFNET_OK;
}

effnet_status decode_webp(image *out, const uint8_t *bytes, size_t size, const image_options *limits,
                          effnet_error *error)
{
    webp_layout layout;
    WebPDecoderConfig config;
    TRY(read_layout(&layout, out, bytes, size, error));
    if (!WebPInitDecoderConfig(&config))
        return error_set(error, EFFNET_ERR_INTERNAL, "libwebp is of a version that effnet was not built for");
    VP8StatusCode code = WebPGetFeatures(layout.stream, layout.stream_size, &config.input);
    if (code != VP8_STATUS_OK) return failure(code, error);
    TRY(prepare(out, &layout, (size_t)config.input.width, (size_t)config.input.height, limits, error));
    const size_t stride = layout.canvas_width * 3, offset = layout.top * stride + layout.left * 3;
    config.output.colorspace = MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = out->pixels + offset;
    config.output.u.RGBA.stride = (int)stride;
    config.output.u.RGBA.size = stride * layout.canvas_height - offset;
    code = WebPDecode(layout.stream, layout.stream_size, &config);
    WebPFreeDecBuffer(&config.output);
    return code == VP8_STATUS_OK ? EFFNET_OK : failure(code, error);
}
