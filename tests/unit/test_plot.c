/* SPDX-License-Identifier: Apache-2.0
 *
 * The command's charts and pictures: ticks, axes, that no text lies on another, whatever is drawn, and that
 * the files are what they should be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "effnet.h"
#include "image/image.h"
#include "plot/axis.h"
#include "plot/chart.h"
#include "plot/cost_charts.h"
#include "plot/figure_charts.h"
#include "plot/heat_map.h"
#include "plot/network_picture.h"
#include "plot/render.h"
#include "plot/style.h"

/* ---- numbers along an axis ---- */

static void expect_ticks(ticks t, double largest, const char *wanted)
{
    char all[512] = "", text[TICK_TEXT_SIZE];
    for (size_t i = 0; i < t.count; i++) {
        ticks_text(text, t.at[i], largest != 0 ? largest : t.at[i]);
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? " " : "", text);
    }
    assert_string_equal(all, wanted);
}

static void ticks_are_round_and_few(void **state)
{
    (void)state;
    expect_ticks(ticks_linear(0, 1, 6), 1, "0 0.2 0.4 0.6 0.8 1");
    expect_ticks(ticks_linear(0, 1, 5), 1, "0 0.5 1");
    expect_ticks(ticks_linear(-0.3, 0.31, 8), 1, "-0.3 -0.2 -0.1 0 0.1 0.2 0.3");
    expect_ticks(ticks_linear(3, 66e6, 8), 66e6, "10M 20M 30M 40M 50M 60M");
    expect_ticks(ticks_linear(0.6912, 0.6918, 5), 1, "0.6912 0.6914 0.6916 0.6918");
    expect_ticks(ticks_linear(0, 9000, 4), 9000, "0 5000");
    expect_ticks(ticks_linear(0, 1500, 4), 1500, "0 500 1000 1500");
    expect_ticks(ticks_log(3e6, 60e9, 8), 0, "10M 100M 1G 10G");
    expect_ticks(ticks_log(4e6, 60e9, 10), 0, "10M 30M 100M 300M 1G 3G 10G 30G");
    expect_ticks(ticks_log(4e6, 60e9, 16), 0, "5M 10M 20M 50M 100M 200M 500M 1G 2G 5G 10G 20G 50G");
    expect_ticks(ticks_log(90, 1100, 8), 0, "100 200 500 1000");
    expect_ticks(ticks_log(1e-30, 1e30, 5), 0, "1e-20 1 100000P");
    expect_ticks(ticks_log(70, 90, 5), 90, "70 75 80 85 90");
    for (int most = 2; most <= TICKS_MAX; most++)
        for (double to = 1e-9; to < 1e12; to *= 3.7) {
            const ticks t = ticks_linear(-to / 3, to, (size_t)most);
            assert_in_range(t.count, 1, most);
            assert_true(t.at[0] >= -to / 3 * (1 + 1e-9) && t.at[t.count - 1] <= to * (1 + 1e-9));
        }
}

static void an_axis_ends_at_round_numbers(void **state)
{
    (void)state;
    const chart_axis linear = {0}, logarithmic = {.log = true}, given = {.from = 0.5, .to = 0.9};
    axis a = axis_over(&linear, 1.3, 9.2, false, 6);
    assert_true(a.from == 0 && a.to == 10);
    a = axis_over(&linear, 7, 9.2, true, 6);
    assert_true(a.from == 0 && a.to == 10);
    a = axis_over(&given, -5, 5, false, 6);
    assert_true(a.from == 0.5 && a.to == 0.9);
    a = axis_over(&linear, 5, 5, false, 6);
    assert_true(a.from < 5 && 5 < a.to);
    a = axis_over(&linear, HUGE_VAL, -HUGE_VAL, false, 6);
    assert_true(a.from == 0 && a.to == 1);
    a = axis_over(&logarithmic, HUGE_VAL, -HUGE_VAL, false, 6);
    assert_true(0 < a.from && a.from < a.to);
    a = axis_over(&logarithmic, 1, 10000, false, 6);
    a.pixel_from = 0, a.pixel_to = 100;
    assert_true(fabs(axis_at(&a, 100) - 50) < 1e-9);
    assert_false(axis_takes(&logarithmic, 0));
    assert_false(axis_takes(&linear, NAN));
    assert_true(axis_takes(&linear, -1));
}

/* ---- what is drawn ---- */

static size_t count_kind(const canvas *c, canvas_kind kind)
{
    const canvas_item *item;
    size_t count = 0;
    for (size_t i = 0; (item = canvas_get(c, i)) != NULL; i++)
        count += item->kind == kind;
    return count;
}

static bool has_text(const canvas *c, const char *text)
{
    const canvas_item *item;
    for (size_t i = 0; (item = canvas_get(c, i)) != NULL; i++)
        if (item->kind == CANVAS_TEXT && strcmp(item->text, text) == 0) return true;
    return false;
}

/* Nothing is drawn where it cannot be seen. */
static void expect_within(const canvas *c)
{
    const canvas_item *item;
    for (size_t i = 0; (item = canvas_get(c, i)) != NULL; i++)
        for (size_t j = 0; j < item->count; j++) {
            assert_true(item->points[j].x >= 0 && item->points[j].x <= canvas_width(c));
            assert_true(item->points[j].y >= 0 && item->points[j].y <= canvas_height(c));
        }
    assert_int_equal(canvas_count_collisions(c), 0);
    assert_true(canvas_ok(c));
}

static void collisions_are_found(void **state)
{
    (void)state;
    canvas *c = canvas_create();
    canvas_set_size(c, 200, 100);
    canvas_text(c, 10, 20, CANVAS_LEFT, style_label, "one");
    canvas_text(c, 10, 60, CANVAS_LEFT, style_label, "");
    assert_int_equal(canvas_count_collisions(c), 0);
    canvas_text(c, 15, 24, CANVAS_LEFT, style_label, "two");
    assert_int_equal(canvas_count_collisions(c), 1);
    canvas_text(c, 195, 60, CANVAS_LEFT, style_label, "three");
    assert_int_equal(canvas_count_collisions(c), 2);
    canvas_font upwards = style_label;
    upwards.upwards = true;
    canvas_text(c, 100, 90, CANVAS_LEFT, upwards, "four");
    assert_int_equal(canvas_count_collisions(c), 2);
    canvas_text(c, 100, 3, CANVAS_LEFT, upwards, "five");
    assert_int_equal(canvas_count_collisions(c), 3);
    canvas_free(c);
}

static void texts_are_cut_and_made_harmless(void **state)
{
    (void)state;
    canvas *c = canvas_create();
    canvas_set_size(c, 400, 100);
    canvas_text_within(c, 10, 20, CANVAS_LEFT, style_label, "short", 80);
    canvas_text_within(c, 10, 40, CANVAS_LEFT, style_label, "much too long for the room that there is", 80);
    canvas_text_within(c, 10, 60, CANVAS_LEFT, style_label, "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4", 30);
    canvas_text_within(c, 10, 80, CANVAS_LEFT, style_label, "nothing", 1);
    canvas_text(c, 200, 20, CANVAS_LEFT, style_label, "\xFF\033[31m");
    assert_true(has_text(c, "short"));
    assert_int_equal(count_kind(c, CANVAS_TEXT), 4);
    const canvas_item *item;
    for (size_t i = 0; (item = canvas_get(c, i)) != NULL; i++)
        if (item->points[0].x < 100) assert_true(item->box.width <= 80);
    assert_true(has_text(c, "\\xFF\\x1B[31m"));
    canvas_free(c);
}

enum { POINTS = 300 };

/* A chart with everything in it. */
static canvas *draw_all_kinds(double width, double height, bool log, const char *const *names,
                              size_t name_count)
{
    static double x[POINTS], y[POINTS], spread[POINTS];
    static const char *labels[POINTS];
    for (size_t i = 0; i < POINTS; i++) {
        x[i] = (double)(i + 1) * 1e5;
        y[i] = i % 50 == 49 ? NAN : 1 + fabs(sin((double)i / 20)) * 1e4;
        spread[i] = (double)(i % 7) * 300;
        labels[i] = "point";
    }
    const chart_series series[] = {
        {.name = "a line", .kind = CHART_LINE, .count = POINTS, .x = x, .y = y},
        {.name = "points with labels", .kind = CHART_POINTS, .count = 40, .x = x, .y = y, .labels = labels},
        {.name = "both", .kind = CHART_LINE_AND_POINTS, .count = 20, .x = x, .y = y, .spread = spread},
        {.name = "bars", .kind = CHART_BARS, .count = name_count, .y = y},
        {.name = "more bars", .kind = CHART_BARS, .count = name_count, .y = y + 1},
        {.name =
             "a name that is very long, longer than a legend has room for, and then goes on and on and on",
         .kind = CHART_LINE,
         .count = 0},
        {.kind = CHART_LINE, .count = 1, .x = x, .y = y},
    };
    chart what = {.title = "Everything that a chart can have, told in one title of many words",
                  .x = {.title = "something that is measured", .log = log},
                  .y = {.title = "something else", .log = log},
                  .series = series,
                  .series_count = sizeof series / sizeof *series};
    if (names) {
        what.x = (chart_axis){.title = "names", .names = names, .name_count = name_count};
        what.series += 3;
        what.series_count = 2;
    } else
        what.series_count = 3; /* bars need names */
    return chart_sheet("A sheet", &what, 1, 1, width, height);
}

static void no_text_lies_on_another(void **state)
{
    (void)state;
    static const char *const names[] = {
        "stem",    "stage 1",     "a rather long name of a stage that goes on and on",
        "stage 3", "stage 4",     "stage 5",
        "<&\">",   "\xE7\x8C\xAB"};
    for (double width = 260; width < 1300; width *= 1.4)
        for (double height = 260; height < 900; height *= 1.5)
            for (int kind = 0; kind < 4; kind++) {
                canvas *c =
                    draw_all_kinds(width, height, kind & 1, kind & 2 ? names : NULL, kind & 2 ? 8 : 0);
                assert_non_null(c);
                if (canvas_count_collisions(c))
                    fail_msg("%zu collisions in %g x %g, kind %d", canvas_count_collisions(c), width, height,
                             kind);
                canvas_free(c);
            }
}

static void a_chart_has_its_parts(void **state)
{
    (void)state;
    canvas *c = draw_all_kinds(600, 400, true, NULL, 0);
    assert_true(has_text(c, "A sheet"));
    assert_true(has_text(c, "something that is measured"));
    assert_true(has_text(c, "points with labels"));
    assert_true(has_text(c, "100k"));
    assert_true(has_text(c, "point"));
    expect_within(c);
    canvas_free(c);
    static const char *const names[] = {"left", "right"};
    c = draw_all_kinds(500, 300, false, names, 2);
    assert_true(has_text(c, "left"));
    assert_false(has_text(c, "point"));
    expect_within(c);
    canvas_free(c);
}

static void nothing_to_show_is_still_a_chart(void **state)
{
    (void)state;
    const double nowhere[] = {NAN, -1, 0, INFINITY};
    const chart_series series = {
        .name = "gaps", .kind = CHART_LINE_AND_POINTS, .count = 4, .x = nowhere, .y = nowhere};
    const chart what[] = {{.series = &series, .series_count = 1, .x.log = true, .y.log = true}, {0}};
    canvas *c = chart_sheet(NULL, what, 2, 2, 300, 200);
    expect_within(c);
    assert_true(has_text(c, "gaps"));
    canvas_free(c);
}

/* No two marks have the same form. */
static void series_differ_without_colour(void **state)
{
    (void)state;
    for (size_t i = 0; i < STYLE_SERIES; i++)
        for (size_t j = 0; j < i; j++) {
            canvas *c = canvas_create();
            style_draw_mark(c, i, 10, 10);
            style_draw_mark(c, j, 10, 10);
            const canvas_item *a = canvas_get(c, 0), *b = canvas_get(c, 1);
            const bool is_hollow[] = {a->style.fill != a->style.line, b->style.fill != b->style.line};
            assert_false(a->kind == b->kind && a->count == b->count && is_hollow[0] == is_hollow[1] &&
                         (a->kind == CANVAS_CIRCLE ||
                          memcmp(a->points, b->points, a->count * sizeof *a->points) == 0));
            canvas_free(c);
        }
}

/* ---- networks ---- */

static canvas *picture_of(const char *name, int height, int width)
{
    effnet_error error;
    effnet_network *network;
    const effnet_network_options options = {.height = height, .width = width};
    if (effnet_network_create(&network, name, &options, &error)) fail_msg("%s", error.message);
    canvas *c = network_picture(network);
    effnet_network_free(network);
    assert_non_null(c);
    return c;
}

static void every_network_is_a_picture(void **state)
{
    (void)state;
    char name[EFFNET_NAME_SIZE];
    for (size_t i = 0; effnet_catalogue_get(i, name); i++) {
        canvas *c = picture_of(name, 0, 0);
        expect_within(c);
        assert_true(has_text(c, name));
        assert_true(canvas_width(c) < 1300 && canvas_height(c) < 900);
        canvas_free(c);
    }
    canvas *c = picture_of("mobilenet-v2", 33, 2000);
    expect_within(c);
    assert_true(has_text(c, "17 x 1000 x 32"));
    canvas_free(c);
    c = picture_of("mobilenet-v2", 2000, 33);
    expect_within(c);
    canvas_free(c);
}

/* As many boxes as blocks, three faces each, and an arch where the input is added. */
static void boxes_are_to_scale(void **state)
{
    (void)state;
    canvas *c = picture_of("efficientnet-b0", 0, 0);
    const canvas_item *item;
    size_t boxes = 0, arches = 0;
    double side = 0, length = 0;
    for (size_t i = 0; (item = canvas_get(c, i)) != NULL; i++) {
        if (item->kind != CANVAS_PATH) continue;
        const canvas_point *p = item->points;
        const bool is_front = item->style.width == 0.6 && p[0].x == p[3].x && p[0].y == p[1].y;
        if (is_front && boxes < 20) {
            /* The input, then a stem of half its side; block:15 and the head have 320 and 1280 channels. */
            const double height = p[3].y - p[0].y, wide = p[1].x - p[0].x;
            if (boxes == 0) side = height;
            if (boxes == 1) assert_true(fabs(height * 2 - side) < 1e-6);
            if (boxes == 17) length = wide, assert_true(fabs(height * 32 - side) < 1e-6);
            if (boxes == 18) assert_true(fabs(wide - 4 * length) < 1e-6);
        }
        boxes += is_front;
        arches += item->style.width == 0.9;
    }
    assert_int_equal(boxes, 1 + 1 + 16 + 1 + 1 + 4); /* input, stem, blocks, head, classifier, key */
    assert_int_equal(arches, 9 + 1);
    assert_true(has_text(c, "MBConv6 5x5") && has_text(c, "14 x 14 x 112") && has_text(c, "4 blocks"));
    canvas_free(c);
}

static canvas *block_of(const char *name, size_t part)
{
    effnet_error error;
    effnet_network *network;
    if (effnet_network_create(&network, name, NULL, &error)) fail_msg("%s", error.message);
    canvas *c = block_picture(network, part);
    effnet_network_free(network);
    assert_non_null(c);
    return c;
}

/* How many arches with an arrow, and how many of them dashed. */
static void count_bridges(const canvas *c, size_t *all, size_t *dashed)
{
    const canvas_item *item;
    *all = *dashed = 0;
    for (size_t i = 0; (item = canvas_get(c, i)) != NULL; i++)
        if (item->kind == CANVAS_PATH && item->count == 3) {
            ++*all;
            *dashed += canvas_get(c, i - 1)->style.dash == CANVAS_DASHED;
        }
}

static void a_block_is_drawn_from_inside(void **state)
{
    (void)state;
    size_t bridges, dashed;
    /* Part 5 is block:4: 40 to 40 channels, stride 1, squeeze-and-excitation. */
    canvas *c = block_of("efficientnet-b0", 5);
    expect_within(c);
    assert_true(has_text(c, "efficientnet-b0, block:4: MBConv6") && has_text(c, "28 x 28 x 240"));
    assert_true(has_text(c, "1 x 1 x 10") && has_text(c, "plus the input"));
    count_bridges(c, &bridges, &dashed);
    assert_true(bridges == 2 && dashed == 1);
    canvas_free(c);
    /* block:0 does not expand; block:1 of MobileNetV2 has stride 2 and nothing to squeeze. */
    c = block_of("efficientnet-b0", 1);
    expect_within(c);
    assert_false(has_text(c, "expand 1x1"));
    canvas_free(c);
    c = block_of("mobilenet-v2", 2);
    expect_within(c);
    assert_true(has_text(c, "112 x 112 x 96") && has_text(c, "56 x 56 x 96") && has_text(c, "linear"));
    assert_true(has_text(c, "stride 2, relu6") && !has_text(c, "squeeze"));
    count_bridges(c, &bridges, &dashed);
    assert_int_equal(bridges, 0);
    canvas_free(c);
    c = block_of("efficientnet-l2", 81);
    expect_within(c);
    canvas_free(c);
}

/* ---- costs ---- */

static effnet_network *network_of(const char *name)
{
    effnet_error error;
    effnet_network *network;
    if (effnet_network_create(&network, name, NULL, &error)) fail_msg("%s", error.message);
    return network;
}

static void the_family_is_all_there(void **state)
{
    (void)state;
    char name[EFFNET_NAME_SIZE];
    size_t networks = 0;
    while (effnet_catalogue_get(networks, name))
        networks++;
    canvas *c = family_charts();
    expect_within(c);
    assert_true(has_text(c, "b0") && has_text(c, "b7") && has_text(c, "l2") && has_text(c, "0.35"));
    const canvas_item *item;
    size_t marks = 0;
    for (size_t i = 0; (item = canvas_get(c, i)) != NULL; i++)
        marks += item->kind != CANVAS_TEXT && item->style.width == 1.5;
    assert_int_equal(marks, networks + 3); /* and the legend's */
    canvas_free(c);
}

static void every_network_has_stages(void **state)
{
    (void)state;
    char name[EFFNET_NAME_SIZE];
    for (size_t i = 0; effnet_catalogue_get(i, name); i++) {
        effnet_network *network = network_of(name);
        canvas *c = cost_charts(network);
        expect_within(c);
        assert_true(has_text(c, name) && has_text(c, "7") && has_text(c, "classifier"));
        canvas_free(c);
        effnet_network_free(network);
    }
}

/* Also where the farthest phi is out of what can be built, and where all are 0. */
static void growth_is_drawn(void **state)
{
    (void)state;
    effnet_network *base = network_of("mobilenet-v2");
    const effnet_scaling scaling = {.alpha = 1.2, .beta = 1.1, .gamma = 1.15};
    const double phis[][2] = {{2, 5}, {0, 0}, {-3, 1}, {1, 60}};
    for (size_t i = 0; i < 4; i++) {
        canvas *c = phi_charts(base, &scaling, phis[i], 2);
        expect_within(c);
        assert_true(has_text(c, "mobilenet-v2 scaled: depth 1.2^phi, width 1.1^phi, resolution 1.15^phi"));
        assert_true(has_text(c, "as built, after rounding"));
        canvas_free(c);
    }
    effnet_network_free(base);
}

static void strategies_are_drawn(void **state)
{
    (void)state;
    const strategy_cost ways[] = {
        {"baseline", 300, 35, 60, 72.0, 70.5},
        {"depth", 1200, 120, 60, 76.8, NAN},
        {"compound", 1400, 80, 150, 77.4, 75},
    };
    strategy_ladder ladders[LADDERS] = {
        {"width", 3, {1, 1.4, 2}, {300, 600, 1100}, {72, NAN, 76.4}, {70.5, NAN, NAN}},
        {"depth", 2, {1, 4}, {300, 1200}, {72, 76.8}, {70.5, 74}},
        {"resolution", 1, {1}, {300}, {72}, {NAN}},
    };
    canvas *c = strategy_charts("mobilenet-v2", ways, 3, ladders);
    expect_within(c);
    assert_true(has_text(c, "More width alone") && has_text(c, "accuracy not known"));
    assert_true(has_text(c, "w 1.4") && has_text(c, "d 4"));
    assert_true(has_text(c, "depth, the paper's") && has_text(c, "compound, your own"));
    assert_false(has_text(c, "depth, your own"));
    canvas_free(c);
    strategy_cost unknown[] = {ways[0], ways[1]};
    for (size_t i = 0; i < 2; i++)
        unknown[i].paper_top1 = unknown[i].own_top1 = NAN;
    for (size_t l = 0; l < LADDERS; l++)
        for (size_t i = 0; i < ladders[l].count; i++)
            ladders[l].paper_top1[i] = ladders[l].own_top1[i] = NAN;
    c = strategy_charts("mobilenet-v2", unknown, 2, ladders);
    expect_within(c);
    assert_true(has_text(c, "What each strategy costs") && !has_text(c, "What it gains"));
    canvas_free(c);
}

/* ---- files ---- */

static void png_is_read_by_our_own_reader(void **state)
{
    (void)state;
    if (!render_version()) skip();
    canvas *c = picture_of("mobilenet-v2-0.35", 0, 0);
    size_t size;
    const char *why;
    void *bytes = render_canvas(c, RENDER_PNG, &size, &why);
    assert_non_null(bytes);
    image picture;
    effnet_error error;
    if (image_decode(&picture, bytes, size, NULL, &error)) fail_msg("%s", error.message);
    assert_int_equal(picture.width, RENDER_PNG_SCALE * (int)canvas_width(c));
    assert_int_equal(picture.height, RENDER_PNG_SCALE * (int)canvas_height(c));
    size_t ink = 0;
    const size_t pixels = (size_t)picture.width * (size_t)picture.height;
    for (size_t i = 0; i < pixels; i++)
        ink += picture.pixels[3 * i] < 200;
    assert_int_equal(picture.pixels[0], 255);
    assert_in_range(ink, pixels / 200, pixels / 3);
    image_free(&picture);
    free(bytes);
    canvas_free(c);
}

static void svg_has_what_was_drawn(void **state)
{
    (void)state;
    if (!render_version()) skip();
    canvas *c = draw_all_kinds(500, 300, false, NULL, 0);
    size_t size;
    const char *why;
    char *bytes = render_canvas(c, RENDER_SVG, &size, &why);
    assert_non_null(bytes);
    char *text = malloc(size + 1);
    memcpy(text, bytes, size);
    text[size] = '\0';
    assert_int_equal(strlen(text), size);
    assert_non_null(strstr(text, "<svg "));
    assert_non_null(strstr(text, "</svg>\n"));
    assert_non_null(strstr(text, "stroke-dasharray"));
    free(text);
    free(bytes);
    canvas_free(c);
}

static void what_cannot_be_drawn_is_an_error(void **state)
{
    (void)state;
    if (!render_version()) skip();
    canvas *c = canvas_create();
    size_t size;
    const char *why;
    canvas_set_size(c, 1e6, 10);
    assert_null(render_canvas(c, RENDER_PNG, &size, &why));
    assert_non_null(why);
    canvas_free(c);
    canvas_free(NULL);
}

/* ---- training and evaluation ---- */

static double lightness(canvas_colour c)
{
    return 0.2126 * (c >> 16 & 255) + 0.7152 * (c >> 8 & 255) + 0.0722 * (c & 255);
}

static void shades_darken_evenly(void **state)
{
    (void)state;
    assert_int_equal(heat_map_shade(0), CANVAS_RGB(0xFFFFFF));
    for (int i = 1; i <= 20; i++) {
        const double step = lightness(heat_map_shade((i - 1) / 20.0)) - lightness(heat_map_shade(i / 20.0));
        assert_true(step > 9 && step < 13);
    }
    assert_int_equal(heat_map_shade(7), heat_map_shade(1));
}

/* Classes with names from empty to far too long; the diagonal and its neighbours are filled. */
static void heat_maps_are_tidy(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 12, 32, 33, 72, 73, 1000};
    static const char *const kinds[] = {"cat", "", "a class with a name that goes on and on and on",
                                        "\x1b[1m<b>"};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const size_t size = sizes[s];
        const char **names = calloc(size, sizeof *names);
        uint64_t *counts = calloc(size * size, sizeof *counts);
        for (size_t i = 0; i < size; i++) {
            names[i] = kinds[i % 4];
            counts[i * size + i] = i * 1000;
            counts[i * size + (i + 1) % size] = 7;
        }
        const heat_map map = {.title = "Confusion", .names = names, .counts = counts, .size = size};
        canvas *c = heat_map_draw(&map);
        assert_non_null(c);
        expect_within(c);
        assert_true(has_text(c, "true") && has_text(c, "found") && has_text(c, "Confusion"));
        assert_int_equal(has_text(c, "7"), size <= 32);
        assert_int_equal(has_text(c, "cat"), size <= 72);
        assert_true(count_kind(c, CANVAS_PATH) >= 2 * size - (size == 1));
        assert_true(canvas_width(c) * RENDER_PNG_SCALE < RENDER_MAX_SIDE);
        canvas_free(c);
        free((void *)names);
        free(counts);
    }
}

static canvas *curves_of(const char *text)
{
    canvas *c = curve_charts(text, strlen(text));
    assert_non_null(c);
    expect_within(c);
    return c;
}

static void curves_are_read_from_the_log(void **state)
{
    (void)state;
    canvas *c = curves_of("epoch,step,lr,train_loss,train_top1,val_loss,val_top1,ema_loss,ema_top1,seconds\n"
                          "0,3,0.1,1.5,0.25,1.25,0.5,,,1\n1,6,0.1,1.0,0.5,1,0.75,,,2\n2,9,0.1,0.5,1,,,,,3\n");
    assert_true(has_text(c, "training") && has_text(c, "validation") && !has_text(c, "averaged weights"));
    assert_true(has_text(c, "Accuracy, per cent") && has_text(c, "epoch"));
    canvas_free(c);
    c = curves_of("epoch,train_loss,train_top1,val_loss,ema_loss\n0,2,,3,4\n");
    assert_true(has_text(c, "averaged weights") && !has_text(c, "Accuracy, per cent"));
    canvas_free(c);
    /* Cut short, of another shape, or nothing at all. */
    canvas_free(curves_of("epoch,train_loss\n0,1\n1,"));
    canvas_free(
        curves_of("epoch,train_loss\n1e400,nan\nx,y\n,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n"));
    canvas_free(curves_of("\n\n\n"));
    canvas_free(curves_of(""));
}

static void long_runs_are_lines(void **state)
{
    (void)state;
    enum { EPOCHS = 1000 };
    char text[EPOCHS * 24 + 32] = "epoch,train_loss\n", *end = text + strlen(text);
    for (int i = 0; i < EPOCHS; i++)
        end += sprintf(end, "%d,%.4f\n", i, 1 / (1.0 + i));
    canvas *c = curves_of(text);
    assert_int_equal(count_kind(c, CANVAS_CIRCLE), 0);
    canvas_free(c);
}

static void answers_are_charted(void **state)
{
    (void)state;
    const double confidence[] = {NAN, 0.3, 0.6, 0.9}, accuracy[] = {NAN, 0.2, 0.7, 1};
    const double pictures[] = {0, 5, 10, 20};
    canvas *c = reliability_charts(confidence, accuracy, pictures, 4);
    expect_within(c);
    assert_true(has_text(c, "well calibrated") && has_text(c, "0.25"));
    canvas_free(c);
    const float truths[] = {1, 10, 2, 20, 3, 30}, answers[] = {1.5F, 12, NAN, 19, 2.5F, 33};
    const char *const names[] = {"age", "height"};
    c = value_charts(names, truths, answers, 3, 2);
    expect_within(c);
    assert_true(has_text(c, "age") && has_text(c, "height") && has_text(c, "found"));
    canvas_free(c);
    float many[VALUE_CHARTS + 4] = {0};
    const char *many_names[VALUE_CHARTS + 4];
    for (size_t i = 0; i < VALUE_CHARTS + 4; i++)
        many_names[i] = "one of many";
    c = value_charts(many_names, many, many, 1, VALUE_CHARTS + 4);
    expect_within(c);
    canvas_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_are_round_and_few),
        cmocka_unit_test(an_axis_ends_at_round_numbers),
        cmocka_unit_test(collisions_are_found),
        cmocka_unit_test(texts_are_cut_and_made_harmless),
        cmocka_unit_test(no_text_lies_on_another),
        cmocka_unit_test(a_chart_has_its_parts),
        cmocka_unit_test(nothing_to_show_is_still_a_chart),
        cmocka_unit_test(series_differ_without_colour),
        cmocka_unit_test(every_network_is_a_picture),
        cmocka_unit_test(boxes_are_to_scale),
        cmocka_unit_test(a_block_is_drawn_from_inside),
        cmocka_unit_test(the_family_is_all_there),
        cmocka_unit_test(every_network_has_stages),
        cmocka_unit_test(growth_is_drawn),
        cmocka_unit_test(strategies_are_drawn),
        cmocka_unit_test(png_is_read_by_our_own_reader),
        cmocka_unit_test(svg_has_what_was_drawn),
        cmocka_unit_test(what_cannot_be_drawn_is_an_error),
        cmocka_unit_test(shades_darken_evenly),
        cmocka_unit_test(heat_maps_are_tidy),
        cmocka_unit_test(curves_are_read_from_the_log),
        cmocka_unit_test(long_runs_are_lines),
        cmocka_unit_test(answers_are_charted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
