/* SPDX-License-Identifier: Apache-2.0
 *
 * Draws and what they decide: distributions against what they should be, each operation of RandAugment
 * against the primitive it stands for, mixing and erasing against their definitions. Seeds are fixed, so a
 * bound that holds today holds tomorrow; bounds are five standard deviations.
 */
#include "image_test.h"

#include "image/adjust.h"
#include "image/warp.h"
#include "train/data/augment.h"
#include "train/data/sampler.h"

static effnet_error error;

static void expect_near(double value, double expected, double tolerance, const char *what)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%s is %g, expected %g within %g", what, value, expected, tolerance);
}

/* ---- Draws ---- */

static void draws_are_pure(void **state)
{
    (void)state;
    draws a = draws_for(1, "crop", 2, 3), again = draws_for(1, "crop", 2, 3);
    const draws others[] = {draws_for(2, "crop", 2, 3), draws_for(1, "mix", 2, 3), draws_for(1, "crop", 3, 2),
                            draws_for(1, "crop", 2, 4)};
    for (size_t i = 0; i < 4; i++)
        assert_true(a.key != others[i].key);
    const double first = draw_between(&a, 0, 1);
    assert_true(first == draw_between(&again, 0, 1));
    assert_true(first != draw_between(&a, 0, 1));
}

static void below_is_uniform(void **state)
{
    (void)state;
    enum { TRIES = 60000 };
    size_t counts[6] = {0};
    draws d = draws_for(7, "test", 0, 0);
    for (int i = 0; i < TRIES; i++)
        counts[draw_below(&d, 6)]++;
    for (int i = 0; i < 6; i++)
        expect_near((double)counts[i] / TRIES, 1.0 / 6, 5 * sqrt(5.0 / 36 / TRIES), "a sixth");
    assert_int_equal(draw_below(&d, 1), 0);
}

/* All six orders of three equally often. */
static void orders_are_uniform(void **state)
{
    (void)state;
    enum { TRIES = 60000 };
    size_t counts[27] = {0};
    for (uint64_t i = 0; i < TRIES; i++) {
        uint32_t order[3];
        draws d = draws_for(3, "order", i, 0);
        draw_order(order, 3, &d);
        counts[order[0] * 9 + order[1] * 3 + order[2]]++;
    }
    size_t orders = 0;
    for (int i = 0; i < 27; i++) {
        if (counts[i] == 0) continue;
        orders++;
        expect_near((double)counts[i] / TRIES, 1.0 / 6, 5 * sqrt(5.0 / 36 / TRIES), "an order");
    }
    assert_int_equal(orders, 6);
}

/* Mean 1/2, variance 1 / (4 (2 alpha + 1)). */
static void beta_has_its_moments(void **state)
{
    (void)state;
    enum { TRIES = 40000 };
    static const double alphas[] = {0.001, 0.2, 0.8, 1, 2.5, 50};
    for (size_t k = 0; k < sizeof alphas / sizeof *alphas; k++) {
        double sum = 0, squares = 0;
        draws d = draws_for(5, "beta", 0, k);
        for (int i = 0; i < TRIES; i++) {
            const double x = draw_beta(&d, alphas[k]);
            assert_true(x >= 0 && x <= 1);
            sum += x;
            squares += (x - 0.5) * (x - 0.5);
        }
        const double variance = 1 / (4 * (2 * alphas[k] + 1));
        expect_near(sum / TRIES, 0.5, 5 * sqrt(variance / TRIES), "the mean");
        expect_near(squares / TRIES, variance, 5 * sqrt(2 * variance * variance / TRIES), "the variance");
    }
}

/* ---- Sampler ---- */

/* Every rank's pictures of an epoch together: none twice, and in each step what one rank alone would take. */
static void check_epoch(size_t items, size_t batch, size_t ranks, bool training)
{
    sampler whole;
    assert_int_equal(sampler_create(&whole, items, batch * ranks, 0, 1, 9, training, NULL), EFFNET_OK);
    uint32_t *all = calloc(batch * ranks, sizeof *all), *part = calloc(batch, sizeof *part);
    bool *seen = calloc(items, sizeof *seen);
    size_t total = 0;
    assert_true(all && part && seen);
    for (size_t step = 0; step < sampler_steps(&whole); step++) {
        const size_t count = sampler_take(all, &whole, 4, step);
        size_t at = 0;
        for (size_t rank = 0; rank < ranks; rank++) {
            sampler s;
            assert_int_equal(sampler_create(&s, items, batch, rank, ranks, 9, training, NULL), EFFNET_OK);
            assert_int_equal(sampler_steps(&s), sampler_steps(&whole));
            const size_t own = sampler_take(part, &s, 4, step);
            assert_true(own <= batch && at + own <= count);
            assert_memory_equal(part, all + at, own * sizeof *part);
            at += own;
            sampler_free(&s);
        }
        assert_int_equal(at, count);
        for (size_t i = 0; i < count; i++) {
            assert_false(seen[all[i]]);
            seen[all[i]] = true;
        }
        total += count;
    }
    const size_t left = items % (batch * ranks);
    assert_int_equal(total, training && items >= batch * ranks ? items - left : items);
    free(all);
    free(part);
    free(seen);
    sampler_free(&whole);
}

static void sampling(void **state)
{
    (void)state;
    static const size_t cases[][3] = {{2, 16, 1}, {100, 8, 1}, {100, 8, 3},
                                      {7, 2, 4},  {64, 16, 4}, {1, 1, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int training = 0; training < 2; training++)
            if (training == 0 || cases[i][0] >= cases[i][2])
                check_epoch(cases[i][0], cases[i][1], cases[i][2], training == 1);
    check_epoch(3, 2, 8, false); /* ranks without a picture */
    sampler s;
    assert_int_equal(sampler_create(&s, 3, 2, 0, 4, 1, true, &error), EFFNET_ERR_ARGUMENT);
    assert_non_null(strstr(error.message, "3 pictures for 4 ranks"));
    assert_int_equal(sampler_create(&s, 0, 2, 0, 1, 1, true, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(sampler_create(&s, 3, 0, 0, 1, 1, true, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(sampler_create(&s, 3, 1, 2, 2, 1, true, &error), EFFNET_ERR_ARGUMENT);
}

static void epochs_differ(void **state)
{
    (void)state;
    sampler s;
    uint32_t first[50], second[50], again[50];
    assert_int_equal(sampler_create(&s, 50, 50, 0, 1, 1, true, NULL), EFFNET_OK);
    sampler_take(first, &s, 0, 0);
    sampler_take(second, &s, 1, 0);
    sampler_take(again, &s, 0, 0);
    assert_memory_equal(first, again, sizeof first);
    assert_memory_not_equal(first, second, sizeof first);
    sampler_free(&s);
}

/* ---- Parts of a picture ---- */

static void random_parts(void **state)
{
    (void)state;
    enum { TRIES = 20000, SIDE = 1000 };
    const augment_options o = augment_photos();
    double area = 0, ratio = 0, left = 0;
    size_t small = 0, count = 0;
    for (uint64_t i = 0; i < TRIES; i++) {
        int p[4];
        draws d = draws_for(1, "crop", 0, i);
        augment_random_part(p, &o, SIDE, SIDE, &d);
        assert_true(p[0] >= 0 && p[1] >= 0 && p[2] > 0 && p[3] > 0);
        assert_true(p[0] + p[2] <= SIDE && p[1] + p[3] <= SIDE);
        const double share = (double)p[2] * p[3] / SIDE / SIDE, shape = log((double)p[2] / p[3]);
        assert_true(share > 0.079 && fabs(shape) < log(4.0 / 3) + 0.01);
        if (share > 0.7) continue; /* from 3/4 on, shapes that do not fit are drawn again */
        area += share;
        ratio += shape;
        small += share < 0.39;
        if (p[2] < SIDE) left += (double)p[0] / (SIDE - p[2]);
        count++;
    }
    expect_near(area / (double)count, (0.08 + 0.7) / 2, 5 * 0.62 / sqrt(12.0 * (double)count),
                "the mean area");
    expect_near(ratio / (double)count, 0, 5 * log(16.0 / 9) / sqrt(12.0 * (double)count), "the mean shape");
    expect_near((double)small / (double)count, 0.5, 5 * 0.5 / sqrt((double)count), "the smaller half");
    expect_near(left / (double)count, 0.5, 5 / sqrt(12.0 * (double)count), "the mean place");
    /* Of areas s above 3/4, log(1/s) / log(4/3) fit: 14.24 % of all are drawn again. */
    const double below = 0.62 / 0.92 / (1 - 0.1424);
    expect_near((double)count / TRIES, below, 5 * sqrt(below * (1 - below) / TRIES), "the share below 0.7");
}

/* Where no part of the wanted shape fits, the middle. */
static void parts_of_odd_pictures(void **state)
{
    (void)state;
    augment_options o = augment_photos();
    o.scale[0] = 1;
    static const int cases[][6] = {{100, 1000, 433, 0, 133, 100},
                                   {1000, 100, 0, 433, 100, 133},
                                   {1, 1, 0, 0, 1, 1},
                                   {1, 500, 249, 0, 1, 1},
                                   {3, 1, 0, 1, 1, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int p[4];
        draws d = draws_for(1, "crop", 0, i);
        augment_random_part(p, &o, cases[i][0], cases[i][1], &d);
        for (int k = 0; k < 4; k++)
            assert_int_equal(p[k], cases[i][2 + k]);
    }
}

/* ---- One picture ---- */

static recipe plain_recipe(int side)
{
    recipe r = recipe_default(side, side);
    assert_int_equal(recipe_parse(&r, "scale=1,mean=0,std=1", NULL), EFFNET_OK);
    r.resize = side;
    return r;
}

static void nothing_changed(void **state)
{
    (void)state;
    const augment_options none = {0};
    image p = formula_picture(16, 16);
    const recipe r = plain_recipe(16);
    float values[16 * 16 * 3], expected[16 * 16 * 3];
    for (int channels = 1; channels <= 3; channels += 2) {
        assert_int_equal(augment_picture(values, &none, &r, channels, &p, &(augment_place){0}, NULL),
                         EFFNET_OK);
        assert_int_equal(recipe_apply(&r, &p, channels, expected, NULL), EFFNET_OK);
        assert_memory_equal(values, expected, sizeof(float) * 16 * 16 * (size_t)channels);
    }
    image_free(&p);
}

/* Mirroring happens half of the time, and every shift equally often. */
static void shifts(void **state)
{
    (void)state;
    enum { SIDE = 8, TRIES = 4000 };
    image p = formula_picture(SIDE, SIDE);
    for (int i = 0; i < SIDE * SIDE; i++)
        memset(p.pixels + (size_t)i * 3, i + 1, 3);
    const recipe r = plain_recipe(SIDE);
    augment_options o = augment_small(SIDE);
    assert_int_equal(o.padding, 1);
    size_t mirrored = 0, places[3][3] = {{0}};
    for (uint64_t i = 0; i < TRIES; i++) {
        float v[SIDE][SIDE][3];
        assert_int_equal(augment_picture(&v[0][0][0], &o, &r, 3, &p, &(augment_place){1, 0, i}, NULL),
                         EFFNET_OK);
        const int middle = (int)v[4][4][0], next = (int)v[4][5][0];
        const bool turned = next < middle;
        mirrored += turned;
        const int row = (middle - 1) / SIDE, column = (middle - 1) % SIDE;
        const int down = 4 - row, right = (turned ? 3 : 4) - column;
        assert_true(abs(down) <= 1 && abs(right) <= 1);
        places[down + 1][right + 1]++;
        if (down == 1) assert_true(v[0][3][1] == 0.0f);
    }
    expect_near((double)mirrored / TRIES, 0.5, 5 * 0.5 / sqrt(TRIES), "mirrored");
    for (int i = 0; i < 9; i++)
        expect_near((double)places[i / 3][i % 3] / TRIES, 1.0 / 9, 5 * sqrt(8.0 / 81 / TRIES), "a shift");
    o.padding = 100; /* more than there is: black */
    float v[SIDE * SIDE * 3];
    assert_int_equal(augment_picture(v, &o, &r, 3, &p, &(augment_place){0}, NULL), EFFNET_OK);
    image_free(&p);
}

static void colours(void **state)
{
    (void)state;
    const recipe r = plain_recipe(4);
    const augment_options o = {.brightness = 0.4, .contrast = 0.4, .saturation = 0.4, .hue = 0.1};
    image p = formula_picture(4, 4);
    memset(p.pixels, 100, pixels_size(&p));
    double sum = 0;
    float least = 1e9f, most = 0;
    enum { TRIES = 3000 };
    for (uint64_t i = 0; i < TRIES; i++) {
        float v[4 * 4 * 3];
        assert_int_equal(augment_picture(v, &o, &r, 3, &p, &(augment_place){1, 0, i}, NULL), EFFNET_OK);
        sum += (double)v[0];
        if (v[0] < least) least = v[0];
        if (v[0] > most) most = v[0];
    }
    /* Of an even grey only the brightness changes. */
    expect_near(sum / TRIES, 99.5, 5 * 80 / sqrt(12.0 * TRIES), "the mean");
    assert_true(least >= 60 && least < 61 && most > 138 && most <= 140);
    image_free(&p);
}

static void checks(void **state)
{
    (void)state;
    augment_options o = augment_photos();
    assert_int_equal(augment_check(&o, NULL), EFFNET_OK);
    o.magnitude = 11;
    assert_int_equal(augment_check(&o, &error), EFFNET_ERR_ARGUMENT);
    assert_non_null(strstr(error.message, "magnitude is 11, from 0 to 10"));
    o = augment_photos();
    o.scale[0] = 0;
    assert_int_equal(augment_check(&o, NULL), EFFNET_ERR_ARGUMENT);
    o = augment_photos();
    o.ratio[1] = 0.5;
    assert_int_equal(augment_check(&o, NULL), EFFNET_ERR_ARGUMENT);
    o = augment_small(32);
    o.mirror = NAN;
    assert_int_equal(augment_check(&o, NULL), EFFNET_ERR_ARGUMENT);
}

/* ---- RandAugment ---- */

/* What an operation of the source's list is at a magnitude, with the sign that it drew. */
static effnet_status expected(image *p, int kind, double level, double sign)
{
    const float f = (float)(level * 1.8 + 0.1);
    const double move = sign * level * 100 * 56 / 224, slant = sign * level * 0.3;
    switch (kind) {
    case 0: adjust_autocontrast(p); break;
    case 1: adjust_equalize(p); break;
    case 2: adjust_invert(p); break;
    case 3: return warp_rotate(p, sign * level * 30, 128, NULL);
    case 4: adjust_posterize(p, (int)(level * 4)); break;
    case 5: adjust_solarize(p, (int)(level * 256)); break;
    case 6: adjust_colour(p, f); break;
    case 7: adjust_contrast(p, f); break;
    case 8: adjust_brightness(p, f); break;
    case 9: return adjust_sharpness(p, f, NULL);
    case 10: return warp_affine(p, (const double[]){1, slant, 0, 0, 1, 0}, 128, NULL);
    case 11: return warp_affine(p, (const double[]){1, 0, 0, slant, 1, 0}, 128, NULL);
    case 12: return warp_affine(p, (const double[]){1, 0, move, 0, 1, 0}, 128, NULL);
    case 13: return warp_affine(p, (const double[]){1, 0, 0, 0, 1, move}, 128, NULL);
    case 15: adjust_solarize_add(p, (int)(level * 110)); break;
    default: break;
    }
    return EFFNET_OK;
}

static bool same_pixels(const image *a, const image *b)
{
    return memcmp(a->pixels, b->pixels, pixels_size(a)) == 0;
}

static void text(void **state)
{
    (void)state;
    augment_options o;
    assert_int_equal(augment_parse(&o, NULL, 224, 224, &error), EFFNET_OK);
    assert_true(o.crop == AUGMENT_RANDOM && o.mirror == 0.5 && o.scale[0] == 0.08);
    assert_int_equal(augment_parse(&o, "", 224, 32, &error), EFFNET_OK);
    assert_true(o.crop == AUGMENT_SHIFT && o.padding == 4 && o.mirror == 0.5);
    assert_int_equal(augment_parse(&o, "none", 224, 224, &error), EFFNET_OK);
    assert_true(o.crop == AUGMENT_RECIPE && o.mirror == 0);
    assert_int_equal(
        augment_parse(&o,
                      "small,area=0.25:1,mirror=0,brightness=0.1,contrast=0.2,saturation=0.3,hue=0.05,"
                      "randaugment=2:9,erase=0.25,noise=1,mixup=0.2,cutmix=1,mix=0.75",
                      224, 224, &error),
        EFFNET_OK);
    assert_true(o.crop == AUGMENT_RANDOM && o.scale[0] == 0.25 && o.scale[1] == 1 && o.ratio[1] == 4.0 / 3);
    assert_true(o.mirror == 0 && o.brightness == 0.1 && o.contrast == 0.2 && o.saturation == 0.3);
    assert_true(o.hue == 0.05 && o.operations == 2 && o.magnitude == 9 && o.erase == 0.25 && o.erase_noise);
    assert_true(o.mixup == 0.2 && o.cutmix == 1 && o.mix_probability == 0.75);
    assert_int_equal(augment_parse(&o, "photos,shape=1:2,padding=3,noise=0", 32, 32, &error), EFFNET_OK);
    assert_true(o.crop == AUGMENT_SHIFT && o.padding == 3 && o.ratio[1] == 2 && !o.erase_noise);
}

static void text_that_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"flowers", "\"flowers\" is neither"},
        {"none,colour=1", "no key \"colour\""},
        {"mirror=", "mirror= is not valid, wanted: a probability"},
        {"mirror=0.5:1", "mirror=0.5:1 is not valid"},
        {"mirror=1.5", "mirror is 1.5"},
        {"area=0.5", "area=0.5 is not valid"},
        {"area=1:2:3", "area=1:2:3 is not valid"},
        {"area=0.9:0.5", "most area is 0.5"},
        {"padding=1.5", "padding=1.5 is not valid"},
        {"padding=-1", "padding=-1 is not valid"},
        {"randaugment=2", "randaugment=2 is not valid"},
        {"noise=2", "noise=2 is not valid"},
        {"mix=nan", "mix=nan is not valid"},
        {"mixup=1e999", "mixup=1e999 is not valid"},
        {"mirror=0000000000000000000000000000000000000000000000000000000000000001", "is too long"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        augment_options o = {.mirror = 0.125};
        assert_int_equal(augment_parse(&o, bad[i].text, 224, 224, &error), EFFNET_ERR_ARGUMENT);
        if (!strstr(error.message, bad[i].message)) fail_msg("%s: %s", bad[i].text, error.message);
        assert_true(o.mirror == 0.125);
    }
}

static void operations(void **state)
{
    (void)state;
    static const double magnitudes[] = {0, 3, 7.5, 10};
    for (int kind = 0; kind < AUGMENT_KINDS; kind++)
        for (size_t m = 0; kind != 14 && m < 4; m++) {
            size_t plus = 0, minus = 0;
            for (uint64_t i = 0; i < 12; i++) {
                image p = formula_picture(56, 70), up = formula_picture(56, 70),
                      down = formula_picture(56, 70);
                draws d = draws_for(1, "test", m, i);
                assert_int_equal(augment_operation(&p, kind, magnitudes[m], &d, NULL), EFFNET_OK);
                assert_int_equal(expected(&up, kind, magnitudes[m] / 10, 1), EFFNET_OK);
                assert_int_equal(expected(&down, kind, magnitudes[m] / 10, -1), EFFNET_OK);
                plus += same_pixels(&p, &up);
                minus += same_pixels(&p, &down);
                if (!same_pixels(&p, &up) && !same_pixels(&p, &down)) fail_msg("operation %d", kind);
                image_free(&p);
                image_free(&up);
                image_free(&down);
            }
            assert_true(plus > 0 && minus > 0);
        }
}

static void cut_out(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 200; i++) {
        image p = formula_picture(56, 70);
        memset(p.pixels, 7, pixels_size(&p));
        draws d = draws_for(1, "cutout", 0, i);
        assert_int_equal(augment_operation(&p, 14, 10, &d, NULL), EFFNET_OK);
        size_t filled = 0;
        for (size_t k = 0; k < pixels_size(&p); k++) {
            assert_true(p.pixels[k] == 7 || p.pixels[k] == 128);
            filled += p.pixels[k] == 128;
        }
        assert_true(filled >= 3 * 10 * 10 &&
                    filled <= 3 * 20 * 20); /* 40 / 224 of 56, in a corner a quarter */
        image_free(&p);
    }
}

static void all_operations_come(void **state)
{
    (void)state;
    size_t seen[AUGMENT_KINDS] = {0};
    for (uint64_t i = 0; i < 400; i++) {
        image p = formula_picture(9, 8), one = formula_picture(9, 8);
        draws d = draws_for(1, "randaugment", 0, i), same = d;
        assert_int_equal(augment_randomly(&p, 2, 6, &d, NULL), EFFNET_OK);
        for (int k = 0; k < 2; k++) {
            const uint32_t kind = draw_below(&same, AUGMENT_KINDS);
            assert_int_equal(augment_operation(&one, (int)kind, 6, &same, NULL), EFFNET_OK);
            seen[kind]++;
        }
        assert_true(same_pixels(&p, &one));
        image_free(&p);
        image_free(&one);
    }
    for (int i = 0; i < AUGMENT_KINDS; i++)
        expect_near((double)seen[i] / 800, 1.0 / 16, 5 * sqrt(15.0 / 256 / 800), "an operation");
}

/* ---- Erasing and mixing ---- */

static void erasing(void **state)
{
    (void)state;
    enum { HEIGHT = 60, WIDTH = 40, TRIES = 2000 };
    static float v[HEIGHT * WIDTH * 3];
    double sum = 0;
    for (uint64_t i = 0; i < TRIES; i++) {
        for (size_t k = 0; k < HEIGHT * WIDTH * 3; k++)
            v[k] = 9;
        draws d = draws_for(1, "erase", 0, i);
        augment_erase(v, HEIGHT, WIDTH, 3, i % 2 == 1, &d);
        size_t erased = 0;
        for (size_t k = 0; k < HEIGHT * WIDTH * 3; k++) {
            assert_true(v[k] == 9.0f || i % 2 == 1 || v[k] == 0.0f);
            erased += v[k] != 9.0f;
        }
        const double share = (double)erased / (HEIGHT * WIDTH * 3);
        assert_true(share > 0.01 && share < 0.36);
        sum += share;
    }
    expect_near(sum / TRIES, (0.02 + 1.0 / 3) / 2, 0.02, "the mean area");
    draws d = draws_for(1, "erase", 0, 0);
    v[0] = 9;
    augment_erase(v, 1, 1, 1, false, &d); /* no rectangle is smaller than the picture */
    assert_true(v[0] == 9.0f);
}

static void mixing(void **state)
{
    (void)state;
    enum { HEIGHT = 12, WIDTH = 20, SIZE = HEIGHT * WIDTH * 3, TRIES = 4000 };
    static float a[SIZE], b[SIZE];
    augment_options o = {.mixup = 0.8, .cutmix = 1, .mix_probability = 0.75};
    size_t cuts = 0, mixed = 0;
    double shares = 0;
    for (uint64_t i = 0; i < TRIES; i++) {
        for (int k = 0; k < SIZE; k++) {
            a[k] = 1;
            b[k] = 3;
        }
        const augment_place place = {2, 5, i};
        const augment_mix mix = augment_draw_mix(&o, HEIGHT, WIDTH, &place);
        augment_apply_mix(a, b, &mix, HEIGHT, WIDTH, 3);
        double sum = 0;
        for (int k = 0; k < SIZE; k++) {
            if (mix.cut) assert_true(a[k] == 1.0f || a[k] == 3.0f);
            expect_near((double)(a[k] + b[k]), 4, 1e-5, "what both have");
            sum += (double)a[k];
        }
        expect_near(sum / SIZE, (double)mix.share + 3 * (1 - (double)mix.share), 1e-5, "the share");
        cuts += mix.cut;
        mixed += mix.cut || mix.share < 1;
        if (!mix.cut && mix.share < 1) shares += (double)mix.share;
    }
    expect_near((double)mixed / TRIES, 0.75, 5 * sqrt(0.1875 / TRIES), "mixed");
    expect_near((double)cuts / TRIES, 0.375, 5 * sqrt(0.234 / TRIES), "CutMix");
    expect_near(shares / (double)(mixed - cuts), 0.5, 0.05, "the mean share");
    o = (augment_options){.cutmix = 1};
    assert_true(augment_draw_mix(&o, 1, 1, &(augment_place){0}).cut);
    o = (augment_options){0};
    assert_true(augment_draw_mix(&o, 8, 8, &(augment_place){0}).share == 1.0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_are_pure),
        cmocka_unit_test(below_is_uniform),
        cmocka_unit_test(orders_are_uniform),
        cmocka_unit_test(beta_has_its_moments),
        cmocka_unit_test(sampling),
        cmocka_unit_test(epochs_differ),
        cmocka_unit_test(random_parts),
        cmocka_unit_test(parts_of_odd_pictures),
        cmocka_unit_test(nothing_changed),
        cmocka_unit_test(shifts),
        cmocka_unit_test(colours),
        cmocka_unit_test(checks),
        cmocka_unit_test(text),
        cmocka_unit_test(text_that_is_refused),
        cmocka_unit_test(operations),
        cmocka_unit_test(cut_out),
        cmocka_unit_test(all_operations_come),
        cmocka_unit_test(erasing),
        cmocka_unit_test(mixing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
