/* SPDX-License-Identifier: Apache-2.0
 *
 * A list of what is to be drawn: lines, areas, circles, texts. Kept as a list so that one drawing gives PNG
 * and SVG, so that its size may be decided last, and so that tests can ask whether any text lies on another.
 * It is made visible by render.h; nothing here knows how.
 *
 * One unit is a pixel of the SVG; y grows downwards. Running out of memory is remembered and told by
 * canvas_ok.
 */
#ifndef PLOT_CANVAS_H
#define PLOT_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct canvas canvas;

/* 0 is no colour: nothing is drawn. */
typedef uint32_t canvas_colour;
#define CANVAS_RGB(rrggbb) (0xFF000000u | (rrggbb))

typedef struct canvas_point {
    double x, y;
} canvas_point;

typedef struct canvas_box {
    double x, y, width, height;
} canvas_box;

typedef enum canvas_dash {
    CANVAS_SOLID,
    CANVAS_DASHED,
    CANVAS_DOTTED,
    CANVAS_DASH_DOT,
    CANVAS_LONG_DASH,
    CANVAS_DASHES
} canvas_dash;

/* How a shape looks. */
typedef struct canvas_style {
    canvas_colour line, fill;
    double width; /* of the line */
    canvas_dash dash;
} canvas_style;

typedef enum canvas_align { CANVAS_LEFT, CANVAS_CENTRE, CANVAS_RIGHT } canvas_align;

typedef struct canvas_font {
    double size;
    canvas_colour colour;
    bool bold;
    bool upwards; /* turned, to be read from below */
} canvas_font;

typedef enum canvas_kind { CANVAS_PATH, CANVAS_CIRCLE, CANVAS_TEXT } canvas_kind;

typedef struct canvas_item {
    canvas_kind kind;
    canvas_style style;   /* of a path or a circle */
    canvas_point *points; /* of a path; the centre of a circle; where a text's baseline begins */
    size_t count;
    double radius;
    canvas_font font;
    char *text;     /* UTF-8 */
    canvas_box box; /* what a text covers */
} canvas_item;

/* NULL out of memory. */
canvas *canvas_create(void);
void canvas_free(canvas *c);
bool canvas_ok(const canvas *c);

void canvas_set_size(canvas *c, double width, double height);
double canvas_width(const canvas *c);
double canvas_height(const canvas *c);

/* A path with a fill is closed, one without is open. */
void canvas_path(canvas *c, const canvas_point *points, size_t count, canvas_style style);
void canvas_line(canvas *c, double x0, double y0, double x1, double y1, canvas_style style);
void canvas_rectangle(canvas *c, canvas_box box, canvas_style style);
void canvas_circle(canvas *c, double x, double y, double radius, canvas_style style);

/* One line of text; y is its middle (x, if it is turned upwards). Hostile bytes are escaped. */
void canvas_text(canvas *c, double x, double y, canvas_align align, canvas_font font, const char *text);

/* The same, cut with "..." to be at most `most` long. */
void canvas_text_within(canvas *c, double x, double y, canvas_align align, canvas_font font, const char *text,
                        double most);

/* Length of a text. */
double canvas_text_length(canvas_font font, const char *text);

/* What a text would cover. */
canvas_box canvas_text_box(double x, double y, canvas_align align, canvas_font font, const char *text);

/* No text so far touches `box`. */
bool canvas_is_free(const canvas *c, canvas_box box);

/* How many texts lie on another or reach over the edge; of a good drawing 0. */
size_t canvas_count_collisions(const canvas *c);

/* Item number `index`, in the order of drawing; NULL past the end. */
const canvas_item *canvas_get(const canvas *c, size_t index);

#endif
