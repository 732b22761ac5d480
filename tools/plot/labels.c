/* SPDX-License-Identifier: Apache-2.0
 *
 * See labels.h. Each label tries places around its point, the best first: beside it, then above and below; at
 * first only where it touches no line either.
 */
#include "plot/labels.h"

#include <math.h>

#include "plot/style.h"

static const double AWAY = 6; /* of a label from its point */

typedef struct surroundings {
    const canvas *c;
    const chart *what;
    const axis *x, *y;
    canvas_box plot;
} surroundings;

static bool point_at(const surroundings *s, const chart_series *series, size_t i, canvas_point *out)
{
    const double x = series->x ? series->x[i] : (double)i, y = series->y[i];
    if (!axis_takes(s->x->what, x) || !axis_takes(s->y->what, y)) return false;
    *out = (canvas_point){axis_at(s->x, x), axis_at(s->y, y)};
    return true;
}

static bool has_point(canvas_box box, canvas_point p, double room)
{
    return p.x > box.x - room && p.x < box.x + box.width + room && p.y > box.y - room &&
           p.y < box.y + box.height + room;
}

/* Clips the part of [*from, *to] of a line p + t d in which it is between `least` and `most`; false if
 * nothing is left (Liang and Barsky). */
static bool clip(double p, double d, double least, double most, double *from, double *to)
{
    if (d == 0) return p > least && p < most;
    const double a = (least - p) / d, b = (most - p) / d;
    *from = fmax(*from, fmin(a, b));
    *to = fmin(*to, fmax(a, b));
    return *from < *to;
}

static bool is_crossed(canvas_box box, canvas_point p, canvas_point q)
{
    double from = 0, to = 1;
    return clip(p.x, q.x - p.x, box.x, box.x + box.width, &from, &to) &&
           clip(p.y, q.y - p.y, box.y, box.y + box.height, &from, &to);
}

static bool touches_series(const surroundings *s, const chart_series *series, canvas_box box, bool lines_too)
{
    canvas_point last = {0}, p = {0};
    bool has_last = false;
    for (size_t i = 0; i < series->count; i++) {
        const bool is_there = point_at(s, series, i, &p);
        if (is_there && series->kind != CHART_LINE && has_point(box, p, style_mark_radius)) return true;
        if (is_there && lines_too && has_last && series->kind != CHART_POINTS && is_crossed(box, last, p))
            return true;
        has_last = is_there;
        last = p;
    }
    return false;
}

static bool is_good(const surroundings *s, canvas_box box, bool lines_too)
{
    const canvas_box plot = s->plot;
    if (box.x < plot.x || box.y < plot.y || box.x + box.width > plot.x + plot.width ||
        box.y + box.height > plot.y + plot.height || !canvas_is_free(s->c, box))
        return false;
    for (size_t i = 0; i < s->what->series_count; i++)
        if (touches_series(s, &s->what->series[i], box, lines_too)) return false;
    return true;
}

static void draw_label(canvas *c, const surroundings *s, canvas_point p, const char *text)
{
    static const struct {
        double x, y;
        canvas_align align;
    } places[] = {{1, 0, CANVAS_LEFT},        {-1, 0, CANVAS_RIGHT},    {0.5, 1.3, CANVAS_LEFT},
                  {-0.5, -1.3, CANVAS_RIGHT}, {0.5, -1.3, CANVAS_LEFT}, {-0.5, 1.3, CANVAS_RIGHT},
                  {0, -1.8, CANVAS_CENTRE},   {0, 1.8, CANVAS_CENTRE}};
    for (int lines_too = 1; lines_too >= 0; lines_too--)
        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
            const double x = p.x + AWAY * places[i].x, y = p.y + AWAY * places[i].y;
            if (!is_good(s, canvas_text_box(x, y, places[i].align, style_small, text), lines_too)) continue;
            canvas_text(c, x, y, places[i].align, style_small, text);
            return;
        }
}

void labels_draw(canvas *c, const chart *what, const axis *x, const axis *y, canvas_box plot)
{
    const surroundings s = {c, what, x, y, plot};
    for (size_t i = 0; i < what->series_count; i++)
        for (size_t j = 0; what->series[i].labels && j < what->series[i].count; j++) {
            canvas_point p;
            if (point_at(&s, &what->series[i], j, &p)) draw_label(c, &s, p, what->series[i].labels[j]);
        }
}
