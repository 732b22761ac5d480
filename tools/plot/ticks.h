/* SPDX-License-Identifier: Apache-2.0
 *
 * Round numbers along an axis, and how they are written.
 */
#ifndef PLOT_TICKS_H
#define PLOT_TICKS_H

#include <stdbool.h>
#include <stddef.h>

enum { TICKS_MAX = 64, TICK_TEXT_SIZE = 24 };

typedef struct ticks {
    size_t count;
    double at[TICKS_MAX];
    double step; /* between them; 0 on a logarithmic axis */
} ticks;

/* At most `most` (2 to TICKS_MAX) multiples of 1, 2 or 5 times a power of ten within [from, to], as many as
 * there can be. */
ticks ticks_linear(double from, double to, size_t most);

/* The same on a logarithmic axis, from over 0: 1, 2 and 5 times powers of ten, or 1 and 3, or every power, or
 * every second one, ... */
ticks ticks_log(double from, double to, size_t most);

/* "0.25", "300", "1.5k", "20M", "4G", in the unit that suits `largest`, the largest number of the axis. */
void ticks_text(char out[TICK_TEXT_SIZE], double value, double largest);

#endif
