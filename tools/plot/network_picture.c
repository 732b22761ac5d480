/* SPDX-License-Identifier: Apache-2.0
 *
 * See network_picture.h. The picture is read like text, from left to right and on in the next row. A box's
 * height and its depth into the picture are the rows and columns of the output, its length the channels; rows
 * and columns share one scale, channels have another. Equal blocks that follow each other are one stage, with
 * one text.
 */
#include "plot/network_picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot/style.h"
#include "text.h"

enum {
    MAX_DRAWN = 40, /* boxes of one stage */
    TEXT_LINES = 4,
    TEXT_SIZE = 48
};

static const double MARGIN = 16, LINE = 14, SLOT_GAP = 12, BOX_GAP = 3, ARCH = 7;
static const double MAX_ROW = 1120;                 /* width of a row */
static const double LARGEST_SIDE = 130;             /* of a box, for the network's largest side */
static const double ALL_CHANNELS = 1300;            /* length of all boxes together, ... */
static const double MAX_CHANNEL = 0.1;              /* ... unless a channel were longer than this */
static const double HAIR = 1.5;                     /* nothing is thinner */
static const double DEPTH_X = 0.32, DEPTH_Y = 0.24; /* of what points into the picture */

/* A stage, or a part that is none. */
typedef struct slot {
    char text[TEXT_LINES][TEXT_SIZE]; /* below it, the first in bold */
    canvas_colour colour;
    int height, width, channels; /* of its output */
    size_t blocks, arches;       /* how many, and how many of them add their input; the last ones */
    double length;               /* of all its boxes */
    double room;                 /* with its text and a gap */
} slot;

typedef struct picture {
    canvas *c;
    slot *slots;
    size_t count;
    double side, channel; /* pixels for one */
} picture;

/* ---- what is drawn ---- */

static canvas_colour colour_of(const effnet_part_info *p)
{
    const canvas_colour blue = style_line(0).line;
    if (strcmp(p->kind, "linear") == 0) return CANVAS_RGB(0x555555);
    if (strcmp(p->kind, "conv") == 0) return CANVAS_RGB(0xD0D0D0);
    return style_tint(blue, p->kernel <= 3 ? 0.28 : p->kernel <= 5 ? 0.65 : 1);
}

static void describe(slot *s, const effnet_part_info *p)
{
    if (strcmp(p->kind, "linear") == 0)
        snprintf(s->text[0], TEXT_SIZE, "classifier");
    else if (p->expand)
        snprintf(s->text[0], TEXT_SIZE, "MBConv%d %dx%d", p->expand, p->kernel, p->kernel);
    else
        snprintf(s->text[0], TEXT_SIZE, "conv %dx%d", p->kernel, p->kernel);
    snprintf(s->text[1], TEXT_SIZE, "%d x %d x %d", p->height, p->width, p->out_channels);
    snprintf(s->text[2], TEXT_SIZE, "%s%s%s", p->stride > 1 ? "stride 2" : "",
             p->stride > 1 && p->squeeze ? ", " : "", p->squeeze ? "SE" : "");
    *s->text[3] = '\0';
}

static bool continues(const effnet_part_info *p, const effnet_part_info *last)
{
    return p->expand && p->expand == last->expand && p->kernel == last->kernel && p->stride == 1 &&
           p->out_channels == last->out_channels && p->in_channels == p->out_channels &&
           !p->squeeze == !last->squeeze;
}

static void collect_slots(picture *d, const effnet_network *network, const effnet_network_info *info)
{
    d->slots[0] = (slot){.text = {"input"},
                         .colour = CANVAS_RGB(0xFFFFFF),
                         .height = info->height,
                         .width = info->width,
                         .channels = info->channels,
                         .blocks = 1};
    snprintf(d->slots[0].text[1], TEXT_SIZE, "%d x %d x %d", info->height, info->width, info->channels);
    d->count = 1;
    effnet_part_info part, last = {0};
    for (size_t i = 0; effnet_network_get_part(network, i, &part); i++) {
        if (!continues(&part, &last)) {
            slot *s = &d->slots[d->count++];
            *s = (slot){.colour = colour_of(&part),
                        .height = part.height,
                        .width = part.width,
                        .channels = part.out_channels};
            describe(s, &part);
        }
        d->slots[d->count - 1].blocks++;
        d->slots[d->count - 1].arches += part.residual;
        last = part;
    }
}

/* ---- how large it is ---- */

static size_t drawn(const slot *s)
{
    return s->blocks < MAX_DRAWN ? s->blocks : MAX_DRAWN;
}

static double length_of(const picture *d, const slot *s)
{
    return fmax(HAIR, s->channels * d->channel);
}

static void find_scales(picture *d)
{
    double channels = 0, side = 1;
    for (size_t i = 0; i < d->count; i++) {
        channels += (double)drawn(&d->slots[i]) * d->slots[i].channels;
        side = fmax(side, fmax(d->slots[i].height, d->slots[i].width));
    }
    d->side = LARGEST_SIDE / side;
    d->channel = fmin(MAX_CHANNEL, ALL_CHANNELS / channels);
}

static void measure_slots(picture *d)
{
    for (size_t i = 0; i < d->count; i++) {
        slot *s = &d->slots[i];
        if (s->blocks > drawn(s))
            snprintf(s->text[3], TEXT_SIZE, "%zu blocks, %zu drawn", s->blocks, drawn(s));
        else if (s->blocks > 1)
            snprintf(s->text[3], TEXT_SIZE, "%zu blocks", s->blocks);
        s->length = (double)drawn(s) * (length_of(d, s) + BOX_GAP) - BOX_GAP;
        double room = s->length + DEPTH_X * s->width * d->side;
        for (int j = 0; j < TEXT_LINES; j++)
            room = fmax(room, canvas_text_length(j ? style_small : style_heading, s->text[j]));
        s->room = room + SLOT_GAP;
    }
}

/* ---- drawing ---- */

/* A box whose front is at (x, y), of t x h, and that reaches (dx, dy) into the picture. */
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

/* From before a box to after it. */
static void draw_arch(canvas *c, double from, double to, double y)
{
    const canvas_point points[] = {{from, y}, {from, y - 3}, {to, y - 3}, {to, y}};
    canvas_path(c, points, 4, (canvas_style){.line = CANVAS_RGB(0x222222), .width = 0.9});
}

static void draw_boxes(const picture *d, const slot *s, double x, double middle)
{
    const double length = length_of(d, s), height = fmax(HAIR, s->height * d->side);
    const double dx = DEPTH_X * s->width * d->side, dy = DEPTH_Y * s->width * d->side;
    const double top = middle - height / 2 + dy / 2;
    for (size_t i = 0; i < drawn(s); i++) {
        const double left = x + (double)i * (length + BOX_GAP);
        draw_box(d->c, (canvas_box){left, top, length, height}, dx, dy, s->colour);
        if (i + s->arches >= s->blocks)
            draw_arch(d->c, left + dx - 0.5, left + dx + length + 0.5, top - dy - 2);
    }
}

static void draw_slot(const picture *d, const slot *s, double x, double middle, double text_top)
{
    const double centre = x + s->room / 2, depth = DEPTH_X * s->width * d->side;
    draw_boxes(d, s, centre - (s->length + depth) / 2, middle);
    double y = text_top + LINE / 2;
    for (int i = 0; i < TEXT_LINES; i++) {
        if (!*s->text[i]) continue;
        canvas_text(d->c, centre, y, CANVAS_CENTRE, i ? style_small : style_heading, s->text[i]);
        y += LINE;
    }
}

static int line_count(const slot *s)
{
    int lines = 0;
    for (int i = 0; i < TEXT_LINES; i++)
        lines += *s->text[i] != '\0';
    return lines;
}

/* The slots from `from` on that fit into a row; at least one. Sets what they take. */
static size_t row_end(const picture *d, size_t from, double *width, double *height, int *lines)
{
    size_t i = from;
    *width = *height = *lines = 0;
    for (; i < d->count && (i == from || *width + d->slots[i].room <= MAX_ROW); i++) {
        const slot *s = &d->slots[i];
        *width += s->room;
        *lines = line_count(s) > *lines ? line_count(s) : *lines;
        *height = fmax(*height, (fmax(s->height, 1) + DEPTH_Y * s->width) * d->side);
    }
    return i;
}

/* Draws the rows below `top`; returns where they end, and the widest. */
static double draw_rows(const picture *d, double top, double *widest)
{
    *widest = 0;
    for (size_t from = 0, end; from < d->count; from = end) {
        int lines;
        double width, height, x = MARGIN;
        end = row_end(d, from, &width, &height, &lines);
        *widest = fmax(*widest, width);
        const double middle = top + ARCH + height / 2, text_top = top + ARCH + height + 8;
        canvas_line(d->c, MARGIN + d->slots[from].room / 2, middle,
                    MARGIN + width - d->slots[end - 1].room / 2, middle, style_grid);
        for (size_t i = from; i < end; x += d->slots[i++].room)
            draw_slot(d, &d->slots[i], x, middle, text_top);
        top = text_top + lines * LINE + (end < d->count ? 18 : 0);
    }
    return top;
}

/* ---- what stands above and below ---- */

static void draw_head(canvas *c, const effnet_network_info *info, double width)
{
    char text[160], parameters[28], macs[28];
    snprintf(text, sizeof text, "%s parameters, %s multiply-adds, %s",
             text_grouped(parameters, sizeof parameters, info->parameters),
             text_grouped(macs, sizeof macs, info->macs), info->activation);
    canvas_text_within(c, MARGIN, MARGIN + 8, CANVAS_LEFT, style_title, info->name, width - 2 * MARGIN);
    canvas_text_within(c, MARGIN, MARGIN + 28, CANVAS_LEFT, style_label, text, width - 2 * MARGIN);
}

typedef struct key {
    const char *text;
    effnet_part_info part; /* what has its colour; of no kind: an arch */
} key;

/* Whether the network has something of that look. */
static bool is_used(const picture *d, const key *k)
{
    for (size_t i = 0; i < d->count; i++)
        if (*k->part.kind ? d->slots[i].colour == colour_of(&k->part) : d->slots[i].arches > 0) return true;
    return false;
}

/* Explains colours and shapes, as many to a line as there is room for; returns where it ends. */
static double draw_key(const picture *d, double top, double width)
{
    static const key keys[] = {
        {"convolution", {.kind = "conv"}},
        {"depthwise kernel 3x3", {.kind = "mbconv", .kernel = 3}},
        {"5x5", {.kind = "mbconv", .kernel = 5}},
        {"7x7 or larger", {.kind = "mbconv", .kernel = 7}},
        {"linear layer", {.kind = "linear"}},
        {"the block's input is added to its output", {.kind = ""}},
        {"height and depth: rows and columns, length: channels, to scale", {.kind = NULL}},
    };
    double x = MARGIN, y = top + LINE / 2;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (keys[i].part.kind && !is_used(d, &keys[i])) continue;
        const double sample = keys[i].part.kind ? 18 : 0;
        const double length = sample + canvas_text_length(style_small, keys[i].text);
        if (x > MARGIN && x + length > width - MARGIN) {
            x = MARGIN;
            y += LINE + 2;
        }
        if (keys[i].part.kind && *keys[i].part.kind)
            canvas_rectangle(
                d->c, (canvas_box){x, y - 5, 12, 10},
                (canvas_style){.line = CANVAS_RGB(0x333333), .width = 0.6, .fill = colour_of(&keys[i].part)});
        else if (keys[i].part.kind)
            draw_arch(d->c, x, x + 12, y + 2);
        canvas_text_within(d->c, x + sample, y, CANVAS_LEFT, style_small, keys[i].text, width - 2 * MARGIN);
        x += length + 18;
    }
    return y + LINE / 2;
}

canvas *network_picture(const effnet_network *network)
{
    effnet_network_info info;
    effnet_network_get_info(network, &info);
    picture d = {.c = canvas_create(), .slots = calloc(info.part_count + 1, sizeof *d.slots)};
    if (d.c && d.slots) {
        double widest;
        collect_slots(&d, network, &info);
        find_scales(&d);
        measure_slots(&d);
        const double bottom = draw_rows(&d, MARGIN + 46, &widest);
        const double width = fmax(widest, 480) + 2 * MARGIN;
        draw_head(d.c, &info, width);
        canvas_set_size(d.c, ceil(width), ceil(draw_key(&d, bottom + 12, width) + MARGIN));
    } else {
        canvas_free(d.c);
        d.c = NULL;
    }
    free(d.slots);
    return d.c;
}
