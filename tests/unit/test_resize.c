/* SPDX-License-Identifier: Apache-2.0
 *
 * Resizing: bit for bit as Pillow (goldens.txt), parts equal to the whole, the variant without
 * antialiasing, which no Pillow has, against what its definition says where that is easy to see, and the
 * inner loops against plain arithmetic.
 */
#include "image_test.h"

#include "base/rng.h"
#include "image/resample.h"
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

/* ---- The inner loops against plain arithmetic, in buffers that end where the picture does ---- */

enum { MOST_SIZE = 40, MOST_TAPS = 10 };

static uint8_t plain_sum(const uint8_t *in, size_t stride, const int32_t *weights, int count)
{
    int64_t sum = 1 << (RESAMPLE_FRACTION - 1);
    for (int k = 0; k < count; k++)
        sum += (int64_t)in[(size_t)k * stride] * weights[k];
    sum >>= RESAMPLE_FRACTION;
    return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

/* Weights of either sign whose sums stay within 32 bits, over a source of `length`. */
static void make_axis(axis *a, int size, int length, uint64_t seed)
{
    static int first[MOST_SIZE], count[MOST_SIZE];
    static int32_t weights[MOST_SIZE * MOST_TAPS];
    static uint32_t pairs[MOST_SIZE * MOST_TAPS];
    *a = (axis){
        .size = size, .taps = MOST_TAPS, .first = first, .count = count, .weights = weights, .pairs = pairs};
    memset(weights, 0, sizeof weights);
    for (int i = 0; i < size; i++) {
        count[i] =
            1 + (int)(rng_bits(seed, 2 * (uint64_t)i) % (uint64_t)(length < MOST_TAPS ? length : MOST_TAPS));
        first[i] = (int)(rng_bits(seed, 2 * (uint64_t)i + 1) % (uint64_t)(length - count[i] + 1));
        const int32_t most = (1 << 23) / count[i];
        for (int k = 0; k < count[i]; k++)
            weights[i * MOST_TAPS + k] =
                (int32_t)(rng_bits(seed + 1, (uint64_t)(i * MOST_TAPS + k)) % (uint64_t)(2 * most)) - most;
    }
    resample_prepare(a);
}

static uint8_t *random_bytes(size_t size, uint64_t seed)
{
    uint8_t *values = malloc(size);
    assert_non_null(values);
    for (size_t i = 0; i < size; i++)
        values[i] = rng_bits(seed, i) % 4 ? (uint8_t)rng_bits(seed + 1, i) : 255;
    return values;
}

static void check_axis(int size, int length, uint64_t seed)
{
    axis a;
    make_axis(&a, size, length, seed);
    uint8_t out[MOST_SIZE * RESAMPLE_CHANNELS];
    uint8_t *row = random_bytes((size_t)length * RESAMPLE_CHANNELS, seed);
    resample_horizontal(out, row, (size_t)length * RESAMPLE_CHANNELS, 0, &a);
    for (int i = 0; i < size * RESAMPLE_CHANNELS; i++) {
        const int x = i / RESAMPLE_CHANNELS, c = i % RESAMPLE_CHANNELS;
        assert_int_equal(out[i], plain_sum(row + a.first[x] * RESAMPLE_CHANNELS + c, RESAMPLE_CHANNELS,
                                           a.weights + x * MOST_TAPS, a.count[x]));
    }
    free(row);
    const size_t width = 1 + seed % sizeof out;
    uint8_t *rows = random_bytes((size_t)length * width, seed);
    for (int y = 0; y < size; y++) {
        const uint8_t *from = rows + (size_t)a.first[y] * width;
        resample_vertical(out, from, width, width, &a, y);
        for (size_t i = 0; i < width; i++)
            assert_int_equal(out[i], plain_sum(from + i, width, a.weights + y * MOST_TAPS, a.count[y]));
    }
    free(rows);
}

static void inner_loops(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++)
        check_axis(1 + (int)(seed % MOST_SIZE), 1 + (int)(rng_bits(9, seed) % 60), seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goldens),       cmocka_unit_test(parts),       cmocka_unit_test(without_antialias),
        cmocka_unit_test(bad_arguments), cmocka_unit_test(inner_loops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
