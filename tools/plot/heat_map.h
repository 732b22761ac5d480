/* SPDX-License-Identifier: Apache-2.0
 *
 * A square table of counts as shades: what was true from top to bottom, what was found from left to right.
 * One hue from white to dark, so that it reads the same in grey; a cell's shade is its share of its row,
 * because rows differ in how many pictures they have. Counts are written in where there is room, names
 * where rows are high enough for them.
 */
#ifndef PLOT_HEAT_MAP_H
#define PLOT_HEAT_MAP_H

#include "plot/canvas.h"

enum { HEAT_MAP_MOST = 4096 }; /* rows; with more of them the picture would be too large */

typedef struct heat_map {
    const char *title;        /* NULL: none */
    const char *const *names; /* [size] of rows and columns */
    const uint64_t *counts;   /* [size][size] */
    size_t size;              /* 1 to HEAT_MAP_MOST */
} heat_map;

/* NULL out of memory. */
canvas *heat_map_draw(const heat_map *m);

/* The colour of a share from 0 (white) to 1; lightness falls evenly. */
canvas_colour heat_map_shade(double share);

#endif
