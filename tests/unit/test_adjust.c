/* SPDX-License-Identifier: Apache-2.0
 *
 * Operations on colours and places: bit for bit as Pillow (adjust.txt), and the one that Pillow has not
 * against its definition.
 */
#include "image_test.h"

#include "image/adjust.h"
#include "image/recipe.h"
#include "image/warp.h"

typedef struct operation {
    const char *name;
    void (*plain)(image *);
    void (*by_number)(image *, int);
    void (*by_factor)(image *, float);
    effnet_status (*fallible)(image *, float, effnet_error *);
} operation;

static effnet_status rotate(image *p, float degrees, effnet_error *error)
{
    return warp_rotate(p, (double)degrees, 128, error);
}

static effnet_status area(image *p, float height, effnet_error *error)
{
    image out;
    const int rows = (int)height;
    const effnet_status status =
        image_resize(&out, p, rows, rows * 17 % 90 + 1, IMAGE_AREA, true, NULL, error);
    image_free(p);
    *p = out;
    return status;
}

static const operation operations[] = {
    {.name = "autocontrast", .plain = adjust_autocontrast},
    {.name = "equalize", .plain = adjust_equalize},
    {.name = "invert", .plain = adjust_invert},
    {.name = "mirror", .plain = adjust_mirror},
    {.name = "grey", .plain = adjust_grey},
    {.name = "posterize", .by_number = adjust_posterize},
    {.name = "solarize", .by_number = adjust_solarize},
    {.name = "brightness", .by_factor = adjust_brightness},
    {.name = "contrast", .by_factor = adjust_contrast},
    {.name = "colour", .by_factor = adjust_colour},
    {.name = "hue", .by_factor = adjust_hue},
    {.name = "sharpness", .fallible = adjust_sharpness},
    {.name = "area", .fallible = area},
    {.name = "rotate", .fallible = rotate},
};

static bool apply(image *p, const char *name, const char *argument)
{
    double m[6];
    if (strcmp(name, "affine") == 0) {
        if (sscanf(argument, "%lf,%lf,%lf,%lf,%lf,%lf", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5]) != 6)
            return false;
        return warp_affine(p, m, 128, NULL) == EFFNET_OK;
    }
    const double number = atof(argument);
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        const operation *o = &operations[i];
        if (strcmp(o->name, name) != 0) continue;
        if (o->plain) o->plain(p);
        if (o->by_number) o->by_number(p, (int)number);
        if (o->by_factor) o->by_factor(p, (float)number);
        return !o->fallible || o->fallible(p, (float)number, NULL) == EFFNET_OK;
    }
    return false;
}

static void goldens(void **state)
{
    (void)state;
    FILE *file = fopen(TEST_DATA "/image/adjust.txt", "r");
    assert_non_null(file);
    char line[256], name[16], argument[128];
    int height, width, dull, seen = 0, wrong = 0;
    unsigned crc;
    while (fgets(line, sizeof line, file)) {
        assert_int_equal(sscanf(line, "%d %d %d %15s %127s %x", &height, &width, &dull, name, argument, &crc),
                         6);
        image p = formula_picture(height, width);
        for (size_t i = 0; dull && i < pixels_size(&p); i++)
            p.pixels[i] = (uint8_t)(p.pixels[i] / 3 + 40);
        if (!apply(&p, name, argument)) fail_msg("no such operation: %s", line);
        if (crc_of(p.pixels, pixels_size(&p)) != crc) {
            print_error("differs from Pillow: %s", line);
            wrong++;
        }
        image_free(&p);
        seen++;
    }
    fclose(file);
    assert_int_equal(wrong, 0);
    assert_int_equal(seen, 744);
}

static void without_golden(void **state)
{
    (void)state;
    image p = formula_picture(40, 30), before = formula_picture(40, 30);
    adjust_solarize_add(&p, 110);
    for (size_t i = 0; i < pixels_size(&p); i++) {
        const int value = before.pixels[i], added = value + 110 > 255 ? 255 : value + 110;
        assert_int_equal(p.pixels[i], value < 128 ? added : value);
    }
    adjust_posterize(&p, 0);
    for (size_t i = 0; i < pixels_size(&p); i++)
        assert_int_equal(p.pixels[i], 0);
    image_free(&p);
    image_free(&before);
}

/* A picture of the network's size through the whole recipe is its normalisation alone. */
static void normalise(void **state)
{
    (void)state;
    static const char *const recipes[] = {"resize=32", "resize=32,order=bgr", "resize=32,lite"};
    for (size_t i = 0; i < 3; i++)
        for (int channels = 1; channels <= 3; channels += 2) {
            recipe r = recipe_default(32, 32);
            assert_int_equal(recipe_parse(&r, recipes[i], NULL), EFFNET_OK);
            image p = formula_picture(32, 32);
            float whole[32 * 32 * 3] = {0}, last[32 * 32 * 3] = {0};
            assert_int_equal(recipe_apply(&r, &p, channels, whole, NULL), EFFNET_OK);
            if (channels == 1) adjust_grey(&p);
            recipe_normalise(last, &r, &p, channels);
            assert_memory_equal(whole, last, sizeof whole);
            image_free(&p);
        }
}

/* Both steps one after the other are the recipe, also where there is black around a small picture. */
static void fit(void **state)
{
    (void)state;
    static const char *const recipes[] = {"resize=36", "resize=20", "fit=squash", "fit=crop-first",
                                          "width=40,resize=24"};
    static const int sizes[][2] = {{50, 60}, {7, 90}, {1, 1}, {32, 32}};
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++)
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            recipe r = recipe_default(32, 32);
            assert_int_equal(recipe_parse(&r, recipes[i], NULL), EFFNET_OK);
            image p = formula_picture(sizes[k][0], sizes[k][1]), fitted;
            float whole[32 * 40 * 3] = {0}, steps[32 * 40 * 3] = {0};
            assert_int_equal(recipe_apply(&r, &p, 3, whole, NULL), EFFNET_OK);
            assert_int_equal(recipe_fit_picture(&fitted, &r, &p, NULL), EFFNET_OK);
            assert_int_equal(fitted.height, r.height);
            assert_int_equal(fitted.width, r.width);
            recipe_normalise(steps, &r, &fitted, 3);
            assert_memory_equal(whole, steps, sizeof whole);
            image_free(&p);
            image_free(&fitted);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goldens),
        cmocka_unit_test(without_golden),
        cmocka_unit_test(normalise),
        cmocka_unit_test(fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
