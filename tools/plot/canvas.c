/* SPDX-License-Identifier: Apache-2.0
 *
 * See canvas.h.
 */
#include "plot/canvas.h"

#include <stdlib.h>
#include <string.h>

#include "plot/render.h"
#include "text.h"

struct canvas {
    canvas_item *items;
    size_t count, capacity;
    double width, height;
    bool failed; /* out of memory, once and for all */
};

/* Of a text's size: how far capital letters and descenders reach, in most fonts without serifs. */
static const double ASCENT = 0.74, DESCENT = 0.22;

canvas *canvas_create(void)
{
    return calloc(1, sizeof(canvas));
}

void canvas_free(canvas *c)
{
    if (!c) return;
    for (size_t i = 0; i < c->count; i++) {
        free(c->items[i].points);
        free(c->items[i].text);
    }
    free(c->items);
    free(c);
}

bool canvas_ok(const canvas *c)
{
    return !c->failed;
}

void canvas_set_size(canvas *c, double width, double height)
{
    c->width = width;
    c->height = height;
}

double canvas_width(const canvas *c)
{
    return c->width;
}

double canvas_height(const canvas *c)
{
    return c->height;
}

const canvas_item *canvas_get(const canvas *c, size_t index)
{
    return index < c->count ? &c->items[index] : NULL;
}

/* A new item with room for `points` points; NULL, remembered, out of memory. */
static canvas_item *add(canvas *c, canvas_kind kind, const canvas_point *points, size_t count)
{
    if (c->failed) return NULL;
    if (c->count == c->capacity) {
        const size_t capacity = c->capacity ? 2 * c->capacity : 64;
        canvas_item *items = realloc(c->items, capacity * sizeof *items);
        if (!items) {
            c->failed = true;
            return NULL;
        }
        c->items = items;
        c->capacity = capacity;
    }
    canvas_point *copy = malloc((count ? count : 1) * sizeof *copy);
    if (!copy) {
        c->failed = true;
        return NULL;
    }
    memcpy(copy, points, count * sizeof *copy);
    canvas_item *item = &c->items[c->count++];
    *item = (canvas_item){.kind = kind, .points = copy, .count = count};
    return item;
}

void canvas_path(canvas *c, const canvas_point *points, size_t count, canvas_style style)
{
    canvas_item *item = add(c, CANVAS_PATH, points, count);
    if (item) item->style = style;
}

void canvas_line(canvas *c, double x0, double y0, double x1, double y1, canvas_style style)
{
    const canvas_point points[] = {{x0, y0}, {x1, y1}};
    style.fill = 0;
    canvas_path(c, points, 2, style);
}

void canvas_rectangle(canvas *c, canvas_box box, canvas_style style)
{
    const canvas_point points[] = {{box.x, box.y},
                                   {box.x + box.width, box.y},
                                   {box.x + box.width, box.y + box.height},
                                   {box.x, box.y + box.height},
                                   {box.x, box.y}};
    canvas_path(c, points, style.fill ? 4 : 5, style);
}

void canvas_circle(canvas *c, double x, double y, double radius, canvas_style style)
{
    canvas_item *item = add(c, CANVAS_CIRCLE, &(canvas_point){x, y}, 1);
    if (!item) return;
    item->style = style;
    item->radius = radius;
}

/* ---- text ---- */

double canvas_text_length(canvas_font font, const char *text)
{
    char *line = text_printable(text, false);
    const double length = line ? render_text_length(font, line) : 0;
    free(line);
    return length;
}

static canvas_box box_of(double x, double y, double length, canvas_align align, canvas_font font)
{
    const double thickness = (ASCENT + DESCENT) * font.size;
    const double shift = align == CANVAS_LEFT ? 0 : align == CANVAS_CENTRE ? length / 2 : length;
    if (font.upwards) return (canvas_box){x - ASCENT / 2 * font.size, y - length + shift, thickness, length};
    return (canvas_box){x - shift, y - ASCENT / 2 * font.size, length, thickness};
}

canvas_box canvas_text_box(double x, double y, canvas_align align, canvas_font font, const char *text)
{
    return box_of(x, y, canvas_text_length(font, text), align, font);
}

void canvas_text(canvas *c, double x, double y, canvas_align align, canvas_font font, const char *text)
{
    if (!*text) return;
    char *line = text_printable(text, false);
    if (!line) {
        c->failed = true;
        return;
    }
    const canvas_box box = box_of(x, y, render_text_length(font, line), align, font);
    canvas_point start = {box.x, box.y + ASCENT * font.size};
    if (font.upwards) start = (canvas_point){box.x + ASCENT * font.size, box.y + box.height};
    canvas_item *item = add(c, CANVAS_TEXT, &start, 1);
    if (!item) {
        free(line);
        return;
    }
    item->font = font;
    item->text = line;
    item->box = box;
}

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

void canvas_text_within(canvas *c, double x, double y, canvas_align align, canvas_font font, const char *text,
                        double most)
{
    char *line = text_printable(text, false);
    char *cut = line ? malloc(strlen(line) + sizeof "...") : NULL;
    if (!cut) {
        c->failed = true;
        free(line);
        return;
    }
    size_t length = strlen(line);
    strcpy(cut, line);
    while (length && render_text_length(font, cut) > most) {
        do
            length--;
        while (length && is_continuation(line[length]));
        memcpy(cut, line, length);
        strcpy(cut + length, "...");
    }
    if (length) canvas_text(c, x, y, align, font, cut);
    free(line);
    free(cut);
}

/* ---- who touches whom ---- */

static bool do_touch(canvas_box a, canvas_box b)
{
    return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

bool canvas_is_free(const canvas *c, canvas_box box)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->items[i].kind == CANVAS_TEXT && do_touch(c->items[i].box, box)) return false;
    return true;
}

static bool is_inside(const canvas *c, canvas_box box)
{
    return box.x >= 0 && box.y >= 0 && box.x + box.width <= c->width && box.y + box.height <= c->height;
}

size_t canvas_count_collisions(const canvas *c)
{
    size_t collisions = 0;
    for (size_t i = 0; i < c->count; i++) {
        if (c->items[i].kind != CANVAS_TEXT) continue;
        if (!is_inside(c, c->items[i].box)) collisions++;
        for (size_t j = 0; j < i; j++)
            if (c->items[j].kind == CANVAS_TEXT && do_touch(c->items[i].box, c->items[j].box)) collisions++;
    }
    return collisions;
}
