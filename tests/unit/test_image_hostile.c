/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures made to hurt: sizes beyond all limits, bombs, endless scans, and what is no picture at all. Each
 * case states the error it wants; heap and processor time are held to a budget in every one of them.
 */
#define _POSIX_C_SOURCE 200809L
#include "image_attempt.h"

static bytes huge_jpeg(unsigned width, unsigned height)
{
    bytes b = {0};
    put_jpeg_start(&b, 0xc0, 8, width, height);
    put_repeated(&b, 0, 1024);
    return b;
}

static bytes huge_png(uint32_t width, uint32_t height)
{
    bytes b = {0}, zeros = {0};
    put_repeated(&zeros, 0, 4 * MIB);
    put_png_start(&b);
    put_png_header(&b, width, height, 1, 0);
    put_png_data(&b, zeros.data, zeros.size);
    put_png_chunk(&b, "IEND", NULL, 0);
    bytes_free(&zeros);
    return b;
}

static bytes huge_webp(bool lossless)
{
    bytes chunks = {0}, stream = {0};
    if (lossless) { /* signature, 14 bits each of width - 1 and height - 1, no alpha, version 0 */
        put_byte(&stream, 0x2f);
        put_u32_le(&stream, 16382 | 16382u << 14);
    } else { /* frame tag: key frame, shown, first partition of 1 KiB; start code; 14 bits each of the sides
              */
        put_u24_le(&stream, 1 << 4 | 1024 << 5);
        put(&stream, "\x9d\x01\x2a", 3);
        put_u32_le(&stream, 16383 | 16383u << 16);
    }
    put_repeated(&stream, 0, 2048);
    put_riff_chunk(&chunks, lossless ? "VP8L" : "VP8 ", stream.data, stream.size);
    bytes file = make_riff(&chunks);
    bytes_free(&stream);
    bytes_free(&chunks);
    return file;
}

/* I1, I2 */
static void sizes_beyond_limits(void **state)
{
    (void)state;
    refused_within(huge_png(65535, 65535), EFFNET_ERR_LIMIT, "4294836225 pixels, the limit is 67108864", MIB);
    refused_within(huge_png(INT32_MAX, 1), EFFNET_ERR_LIMIT, "2147483647 pixels", MIB);
    refused_within(huge_png(1, 16385), EFFNET_ERR_LIMIT, "limit for a side is 16384", MIB);
    refused_within(huge_jpeg(65500, 65500), EFFNET_ERR_LIMIT, "4290250000 pixels", MIB);
    refused_within(huge_jpeg(65535, 65535), EFFNET_ERR_LIMIT, "65500", MIB);
    refused_within(huge_jpeg(16385, 16), EFFNET_ERR_LIMIT, "limit for a side", MIB);
    refused_within(huge_webp(true), EFFNET_ERR_LIMIT, "268402689 pixels", MIB);
    refused_within(huge_webp(false), EFFNET_ERR_LIMIT, "268402689 pixels", MIB);
}

static void limits_are_options(void **state)
{
    (void)state;
    image picture = formula_picture(20, 30);
    bytes file = make_png(&picture, NULL);
    static const image_options tight[] = {{.max_pixels = 599}, {.max_side = 29}, {.max_bytes = 100}};
    static const char *const told[] = {"600 pixels, the limit is 599", "side is 29", "for a picture is 100"};
    for (int i = 0; i < 3; i++) {
        const outcome o = attempt(&file, &tight[i]);
        assert_int_equal(o.status, EFFNET_ERR_LIMIT);
        assert_non_null(strstr(o.error.message, told[i]));
    }
    const image_options exact = {.max_pixels = 600, .max_side = 30, .max_bytes = file.size};
    outcome o = attempt(&file, &exact);
    assert_int_equal(o.status, EFFNET_OK);
    image_free(&o.picture);
    assert_int_equal(image_decode(&o.picture, file.data, file.size, &tight[0], NULL), EFFNET_ERR_LIMIT);
    bytes_free(&file);
    image_free(&picture);
}

/* Where `marker` comes for the last time. */
static size_t last_marker(const bytes *file, int marker)
{
    for (size_t i = file->size - 1; i > 0; i--)
        if (file->data[i - 1] == 0xff && file->data[i] == marker) return i - 1;
    fail_msg("no marker %02x", (unsigned)marker);
    return 0;
}

/* A progressive picture of two scans, the last of them repeated until there are `scans`. */
static bytes many_scans(int width, int height, int scans)
{
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr manager;
    static const jpeg_scan_info script[] = {{1, {0}, 0, 0, 0, 0}, {1, {0}, 1, 63, 0, 0}};
    unsigned char *data = NULL;
    unsigned long size = 0;
    info.err = jpeg_std_error(&manager);
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &data, &size);
    info.image_width = (JDIMENSION)width;
    info.image_height = (JDIMENSION)height;
    info.input_components = 1;
    info.in_color_space = JCS_GRAYSCALE;
    jpeg_set_defaults(&info);
    info.scan_info = script;
    info.num_scans = 2;
    jpeg_start_compress(&info, TRUE);
    JSAMPROW row = calloc((size_t)width, 1);
    assert_non_null(row);
    for (int y = 0; y < height; y++)
        jpeg_write_scanlines(&info, &row, 1);
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    free(row);
    bytes whole = {0}, file = {0};
    put(&whole, data, size);
    free(data);
    const size_t scan = last_marker(&whole, 0xda), end = last_marker(&whole, 0xd9);
    put(&file, whole.data, scan);
    for (int i = 1; i < scans; i++)
        put(&file, whole.data + scan, end - scan);
    put(&file, "\xff\xd9", 2);
    bytes_free(&whole);
    return file;
}

/* I3 */
static void endless_scans(void **state)
{
    (void)state;
    accepted_within(many_scans(16, 16, 100), NULL, HEAP_SLACK);
    refused(many_scans(16, 16, 101), EFFNET_ERR_LIMIT, "more than 100 scans");
    refused(many_scans(16, 16, 10000), EFFNET_ERR_LIMIT, "more than 100 scans");
    bytes file = many_scans(16, 16, 10000);
    const outcome o = attempt(&file, &(image_options){.allow_truncated = true, .max_scans = 7});
    assert_int_equal(o.status, EFFNET_ERR_LIMIT);
    assert_non_null(strstr(o.error.message, "more than 7 scans"));
    bytes_free(&file);
}

/* A picture near the limits, of a few KiB, in which each of 100 scans has to be gone through. */
static void large_picture_of_many_scans(void **state)
{
    (void)state;
    bytes file = many_scans(7168, 7168, 100);
    outcome o = attempt(&file, NULL);
    assert_int_equal(o.status, EFFNET_OK);
    if (o.seconds > 20 * case_seconds) fail_msg("%.3f s", o.seconds);
    image_free(&o.picture);
    bytes_free(&file);
}

/* As large as is allowed, of 8 KiB. */
static void largest_picture(void **state)
{
    (void)state;
    bytes b = {0}, rows = {0};
    put_repeated(&rows, 0, (1 + 8192 / 8) * 8192);
    put_png_start(&b);
    put_png_header(&b, 8192, 8192, 1, 0);
    put_png_data(&b, rows.data, rows.size);
    put_png_chunk(&b, "IEND", NULL, 0);
    bytes_free(&rows);
    outcome o = attempt(&b, NULL);
    assert_int_equal(o.status, EFFNET_OK);
    if (o.seconds > 20 * case_seconds) fail_msg("%.3f s", o.seconds);
    assert_true(o.heap <= (size_t)8192 * 8192 * 4 + HEAP_SLACK);
    image_free(&o.picture);
    bytes_free(&b);
}

/* Several scans need the coefficients of the whole picture in memory. */
static void memory_of_scans(void **state)
{
    (void)state;
    bytes b = {0};
    put_jpeg_start(&b, 0xc2, 8, 8192, 8192); /* 4:2:0: 3 + 3 bytes a pixel */
    refused_within(b, EFFNET_ERR_LIMIT, "402653184 bytes of memory, the limit is 301989888", MIB);
}

/* 64 MiB of zeros, compressed. */
static bytes make_bomb(void)
{
    bytes zeros = {0}, bomb = {0};
    put_repeated(&zeros, 0, 64 * MIB);
    uLongf size = 1 * MIB;
    assert_int_equal(compress2(put_room(&bomb, size), &size, zeros.data, zeros.size, 1), Z_OK);
    bomb.size = size;
    bytes_free(&zeros);
    return bomb;
}

static bytes png_with_bomb(const char *type, const void *head, size_t head_size, const bytes *bomb,
                           const image *picture)
{
    bytes chunk = {0}, extra = {0};
    put(&chunk, head, head_size);
    put(&chunk, bomb->data, bomb->size);
    put_png_chunk(&extra, type, chunk.data, chunk.size);
    bytes_free(&chunk);
    bytes file = make_png(picture, &extra);
    bytes_free(&extra);
    return file;
}

static bytes png_with_tiny_chunks(const image *picture)
{
    bytes extra = {0}, chunk = {0};
    put_png_chunk(&chunk, "teSt", NULL, 0);
    for (int i = 0; i < 1000000; i++)
        put(&extra, chunk.data, chunk.size);
    bytes file = make_png(picture, &extra);
    bytes_free(&extra);
    bytes_free(&chunk);
    return file;
}

/* I4 */
static void metadata_bombs(void **state)
{
    (void)state;
    image picture = formula_picture(9, 11);
    bytes bomb = make_bomb();
    accepted_within(png_with_bomb("zTXt", "k\0\0", 3, &bomb, &picture), &picture, MIB);
    accepted_within(png_with_bomb("iTXt", "k\0\1\0\0\0", 6, &bomb, &picture), &picture, MIB);
    accepted_within(png_with_bomb("iCCP", "k\0\0", 3, &bomb, &picture), &picture, MIB);
    bytes_free(&bomb);
    accepted_within(png_with_tiny_chunks(&picture), &picture, MIB);

    /* A directory that is its own successor, and one of 65535 entries. */
    bytes exif = make_exif(false, 0x0100, 3, 1, 6), extra = {0};
    memcpy(exif.data + exif.size - 4, "\x08\0\0\0", 4);
    put_png_chunk(&extra, "eXIf", exif.data, exif.size);
    memcpy(exif.data + 8, "\xff\xff", 2);
    put_png_chunk(&extra, "eXIf", exif.data, exif.size);
    accepted_within(make_png(&picture, &extra), &picture, MIB);
    bytes_free(&exif);
    bytes_free(&extra);

    /* A million chunks of a WebP, 60 MiB of APP segments in a JPEG. */
    bytes chunks = {0}, stream = make_vp8l(&picture);
    for (int i = 0; i < 1000000; i++)
        put_riff_chunk(&chunks, "junk", NULL, 0);
    put(&chunks, stream.data, stream.size);
    accepted_within(make_riff(&chunks), &picture, MIB);
    bytes_free(&chunks);
    bytes_free(&stream);
    bytes jpeg = make_jpeg(&picture, false, NULL), padded = {0};
    put(&padded, jpeg.data, 2);
    for (int i = 0; i < 900; i++) {
        put(&padded, i % 2 ? "\xff\xe1\xff\xff" : "\xff\xe2\xff\xff", 4);
        put_repeated(&padded, 'E', 65533);
    }
    put(&padded, jpeg.data + 2, jpeg.size - 2);
    accepted_within(padded, NULL, MIB);
    bytes_free(&jpeg);
    image_free(&picture);
}

/* I11 */
static void foreign_formats(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        size_t size;
        const char *told;
    } cases[] = {
        {"GIF89a\1\0\1\0", 10, "GIF; JPEG, PNG and WebP pictures are read"},
        {"II*\0\x08\0\0\0", 8, "TIFF"},
        {"MM\0*\0\0\0\x08", 8, "TIFF"},
        {"BM\x36\0\0\0", 6, "BMP"},
        {"\0\0\0\x18"
         "ftypheic\0\0\0\0",
         16, "HEIC"},
        {"\0\0\0\x18"
         "ftypavif\0\0\0\0",
         16, "AVIF"},
        {"\0\0\0\x18"
         "ftypisom\0\0\0\0",
         16, "MP4"},
        {"<?xml version=\"1.0\"?>\n<svg width=\"9\">", 37, "SVG"},
        {"<!DOCTYPE html><html>", 21, "HTML"},
        {"%PDF-1.7\n", 9, "PDF"},
        {"%!PS-Adobe-3.0 EPSF", 19, "PostScript"},
        {"RIFF\4\0\0\0WAVE", 12, "WAV"},
        {"RIFF\4\0\0\0WEB", 11, "not a known picture format"},
        {"version https://git-lfs.github.com/spec/v1\n", 43, "Git LFS"},
        {"Hello, world\n", 13, "text"},
        {"caf\xc3\xa9\n", 6, "text"},
        {"\xff\xd8", 2, "not a known picture format"},
        {"\x89PNG\r\n\x1a", 7, "not a known picture format"},
        {"\0", 1, "not a known picture format"},
        {"PK\3\4....", 8, "zip"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bytes file = {0};
        put(&file, cases[i].data, cases[i].size);
        refused_within(file, EFFNET_ERR_UNSUPPORTED, cases[i].told, 64 * 1024);
    }
    refused((bytes){0}, EFFNET_ERR_FORMAT, "empty file");
    bytes large = {.data = malloc(64 * MIB + 1), .size = 64 * MIB};
    assert_non_null(large.data);
    memset(large.data, 0xff, 64 * MIB + 1);
    outcome o = attempt(&large, NULL);
    assert_int_equal(o.status, EFFNET_ERR_UNSUPPORTED);
    large.data[1] = 0xd8; /* a JPEG of fill bytes */
    o = attempt(&large, NULL);
    assert_int_equal(o.status, EFFNET_ERR_FORMAT);
    assert_true(o.seconds < 10 * case_seconds);
    large.size++;
    refused_within(large, EFFNET_ERR_LIMIT, "67108865 bytes, the limit", 64 * 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_beyond_limits), cmocka_unit_test(limits_are_options),
        cmocka_unit_test(endless_scans),       cmocka_unit_test(large_picture_of_many_scans),
        cmocka_unit_test(largest_picture),     cmocka_unit_test(memory_of_scans),
        cmocka_unit_test(metadata_bombs),      cmocka_unit_test(foreign_formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
