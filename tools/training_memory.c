/* SPDX-License-Identifier: Apache-2.0
 *
 * See training_memory.h.
 */
#include "training_memory.h"

enum { MAX_PASSES = 4096, OPTIMIZERS = 3 };

static const char *const optimizers[OPTIMIZERS] = {"rmsprop", "sgd", "adamw"}; /* as effnet_optimizer */

bool training_memory_take(effnet_trainer_options *t, const option_parser *o)
{
    switch (o->option->id) {
    case OPTION_OPTIMIZER:
        t->optimizer = (effnet_optimizer)options_choice(o, optimizers, OPTIMIZERS);
        return true;
    case OPTION_PASSES: t->passes = options_number(o, 1, MAX_PASSES); return true;
    case OPTION_RECOMPUTE: t->keep = EFFNET_KEEP_LEAST; return true;
    default: return false;
    }
}

const char *training_optimizer_name(effnet_optimizer optimizer)
{
    return optimizers[optimizer];
}
