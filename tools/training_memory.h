/* SPDX-License-Identifier: Apache-2.0
 *
 * The options on which the memory that training takes depends, for commands that tell it or time it.
 */
#ifndef TOOLS_TRAINING_MEMORY_H
#define TOOLS_TRAINING_MEMORY_H

#include <effnet.h>

#include "options.h"

#define TRAINING_MEMORY_OPTIONS                                                                              \
    {OPTION_OPTIMIZER, "optimizer", "NAME", "for training: rmsprop (the default), sgd, adamw"},              \
        {OPTION_PASSES, "passes", "N", "for training: run a step in N parts, to save memory (default: 1)"},  \
    {                                                                                                        \
        OPTION_RECOMPUTE, "recompute", NULL, "for training: less memory for more time"                       \
    }

/* Takes one of them; false if `o` is at another option. */
bool training_memory_take(effnet_trainer_options *t, const option_parser *o);

/* "rmsprop", "sgd", "adamw". */
const char *training_optimizer_name(effnet_optimizer optimizer);

#endif
