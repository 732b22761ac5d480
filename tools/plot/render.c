/* SPDX-License-Identifier: Apache-2.0
 *
 * See render.h. Letters are drawn as outlines by cairo in both formats, so a picture looks the same
 * everywhere, whatever fonts the reader has.
 */
#include "plot/render.h"

#include <stdlib.h>
#include <string.h>

/* Without cairo nothing is drawn, but all is laid out. */
static double guess_text_length(canvas_font font, const char *text)
{
    return font.size / 2 * (double)strlen(text);
}

#if EFFNET_HAVE_CAIRO

#include <cairo-svg.h>
#include <cairo.h>
#include <math.h>

#include "late.h"

/* clang-format off */
#define FUNCTIONS(_) \
    _(cairo_arc) _(cairo_close_path) _(cairo_create) _(cairo_destroy) _(cairo_fill_preserve) \
    _(cairo_font_options_create) _(cairo_font_options_destroy) _(cairo_font_options_set_antialias) \
    _(cairo_font_options_set_hint_metrics) _(cairo_font_options_set_hint_style) \
    _(cairo_image_surface_create) _(cairo_line_to) _(cairo_move_to) _(cairo_new_path) _(cairo_paint) \
    _(cairo_restore) _(cairo_rotate) _(cairo_save) _(cairo_scale) _(cairo_select_font_face) \
    _(cairo_set_dash) _(cairo_set_font_options) _(cairo_set_font_size) _(cairo_set_line_join) \
    _(cairo_set_line_width) _(cairo_set_source_rgb) _(cairo_show_text) _(cairo_status) \
    _(cairo_status_to_string) _(cairo_stroke_preserve) _(cairo_surface_destroy) _(cairo_surface_finish) \
    _(cairo_surface_status) _(cairo_surface_write_to_png_stream) _(cairo_svg_surface_create_for_stream) \
    _(cairo_svg_surface_set_document_unit) _(cairo_text_extents) _(cairo_translate) \
    _(cairo_version_string)
/* clang-format on */

static struct {
    FUNCTIONS(LATE_POINTER)
} lib;

static bool load(void)
{
    static const char *const names[] = {FUNCTIONS(LATE_NAME)};
    return late_load("libcairo.so.2", names, sizeof names / sizeof *names, &lib);
}

/* What cairo writes, in memory. */
typedef struct sink {
    unsigned char *bytes;
    size_t size, capacity;
} sink;

static cairo_status_t on_bytes(void *context, const unsigned char *bytes, unsigned int size)
{
    sink *s = context;
    if (s->size + size > s->capacity) {
        const size_t capacity = 2 * (s->size + size);
        unsigned char *grown = realloc(s->bytes, capacity);
        if (!grown) return CAIRO_STATUS_NO_MEMORY;
        s->bytes = grown;
        s->capacity = capacity;
    }
    memcpy(s->bytes + s->size, bytes, size);
    s->size += size;
    return CAIRO_STATUS_SUCCESS;
}

static void set_colour(cairo_t *cairo, canvas_colour colour)
{
    lib.cairo_set_source_rgb(cairo, (double)(colour >> 16 & 255) / 255, (double)(colour >> 8 & 255) / 255,
                             (double)(colour & 255) / 255);
}

/* Lengths of stroke and gap, in widths of the line. */
static void set_dash(cairo_t *cairo, const canvas_style *style)
{
    static const struct {
        int count;
        double lengths[4];
    } patterns[CANVAS_DASHES] = {
        [CANVAS_SOLID] = {0, {0}},          [CANVAS_DASHED] = {2, {4, 2.5}},
        [CANVAS_DOTTED] = {2, {1.2, 1.8}},  [CANVAS_DASH_DOT] = {4, {5, 2, 1.2, 2}},
        [CANVAS_LONG_DASH] = {2, {8, 2.5}},
    };
    double lengths[4];
    for (int i = 0; i < 4; i++)
        lengths[i] = patterns[style->dash].lengths[i] * style->width;
    lib.cairo_set_dash(cairo, lengths, patterns[style->dash].count, 0);
}

static void fill_and_stroke(cairo_t *cairo, const canvas_style *style)
{
    if (style->fill) {
        set_colour(cairo, style->fill);
        lib.cairo_fill_preserve(cairo);
    }
    if (style->line && style->width > 0) {
        set_colour(cairo, style->line);
        lib.cairo_set_line_width(cairo, style->width);
        set_dash(cairo, style);
        lib.cairo_stroke_preserve(cairo);
    }
    lib.cairo_new_path(cairo);
}

static void set_font(cairo_t *cairo, canvas_font font)
{
    lib.cairo_select_font_face(cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                               font.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    lib.cairo_set_font_size(cairo, font.size);
    /* Without hinting a text is equally long at any scale. */
    cairo_font_options_t *options = lib.cairo_font_options_create();
    lib.cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    lib.cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    lib.cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    lib.cairo_set_font_options(cairo, options);
    lib.cairo_font_options_destroy(options);
}

static void draw_text(cairo_t *cairo, const canvas_item *item)
{
    lib.cairo_save(cairo);
    lib.cairo_translate(cairo, item->points[0].x, item->points[0].y);
    if (item->font.upwards) lib.cairo_rotate(cairo, -acos(0));
    lib.cairo_move_to(cairo, 0, 0);
    set_font(cairo, item->font);
    set_colour(cairo, item->font.colour);
    lib.cairo_show_text(cairo, item->text);
    lib.cairo_restore(cairo);
    lib.cairo_new_path(cairo);
}

static void draw_item(cairo_t *cairo, const canvas_item *item)
{
    switch (item->kind) {
    case CANVAS_TEXT: draw_text(cairo, item); return;
    case CANVAS_CIRCLE:
        lib.cairo_arc(cairo, item->points[0].x, item->points[0].y, item->radius, 0, 4 * acos(0));
        break;
    case CANVAS_PATH:
        for (size_t i = 0; i < item->count; i++)
            lib.cairo_line_to(cairo, item->points[i].x, item->points[i].y);
        if (item->style.fill) lib.cairo_close_path(cairo);
        break;
    }
    fill_and_stroke(cairo, &item->style);
}

static void draw(cairo_t *cairo, const canvas *c)
{
    lib.cairo_set_source_rgb(cairo, 1, 1, 1);
    lib.cairo_paint(cairo);
    lib.cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    const canvas_item *item;
    for (size_t i = 0; (item = canvas_get(c, i)) != NULL; i++)
        draw_item(cairo, item);
}

static cairo_surface_t *create_surface(const canvas *c, render_format format, sink *bytes)
{
    if (format == RENDER_SVG) {
        cairo_surface_t *surface =
            lib.cairo_svg_surface_create_for_stream(on_bytes, bytes, canvas_width(c), canvas_height(c));
        lib.cairo_svg_surface_set_document_unit(surface, CAIRO_SVG_UNIT_PX);
        return surface;
    }
    return lib.cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(RENDER_PNG_SCALE * canvas_width(c)),
                                          (int)(RENDER_PNG_SCALE * canvas_height(c)));
}

void *render_canvas(const canvas *c, render_format format, size_t *size, const char **why)
{
    sink bytes = {0};
    *why = "libcairo.so.2 is not here";
    if (!load()) return NULL;
    *why = "out of memory";
    if (!canvas_ok(c)) return NULL;
    cairo_surface_t *surface = create_surface(c, format, &bytes);
    cairo_t *cairo = lib.cairo_create(surface);
    if (format == RENDER_PNG) lib.cairo_scale(cairo, RENDER_PNG_SCALE, RENDER_PNG_SCALE);
    draw(cairo, c);
    cairo_status_t status = lib.cairo_status(cairo);
    lib.cairo_destroy(cairo);
    if (status == CAIRO_STATUS_SUCCESS && format == RENDER_PNG)
        status = lib.cairo_surface_write_to_png_stream(surface, on_bytes, &bytes);
    lib.cairo_surface_finish(surface); /* writes the SVG */
    if (status == CAIRO_STATUS_SUCCESS) status = lib.cairo_surface_status(surface);
    lib.cairo_surface_destroy(surface);
    if (status != CAIRO_STATUS_SUCCESS) {
        *why = lib.cairo_status_to_string(status);
        free(bytes.bytes);
        return NULL;
    }
    *size = bytes.size;
    return bytes.bytes;
}

double render_text_length(canvas_font font, const char *text)
{
    if (!load()) return guess_text_length(font, text);
    cairo_surface_t *surface = lib.cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
    cairo_t *cairo = lib.cairo_create(surface);
    set_font(cairo, font);
    cairo_text_extents_t extents = {0};
    lib.cairo_text_extents(cairo, text, &extents);
    lib.cairo_destroy(cairo);
    lib.cairo_surface_destroy(surface);
    return extents.x_advance;
}

const char *render_version(void)
{
    return load() ? lib.cairo_version_string() : NULL;
}

#else

const char *render_version(void)
{
    return NULL;
}

void *render_canvas(const canvas *c, render_format format, size_t *size, const char **why)
{
    (void)c;
    (void)format;
    *size = 0;
    *why = "effnet was built without cairo";
    return NULL;
}

double render_text_length(canvas_font font, const char *text)
{
    return guess_text_length(font, text);
}

#endif
