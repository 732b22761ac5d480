/* SPDX-License-Identifier: Apache-2.0
 *
 * Tensors as boxes of their shapes, to scale, in the order of a network: what network_picture.h draws with.
 * Knows nothing of networks.
 */
#ifndef PLOT_PICTURE_H
#define PLOT_PICTURE_H

#include "plot/canvas.h"

enum { PICTURE_LINES = 4, PICTURE_TEXT_SIZE = 48 };

/* One tensor, or several of the same shape one behind the other. */
typedef struct picture_slot {
    char text[PICTURE_LINES][PICTURE_TEXT_SIZE]; /* below it, the first in bold; "" takes no room */
    canvas_colour colour;
    int height, width, channels;
    size_t count;  /* boxes; beyond the 40th they are only counted */
    size_t arches; /* over the last so many of them */
    size_t bridge; /* an arch from the slot so many before it; 0: none */
    bool is_bridge_dashed;
} picture_slot;

/* An explanation of a colour, or of an arch if there is none, or of nothing. */
typedef struct picture_key {
    const char *text;
    canvas_colour colour;
    enum { PICTURE_COLOUR, PICTURE_ARCH, PICTURE_DASHED_ARCH, PICTURE_TEXT } kind;
} picture_key;

typedef struct picture {
    const char *title, *subtitle;
    picture_slot *slots; /* [count] */
    size_t count;
    const picture_key *keys; /* [key_count]; those of what is not there are left out */
    size_t key_count;
    double length; /* of all boxes together at most, pixels */
} picture;

/* NULL out of memory. Adds to the text of slots that have more boxes than are drawn. */
canvas *picture_draw(const picture *p);

#endif
