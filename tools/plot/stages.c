/* SPDX-License-Identifier: Apache-2.0
 *
 * See stages.h.
 */
#include "plot/stages.h"

bool stage_is_block(const effnet_part_info *part)
{
    return part->expand != 0;
}

bool stage_continues(const effnet_part_info *part, const effnet_part_info *last)
{
    return stage_is_block(part) && part->expand == last->expand && part->kernel == last->kernel &&
           part->stride == 1 && part->out_channels == last->out_channels &&
           part->in_channels == part->out_channels && !part->squeeze == !last->squeeze;
}
