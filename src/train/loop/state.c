/* SPDX-License-Identifier: Apache-2.0
 *
 * A run as a checkpoint: its arrays, its position, and the lines that must be equal for it to go on.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "model/variant.h"
#include "train/loop/trainer.h"
#include "train/update/sums.h"

effnet_status trainer_describe(trainer *t, effnet_error *error)
{
    const effnet_trainer_options *o = &t->options;
    char *network, batch[64], variant[VARIANT_TEXT], pictures[RECIPE_TEXT_SIZE];
    TRY(net_arch_format(&network, &t->graph->arch, error));
    variant_format(variant, &t->graph->variant);
    recipe_format(pictures, sizeof pictures, &t->start->recipe);
    /* A batch norm sees one rank's pictures. */
    snprintf(batch, sizeof batch, ranks_count(t->ranks) > 1 ? "%zu on each of %zu ranks" : "%zu", t->batch,
             ranks_count(t->ranks));
    const int length =
        asprintf(&t->description,
                 "seed=%" PRIu64 "\nbatch=%s\npasses=%zu\nepochs=%d\nhead epochs=%d\noptimizer=%d\n"
                 "learning rate=%.17g\nhead rate=%.17g\nmomentum=%.17g\nweight decay=%.17g\nclip=%.17g\n"
                 "schedule=%d\ndecay factor=%.17g\ndecay epochs=%.17g\nwarm-up epochs=%.17g\n"
                 "label smoothing=%.17g\naveraging=%.17g\nbalance=%d\nfrozen norms=%d\n"
                 "training pictures=%zu\nvalidation pictures=%zu\nsteps=%zu\noutputs=%zu\ntask=%d\n"
                 "augmentation=%s\nkernels=%s\nvariant=%s\nrecipe=%s\nnetwork=%s\n",
                 o->seed, batch, (t->batch + t->pass - 1) / t->pass, o->epochs, o->head_epochs,
                 (int)o->optimizer, o->learning_rate, o->head_rate, o->momentum, o->weight_decay, o->clip,
                 (int)o->schedule, o->decay_factor, o->decay_epochs, o->warmup_epochs, o->label_smoothing,
                 o->averaging, o->balance, o->freeze_norms, t->data->parts[EFFNET_TRAINING].count,
                 t->data->parts[EFFNET_VALIDATION].count, t->steps, t->data->outputs, (int)t->data->task,
                 o->augment, cpu_level_name(t->level), variant, pictures, network);
    free(network);
    if (length >= 0) return EFFNET_OK;
    t->description = NULL;
    return error_memory(error);
}

/* `numbers` is [TRAINER_NUMBERS]. */
static checkpoint describe_state(trainer *t, uint64_t *numbers)
{
    checkpoint c = {.description = t->description, .numbers = numbers, .number_count = TRAINER_NUMBERS};
    c.arrays[c.array_count++] = (checkpoint_array){t->values, t->layout->count};
    if (t->average) c.arrays[c.array_count++] = (checkpoint_array){t->average, t->layout->count};
    for (size_t i = 0; i < train_optimiser_states(&t->optimiser); i++)
        c.arrays[c.array_count++] = (checkpoint_array){t->states[i], t->layout->trained};
    return c;
}

effnet_status trainer_prepare_folder(trainer *t, effnet_error *error)
{
    uint64_t numbers[TRAINER_NUMBERS];
    const checkpoint c = describe_state(t, numbers);
    checkpoint_tidy(t->folder);
    return checkpoint_check_room(t->folder, &c, error);
}

effnet_status trainer_save(trainer *t, effnet_error *error)
{
    if (!t->folder) return error_set(error, EFFNET_ERR_ARGUMENT, "a run without a folder cannot be saved");
    t->agreed = !isfinite(train_norm(t->values, t->layout->count, t->scratch, t->team));
    if (t->agreed)
        return error_set(
            error, EFFNET_ERR_INTERNAL,
            "weights are not finite any more, and were not saved: a lower learning rate may help");
    if (!trainer_writes(t)) return EFFNET_OK; /* all have the same state */
    trainer_position at = t->at;
    if (at.stage == TRAINER_AVERAGED) at.stage = TRAINER_EVALUATE; /* evaluation begins again */
    if (at.stage == TRAINER_EVALUATE) at.step = 0;
    uint64_t numbers[TRAINER_NUMBERS];
    memcpy(numbers, &at, sizeof at);
    const checkpoint c = describe_state(t, numbers);
    TRY(checkpoint_save(t->folder, &c, error));
    t->last_save_ms = clock_ms();
    return EFFNET_OK;
}

/* A sound checksum says who wrote a file, not that it is sane. */
static effnet_status check_position(const trainer *t, const trainer_position *at, effnet_error *error)
{
    const bool sane = at->stage <= TRAINER_DONE && at->stage != TRAINER_AVERAGED &&
                      at->phase < t->phase_count && at->phase_epoch <= t->phases[at->phase].epochs &&
                      at->step < t->steps && (at->stage != TRAINER_EVALUATE || at->step == 0) &&
                      at->streak < TRAINER_BAD_STEPS && at->epoch <= INT32_MAX;
    return sane ? EFFNET_OK : error_set(error, EFFNET_ERR_FORMAT, "a checkpoint of no possible moment");
}

/* On the rank that writes. */
static effnet_status read_state(trainer *t, const checkpoint *c, effnet_error *error)
{
    trainer_position at;
    TRY(checkpoint_load(t->folder, c, t->notice, error));
    memcpy(&at, c->numbers, sizeof at);
    TRY(check_position(t, &at, error));
    return EFFNET_OK;
}

effnet_status trainer_load(trainer *t, effnet_error *error)
{
    if (!t->folder) return error_set(error, EFFNET_ERR_ARGUMENT, "a run without a folder cannot be resumed");
    effnet_error own;
    if (!error) error = &own;
    uint64_t numbers[TRAINER_NUMBERS];
    const checkpoint c = describe_state(t, numbers);
    effnet_status status = trainer_writes(t) ? read_state(t, &c, error) : EFFNET_OK;
    uint8_t missing = status == EFFNET_ERR_NOT_FOUND; /* on all, then */
    if (status != EFFNET_OK && !missing) {
        ranks_fail(t->ranks, status, error->message);
        return status;
    }
    TRY(ranks_broadcast(t->ranks, &missing, sizeof missing, error));
    TRY(status);
    if (missing) return error_set(error, EFFNET_ERR_NOT_FOUND, "rank 0 has found no checkpoint");
    TRY(trainer_share_state(t, &c, error));
    memcpy(&t->at, numbers, sizeof t->at);
    if (trainer_writes(t)) TRY(trainer_log_load(t, error));
    return trainer_enter_phase(t, error);
}
