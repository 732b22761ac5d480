/* SPDX-License-Identifier: Apache-2.0
 *
 * PNG through libspng. The chunks are walked here: libspng is shown the critical ones only, so compressed
 * text, colour profiles and a million tiny chunks cost nothing, and cannot spoil a picture whose pixels are
 * fine. Alpha and tRNS are dropped, gamma and profiles ignored; an animated PNG gives its default picture.
 */
#include <stdlib.h>
#include <string.h>

#include <spng.h>
#include <zlib.h>

#include "base/reader.h"
#include "image/decode.h"
#include "image/exif.h"

enum { SIGNATURE_SIZE = 8, CHUNK_OVERHEAD = 12, TYPE_SIZE = 4 };
/* Of a critical chunk that is kept whole: only PLTE, of at most 768 bytes. IDAT is streamed. */
enum { MAX_CHUNK = 64 * 1024 };
static const uint32_t largest_length = INT32_MAX; /* PNG 1.2, section 3.2 */

typedef struct png_chunk {
    uint8_t type[TYPE_SIZE];
    const uint8_t *data;
    size_t size;  /* of the data */
    size_t start; /* of the length field, in the file */
} png_chunk;

/* Reads the chunk under `r` and moves past it; false at the end of the file or where no whole chunk is left.
 */
static bool next_chunk(reader *r, png_chunk *chunk)
{
    *chunk = (png_chunk){.start = r->position};
    if (reader_left(r) < CHUNK_OVERHEAD) return false;
    chunk->size = reader_u32_be(r);
    memcpy(chunk->type, reader_bytes(r, TYPE_SIZE), TYPE_SIZE);
    if (chunk->size > largest_length || chunk->size > reader_left(r) - 4) return false;
    chunk->data = reader_bytes(r, chunk->size);
    reader_u32_be(r); /* CRC */
    return true;
}

static bool has_type(const png_chunk *chunk, const char *type)
{
    return memcmp(chunk->type, type, TYPE_SIZE) == 0;
}

/* Bit 5 of the first letter, that is lower case, marks chunks that a decoder may skip (PNG 1.2, 3.3). */
static bool is_ancillary(const png_chunk *chunk)
{
    return chunk->type[0] & 0x20;
}

static bool crc_holds(const png_chunk *chunk)
{
    const uint8_t *end = chunk->data + chunk->size;
    const uLong stored = (uLong)end[0] << 24 | (uLong)end[1] << 16 | (uLong)end[2] << 8 | end[3];
    return crc32(0, chunk->data - TYPE_SIZE, (uInt)chunk->size + TYPE_SIZE) == stored;
}

static effnet_status read_metadata(image *out, const uint8_t *bytes, size_t size, effnet_error *error)
{
    reader r = reader_over(bytes, size, 0);
    reader_bytes(&r, SIGNATURE_SIZE);
    for (png_chunk chunk; next_chunk(&r, &chunk);) {
        if (has_type(&chunk, "CgBI")) /* made by Apple's tools for their devices, PNG but in name */
            return error_set_at(error, EFFNET_ERR_UNSUPPORTED, chunk.start, "PNG in Apple's CgBI variant");
        if (has_type(&chunk, "iCCP")) out->has_icc = true;
        if (!has_type(&chunk, "eXIf") || !crc_holds(&chunk)) continue;
        out->orientation = exif_orientation(chunk.data, chunk.size);
    }
    return EFFNET_OK;
}

/* The file without its ancillary chunks, as a stream. */
typedef struct critical_stream {
    reader r;
    size_t left; /* bytes that may be handed out before the next chunk has to be looked at */
    bool cut;    /* the file ends within the chunk that was looked at last */
} critical_stream;

/* Passes over ancillary chunks. A critical one that is cut short is handed out as far as it goes. */
static void find_critical(critical_stream *s)
{
    for (png_chunk chunk; s->left == 0 && reader_left(&s->r) > 0;) {
        const bool whole = next_chunk(&s->r, &chunk);
        if (whole && is_ancillary(&chunk)) continue;
        s->cut = !whole;
        s->left = whole ? chunk.size + CHUNK_OVERHEAD : s->r.size - chunk.start;
        reader_seek(&s->r, chunk.start);
    }
}

static int read_critical(spng_ctx *context, void *user, void *target, size_t length)
{
    (void)context;
    critical_stream *s = user;
    for (uint8_t *to = target; length > 0;) {
        find_critical(s);
        const size_t part = length < s->left ? length : s->left;
        if (part == 0) return SPNG_IO_EOF;
        memcpy(to, reader_bytes(&s->r, part), part);
        to += part;
        length -= part;
        s->left -= part;
    }
    return SPNG_OK;
}

static effnet_status failure(int code, const critical_stream *s, effnet_error *error)
{
    if (code == SPNG_EMEM) return error_memory(error);
    if (code == SPNG_IO_EOF || code == SPNG_EIDAT_TOO_SHORT)
        return error_set_at(error, EFFNET_ERR_FORMAT, s->r.position, "PNG truncated");
    return error_set_at(error, EFFNET_ERR_FORMAT, s->r.position, "PNG: %s", spng_strerror(code));
}

static effnet_status decode(image *out, spng_ctx *context, critical_stream *s, const image_options *limits,
                            effnet_error *error)
{
    struct spng_ihdr header;
    int code = spng_set_chunk_limits(context, MAX_CHUNK, MAX_CHUNK);
    if (code == SPNG_OK) code = spng_set_png_stream(context, read_critical, s);
    if (code == SPNG_OK) code = spng_get_ihdr(context, &header);
    if (code != SPNG_OK) return failure(code, s, error);
    TRY(decode_allocate(out, header.width, header.height, 0, limits, error));
    const size_t pixels_size = (size_t)header.width * header.height * 3;
    code = spng_decode_image(context, out->pixels, pixels_size, SPNG_FMT_RGB8, 0);
    /* Up to IEND, and that whole: a file that ends before is cut short. */
    if (code == SPNG_OK) code = spng_decode_chunks(context);
    if (code == SPNG_OK && s->cut) code = SPNG_IO_EOF;
    return code == SPNG_OK ? EFFNET_OK : failure(code, s, error);
}

effnet_status decode_png(image *out, const uint8_t *bytes, size_t size, const image_options *limits,
                         effnet_error *error)
{
    critical_stream stream = {.r = reader_over(bytes, size, 0), .left = SIGNATURE_SIZE};
    TRY(read_metadata(out, bytes, size, error));
    spng_ctx *context = spng_ctx_new(0);
    if (!context) return error_memory(error);
    const effnet_status status = decode(out, context, &stream, limits, error);
    spng_ctx_free(context);
    return status;
}
