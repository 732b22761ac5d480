/* SPDX-License-Identifier: Apache-2.0
 *
 * See chart.h. From top to bottom: title, legend, title of the vertical axis (there it is read without
 * turning the head), the plot, labels and title of the horizontal axis.
 */
#include "plot/chart.h"

#include <math.h>

#include "plot/axis.h"
#include "plot/labels.h"
#include "plot/style.h"

static const double LINE = 17;        /* of text, from one to the next */
static const double MARGIN = 12;      /* around all */
static const double KEY = 26;         /* a sample in the legend */
static const double TICK_ROOM = 34;   /* between two ticks of the vertical axis */
static const double BARS_SHARE = 0.8; /* of the room of one category */

typedef struct plotting {
    canvas *c;
    const chart *what;
    canvas_box plot; /* what the axes enclose */
    axis x, y;
} plotting;

/* ---- ranges ---- */

static double x_of(const chart_series *series, size_t i)
{
    return series->x ? series->x[i] : (double)i;
}

static bool is_shown(const chart *what, const chart_series *series, size_t i)
{
    return axis_takes(&what->x, x_of(series, i)) && axis_takes(&what->y, series->y[i]);
}

static double spread_of(const chart_series *series, size_t i)
{
    return series->spread && isfinite(series->spread[i]) ? series->spread[i] : 0;
}

static bool has_bars(const chart *what)
{
    for (size_t i = 0; i < what->series_count; i++)
        if (what->series[i].kind == CHART_BARS) return true;
    return false;
}

static void find_axes(plotting *p, size_t most_ticks)
{
    double x[2] = {HUGE_VAL, -HUGE_VAL}, y[2] = {HUGE_VAL, -HUGE_VAL};
    for (size_t i = 0; i < p->what->series_count; i++) {
        const chart_series *series = &p->what->series[i];
        for (size_t j = 0; j < series->count; j++) {
            if (!is_shown(p->what, series, j)) continue;
            const double low = series->y[j] - spread_of(series, j);
            x[0] = fmin(x[0], x_of(series, j));
            x[1] = fmax(x[1], x_of(series, j));
            y[0] = fmin(y[0], axis_takes(&p->what->y, low) ? low : series->y[j]);
            y[1] = fmax(y[1], series->y[j] + spread_of(series, j));
        }
    }
    p->x = axis_over(&p->what->x, x[0], x[1], false, 8);
    p->y = axis_over(&p->what->y, y[0], y[1], has_bars(p->what) && !p->what->y.log, most_ticks);
}

/* ---- the legend: as many entries on a line as there is room for ---- */

/* Draws it, or measures it only where `c` is NULL; returns its height. */
static double draw_legend(canvas *c, const chart *what, double left, double top, double width)
{
    double x = left, y = top;
    size_t entries = 0;
    for (size_t i = 0; i < what->series_count; i++) {
        const chart_series *series = &what->series[i];
        if (!series->name) continue;
        const double length = fmin(canvas_text_length(style_label, series->name), width - KEY);
        if (x > left && x + KEY + length > left + width) {
            x = left;
            y += LINE;
        }
        if (c) {
            if (series->kind == CHART_BARS)
                canvas_rectangle(c, (canvas_box){x + 4, y + 3, 14, 10}, style_bar(i));
            if (series->kind == CHART_LINE || series->kind == CHART_LINE_AND_POINTS)
                canvas_line(c, x, y + LINE / 2, x + KEY - 5, y + LINE / 2, style_line(i));
            if (series->kind == CHART_POINTS || series->kind == CHART_LINE_AND_POINTS)
                style_draw_mark(c, i, x + (KEY - 5) / 2, y + LINE / 2);
            canvas_text_within(c, x + KEY, y + LINE / 2, CANVAS_LEFT, style_label, series->name, width - KEY);
        }
        x += KEY + length + 18;
        entries++;
    }
    return entries ? y - top + LINE + 4 : 0;
}

/* ---- series ---- */

static canvas_point place(const plotting *p, const chart_series *series, size_t i)
{
    return (canvas_point){axis_at(&p->x, x_of(series, i)), axis_at(&p->y, series->y[i])};
}

static void draw_line(plotting *p, const chart_series *series, size_t index)
{
    canvas_point points[256];
    size_t count = 0;
    for (size_t i = 0; i <= series->count; i++) {
        const bool is_there = i < series->count && is_shown(p->what, series, i);
        if (is_there) points[count++] = place(p, series, i);
        if (is_there && count < 256) continue;
        if (count > 1) canvas_path(p->c, points, count, style_line(index));
        /* A full piece goes on where it ended. */
        points[0] = points[count ? count - 1 : 0];
        count = is_there ? 1 : 0;
    }
}

static void draw_spread(plotting *p, const chart_series *series, size_t index)
{
    canvas_style style = style_line(index);
    style.dash = CANVAS_SOLID;
    style.width = 1;
    for (size_t i = 0; i < series->count; i++) {
        const double spread = spread_of(series, i);
        if (spread <= 0 || !is_shown(p->what, series, i)) continue;
        const double x = axis_at(&p->x, x_of(series, i)), low = series->y[i] - spread;
        const double top = axis_at(&p->y, series->y[i] + spread);
        const double bottom = axis_takes(&p->what->y, low) ? axis_at(&p->y, low) : p->y.pixel_from;
        canvas_line(p->c, x, top, x, bottom, style);
        canvas_line(p->c, x - 3, top, x + 3, top, style);
        canvas_line(p->c, x - 3, bottom, x + 3, bottom, style);
    }
}

static void draw_marks(plotting *p, const chart_series *series, size_t index)
{
    for (size_t i = 0; i < series->count; i++)
        if (is_shown(p->what, series, i)) {
            const canvas_point at = place(p, series, i);
            style_draw_mark(p->c, index, at.x, at.y);
        }
}

/* Bars of several series stand side by side. */
static void draw_bars(plotting *p, const chart_series *series, size_t index)
{
    size_t rank = 0, of = 0;
    for (size_t i = 0; i < p->what->series_count; i++) {
        if (p->what->series[i].kind != CHART_BARS) continue;
        if (i < index) rank++;
        of++;
    }
    const double room = fabs(axis_at(&p->x, 1) - axis_at(&p->x, 0)) * BARS_SHARE, width = room / (double)of;
    const double base = axis_at(&p->y, p->what->y.log ? p->y.from : fmax(0, p->y.from));
    for (size_t i = 0; i < series->count; i++) {
        if (!is_shown(p->what, series, i)) continue;
        const canvas_point at = place(p, series, i);
        const canvas_box bar = {at.x - room / 2 + (double)rank * width, fmin(at.y, base), width,
                                fabs(base - at.y)};
        canvas_rectangle(p->c, bar, style_bar(index));
    }
}

static void draw_series(plotting *p, size_t index)
{
    const chart_series *series = &p->what->series[index];
    if (series->kind == CHART_BARS) draw_bars(p, series, index);
    if (series->kind == CHART_LINE || series->kind == CHART_LINE_AND_POINTS) draw_line(p, series, index);
    if (series->spread) draw_spread(p, series, index);
    if (series->kind == CHART_POINTS || series->kind == CHART_LINE_AND_POINTS) draw_marks(p, series, index);
}

void chart_draw(canvas *c, canvas_box area, const chart *what)
{
    plotting p = {.c = c, .what = what};
    const double left = area.x + MARGIN, width = area.width - 2 * MARGIN;
    double top = area.y + MARGIN;
    if (what->title) {
        canvas_text_within(c, left, top + LINE / 2, CANVAS_LEFT, style_heading, what->title, width);
        top += LINE + 4;
    }
    top += draw_legend(c, what, left, top, width);
    if (what->y.title) {
        canvas_text_within(c, left, top + LINE / 2, CANVAS_LEFT, style_small, what->y.title, width);
        top += LINE;
    }
    top += style_label.size / 2;
    const double x_title = what->x.title ? LINE : 0;
    const double room = area.y + area.height - MARGIN - x_title - top; /* of plot and labels below */
    find_axes(&p, (size_t)fmax(2, fmin(room / TICK_ROOM, TICKS_MAX)));
    p.plot.x = left + axis_label_width(&p.y);
    p.plot.width = left + width - p.plot.x - MARGIN;
    axis_fit(&p.x, p.plot.width, room / 2);
    p.plot.y = top;
    p.plot.height = room - axis_label_height(&p.x);
    p.x.pixel_from = p.plot.x, p.x.pixel_to = p.plot.x + p.plot.width;
    p.y.pixel_from = p.plot.y + p.plot.height, p.y.pixel_to = p.plot.y;
    axis_draw_y(c, &p.y, p.plot);
    for (size_t i = 0; i < what->series_count; i++)
        draw_series(&p, i);
    axis_draw_x(c, &p.x, p.plot);
    if (what->x.title)
        canvas_text_within(c, p.plot.x + p.plot.width / 2, area.y + area.height - MARGIN - LINE / 2 + 2,
                           CANVAS_CENTRE, style_small, what->x.title, p.plot.width);
    labels_draw(c, what, &p.x, &p.y, p.plot);
}

canvas *chart_sheet(const char *title, const chart *charts, size_t count, size_t columns, double width,
                    double height)
{
    canvas *c = canvas_create();
    if (!c) return NULL;
    const size_t rows = (count + columns - 1) / columns;
    const double head = title ? LINE + MARGIN : 0;
    canvas_set_size(c, width * (double)columns, head + height * (double)rows);
    if (title)
        canvas_text_within(c, MARGIN, MARGIN + LINE / 2, CANVAS_LEFT, style_title, title,
                           canvas_width(c) - 2 * MARGIN);
    for (size_t i = 0; i < count; i++)
        chart_draw(
            c,
            (canvas_box){width * (double)(i % columns), head + height * (double)(i / columns), width, height},
            &charts[i]);
    return c;
}
