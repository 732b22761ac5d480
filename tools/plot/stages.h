/* SPDX-License-Identifier: Apache-2.0
 *
 * Stages, as pictures and charts of a network have them: equal blocks that follow each other.
 */
#ifndef PLOT_STAGES_H
#define PLOT_STAGES_H

#include <effnet.h>

/* Whether the part is a block, and not the stem, the head or the classifier. */
bool stage_is_block(const effnet_part_info *part);

/* Whether `part` belongs to the stage that `last`, the part before it, is of. */
bool stage_continues(const effnet_part_info *part, const effnet_part_info *last);

#endif
