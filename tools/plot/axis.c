/* SPDX-License-Identifier: Apache-2.0
 *
 * See axis.h.
 */
#include "plot/axis.h"

#include <math.h>
#include <stdio.h>

#include "plot/style.h"

static const double GAP = 6;                /* between an axis and its labels */
static const double APART = 10;             /* between two labels */
static const double MOST_NAME_LENGTH = 110; /* a longer one is cut */

bool axis_takes(const chart_axis *what, double value)
{
    return isfinite(value) && (!what->log || value > 0);
}

static double forth(const axis *a, double value)
{
    return a->what->log ? log10(value) : value;
}

double axis_at(const axis *a, double value)
{
    const double from = forth(a, a->from), to = forth(a, a->to);
    return a->pixel_from + (a->pixel_to - a->pixel_from) * (forth(a, value) - from) / (to - from);
}

/* Outwards to the next ticks. */
static void round_ends(axis *a, size_t most_ticks)
{
    const double step = ticks_linear(a->from, a->to, most_ticks).step;
    a->from = floor(a->from / step + 1e-9) * step;
    a->to = ceil(a->to / step - 1e-9) * step;
}

/* A little room around the outermost points. */
static void widen_log(axis *a)
{
    const double room = pow(a->to / a->from, 0.06);
    a->from /= room;
    a->to *= room;
}

static void choose_ticks(axis *a, size_t most)
{
    a->ticks = (a->what->log ? ticks_log : ticks_linear)(a->from, a->to, most);
}

axis axis_over(const chart_axis *what, double least, double most, bool rests_on, size_t most_ticks)
{
    axis a = {.what = what, .from = least, .to = most};
    if (what->names) {
        a.from = -0.5;
        a.to = (double)what->name_count - 0.5;
        return a;
    }
    if (least > most) a.from = what->log ? 1 : 0, a.to = what->log ? 10 : 1;
    if (rests_on) a.from = fmin(a.from, 0), a.to = fmax(a.to, 0);
    const bool is_given = what->from < what->to;
    if (is_given) {
        a.from = what->from;
        a.to = what->to;
    }
    /* One number alone has no extent. */
    if (!(a.from < a.to) || (a.to - a.from) < 1e-12 * fabs(a.to)) {
        const double room = a.to == 0 ? 1 : fabs(a.to) / 2;
        a.from -= room;
        a.to += room;
    }
    if (!is_given && what->log) widen_log(&a);
    if (!is_given && !what->log) round_ends(&a, most_ticks);
    choose_ticks(&a, most_ticks);
    return a;
}

static void tick_text(const axis *a, size_t index, char out[TICK_TEXT_SIZE])
{
    const double value = a->ticks.at[index];
    ticks_text(out, value, a->what->log ? value : fmax(fabs(a->from), fabs(a->to)));
}

double axis_label_width(const axis *a)
{
    double widest = 0;
    char text[TICK_TEXT_SIZE];
    for (size_t i = 0; i < a->ticks.count; i++) {
        tick_text(a, i, text);
        widest = fmax(widest, canvas_text_length(style_label, text));
    }
    return widest + GAP;
}

static double name_length(const axis *a, size_t index)
{
    return fmin(canvas_text_length(style_label, a->what->names[index]), a->longest_name);
}

static bool do_labels_fit(const axis *a)
{
    double end = -HUGE_VAL;
    char text[TICK_TEXT_SIZE];
    for (size_t i = 0; i < (a->what->names ? a->what->name_count : a->ticks.count); i++) {
        if (!a->what->names) tick_text(a, i, text);
        const double length = a->what->names ? name_length(a, i) : canvas_text_length(style_label, text);
        const double middle = axis_at(a, a->what->names ? (double)i : a->ticks.at[i]);
        if (middle - length / 2 < end + APART) return false;
        end = middle + length / 2;
    }
    return true;
}

void axis_fit(axis *a, double width, double most)
{
    a->longest_name = MOST_NAME_LENGTH;
    a->pixel_from = 0;
    a->pixel_to = width;
    if (a->what->names) {
        a->upwards = !do_labels_fit(a);
        if (a->upwards) a->longest_name = fmin(MOST_NAME_LENGTH, most);
        return;
    }
    for (size_t count = TICKS_MAX; count > 2; count = count * 3 / 4) {
        if ((double)count > width / 40) continue;
        choose_ticks(a, count);
        if (do_labels_fit(a)) return;
    }
    choose_ticks(a, 2);
}

double axis_label_height(const axis *a)
{
    double longest = 0;
    for (size_t i = 0; a->upwards && i < a->what->name_count; i++)
        longest = fmax(longest, name_length(a, i));
    return GAP + (a->upwards ? longest : style_label.size);
}

/* Names upwards need the height of a line each; where there is less, only every second is written, or third,
 * ... */
static void draw_names(canvas *c, const axis *a, canvas_box plot)
{
    const double y = plot.y + plot.height + GAP, room = plot.width / (double)a->what->name_count;
    const size_t every = a->upwards ? (size_t)ceil((style_label.size + 3) / room) : 1;
    canvas_font font = style_label;
    font.upwards = a->upwards;
    for (size_t i = 0; i < a->what->name_count; i += every) {
        const double x = axis_at(a, (double)i);
        if (a->upwards)
            canvas_text_within(c, x, y, CANVAS_RIGHT, font, a->what->names[i], a->longest_name);
        else
            canvas_text_within(c, x, y + font.size / 2, CANVAS_CENTRE, font, a->what->names[i],
                               a->longest_name);
    }
}

void axis_draw_x(canvas *c, const axis *a, canvas_box plot)
{
    const double bottom = plot.y + plot.height;
    canvas_line(c, plot.x, bottom, plot.x + plot.width, bottom, style_axis);
    if (a->what->names) {
        draw_names(c, a, plot);
        return;
    }
    for (size_t i = 0; i < a->ticks.count; i++) {
        char text[TICK_TEXT_SIZE];
        tick_text(a, i, text);
        const double x = axis_at(a, a->ticks.at[i]);
        canvas_line(c, x, bottom, x, bottom + 4, style_axis);
        canvas_text(c, x, bottom + GAP + style_label.size / 2, CANVAS_CENTRE, style_label, text);
    }
}

void axis_draw_y(canvas *c, const axis *a, canvas_box plot)
{
    for (size_t i = 0; i < a->ticks.count; i++) {
        char text[TICK_TEXT_SIZE];
        tick_text(a, i, text);
        const double y = axis_at(a, a->ticks.at[i]);
        canvas_line(c, plot.x, y, plot.x + plot.width, y, style_grid);
        canvas_text(c, plot.x - GAP, y, CANVAS_RIGHT, style_label, text);
    }
}
