/* SPDX-License-Identifier: Apache-2.0
 *
 * A network as a picture: each part a box of its output's shape; and the inside of one block. NULL out of
 * memory.
 */
#ifndef PLOT_NETWORK_PICTURE_H
#define PLOT_NETWORK_PICTURE_H

#include <effnet.h>

#include "plot/canvas.h"

canvas *network_picture(const effnet_network *network);

/* `part` must be a block. */
canvas *block_picture(const effnet_network *network, size_t part);

#endif
