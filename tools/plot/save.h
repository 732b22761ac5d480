/* SPDX-License-Identifier: Apache-2.0
 *
 * The options --svg FILE and --png FILE, which every command that draws has, and writing what was drawn.
 */
#ifndef PLOT_SAVE_H
#define PLOT_SAVE_H

#include "options.h"
#include "plot/canvas.h"
#include "plot/render.h"

typedef struct plot_choice {
    const char *svg, *png; /* files to write; NULL: not asked for */
} plot_choice;

#define PLOT_OPTIONS                                                                                         \
    {OPTION_SVG, "svg", "FILE", "draw it, as SVG"},                                                          \
    {                                                                                                        \
        OPTION_PNG, "png", "FILE", "draw it, as PNG"                                                         \
    }

/* Takes one of the options above; false if `o` is at another one. */
bool plot_choice_take(plot_choice *choice, const option_parser *o);

/* True if a picture was asked for. */
bool plot_is_wanted(const plot_choice *choice);

/* EXIT_UNAVAILABLE, reported, if a picture was asked for and effnet cannot draw. Call before work is done. */
int plot_check(const plot_choice *choice, const char *caller);

/* Writes one file. `c` may be NULL where memory ran out. Returns an exit code, reported. */
int plot_save_as(const char *path, const canvas *c, render_format format);

/* Writes the files that were asked for and frees `c`, which may be NULL where memory ran out. Returns an exit
 * code, reported. */
int plot_save(const plot_choice *choice, canvas *c);

#endif
