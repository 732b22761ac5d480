/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures that are cut, corrupted, of odd kinds, or contradict themselves. Each case states the error it
 * wants; heap and processor time are held to a budget in every one of them.
 */
#define _POSIX_C_SOURCE 200809L
#include "image_attempt.h"

static bytes cut(const bytes *file, size_t size)
{
    bytes part = {0};
    put(&part, file->data, size);
    part.data = realloc(part.data, size ? size : 1); /* so that a read past the end is seen */
    assert_non_null(part.data);
    part.capacity = size;
    return part;
}

/* I5: cut at every 1/64, and just before the end. */
static void truncated(void **state)
{
    (void)state;
    image picture = formula_picture(64, 48);
    bytes chunks = make_vp8l(&picture);
    bytes files[] = {make_jpeg(&picture, false, NULL), make_jpeg(&picture, true, NULL),
                     make_png(&picture, NULL), make_riff(&chunks)};
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        for (size_t i = 1; i < 64; i++)
            refused(cut(&files[f], files[f].size * i / 64), EFFNET_ERR_FORMAT, "");
        for (size_t less = 1; less < 20; less++)
            refused(cut(&files[f], files[f].size - less), EFFNET_ERR_FORMAT, "truncated");
        bytes_free(&files[f]);
    }
    bytes_free(&chunks);
    image_free(&picture);
}

static image flat_picture(int height, int width, int value)
{
    image p = formula_picture(height, width);
    memset(p.pixels, value, pixels_size(&p));
    return p;
}

/* What is missing from a cut JPEG is grey, never the pixels of a picture decoded before. */
static void completed_with_grey(void **state)
{
    (void)state;
    for (int progressive = 0; progressive < 2; progressive++) {
        image before = flat_picture(128, 128, 250), picture = formula_picture(128, 128), results[2];
        bytes first = make_jpeg(&before, progressive, NULL), whole = make_jpeg(&picture, progressive, NULL);
        bytes half = cut(&whole, whole.size / 2);
        for (int i = 0; i < 2; i++) {
            image bright;
            if (i == 0)
                assert_int_equal(image_decode(&bright, first.data, first.size, NULL, NULL), EFFNET_OK);
            if (i == 0) image_free(&bright);
            const outcome o = attempt(&half, &(image_options){.allow_truncated = true});
            assert_int_equal(o.status, EFFNET_OK);
            assert_true(o.picture.truncated);
            results[i] = o.picture;
        }
        assert_memory_equal(results[0].pixels, results[1].pixels, pixels_size(&picture));
        if (!progressive)
            for (size_t i = pixels_size(&picture) - 3 * 128 * 8; i < pixels_size(&picture); i++)
                assert_int_equal(results[0].pixels[i], 128);
        const outcome whole_one = attempt(&whole, &(image_options){.allow_truncated = true});
        assert_false(whole_one.picture.truncated);
        image_free(&(image){.pixels = whole_one.picture.pixels});
        for (int i = 0; i < 2; i++)
            image_free(&results[i]);
        bytes_free(&first);
        bytes_free(&whole);
        bytes_free(&half);
        image_free(&before);
        image_free(&picture);
    }
}

/* RIFF sizes that do not fit the file or each other. */
static void riff_lies(void **state)
{
    (void)state;
    image picture = formula_picture(12, 10);
    bytes stream = make_vp8l(&picture), chunks = {0};
    bytes file = make_riff(&stream);
    file.data[4] = (uint8_t)(file.data[4] + 2);
    refused(file, EFFNET_ERR_FORMAT, "truncated");
    file = make_riff(&stream);
    file.data[16] = (uint8_t)(file.data[16] + 4); /* the chunk is longer than the file */
    refused(file, EFFNET_ERR_FORMAT, "truncated");
    file = make_riff(&stream);
    put(&file, "junk after the end", 18);
    accepted_within(file, &picture, MIB);
    put_vp8x(&chunks, 0, 11, 12); /* another size than the picture's */
    put(&chunks, stream.data, stream.size);
    refused(make_riff(&chunks), EFFNET_ERR_FORMAT, "11 x 12 holds a picture of 10 x 12");
    chunks.size = 0;
    put_riff_chunk(&chunks, "VP8X", "\2\0\0\0", 4);
    refused(make_riff(&chunks), EFFNET_ERR_FORMAT, "VP8X header too short");
    chunks.size = 0;
    put_vp8x(&chunks, 2, 20, 20);
    put_riff_chunk(&chunks, "ANMF", "short", 5);
    refused(make_riff(&chunks), EFFNET_ERR_FORMAT, "frame shorter");
    chunks.size = 0;
    put_vp8x(&chunks, 2, 20, 20);
    put_riff_chunk(&chunks, "ANMF", "0123456789abcdef", 16);
    refused(make_riff(&chunks), EFFNET_ERR_FORMAT, "frame without a picture");
    chunks.size = 0;
    put_vp8x(&chunks, 2, 20, 20);
    refused(make_riff(&chunks), EFFNET_ERR_FORMAT, "without a picture in it");
    chunks.size = 0;
    put_riff_chunk(&chunks, "VP8 ", "not a frame", 11);
    refused(make_riff(&chunks), EFFNET_ERR_FORMAT, "WebP");
    bytes_free(&chunks);
    bytes_free(&stream);
    image_free(&picture);
}

/* A 2 x 2 picture of indices into a palette of `size` bytes. */
static bytes indexed_png(const void *palette, size_t size, const char *rows)
{
    bytes b = {0};
    put_png_start(&b);
    put_png_header(&b, 2, 2, 8, 3);
    if (palette) put_png_chunk(&b, "PLTE", palette, size);
    put_png_data(&b, rows, 6);
    put_png_chunk(&b, "IEND", NULL, 0);
    return b;
}

static size_t png_chunk_at(const bytes *file, const char *type)
{
    for (size_t i = 8; i + 4 <= file->size; i++)
        if (memcmp(file->data + i, type, 4) == 0) return i;
    fail_msg("no %s", type);
    return 0;
}

static bytes png_with_bad_crc(const image *picture, const char *type)
{
    bytes extra = {0};
    put_png_chunk(&extra, "gAMA", "\0\0\xb1\x8f", 4);
    bytes file = make_png(picture, &extra);
    const size_t at = png_chunk_at(&file, type);
    const uint8_t *length = file.data + at - 4;
    const size_t size = (size_t)length[2] << 8 | length[3];
    file.data[at + 4 + size] ^= 1;
    bytes_free(&extra);
    return file;
}

static bytes png_with_bad_adler(const image *picture)
{
    bytes file = make_png(picture, NULL);
    const size_t at = png_chunk_at(&file, "IDAT");
    const size_t size = (size_t)file.data[at - 2] << 8 | file.data[at - 1];
    file.data[at + 4 + size - 1] ^= 1;
    const uint32_t crc = crc_of(file.data + at, 4 + size);
    for (size_t i = 0; i < 4; i++)
        file.data[at + 4 + size + i] = (uint8_t)(crc >> (24 - 8 * i));
    return file;
}

/* I6 */
static void damaged_png(void **state)
{
    (void)state;
    image picture = formula_picture(7, 7);
    refused(png_with_bad_crc(&picture, "IHDR"), EFFNET_ERR_FORMAT, "checksum");
    refused(png_with_bad_crc(&picture, "IDAT"), EFFNET_ERR_FORMAT, "checksum");
    refused(png_with_bad_crc(&picture, "IEND"), EFFNET_ERR_FORMAT, "checksum");
    accepted_within(png_with_bad_crc(&picture, "gAMA"), &picture, MIB);
    bytes file = png_with_bad_adler(&picture);
    outcome o = attempt(&file, NULL); /* libspng may stop before the end of the stream: both are right */
    assert_true(o.status == EFFNET_OK || o.status == EFFNET_ERR_FORMAT);
    image_free(&o.picture);
    bytes_free(&file);

    /* Indices past the palette are black. */
    static const uint8_t two[6] = {10, 20, 30, 40, 50, 60};
    image expected = flat_picture(2, 2, 0);
    memcpy(expected.pixels, two, 6);
    accepted_within(indexed_png(two, 6, "\0\0\1\0\2\xff"), &expected, MIB);
    image_free(&expected);
    static const uint8_t palette[257 * 3];
    refused(indexed_png(NULL, 0, "\0\0\1\0\2\xff"), EFFNET_ERR_FORMAT, "PNG");
    refused(indexed_png(palette, sizeof palette, "\0\0\1\0\2\xff"), EFFNET_ERR_FORMAT, "PNG");
    refused(indexed_png(palette, 7, "\0\0\1\0\2\xff"), EFFNET_ERR_FORMAT, "PNG");
    refused(indexed_png(palette, 0, "\0\0\1\0\2\xff"), EFFNET_ERR_FORMAT, "PNG");

    file = make_png(&picture, NULL);
    file.data[8] = 0xff; /* a chunk of 4 GiB */
    refused(file, EFFNET_ERR_FORMAT, "PNG");
    file = (bytes){0};
    put_png_start(&file);
    put_png_chunk(&file, "CgBI", "\x50\0\x20\2", 4);
    put_png_header(&file, 2, 2, 8, 2);
    refused(file, EFFNET_ERR_UNSUPPORTED, "CgBI");
    image_free(&picture);
}

static bytes empty_png(uint32_t width, uint32_t height)
{
    bytes b = {0};
    put_png_start(&b);
    put_png_header(&b, width, height, 8, 2);
    put_png_data(&b, "", 0);
    put_png_chunk(&b, "IEND", NULL, 0);
    return b;
}

static bytes empty_webp(uint32_t width, uint32_t height)
{
    bytes chunks = {0}, stream = {0};
    put_u24_le(&stream, 1 << 4 | 64 << 5);
    put(&stream, "\x9d\x01\x2a", 3);
    put_u32_le(&stream, width | height << 16);
    put_repeated(&stream, 0, 128);
    put_riff_chunk(&chunks, "VP8 ", stream.data, stream.size);
    bytes file = make_riff(&chunks);
    bytes_free(&chunks);
    bytes_free(&stream);
    return file;
}

/* A JPEG of `components` alike, in no colour space; arithmetic coding if wanted. */
static bytes odd_jpeg(int components, bool arithmetic)
{
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr manager;
    unsigned char *data = NULL;
    unsigned long size = 0;
    info.err = jpeg_std_error(&manager);
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &data, &size);
    info.image_width = info.image_height = 8;
    info.input_components = components;
    info.in_color_space = components == 3 ? JCS_RGB : JCS_UNKNOWN;
    jpeg_set_defaults(&info);
    info.arith_code = arithmetic;
    jpeg_start_compress(&info, TRUE);
    uint8_t row[8 * 4];
    memset(row, 90, sizeof row);
    for (int y = 0; y < 8; y++)
        jpeg_write_scanlines(&info, &(JSAMPROW){row}, 1);
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    bytes file = {0};
    put(&file, data, size);
    free(data);
    return file;
}

static bytes jpeg_frame(int marker, int precision, unsigned width, unsigned height)
{
    bytes b = {0};
    put_jpeg_start(&b, marker, precision, width, height);
    put(&b, "\0\0\xff\xd9", 4);
    return b;
}

/* I7 */
static void odd_kinds(void **state)
{
    (void)state;
    refused(jpeg_frame(0xc0, 8, 0, 8), EFFNET_ERR_FORMAT, "JPEG");
    refused(jpeg_frame(0xc0, 8, 8, 0), EFFNET_ERR_FORMAT, "JPEG");
    refused(empty_png(0, 3), EFFNET_ERR_FORMAT, "width");
    refused(empty_png(3, 0), EFFNET_ERR_FORMAT, "height");
    refused(empty_webp(0, 3), EFFNET_ERR_FORMAT, "WebP");
    refused(empty_webp(3, 0), EFFNET_ERR_FORMAT, "WebP");
    refused(jpeg_frame(0xc1, 12, 8, 8), EFFNET_ERR_UNSUPPORTED, "precision 12");
    refused(jpeg_frame(0xc3, 8, 8, 8), EFFNET_ERR_UNSUPPORTED, "SOF type 0xc3");
    refused(odd_jpeg(2, false), EFFNET_ERR_UNSUPPORTED, "2 components");
    bytes file = odd_jpeg(3, true); /* libjpeg-turbo can be built without it */
    outcome o = attempt(&file, NULL);
    if (o.status == EFFNET_OK) assert_in_range(o.picture.pixels[0], 88, 92);
    if (o.status != EFFNET_OK) assert_int_equal(o.status, EFFNET_ERR_UNSUPPORTED);
    image_free(&o.picture);
    bytes_free(&file);
    file = odd_jpeg(3, false);
    accepted_within(file, NULL, MIB);
}

/* Stray bytes before a marker cost no pixel, and are common in the wild. */
static void stray_bytes(void **state)
{
    (void)state;
    image picture = formula_picture(24, 24);
    bytes file = make_jpeg(&picture, false, NULL), dirty = {0};
    put(&dirty, file.data, file.size - 2);
    put(&dirty, "stray bytes\xff\xd9 after the end", 27);
    outcome clean = attempt(&file, NULL);
    assert_int_equal(clean.status, EFFNET_OK);
    accepted_within(dirty, &clean.picture, MIB);
    image_free(&clean.picture);
    bytes_free(&file);
    image_free(&picture);
}

typedef struct bit_writer {
    bytes out;
    uint32_t held;
    int count;
} bit_writer;

static void put_bits(bit_writer *w, uint32_t value, int count)
{
    for (int i = 0; i < count; i++) {
        w->held |= (value >> i & 1) << w->count++;
        if (w->count < 8) continue;
        put_byte(&w->out, (int)w->held);
        w->held = 0;
        w->count = 0;
    }
}

/* A prefix code given as the number of symbols of each length, in the long form of the VP8L specification.
 * The lengths themselves are written in a code of 4 bits for each of 0..15. */
static void put_prefix_code(bit_writer *w, const int counts[16], int alphabet)
{
    put_bits(w, 0, 1);      /* not the short form */
    put_bits(w, 19 - 4, 4); /* all lengths of the code of lengths follow, in the order 17 18 0 1 .. 16 .. */
    for (int i = 0; i < 19; i++)
        put_bits(w, i == 0 || i == 1 || i == 8 ? 0 : 4, 3);
    put_bits(w, 0, 1); /* no limit on the number of symbols */
    int symbols = 0;
    for (int length = 1; length < 16; length++)
        for (int i = 0; i < counts[length]; i++, symbols++)
            for (int bit = 3; bit >= 0; bit--) /* codes are written from their first bit */
                put_bits(w, (uint32_t)length >> bit, 1);
    for (; symbols < alphabet; symbols++)
        put_bits(w, 0, 4);
}

/* I12, CVE-2023-4863: four codes whose lookup tables are as large as such tables can be, and a fifth, not
 * complete, whose table would be larger than libwebp thought possible. Sizes as zlib's `enough` finds them.
 */
static void webp_huffman_overflow(void **state)
{
    (void)state;
    static const int codes[5][16] = {
        {0, 0, 2, 0, 0, 0, 0, 0, 0, 239, 33, 1, 1, 1, 1, 2},
        {0, 1, 0, 0, 0, 0, 1, 0, 0, 247, 1, 1, 1, 1, 1, 2},
        {0, 1, 0, 0, 0, 0, 1, 0, 0, 247, 1, 1, 1, 1, 1, 2},
        {0, 1, 0, 0, 0, 0, 1, 0, 0, 247, 1, 1, 1, 1, 1, 2},
        {0, 1, 1, 1, 1, 1, 0, 0, 0, 11, 5, 1, 10, 4, 2, 2},
    };
    static const int alphabets[5] = {280, 256, 256, 256, 40};
    bit_writer w = {0};
    put_bits(&w, 0x2f, 8);
    put_bits(&w, 0, 14);
    put_bits(&w, 0, 14);
    put_bits(&w, 0, 4); /* no alpha, version 0 */
    put_bits(&w, 0, 3); /* no transform, no colour cache, one group of codes */
    for (int i = 0; i < 5; i++)
        put_prefix_code(&w, codes[i], alphabets[i]);
    put_bits(&w, 0, 32);
    bytes chunks = {0};
    put_riff_chunk(&chunks, "VP8L", w.out.data, w.out.size);
    bytes file = make_riff(&chunks);
    refused(file, EFFNET_ERR_FORMAT, "WebP with damaged data");
    bytes_free(&chunks);
    bytes_free(&w.out);
}

/* Every bit of small files turned: an error or a picture, nothing else. */
static void flipped_bits(void **state)
{
    (void)state;
    image picture = formula_picture(8, 8);
    bytes chunks = make_vp8l(&picture);
    bytes files[] = {make_jpeg(&picture, false, NULL), make_jpeg(&picture, true, NULL),
                     make_png(&picture, NULL), make_riff(&chunks)};
    const image_options small = {.max_pixels = 65536, .exif = true};
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        for (size_t bit = 0; bit < 8 * files[f].size; bit++) {
            image out;
            files[f].data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (image_decode(&out, files[f].data, files[f].size, &small, NULL) == EFFNET_OK) {
                crc_of(out.pixels, pixels_size(&out)); /* touches every pixel */
                image_free(&out);
            }
            files[f].data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        bytes_free(&files[f]);
    }
    bytes_free(&chunks);
    image_free(&picture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truncated),
        cmocka_unit_test(completed_with_grey),
        cmocka_unit_test(riff_lies),
        cmocka_unit_test(damaged_png),
        cmocka_unit_test(odd_kinds),
        cmocka_unit_test(stray_bytes),
        cmocka_unit_test(webp_huffman_overflow),
        cmocka_unit_test(flipped_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
