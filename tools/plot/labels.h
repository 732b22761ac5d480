/* SPDX-License-Identifier: Apache-2.0
 *
 * Places the labels of a chart's points so that none lies on a mark or another text.
 */
#ifndef PLOT_LABELS_H
#define PLOT_LABELS_H

#include "plot/axis.h"

/* Writes them within `plot`; those for which there is no room are left out. */
void labels_draw(canvas *c, const chart *what, const axis *x, const axis *y, canvas_box plot);

#endif
