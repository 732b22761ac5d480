/* SPDX-License-Identifier: Apache-2.0
 *
 * See style.h. The colours differ in lightness too (CIE L* 30 to 70), and neighbours by 15 or more, so that
 * they differ in grey.
 */
#include "plot/style.h"

enum { INK = 0x222222, GREY = 0x666666 };

const canvas_font style_title = {.size = 15, .colour = CANVAS_RGB(INK), .bold = true};
const canvas_font style_heading = {.size = 11, .colour = CANVAS_RGB(INK), .bold = true};
const canvas_font style_label = {.size = 10.5, .colour = CANVAS_RGB(INK)};
const canvas_font style_small = {.size = 10.5, .colour = CANVAS_RGB(GREY)};
const canvas_style style_axis = {.line = CANVAS_RGB(0x444444), .width = 1};
const canvas_style style_grid = {.line = CANVAS_RGB(0xE4E4E4), .width = 1};
const double style_mark_radius = 3.5;

static const canvas_colour colours[STYLE_SERIES] = {
    CANVAS_RGB(0x1F4E79), CANVAS_RGB(0xD55E00), CANVAS_RGB(0x3B3B3B), CANVAS_RGB(0x2A9D8F),
    CANVAS_RGB(0x7B2D6B), CANVAS_RGB(0xB8860B), CANVAS_RGB(0x0B6E4F), CANVAS_RGB(0x8A8A8A),
};

canvas_style style_line(size_t index)
{
    return (canvas_style){
        .line = colours[index % STYLE_SERIES], .width = 1.8, .dash = (canvas_dash)(index % CANVAS_DASHES)};
}

canvas_colour style_tint(canvas_colour colour, double strength)
{
    canvas_colour mixed = 0;
    for (int shift = 0; shift < 24; shift += 8) {
        const double part = 255 - (255 - (double)(colour >> shift & 255)) * strength;
        mixed |= (canvas_colour)(part + 0.5) << shift;
    }
    return CANVAS_RGB(mixed);
}

canvas_style style_bar(size_t index)
{
    static const double strengths[] = {1, 0.3, 0.6, 0.12};
    return (canvas_style){
        .line = colours[0], .width = 0.8, .fill = style_tint(colours[0], strengths[index % 4])};
}

/* Corners of the marks that are not circles, in radii. */
static const canvas_point square[] = {{-0.9, -0.9}, {0.9, -0.9}, {0.9, 0.9}, {-0.9, 0.9}};
static const canvas_point diamond[] = {{0, -1.25}, {1.25, 0}, {0, 1.25}, {-1.25, 0}};
static const canvas_point up[] = {{0, -1.2}, {1.15, 0.8}, {-1.15, 0.8}};
static const canvas_point down[] = {{0, 1.2}, {1.15, -0.8}, {-1.15, -0.8}};

/* Full ones and hollow ones in turn. */
static const struct {
    const canvas_point *corners; /* NULL: a circle */
    size_t count;
    bool full;
} marks[STYLE_SERIES] = {
    {NULL, 0, true},   {square, 4, false}, {up, 3, true},   {diamond, 4, false},
    {square, 4, true}, {NULL, 0, false},   {down, 3, true}, {up, 3, false},
};

void style_draw_mark(canvas *c, size_t index, double x, double y)
{
    index %= STYLE_SERIES;
    const canvas_style style = {.line = colours[index],
                                .width = 1.5,
                                .fill = marks[index].full ? colours[index] : CANVAS_RGB(0xFFFFFF)};
    if (!marks[index].corners) {
        canvas_circle(c, x, y, style_mark_radius, style);
        return;
    }
    canvas_point corners[4];
    for (size_t i = 0; i < marks[index].count; i++) {
        corners[i].x = x + style_mark_radius * marks[index].corners[i].x;
        corners[i].y = y + style_mark_radius * marks[index].corners[i].y;
    }
    canvas_path(c, corners, marks[index].count, style);
}
