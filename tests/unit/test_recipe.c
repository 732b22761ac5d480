/* SPDX-License-Identifier: Apache-2.0
 *
 * Recipes: their text both ways, and what they make of pictures against torchvision (goldens.txt) and against
 * their definitions.
 */
#define _POSIX_C_SOURCE 200809L
#include "image_test.h"

#include <locale.h>

#include "image/recipe.h"

static recipe parsed(const char *text)
{
    recipe r = recipe_default(224, 224);
    effnet_error error;
    if (recipe_parse(&r, text, &error) != EFFNET_OK) fail_msg("%s: %s", text, error.message);
    return r;
}

static void defaults(void **state)
{
    (void)state;
    const recipe r = recipe_default(224, 224);
    assert_int_equal(r.height, 224);
    assert_int_equal(r.width, 224);
    assert_int_equal(r.resize, 256);
    assert_int_equal(r.fit, RECIPE_CENTER);
    assert_int_equal(r.filter, IMAGE_BICUBIC);
    assert_true(r.antialias && !r.bgr);
    assert_true(r.divisor == 255.0f && r.mean[1] == 0.456f && r.deviation[2] == 0.225f);
}

static void text(void **state)
{
    (void)state;
    recipe r = parsed("size=380,crop=0.922,fit=squash,interpolation=bilinear,antialias=false,order=bgr,"
                      "scale=0.00392156862745098,mean=0.5,std=1:2:3e-1");
    assert_int_equal(r.height, 380);
    assert_int_equal(r.resize, 412);
    assert_int_equal(r.fit, RECIPE_SQUASH);
    assert_int_equal(r.filter, IMAGE_BILINEAR);
    assert_true(!r.antialias && r.bgr && r.divisor == 255.0f);
    assert_true(r.mean[0] == 0.5f && r.mean[2] == 0.5f && r.deviation[1] == 2.0f && r.deviation[2] == 0.3f);

    r = parsed("lite,size=97x131,fit=crop-first,interpolation=nearest,resize=150");
    assert_true(r.height == 97 && r.width == 131 && r.resize == 150 && r.fit == RECIPE_CROP_FIRST);
    assert_true(r.filter == IMAGE_NEAREST && r.divisor == 1.0f && r.mean[0] == 127.0f &&
                r.deviation[0] == 128);
    r = parsed("inception,antialias=true,order=rgb,");
    assert_true(r.divisor == 255.0f && r.mean[1] == 0.5f && r.deviation[1] == 0.5f);
    r = parsed("mean=1,imagenet");
    assert_true(r.mean[0] == 0.485f);
    r = parsed("");
    assert_int_equal(r.resize, 256);
}

/* `resize` belongs to the size: it follows, unless it is given too. */
static void resize_follows_size(void **state)
{
    (void)state;
    assert_int_equal(parsed("size=448").resize, 512);
    assert_int_equal(parsed("size=240").resize, 274);
    assert_int_equal(parsed("width=448").resize, 512);
    assert_int_equal(parsed("height=112").resize, 256);
    assert_int_equal(parsed("resize=300,size=448").resize, 300);
    assert_int_equal(parsed("crop=1,size=448").resize, 448);
    assert_int_equal(parsed("crop=0.5,resize=300").resize, 300);
    assert_int_equal(parsed("resize=300,crop=0.5").resize, 448);
    assert_int_equal(parsed("size=100x200,crop=0.5").resize, 400);
    recipe small = recipe_default(16384, 16384);
    small.resize = 1;
    assert_int_equal(recipe_parse(&small, "size=1", NULL), EFFNET_OK);
    assert_int_equal(small.resize, 1);
}

static void bad_text(void **state)
{
    (void)state;
    static const struct {
        const char *text, *told;
    } cases[] = {
        {"colour=rgb", "no key \"colour\""},
        {"blue", "\"blue\" is neither"},
        {"lite,,size=5", "\"\" is neither"},
        {"size=0", "size=0 is not valid, wanted: pixels"},
        {"size=16385", "1 to 16384"},
        {"size=", "size="},
        {"size= 5", "size="},
        {"size=5x", "size="},
        {"size=x5", "size="},
        {"size=-5", "size="},
        {"height=1e3", "height="},
        {"width=99999999999999999999", "width="},
        {"resize=2.5", "resize="},
        {"crop=0", "crop="},
        {"crop=1.5", "at most 1"},
        {"crop=nan", "crop="},
        {"fit=contain", "center, squash or crop-first"},
        {"interpolation=lanczos", "nearest, bilinear, bicubic or area"},
        {"antialias=1", "true or false"},
        {"order=grb", "rgb or bgr"},
        {"scale=0", "scale="},
        {"scale=1/0", "scale="},
        {"scale=-1", "scale="},
        {"scale=1e-45", "scale="},
        {"scale=1/", "scale="},
        {"scale=inf", "scale="},
        {"scale=0x10", "scale="},
        {"mean=1:2", "three as A:B:C"},
        {"mean=1:2:3:4", "mean="},
        {"mean=1:2:x", "mean="},
        {"mean=1e31", "mean="},
        {"mean=", "mean="},
        {"std=1:0:1", "other than 0"},
        {"std=0", "std="},
        {"std=1e-42", "std="},
        {"=5", "no key \"\""},
        {"size=5 ", "size=5 "},
        {"std=\x1b[31m", "\\x1B"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        recipe r = recipe_default(224, 224);
        const recipe before = r;
        effnet_error error;
        if (recipe_parse(&r, cases[i].text, &error) != EFFNET_ERR_ARGUMENT)
            fail_msg("\"%s\" was accepted", cases[i].text);
        if (!strstr(error.message, cases[i].told)) fail_msg("%s: %s", cases[i].text, error.message);
        assert_memory_equal(&r, &before, sizeof r);
    }
    char longest[400];
    memset(longest, '1', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    recipe r = recipe_default(224, 224);
    effnet_error error;
    assert_int_equal(recipe_parse(&r, longest, &error), EFFNET_ERR_ARGUMENT);
    assert_non_null(strstr(error.message, "too long"));
}

static void assert_round_trip(const recipe *r)
{
    char line[RECIPE_TEXT_SIZE], again[RECIPE_TEXT_SIZE];
    const size_t length = recipe_format(line, sizeof line, r);
    assert_int_equal(length, strlen(line));
    assert_true(length < RECIPE_TEXT_SIZE);
    recipe back = recipe_default(7, 7);
    assert_int_equal(recipe_parse(&back, line, NULL), EFFNET_OK);
    recipe_format(again, sizeof again, &back);
    assert_string_equal(line, again);
    assert_true(back.height == r->height && back.width == r->width && back.fit == r->fit);
    assert_true(back.resize == r->resize && back.filter == r->filter && back.antialias == r->antialias);
    assert_true(back.bgr == r->bgr && memcmp(&back.divisor, &r->divisor, sizeof r->divisor) == 0);
    assert_memory_equal(back.mean, r->mean, sizeof r->mean);
    assert_memory_equal(back.deviation, r->deviation, sizeof r->deviation);
}

static void format_round_trips(void **state)
{
    (void)state;
    char line[RECIPE_TEXT_SIZE];
    recipe r = recipe_default(224, 224);
    recipe_format(line, sizeof line, &r);
    assert_string_equal(line, "size=224x224,resize=256,fit=center,interpolation=bicubic,antialias=true,"
                              "order=rgb,scale=1/255,mean=0.485:0.456:0.406,std=0.229:0.224:0.225");
    assert_true(recipe_format(line, 10, &r) > 10);
    assert_string_equal(line, "size=224x");
    uint32_t bits = 12345;
    for (int i = 0; i < 2000; i++) {
        float values[7];
        for (int k = 0; k < 7; k++) { /* any normal float up to the limit of 1e30 */
            bits = bits * 1664525u + 1013904223u;
            const uint32_t pattern = (bits & 0x807fffffu) | (27 + (bits >> 9) % 190) << 23;
            memcpy(&values[k], &pattern, sizeof pattern);
        }
        r.divisor = fabsf(values[0]);
        memcpy(r.mean, values + 1, sizeof r.mean);
        memcpy(r.deviation, values + 4, sizeof r.deviation);
        r.height = 1 + i;
        r.fit = (recipe_fit)(i % 3);
        r.filter = (image_filter)(i / 3 % 3);
        r.bgr = i % 2;
        r.antialias = i % 5;
        assert_round_trip(&r);
    }
}

static void locale_does_not_matter(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "da_DK.utf8"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (setlocale(LC_NUMERIC, names[i])) break;
    const recipe r = recipe_default(224, 224);
    assert_round_trip(&r);
    char line[RECIPE_TEXT_SIZE];
    recipe_format(line, sizeof line, &r);
    assert_non_null(strstr(line, "mean=0.485:"));
    setlocale(LC_NUMERIC, "C");
}

static float *applied(const recipe *r, const image *picture, int channels)
{
    float *out = malloc((size_t)r->height * (size_t)r->width * (size_t)channels * sizeof *out);
    assert_non_null(out);
    effnet_error error;
    if (recipe_apply(r, picture, channels, out, &error) != EFFNET_OK) fail_msg("%s", error.message);
    return out;
}

static void goldens(void **state)
{
    (void)state;
    FILE *file = fopen(TEST_DATA "/image/goldens.txt", "r");
    assert_non_null(file);
    char line[512], words[256];
    int height, width, channels, seen = 0;
    unsigned crc;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "recipe %d %d %d %255s %x", &height, &width, &channels, words, &crc) != 5) continue;
        const recipe r = parsed(words);
        image picture = formula_picture(height, width);
        float *out = applied(&r, &picture, channels);
        if (crc_of(out, (size_t)(r.height * r.width * channels) * sizeof *out) != crc)
            fail_msg("differs from torchvision: %s", line);
        free(out);
        image_free(&picture);
        seen++;
    }
    fclose(file);
    assert_int_equal(seen, 105);
}

static void channel_order(void **state)
{
    (void)state;
    image picture = formula_picture(40, 40);
    const recipe rgb = parsed("size=32,mean=1:2:3,std=4:5:6,scale=1"),
                 bgr = parsed("size=32,mean=3:2:1,"
                              "std=6:5:4,scale=1,order=bgr");
    float *straight = applied(&rgb, &picture, 3), *reversed = applied(&bgr, &picture, 3);
    for (int i = 0; i < 32 * 32; i++)
        for (int c = 0; c < 3; c++)
            assert_true(straight[3 * i + c] == reversed[3 * i + 2 - c]);
    free(straight);
    free(reversed);
    image_free(&picture);
}

/* The centre window of size/(size+32) of the shorter side, as a box of its own. */
static void crop_first(void **state)
{
    (void)state;
    static const int sizes[][2] = {{256, 256}, {300, 500}, {501, 333}, {7, 9}, {1, 1}, {90, 80}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        image picture = formula_picture(sizes[i][0], sizes[i][1]), expected;
        const recipe r = parsed("size=224,fit=crop-first,antialias=false,scale=1,mean=0,std=1");
        const int side = picture.height < picture.width ? picture.height : picture.width;
        const int window = side * 224 / 256 > 0 ? side * 224 / 256 : 1;
        const int top = (picture.height - window + 1) / 2, left = (picture.width - window + 1) / 2;
        const double box[4] = {left, top, left + window, top + window};
        assert_int_equal(image_resize(&expected, &picture, 224, 224, IMAGE_BICUBIC, false, box, NULL),
                         EFFNET_OK);
        float *out = applied(&r, &picture, 3);
        for (int k = 0; k < 224 * 224 * 3; k++)
            assert_true(out[k] == (float)expected.pixels[k]);
        free(out);
        image_free(&expected);
        image_free(&picture);
    }
    image wide = formula_picture(100, 300);
    const recipe r = parsed("size=64x96,fit=crop-first");
    free(applied(&r, &wide, 3)); /* rectangular networks take a rectangular window */
    image_free(&wide);
}

static void extreme_shapes(void **state)
{
    (void)state;
    static const int sizes[][2] = {{1, 1}, {1, 16384}, {16384, 1}, {3, 4000}};
    static const char *const texts[] = {"",
                                        "fit=squash",
                                        "fit=crop-first",
                                        "size=500,resize=1",
                                        "size=32,resize=16384",
                                        "interpolation=nearest"};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
            image picture = formula_picture(sizes[i][0], sizes[i][1]);
            const recipe r = parsed(texts[t]);
            float *out = applied(&r, &picture, 3);
            for (int k = 0; k < r.height * r.width * 3; k++)
                assert_true(isfinite(out[k]));
            free(out);
            image_free(&picture);
        }
}

static void unsupported_channels(void **state)
{
    (void)state;
    image picture = formula_picture(40, 40);
    const recipe r = recipe_default(32, 32);
    effnet_error error;
    assert_int_equal(recipe_apply(&r, &picture, 4, NULL, &error), EFFNET_ERR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "4 input channels"));
    image_free(&picture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(text),
        cmocka_unit_test(resize_follows_size),
        cmocka_unit_test(bad_text),
        cmocka_unit_test(format_round_trips),
        cmocka_unit_test(locale_does_not_matter),
        cmocka_unit_test(goldens),
        cmocka_unit_test(channel_order),
        cmocka_unit_test(crop_first),
        cmocka_unit_test(extreme_shapes),
        cmocka_unit_test(unsupported_channels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
