/* SPDX-License-Identifier: Apache-2.0
 *
 * A network as a picture: each part a box of its output's shape, to scale.
 */
#ifndef PLOT_NETWORK_PICTURE_H
#define PLOT_NETWORK_PICTURE_H

#include <effnet.h>

#include "plot/canvas.h"

/* NULL out of memory. */
canvas *network_picture(const effnet_network *network);

#endif
