/* SPDX-License-Identifier: Apache-2.0
 *
 * Valid pictures in every variant against Pillow (goldens.txt), orientation in all formats, and what is said
 * of files that are no pictures.
 */
#include "image_test.h"

#include "image/exif.h"

static image decoded(const bytes *file, const image_options *options)
{
    image out;
    effnet_error error;
    if (image_decode(&out, file->data, file->size, options, &error) != EFFNET_OK)
        fail_msg("%s", error.message);
    return out;
}

static image decoded_file(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/image/%s", TEST_DATA, name);
    bytes file = read_file(path);
    assert_non_null(file.data);
    const image out = decoded(&file, NULL);
    bytes_free(&file);
    return out;
}

static image_format format_of(const char *name)
{
    return strstr(name, ".png") ? IMAGE_PNG : strstr(name, ".webp") ? IMAGE_WEBP : IMAGE_JPEG;
}

static void exact_goldens(void **state)
{
    (void)state;
    FILE *file = fopen(TEST_DATA "/image/goldens.txt", "r");
    assert_non_null(file);
    char line[512], name[128];
    int height, width, seen = 0;
    unsigned crc;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "decode %127s %d %d %x", name, &height, &width, &crc) != 4) continue;
        image picture = decoded_file(name);
        assert_int_equal(picture.height, height);
        assert_int_equal(picture.width, width);
        assert_int_equal(picture.format, format_of(name));
        assert_int_equal(picture.orientation, 1);
        assert_false(picture.has_icc || picture.truncated);
        if (crc_of(picture.pixels, pixels_size(&picture)) != crc) fail_msg("differs from Pillow: %s", name);
        image_free(&picture);
        seen++;
    }
    fclose(file);
    assert_int_equal(seen, 35);
}

static int largest_difference(const image *a, const image *b)
{
    int largest = 0;
    assert_true(a->height == b->height && a->width == b->width);
    for (size_t i = 0; i < pixels_size(a); i++) {
        const int difference = abs(a->pixels[i] - b->pixels[i]);
        if (difference > largest) largest = difference;
    }
    return largest;
}

static void close_goldens(void **state)
{
    (void)state;
    FILE *file = fopen(TEST_DATA "/image/goldens.txt", "r");
    assert_non_null(file);
    char line[512], name[128], expected_name[128];
    int seen = 0;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "close %127s %127s", name, expected_name) != 2) continue;
        image picture = decoded_file(name), expected = decoded_file(expected_name);
        assert_int_equal(picture.format, format_of(name));
        if (largest_difference(&picture, &expected) > 2) fail_msg("differs from Pillow: %s", name);
        image_free(&picture);
        image_free(&expected);
        seen++;
    }
    fclose(file);
    assert_int_equal(seen, 12);
}

/* Where the pixel at (x, y) of the upright picture lies in the stored one of `height` x `width`: the eight
 * cases of Exif 2.32, table "Orientation", written out. */
static void stored_place(int orientation, int height, int width, int x, int y, int *sx, int *sy)
{
    const int right = width - 1, bottom = height - 1;
    const int xs[] = {0, x, right - x, right - x, x, y, y, right - y, right - y};
    const int ys[] = {0, y, y, bottom - y, bottom - y, x, bottom - x, bottom - x, x};
    *sx = xs[orientation];
    *sy = ys[orientation];
}

static void assert_turned(const image *turned, const image *stored, int orientation)
{
    const bool quarter = orientation >= 5;
    assert_int_equal(turned->width, quarter ? stored->height : stored->width);
    assert_int_equal(turned->height, quarter ? stored->width : stored->height);
    for (int y = 0; y < turned->height; y++)
        for (int x = 0; x < turned->width; x++) {
            int sx, sy;
            stored_place(orientation, stored->height, stored->width, x, y, &sx, &sy);
            assert_memory_equal(turned->pixels + (y * turned->width + x) * 3,
                                stored->pixels + (sy * stored->width + sx) * 3, 3);
        }
}

static bytes with_exif(image_format format, const image *picture, const bytes *exif, bool prefixed)
{
    bytes block = {0}, extra = {0}, file;
    if (prefixed) put(&block, "Exif\0\0", 6);
    put(&block, exif->data, exif->size);
    if (format == IMAGE_JPEG) {
        file = make_jpeg(picture, false, &block);
    } else if (format == IMAGE_PNG) {
        put_png_chunk(&extra, "eXIf", block.data, block.size);
        file = make_png(picture, &extra);
    } else {
        bytes stream = make_vp8l(picture);
        put_vp8x(&extra, 0x08, picture->width, picture->height);
        put(&extra, stream.data, stream.size);
        put_riff_chunk(&extra, "EXIF", block.data, block.size);
        file = make_riff(&extra);
        bytes_free(&stream);
    }
    bytes_free(&block);
    bytes_free(&extra);
    return file;
}

static void check_orientation(image_format format, const image *picture, int orientation, bool big_endian)
{
    /* JPEG's APP1 must have the prefix; the others occur both ways. */
    const bool prefixed = format == IMAGE_JPEG || orientation % 2 == 0;
    bytes exif = make_exif(big_endian, 0x0112, orientation % 3 == 0 ? 4 : 3, 1, (uint32_t)orientation);
    bytes file = with_exif(format, picture, &exif, prefixed);
    image stored = decoded(&file, NULL), turned = decoded(&file, &(image_options){.exif = true});
    assert_int_equal(stored.orientation, orientation);
    assert_int_equal(turned.orientation, orientation);
    assert_int_equal(stored.width, picture->width);
    assert_turned(&turned, &stored, orientation);
    if (format != IMAGE_JPEG) assert_memory_equal(stored.pixels, picture->pixels, pixels_size(picture));
    image_free(&stored);
    image_free(&turned);
    bytes_free(&file);
    bytes_free(&exif);
}

static void orientation_turns(void **state)
{
    (void)state;
    for (int format = IMAGE_JPEG; format <= IMAGE_WEBP; format++)
        for (int orientation = 1; orientation <= 8; orientation++)
            for (int big = 0; big < 2; big++) {
                image picture = formula_picture(big ? 41 : 6, big ? 70 : 5);
                check_orientation((image_format)format, &picture, orientation, big);
                image_free(&picture);
            }
}

static void assert_orientation(const bytes *block, int expected)
{
    assert_int_equal(exif_orientation(block->data, block->size), expected);
}

static void odd_exif_blocks(void **state)
{
    (void)state;
    static const struct {
        unsigned tag, type;
        uint32_t count, value;
        int expected;
    } cases[] = {
        {0x0112, 3, 1, 6, 6},     {0x0112, 3, 1, 0, 1}, {0x0112, 3, 1, 9, 1}, {0x0112, 3, 1, 65535, 1},
        {0x0112, 4, 1, 65542, 1}, {0x0112, 2, 1, 6, 1}, {0x0112, 3, 2, 6, 1}, {0x0113, 3, 1, 6, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int big = 0; big < 2; big++) {
            bytes b = make_exif(big, cases[i].tag, cases[i].type, cases[i].count, cases[i].value);
            assert_orientation(&b, cases[i].expected);
            bytes_free(&b);
        }

    bytes b = make_exif(false, 0x0112, 3, 1, 6);
    for (size_t cut = 0; cut < b.size; cut++) { /* no prefix of it may be read past its end */
        bytes part = {0};
        put(&part, b.data, cut);
        part.data = realloc(part.data, cut ? cut : 1);
        assert_int_equal(exif_orientation(part.data, cut), cut < 22 ? 1 : 6);
        bytes_free(&part);
    }
    memcpy(b.data + 4, "\xff\xff\xff\xff", 4); /* the directory lies past the end */
    assert_orientation(&b, 1);
    memcpy(b.data + 4, "\x02\0\0\0", 4); /* the directory overlaps the header */
    assert_orientation(&b, 1);
    memcpy(b.data, "IM", 2);
    assert_orientation(&b, 1);
    bytes_free(&b);
    assert_int_equal(exif_orientation(NULL, 0), 1);
}

static void metadata_is_noted(void **state)
{
    (void)state;
    image picture = formula_picture(9, 8);
    bytes extra = {0}, app2 = {0};
    put_png_chunk(&extra, "iCCP", "x\0\0broken", 9);
    bytes png = make_png(&picture, &extra);
    image out = decoded(&png, NULL);
    assert_true(out.has_icc);
    image_free(&out);
    bytes_free(&extra);

    bytes jpeg = make_jpeg(&picture, false, NULL);
    put(&app2, jpeg.data, 2);
    put(&app2, "\xff\xe2\0\x10ICC_PROFILE\0\1\1", 18);
    put(&app2, jpeg.data + 2, jpeg.size - 2);
    out = decoded(&app2, NULL);
    assert_true(out.has_icc);
    image_free(&out);

    bytes stream = make_vp8l(&picture);
    put_vp8x(&extra, 0x20, 8, 9);
    put_riff_chunk(&extra, "ICCP", "abc", 3);
    put(&extra, stream.data, stream.size);
    bytes webp = make_riff(&extra);
    out = decoded(&webp, NULL);
    assert_true(out.has_icc);
    image_free(&out);
    bytes_free(&png);
    bytes_free(&jpeg);
    bytes_free(&app2);
    bytes_free(&extra);
    bytes_free(&stream);
    bytes_free(&webp);
    image_free(&picture);
}

/* The first frame may cover a part of the canvas; the rest of it is black. */
static void animation_with_small_frame(void **state)
{
    (void)state;
    image frame = formula_picture(5, 7);
    bytes stream = make_vp8l(&frame), anmf = {0}, chunks = {0};
    put_u24_le(&anmf, 2); /* x = 4 */
    put_u24_le(&anmf, 1); /* y = 2 */
    put_u24_le(&anmf, frame.width - 1);
    put_u24_le(&anmf, frame.height - 1);
    put_u32_le(&anmf, 100);
    put(&anmf, stream.data, stream.size);
    put_vp8x(&chunks, 0x02, 13, 9);
    put_riff_chunk(&chunks, "ANIM", "\0\0\0\0\0\0", 6);
    put_riff_chunk(&chunks, "ANMF", anmf.data, anmf.size);
    put_riff_chunk(&chunks, "ANMF", "broken", 6); /* not looked at */
    bytes file = make_riff(&chunks);
    image out = decoded(&file, NULL);
    assert_true(out.width == 13 && out.height == 9);
    for (int y = 0; y < 9; y++)
        for (int x = 0; x < 13; x++) {
            static const uint8_t black[3];
            const bool inside = x >= 4 && x < 11 && y >= 2 && y < 7;
            assert_memory_equal(out.pixels + (y * 13 + x) * 3,
                                inside ? frame.pixels + ((y - 2) * 7 + x - 4) * 3 : black, 3);
        }
    image_free(&out);
    image_free(&frame);
    bytes_free(&stream);
    bytes_free(&anmf);
    bytes_free(&chunks);
    bytes_free(&file);
}

static void codecs_are_named(void **state)
{
    (void)state;
    const char *name;
    char version[IMAGE_VERSION_SIZE];
    size_t count = 0;
    for (; image_codec_get(count, &name, version); count++)
        assert_true(strncmp(name, "lib", 3) == 0 && version[0] >= '0' && version[0] <= '9');
    assert_int_equal(count, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_goldens),     cmocka_unit_test(close_goldens),
        cmocka_unit_test(orientation_turns), cmocka_unit_test(odd_exif_blocks),
        cmocka_unit_test(metadata_is_noted), cmocka_unit_test(animation_with_small_frame),
        cmocka_unit_test(codecs_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
