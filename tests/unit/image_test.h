/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of src/image share: pictures drawn by a formula, files read whole, PNG and JPEG files built
 * byte by byte.
 */
#ifndef TEST_IMAGE_TEST_H
#define TEST_IMAGE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include <webp/encode.h>
#include <zlib.h>

#include "image/image.h"

typedef struct bytes {
    uint8_t *data;
    size_t size, capacity;
} bytes;

/* Room for `size` more bytes. Not inlined: gcc 12 takes the counting realloc of heap.h apart and then warns.
 */
__attribute__((noinline, unused)) static uint8_t *put_room(bytes *b, size_t size)
{
    if (!b->data || b->size + size > b->capacity) {
        b->capacity = 2 * (b->size + size) + 16;
        b->data = realloc(b->data, b->capacity);
        assert_non_null(b->data);
    }
    uint8_t *room = b->data + b->size;
    b->size += size;
    return room;
}

static inline void put(bytes *b, const void *data, size_t size)
{
    uint8_t *room = put_room(b, size);
    if (size) memcpy(room, data, size);
}

static inline void put_byte(bytes *b, int value)
{
    put(b, &(uint8_t){(uint8_t)value}, 1);
}

static inline void put_u16_be(bytes *b, unsigned value)
{
    put_byte(b, (int)(value >> 8));
    put_byte(b, (int)(value & 255));
}

static inline void put_u32_be(bytes *b, uint32_t value)
{
    put_u16_be(b, value >> 16);
    put_u16_be(b, value & 0xffff);
}

static inline void put_u32_le(bytes *b, uint32_t value)
{
    for (int shift = 0; shift < 32; shift += 8)
        put_byte(b, (int)(value >> shift & 255));
}

static inline void put_repeated(bytes *b, int value, size_t count)
{
    memset(put_room(b, count), value, count);
}

static inline void bytes_free(bytes *b)
{
    free(b->data);
    *b = (bytes){0};
}

/* The whole file; data is NULL if it cannot be read. */
static inline bytes read_file(const char *path)
{
    bytes b = {0};
    uint8_t part[65536];
    FILE *file = fopen(path, "rb");
    if (!file) return b;
    put(&b, part, 0);
    for (size_t size; (size = fread(part, 1, sizeof part, file)) > 0;)
        put(&b, part, size);
    fclose(file);
    return b;
}

/* The same as formula() of scripts/make_image_goldens.py. */
static inline image formula_picture(int height, int width)
{
    image p = {.height = height, .width = width, .orientation = 1};
    p.pixels = malloc((size_t)height * (size_t)width * 3);
    assert_non_null(p.pixels);
    uint8_t *pixel = p.pixels;
    for (uint32_t y = 0; y < (uint32_t)height; y++)
        for (uint32_t x = 0; x < (uint32_t)width; x++)
            for (uint32_t c = 0; c < 3; c++)
                *pixel++ = (uint8_t)(3 * x * x + 7 * y * (c + 1) + x * y / 5 + 90 * ((x / 8 + y / 8) % 2));
    return p;
}

static inline size_t pixels_size(const image *p)
{
    return (size_t)p->height * (size_t)p->width * 3;
}

static inline uint32_t crc_of(const void *data, size_t size)
{
    return (uint32_t)crc32(0, data, (uInt)size);
}

static inline void put_png_start(bytes *b)
{
    put(b, "\x89PNG\r\n\x1a\n", 8);
}

static inline void put_png_chunk(bytes *b, const char *type, const void *data, size_t size)
{
    put_u32_be(b, (uint32_t)size);
    const size_t start = b->size;
    put(b, type, 4);
    put(b, data, size);
    put_u32_be(b, crc_of(b->data + start, 4 + size));
}

static inline void put_png_header(bytes *b, uint32_t width, uint32_t height, int depth, int colour)
{
    bytes header = {0};
    put_u32_be(&header, width);
    put_u32_be(&header, height);
    put_byte(&header, depth);
    put_byte(&header, colour);
    put(&header, "\0\0\0", 3);
    put_png_chunk(b, "IHDR", header.data, header.size);
    bytes_free(&header);
}

/* `raw` is scanlines, each with its filter byte in front. */
static inline void put_png_data(bytes *b, const void *raw, size_t size)
{
    uLongf packed_size = compressBound((uLong)size);
    uint8_t *packed = malloc(packed_size);
    assert_non_null(packed);
    assert_int_equal(compress(packed, &packed_size, raw, (uLong)size), Z_OK);
    put_png_chunk(b, "IDAT", packed, packed_size);
    free(packed);
}

/* An RGB picture as PNG, with `extra` chunks (whole, with length and CRC) before the data. */
static inline bytes make_png(const image *p, const bytes *extra)
{
    bytes file = {0}, raw = {0};
    const size_t row = (size_t)p->width * 3;
    for (int y = 0; y < p->height; y++) {
        put_byte(&raw, 0);
        put(&raw, p->pixels + (size_t)y * row, row);
    }
    put_png_start(&file);
    put_png_header(&file, (uint32_t)p->width, (uint32_t)p->height, 8, 2);
    if (extra) put(&file, extra->data, extra->size);
    put_png_data(&file, raw.data, raw.size);
    put_png_chunk(&file, "IEND", NULL, 0);
    bytes_free(&raw);
    return file;
}

/* An EXIF block (a TIFF header and one directory) with one entry. */
static inline bytes make_exif(bool big_endian, unsigned tag, unsigned type, uint32_t count, uint32_t value)
{
    bytes b = {0};
    put(&b, big_endian ? "MM\0*\0\0\0\x08" : "II*\0\x08\0\0\0", 8);
    put(&b, big_endian ? "\0\1" : "\1\0", 2);
    if (big_endian) {
        put_u16_be(&b, tag);
        put_u16_be(&b, type);
        put_u32_be(&b, count);
        if (type == 3)
            put_u32_be(&b, value << 16);
        else
            put_u32_be(&b, value);
    } else {
        put_u32_le(&b, tag | type << 16);
        put_u32_le(&b, count);
        put_u32_le(&b, value);
    }
    put_u32_le(&b, 0); /* no further directory */
    return b;
}

/* A baseline or progressive JPEG with `app1` (the content of an APP1 segment), if any. */
static inline bytes make_jpeg(const image *p, bool progressive, const bytes *app1)
{
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr manager;
    unsigned char *data = NULL;
    unsigned long size = 0;
    info.err = jpeg_std_error(&manager);
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &data, &size);
    info.image_width = (JDIMENSION)p->width;
    info.image_height = (JDIMENSION)p->height;
    info.input_components = 3;
    info.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, 95, TRUE);
    if (progressive) jpeg_simple_progression(&info);
    jpeg_start_compress(&info, TRUE);
    if (app1) jpeg_write_marker(&info, JPEG_APP0 + 1, app1->data, (unsigned)app1->size);
    while (info.next_scanline < info.image_height) {
        JSAMPROW row = p->pixels + (size_t)info.next_scanline * (size_t)p->width * 3;
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    bytes file = {0};
    put(&file, data, size);
    free(data);
    return file;
}

/* A frame header like a camera's: three components, 4:2:0, no tables. */
static inline void put_jpeg_start(bytes *b, int marker, int precision, unsigned width, unsigned height)
{
    put(b, "\xff\xd8\xff", 3);
    put_byte(b, marker);
    put_u16_be(b, 17);
    put_byte(b, precision);
    put_u16_be(b, height);
    put_u16_be(b, width);
    put(b, "\3\1\x22\0\2\x11\1\3\x11\1", 10);
    put(b, "\xff\xda\0\x0c\3\1\0\2\x11\3\x11\0\x3f\0", 14);
}

static inline void put_riff_chunk(bytes *b, const char *tag, const void *data, size_t size)
{
    put(b, tag, 4);
    put_u32_le(b, (uint32_t)size);
    put(b, data, size);
    if (size % 2) put_byte(b, 0);
}

/* "RIFF", the size of what follows, "WEBP", and the chunks. */
static inline bytes make_riff(const bytes *chunks)
{
    bytes file = {0};
    put(&file, "RIFF", 4);
    put_u32_le(&file, (uint32_t)(4 + chunks->size));
    put(&file, "WEBP", 4);
    put(&file, chunks->data, chunks->size);
    return file;
}

static inline void put_u24_le(bytes *b, int value)
{
    for (int shift = 0; shift < 24; shift += 8)
        put_byte(b, value >> shift & 255);
}

static inline void put_vp8x(bytes *b, int flags, int width, int height)
{
    bytes data = {0};
    put_u32_le(&data, (uint32_t)flags);
    put_u24_le(&data, width - 1);
    put_u24_le(&data, height - 1);
    put_riff_chunk(b, "VP8X", data.data, data.size);
    bytes_free(&data);
}

/* The VP8L chunk, with its header and padding, of a lossless WebP picture. */
static inline bytes make_vp8l(const image *p)
{
    uint8_t *data;
    const size_t size = WebPEncodeLosslessRGB(p->pixels, p->width, p->height, 3 * p->width, &data);
    assert_true(size > 20);
    bytes chunk = {0};
    put(&chunk, data + 12, size - 12);
    WebPFree(data);
    return chunk;
}

#endif
