/* SPDX-License-Identifier: Apache-2.0
 *
 * See picture.h. A picture is read like text, from left to right and on in the next row. A box's height and
 * its depth into the picture are a tensor's rows and columns, its length the channels; rows and columns share
 * one scale, channels have another.
 */
#include "plot/picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "plot/style.h"

enum { MAX_DRAWN = 40 };

static const double MARGIN = 16, LINE = 14, SLOT_GAP = 12, BOX_GAP = 3, ARCH = 7, BRIDGE = 16;
static const double MAX_ROW = 1120;                 /* width of a row */
static const double MIN_WIDTH = 480;                /* of the whole */
static const double LARGEST_SIDE = 130;             /* of a box, for the largest side of all */
static const double MAX_CHANNEL = 0.1;              /* no channel is longer */
static const double HAIR = 1.5;                     /* no box is thinner */
static const double DEPTH_X = 0.32, DEPTH_Y = 0.24; /* of what points into the picture */

typedef struct drawing {
    canvas *c;
    const picture *p;
    double *rooms;        /* [count] width of each slot, with a gap */
    double *centres;      /* [count] of those in the present row */
    double side, channel; /* pixels for one */
} drawing;

/* ---- how large it is ---- */

static size_t drawn(const picture_slot *s)
{
    return s->count < MAX_DRAWN ? s->count : MAX_DRAWN;
}

static double length_of(const drawing *d, const picture_slot *s)
{
    return fmax(HAIR, s->channels * d->channel);
}

/* With what reaches into the picture. */
static double height_of(const drawing *d, const picture_slot *s)
{
    return fmax(HAIR, s->height * d->side) + DEPTH_Y * s->width * d->side;
}

static double depth_of(const drawing *d, const picture_slot *s)
{
    return DEPTH_X * s->width * d->side;
}

static double boxes_length(const drawing *d, const picture_slot *s)
{
    return (double)drawn(s) * (length_of(d, s) + BOX_GAP) - BOX_GAP + depth_of(d, s);
}

static void find_scales(drawing *d)
{
    double channels = 0, side = 1;
    for (size_t i = 0; i < d->p->count; i++) {
        const picture_slot *s = &d->p->slots[i];
        channels += (double)drawn(s) * s->channels;
        side = fmax(side, fmax(s->height, s->width));
    }
    d->side = LARGEST_SIDE / side;
    d->channel = fmin(MAX_CHANNEL, d->p->length / channels);
}

static void measure_slots(drawing *d)
{
    for (size_t i = 0; i < d->p->count; i++) {
        picture_slot *s = &d->p->slots[i];
        if (s->count > drawn(s))
            snprintf(s->text[PICTURE_LINES - 1], PICTURE_TEXT_SIZE, "%zu blocks, %zu drawn", s->count,
                     drawn(s));
        double room = boxes_length(d, s);
        for (int j = 0; j < PICTURE_LINES; j++)
            room = fmax(room, canvas_text_length(j ? style_small : style_heading, s->text[j]));
        d->rooms[i] = room + SLOT_GAP;
    }
}

/* ---- boxes ---- */

/* A box that shows its front, and reaches (dx, dy) into the picture. */
static void draw_box(canvas *c, canvas_box front, double dx, double dy, canvas_colour colour)
{
    const double right = front.x + front.width, bottom = front.y + front.height;
    const canvas_style outline = {.line = CANVAS_RGB(0x333333), .width = 0.6, .fill = colour};
    canvas_style top = outline, side = outline;
    top.fill = style_tint(colour, 0.55);
    side.fill = style_tint(colour, 0.8);
    const canvas_point above[] = {
        {front.x, front.y}, {front.x + dx, front.y - dy}, {right + dx, front.y - dy}, {right, front.y}};
    const canvas_point beside[] = {
        {right, front.y}, {right + dx, front.y - dy}, {right + dx, bottom - dy}, {right, bottom}};
    canvas_path(c, above, 4, top);
    canvas_path(c, beside, 4, side);
    canvas_rectangle(c, front, outline);
}

static const canvas_style arch_style = {.line = CANVAS_RGB(0x222222), .width = 0.9};
static const canvas_style dashed_style = {.line = CANVAS_RGB(0x222222), .width = 0.9, .dash = CANVAS_DASHED};

/* From before a box to after it. */
static void draw_arch(canvas *c, double from, double to, double y, double foot, canvas_style style)
{
    const canvas_point points[] = {{from, foot}, {from, y}, {to, y}, {to, foot}};
    canvas_path(c, points, 4, style);
}

static void draw_boxes(const drawing *d, const picture_slot *s, double x, double middle)
{
    const double length = length_of(d, s), height = fmax(HAIR, s->height * d->side);
    const double dx = depth_of(d, s), dy = DEPTH_Y * s->width * d->side;
    const double top = middle - height / 2 + dy / 2;
    for (size_t i = 0; i < drawn(s); i++) {
        const double left = x + (double)i * (length + BOX_GAP), foot = top - dy - 2;
        draw_box(d->c, (canvas_box){left, top, length, height}, dx, dy, s->colour);
        if (i + s->arches >= s->count)
            draw_arch(d->c, left + dx - 0.5, left + dx + length + 0.5, foot - 3, foot, arch_style);
    }
}

static void draw_slot(const drawing *d, const picture_slot *s, double centre, double middle, double text_top)
{
    draw_boxes(d, s, centre - boxes_length(d, s) / 2, middle);
    double y = text_top + LINE / 2;
    for (int i = 0; i < PICTURE_LINES; i++) {
        if (!*s->text[i]) continue;
        canvas_text(d->c, centre, y, CANVAS_CENTRE, i ? style_small : style_heading, s->text[i]);
        y += LINE;
    }
}

/* ---- rows ---- */

typedef struct row {
    size_t from, end;
    double width, height;
    int lines;       /* of text */
    bool has_bridge; /* one at least */
} row;

static int line_count(const picture_slot *s)
{
    int lines = 0;
    for (int i = 0; i < PICTURE_LINES; i++)
        lines += *s->text[i] != '\0';
    return lines;
}

/* The slots from `from` on that fit into a row; at least one. */
static row find_row(const drawing *d, size_t from)
{
    row r = {.from = from, .end = from};
    for (; r.end < d->p->count && (r.end == from || r.width + d->rooms[r.end] <= MAX_ROW); r.end++) {
        const picture_slot *s = &d->p->slots[r.end];
        r.width += d->rooms[r.end];
        r.height = fmax(r.height, height_of(d, s));
        r.lines = line_count(s) > r.lines ? line_count(s) : r.lines;
        r.has_bridge |= s->bridge && r.end - from >= s->bridge;
    }
    return r;
}

/* From the top of one slot's boxes to that of another, above all between them. */
static void draw_bridge(const drawing *d, const row *r, size_t to, double middle)
{
    const picture_slot *s = &d->p->slots[to];
    const size_t from = to - s->bridge;
    const double feet[] = {middle - height_of(d, s - s->bridge) / 2 - 3, middle - height_of(d, s) / 2 - 3};
    double top = fmin(feet[0], feet[1]);
    for (size_t i = from; i <= to; i++)
        top = fmin(top, middle - height_of(d, &d->p->slots[i]) / 2 - 3);
    /* The wider of two that begin or end at one place is the higher one. */
    const double y = top - 5 - (s->is_bridge_dashed ? 0 : 6);
    const double x[] = {d->centres[from - r->from] + depth_of(d, s - s->bridge) / 2,
                        d->centres[to - r->from] + depth_of(d, s) / 2};
    const canvas_style style = s->is_bridge_dashed ? dashed_style : arch_style;
    const canvas_point points[] = {{x[0], feet[0]}, {x[0], y}, {x[1], y}, {x[1], feet[1]}};
    const canvas_point tip[] = {{x[1] - 2.5, feet[1] - 5}, {x[1] + 2.5, feet[1] - 5}, {x[1], feet[1]}};
    canvas_path(d->c, points, 4, style);
    canvas_path(d->c, tip, 3, (canvas_style){.fill = style.line});
}

/* Draws a row below `top`; returns where it ends. */
static double draw_row(const drawing *d, const row *r, double top)
{
    const double middle = top + (r->has_bridge ? BRIDGE : ARCH) + r->height / 2;
    const double text_top = middle + r->height / 2 + 8;
    double x = MARGIN;
    for (size_t i = r->from; i < r->end; x += d->rooms[i++])
        d->centres[i - r->from] = x + d->rooms[i] / 2;
    canvas_line(d->c, d->centres[0], middle, d->centres[r->end - r->from - 1], middle, style_grid);
    for (size_t i = r->from; i < r->end; i++) {
        const picture_slot *s = &d->p->slots[i];
        draw_slot(d, s, d->centres[i - r->from], middle, text_top);
        if (s->bridge && i - r->from >= s->bridge) draw_bridge(d, r, i, middle);
    }
    return text_top + r->lines * LINE;
}

/* Draws the rows below `top`; returns where they end, and the widest. */
static double draw_rows(const drawing *d, double top, double *widest)
{
    *widest = 0;
    for (size_t from = 0; from < d->p->count;) {
        const row r = find_row(d, from);
        *widest = fmax(*widest, r.width);
        top = draw_row(d, &r, top + (from ? 18 : 0));
        from = r.end;
    }
    return top;
}

/* ---- what stands above and below ---- */

static void draw_head(const drawing *d, double width)
{
    canvas_text_within(d->c, MARGIN, MARGIN + 8, CANVAS_LEFT, style_title, d->p->title, width - 2 * MARGIN);
    canvas_text_within(d->c, MARGIN, MARGIN + 28, CANVAS_LEFT, style_label, d->p->subtitle,
                       width - 2 * MARGIN);
}

/* Whether the picture has what the key explains. */
static bool is_used(const picture *p, const picture_key *k)
{
    for (size_t i = 0; i < p->count; i++) {
        const picture_slot *s = &p->slots[i];
        if (k->kind == PICTURE_TEXT || (k->kind == PICTURE_COLOUR && s->colour == k->colour)) return true;
        if (k->kind == PICTURE_ARCH && (s->arches || (s->bridge && !s->is_bridge_dashed))) return true;
        if (k->kind == PICTURE_DASHED_ARCH && s->bridge && s->is_bridge_dashed) return true;
    }
    return false;
}

static void draw_sample(canvas *c, const picture_key *k, double x, double y)
{
    const canvas_style box = {.line = CANVAS_RGB(0x333333), .width = 0.6, .fill = k->colour};
    switch (k->kind) {
    case PICTURE_COLOUR: canvas_rectangle(c, (canvas_box){x, y - 5, 12, 10}, box); return;
    case PICTURE_ARCH: draw_arch(c, x, x + 12, y - 2, y + 2, arch_style); return;
    case PICTURE_DASHED_ARCH: draw_arch(c, x, x + 12, y - 2, y + 2, dashed_style); return;
    case PICTURE_TEXT: return;
    }
}

/* As many explanations to a line as there is room for; returns where they end. */
static double draw_keys(const drawing *d, double top, double width)
{
    double x = MARGIN, y = top + LINE / 2;
    for (size_t i = 0; i < d->p->key_count; i++) {
        const picture_key *k = &d->p->keys[i];
        if (!is_used(d->p, k)) continue;
        const double sample = k->kind == PICTURE_TEXT ? 0 : 18;
        const double length = sample + canvas_text_length(style_small, k->text);
        if (x > MARGIN && x + length > width - MARGIN) {
            x = MARGIN;
            y += LINE + 2;
        }
        draw_sample(d->c, k, x, y);
        canvas_text_within(d->c, x + sample, y, CANVAS_LEFT, style_small, k->text, width - 2 * MARGIN);
        x += length + 18;
    }
    return y + LINE / 2;
}

canvas *picture_draw(const picture *p)
{
    drawing d = {.c = canvas_create(),
                 .p = p,
                 .rooms = calloc(p->count, sizeof *d.rooms),
                 .centres = calloc(p->count, sizeof *d.centres)};
    if (d.c && d.rooms && d.centres) {
        double widest;
        find_scales(&d);
        measure_slots(&d);
        const double bottom = draw_rows(&d, MARGIN + 46, &widest);
        const double width = fmax(widest, MIN_WIDTH) + 2 * MARGIN;
        draw_head(&d, width);
        canvas_set_size(d.c, ceil(width), ceil(draw_keys(&d, bottom + 12, width) + MARGIN));
    } else {
        canvas_free(d.c);
        d.c = NULL;
    }
    free(d.rooms);
    free(d.centres);
    return d.c;
}
