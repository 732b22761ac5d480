/* SPDX-License-Identifier: Apache-2.0
 *
 * Resizing: bit for bit as Pillow (goldens.txt), parts equal to the whole, and the variant without
 * antialiasing, which no Pillow has, against what its definition says where that is easy to see.
 */
#include "image_test.h"

#include "image/resize.h"

static image_filter filter_of(const char *name)
{
    return !strcmp(name, "nearest")    ? IMAGE_NEAREST
           : !strcmp(name, "bilinear") ? IMAGE_BILINEAR
                                       : IMAGE_BICUBIC;
}

static void goldens(void **state)
{
    (void)state;
    FILE *file = fopen(TEST_DATA "/image/goldens.txt", "r");
    assert_non_null(file);
    char line[512], name[16], box_text[128];
    int height, width, to_height, to_width, seen = 0;
    unsigned crc;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "resize %d %d -> %d %d %15s %127s %x", &height, &width, &to_height, &to_width, name,
                   box_text, &crc) != 7)
            continue;
        double box[4];
        const bool boxed = sscanf(box_text, "%lf,%lf,%lf,%lf", &box[0], &box[1], &box[2], &box[3]) == 4;
        image in = formula_picture(height, width), out;
        assert_int_equal(
            image_resize(&out, &in, to_height, to_width, filter_of(name), true, boxed ? box : NULL, NULL),
            EFFNET_OK);
        if (crc_of(out.pixels, pixels_size(&out)) != crc) fail_msg("differs from Pillow: %s", line);
        image_free(&in);
        image_free(&out);
        seen++;
    }
    fclose(file);
    assert_int_equal(seen, 110);
}

/* Any part of a result is the same as the whole result, cut. */
static void parts(void **state)
{
    (void)state;
    static const int sizes[][4] = {{60, 80, 31, 44}, {60, 80, 97, 131}, {200, 20, 31, 18},
                                   {40, 40, 40, 20}, {40, 40, 20, 40},  {40, 40, 40, 40}};
    static const double starts[] = {0, 0.3, 0.9};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int f = IMAGE_NEAREST; f <= IMAGE_BICUBIC; f++)
            for (size_t s = 0; s < 3; s++) {
                image in = formula_picture(sizes[i][0], sizes[i][1]), whole, part;
                resize_request r = {.height = sizes[i][2],
                                    .width = sizes[i][3],
                                    .filter = (image_filter)f,
                                    .antialias = s != 1,
                                    .box = {0, 0, in.width, in.height}};
                r.top = (int)(starts[s] * r.height);
                r.left = (int)(starts[2 - s] * r.width);
                r.rows = (r.height - r.top + 1) / 2;
                r.columns = (r.width - r.left + 1) / 2;
                assert_int_equal(
                    image_resize(&whole, &in, r.height, r.width, r.filter, r.antialias, NULL, NULL),
                    EFFNET_OK);
                assert_int_equal(resize_part(&part, &in, &r, NULL), EFFNET_OK);
                assert_int_equal(part.height, r.rows);
                assert_int_equal(part.width, r.columns);
                for (int y = 0; y < r.rows; y++)
                    assert_memory_equal(part.pixels + (size_t)(y * r.columns) * 3,
                                        whole.pixels + (size_t)((r.top + y) * r.width + r.left) * 3,
                                        (size_t)r.columns * 3);
                image_free(&in);
                image_free(&whole);
                image_free(&part);
            }
}

static void without_antialias(void **state)
{
    (void)state;
    image in = formula_picture(36, 60), out, other;
    /* Shrinking by three puts each new centre on the centre of an old pixel. */
    assert_int_equal(image_resize(&out, &in, 12, 20, IMAGE_BILINEAR, false, NULL, NULL), EFFNET_OK);
    for (int y = 0; y < 12; y++)
        for (int x = 0; x < 20; x++)
            assert_memory_equal(out.pixels + (y * 20 + x) * 3, in.pixels + ((3 * y + 1) * 60 + 3 * x + 1) * 3,
                                3);
    image_free(&out);
    /* Shrinking by four puts it between four pixels, which count alike. */
    assert_int_equal(image_resize(&out, &in, 9, 15, IMAGE_BILINEAR, false, NULL, NULL), EFFNET_OK);
    for (int y = 0; y < 9; y++)
        for (int x = 0; x < 15; x++)
            for (int c = 0; c < 3; c++) {
                const uint8_t *p = in.pixels + ((4 * y + 1) * 60 + 4 * x + 1) * 3 + c;
                const int mean = (p[0] + p[3] + p[180] + p[183] + 2) / 4;
                assert_in_range(out.pixels[(y * 15 + x) * 3 + c] + 1, mean, mean + 2);
            }
    image_free(&out);
    /* Enlarging needs no antialiasing. */
    assert_int_equal(image_resize(&out, &in, 50, 77, IMAGE_BICUBIC, false, NULL, NULL), EFFNET_OK);
    assert_int_equal(image_resize(&other, &in, 50, 77, IMAGE_BICUBIC, true, NULL, NULL), EFFNET_OK);
    assert_memory_equal(out.pixels, other.pixels, pixels_size(&out));
    image_free(&out);
    image_free(&other);
    image_free(&in);
}

static void bad_arguments(void **state)
{
    (void)state;
    image in = formula_picture(10, 20), out;
    effnet_error error;
    static const double boxes[][4] = {{0, 0, 21, 10},  {-1, 0, 5, 5}, {3, 3, 3, 5},
                                      {0, 0, 5, 10.5}, {8, 0, 7, 3},  {0, NAN, 5, 5}};
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++) {
        assert_int_equal(image_resize(&out, &in, 5, 5, IMAGE_BICUBIC, true, boxes[i], &error),
                         EFFNET_ERR_ARGUMENT);
        assert_non_null(strstr(error.message, "box"));
        assert_null(out.pixels);
    }
    assert_int_equal(image_resize(&out, &in, 0, 5, IMAGE_BICUBIC, true, NULL, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(image_resize(&out, &in, 5, -1, IMAGE_NEAREST, true, NULL, &error), EFFNET_ERR_ARGUMENT);
    image_free(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goldens),
        cmocka_unit_test(parts),
        cmocka_unit_test(without_antialias),
        cmocka_unit_test(bad_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
