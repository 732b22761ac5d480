/* SPDX-License-Identifier: Apache-2.0
 *
 * See heat_map.h.
 */
#include "plot/heat_map.h"

#include <math.h>
#include <stdio.h>

#include "plot/style.h"

static const double MARGIN = 14, LINE = 18;
static const double LARGE = 30, SMALL = 14; /* cells with counts in them, and with names beside them */
static const size_t MOST_LARGE = 32, MOST_SMALL = 72;
static const double SIDE = 840;    /* of the whole table where cells are smaller */
static const double LONGEST = 170; /* of a name */
static const double LEAST = 0.1;   /* share that one picture looks like at least */
static const double KEY_WIDTH = 180, KEY_HEIGHT = 10;

typedef struct layout {
    double cell, left, top; /* of the table */
    double names;           /* room for them; 0: none are written */
    bool has_counts;
} layout;

canvas_colour heat_map_shade(double share)
{
    return style_tint(0x0B2545, fmax(0, fmin(share, 1)));
}

static double longest_count(const heat_map *m)
{
    double longest = 0;
    char text[24];
    for (size_t i = 0; i < m->size * m->size; i++) {
        snprintf(text, sizeof text, "%llu", (unsigned long long)m->counts[i]);
        longest = fmax(longest, canvas_text_length(style_label, text));
    }
    return longest;
}

static layout plan(const heat_map *m)
{
    layout l = {.has_counts = m->size <= MOST_LARGE};
    if (l.has_counts)
        l.cell = fmax(LARGE, longest_count(m) + 8);
    else
        l.cell = m->size <= MOST_SMALL ? SMALL : fmax(1, floor(SIDE / (double)m->size));
    for (size_t i = 0; m->size <= MOST_SMALL && i < m->size; i++)
        l.names = fmax(l.names, canvas_text_length(style_label, m->names[i]) + 2);
    l.names = fmin(l.names, LONGEST);
    l.left = MARGIN + LINE + l.names + 8;
    l.top = MARGIN + (m->title ? LINE + 6 : 0);
    return l;
}

static uint64_t row_sum(const heat_map *m, size_t row)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < m->size; i++)
        sum += m->counts[row * m->size + i];
    return sum;
}

static void draw_cell(canvas *c, const layout *l, canvas_box box, double share, uint64_t count)
{
    const canvas_colour shade = heat_map_shade(LEAST + (1 - LEAST) * share);
    canvas_rectangle(c, box, (canvas_style){.fill = shade});
    if (!l->has_counts) return;
    canvas_font font = style_label;
    char text[24];
    if (share > 0.4) font.colour = CANVAS_RGB(0xFFFFFF);
    snprintf(text, sizeof text, "%llu", (unsigned long long)count);
    canvas_text(c, box.x + box.width / 2, box.y + box.height / 2, CANVAS_CENTRE, font, text);
}

static void draw_cells(canvas *c, const heat_map *m, const layout *l)
{
    for (size_t row = 0; row < m->size; row++) {
        const uint64_t sum = row_sum(m, row);
        for (size_t column = 0; column < m->size; column++) {
            const uint64_t count = m->counts[row * m->size + column];
            const canvas_box box = {l->left + (double)column * l->cell, l->top + (double)row * l->cell,
                                    l->cell, l->cell};
            if (count > 0) draw_cell(c, l, box, (double)count / (double)sum, count);
        }
    }
}

static void draw_grid(canvas *c, const heat_map *m, const layout *l)
{
    const double side = l->cell * (double)m->size;
    for (size_t i = 1; l->cell >= SMALL && i < m->size; i++) {
        const double at = (double)i * l->cell;
        canvas_line(c, l->left, l->top + at, l->left + side, l->top + at, style_grid);
        canvas_line(c, l->left + at, l->top, l->left + at, l->top + side, style_grid);
    }
    canvas_rectangle(c, (canvas_box){l->left, l->top, side, side}, style_axis);
}

static void draw_names(canvas *c, const heat_map *m, const layout *l)
{
    const double side = l->cell * (double)m->size;
    canvas_font upwards = style_label;
    upwards.upwards = true;
    for (size_t i = 0; l->names > 0 && i < m->size; i++) {
        const double at = ((double)i + 0.5) * l->cell;
        canvas_text_within(c, l->left - 6, l->top + at, CANVAS_RIGHT, style_label, m->names[i], l->names);
        canvas_text_within(c, l->left + at, l->top + side + 6, CANVAS_RIGHT, upwards, m->names[i], l->names);
    }
    canvas_font turned = style_small;
    turned.upwards = true;
    canvas_text(c, MARGIN + LINE / 2, l->top + side / 2, CANVAS_CENTRE, turned, "true");
    canvas_text(c, l->left + side / 2, l->top + side + 8 + l->names + LINE / 2, CANVAS_CENTRE, style_small,
                "found");
}

/* What a shade means. */
static void draw_key(canvas *c, double left, double top)
{
    enum { STEPS = 30 };
    for (int i = 0; i < STEPS; i++) {
        const double share = (double)i / (STEPS - 1);
        canvas_rectangle(c,
                         (canvas_box){left + KEY_WIDTH / STEPS * i, top, KEY_WIDTH / STEPS + 0.3, KEY_HEIGHT},
                         (canvas_style){.fill = heat_map_shade(i ? LEAST + (1 - LEAST) * share : 0)});
    }
    canvas_rectangle(c, (canvas_box){left, top, KEY_WIDTH, KEY_HEIGHT}, style_axis);
    canvas_text(c, left, top + KEY_HEIGHT + LINE / 2, CANVAS_LEFT, style_small, "0 %");
    canvas_text(c, left + KEY_WIDTH / 2, top + KEY_HEIGHT + LINE / 2, CANVAS_CENTRE, style_small,
                "of the row");
    canvas_text(c, left + KEY_WIDTH, top + KEY_HEIGHT + LINE / 2, CANVAS_RIGHT, style_small, "100 %");
}

canvas *heat_map_draw(const heat_map *m)
{
    canvas *c = canvas_create();
    if (!c) return NULL;
    const layout l = plan(m);
    const double side = l.cell * (double)m->size, below = l.top + side + 8 + l.names + LINE;
    const double title = m->title ? canvas_text_length(style_title, m->title) : 0;
    const double width = fmax(l.left + fmax(side, KEY_WIDTH + 20), MARGIN + title) + MARGIN;
    canvas_set_size(c, width, below + 8 + KEY_HEIGHT + LINE + MARGIN);
    if (m->title) canvas_text(c, MARGIN, MARGIN + LINE / 2, CANVAS_LEFT, style_title, m->title);
    draw_cells(c, m, &l);
    draw_grid(c, m, &l);
    draw_names(c, m, &l);
    draw_key(c, l.left, below + 8);
    return c;
}
