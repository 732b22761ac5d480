/* SPDX-License-Identifier: Apache-2.0
 *
 * One step of training: batch, passes, gradient, update. A step whose loss or gradient is not finite changes
 * nothing; ten in a row go back to the last checkpoint at half the rate; if that does not help the run ends.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "train/loop/trainer.h"
#include "train/update/sums.h"

/* The part of a batch's targets that begins at image `first`. */
static train_targets targets_from(const train_targets *all, size_t first, size_t outputs)
{
    return (train_targets){
        .values = all->values ? all->values + first * outputs : NULL,
        .classes = all->classes ? all->classes + first : NULL,
        .others = all->others ? all->others + first : NULL,
        .shares = all->shares ? all->shares + first : NULL,
    };
}

static void tell_ready(void *context, size_t from)
{
    const trainer *t = context;
    ranks_sum_ready(t->ranks, from);
}

/* Forward and backward of all passes into t->gradients, the last one's as they become final on their way to
 * the other ranks; false if a loss is not finite. */
static bool run_passes(trainer *t, const feed_batch *b, double weight, train_tally *tally)
{
    const size_t outputs = t->loss.outputs;
    const size_t pixels =
        (size_t)t->graph->height * (size_t)t->graph->width * (size_t)t->graph->arch.in_channels;
    memset(t->gradients, 0, t->layout->trained * sizeof *t->gradients);
    for (size_t first = 0; first < b->count; first += t->pass) {
        const size_t n = b->count - first < t->pass ? b->count - first : t->pass;
        const train_pass pass = {TRAIN_LEARN, t->options.seed, t->at.total, b->first + first};
        const train_targets targets = targets_from(&b->targets, first, outputs);
        train_forward(t->step, &pass, t->values, b->images + first * pixels, n, t->logits);
        train_loss_run(&t->loss, &targets, t->logits, n, 1 / weight, t->dlogits, tally);
        if (!isfinite(tally->loss)) return false;
        train_on_ready(t->step, t->ranks && first + n == b->count ? tell_ready : NULL, t);
        train_backward(t->step, t->values, t->dlogits, t->gradients);
        train_update_statistics(t->step, t->values);
    }
    tally->loss *= (double)b->all / weight; /* the mean, times images, as an epoch sums it */
    return true;
}

/* The gradient of all ranks' images. */
static effnet_status find_gradient(trainer *t, const feed_batch *b, train_tally *tally, bool *good,
                                   effnet_error *error)
{
    double weight = train_loss_weight(&t->loss, &b->targets, b->count);
    TRY(trainer_add(t, &weight, error));
    const size_t first = train_layout_first(t->layout, t->phases[t->at.phase].first_tensor);
    TRY(ranks_sum_begin(t->ranks, t->gradients, first, t->layout->trained, error));
    *good = run_passes(t, b, weight, tally);
    TRY(ranks_sum_end(t->ranks, error));
    TRY(trainer_average_statistics(t, error));
    return trainer_agree(t, tally, good, error);
}

static void update(trainer *t, double norm)
{
    const trainer_phase *phase = &t->phases[t->at.phase];
    t->at.rate = t->at.rate_factor * train_schedule_rate(&phase->schedule, t->at.phase_step);
    const train_update u = {
        .layout = t->layout,
        .first = train_layout_first(t->layout, phase->first_tensor),
        .values = t->values,
        .gradients = t->gradients,
        .gradient_scale = train_clip_scale(norm, t->options.clip),
        .states = t->states,
        .rate = t->at.rate,
        .step = t->at.phase_step + 1,
    };
    train_optimiser_step(&t->optimiser, &u, t->team);
    if (!t->average) return;
    const double decay = train_average_decay(t->options.averaging, t->at.updates++);
    train_average(t->average, t->values, t->layout->count, decay, t->team);
}

/* The loss is that of all ranks, and so is this end. */
static effnet_status give_up(trainer *t, const char *when, effnet_error *error)
{
    t->agreed = true;
    return error_set(error, EFFNET_ERR_INTERNAL,
                     "the loss was not finite in %d steps in a row%s: a lower learning rate may help",
                     TRAINER_BAD_STEPS, when);
}

/* Back to the last checkpoint, at half the rate. */
static effnet_status restore(trainer *t, effnet_error *error)
{
    const uint64_t restores = t->at.restores + 1, skipped = t->at.skipped;
    if (!t->folder) return give_up(t, "", error);
    if (restores > TRAINER_RESTORES) return give_up(t, ", also after going back to a checkpoint", error);
    const effnet_status status = trainer_load(t, error);
    if (status == EFFNET_ERR_NOT_FOUND) return give_up(t, ", before there was a checkpoint", error);
    TRY(status);
    t->at.restores = restores;
    t->at.skipped = skipped;
    t->at.rate_factor *= 0.5;
    t->at.streak = 0;
    snprintf(t->notice, sizeof t->notice,
             "the loss was not finite in %d steps in a row: back to step %llu, at half the learning rate",
             TRAINER_BAD_STEPS, (unsigned long long)t->at.total);
    return EFFNET_OK;
}

static void count_step(trainer *t, double began)
{
    const double seconds = (clock_ms() - began) / 1000;
    t->at.epoch_seconds += seconds;
    t->at.seconds += seconds;
    t->at.step++;
    t->at.total++;
    t->at.phase_step++;
    if (t->at.step < t->steps) return;
    t->at.step = 0;
    t->at.stage = TRAINER_EVALUATE;
}

effnet_status trainer_learn(trainer *t, const feed_batch *given, effnet_error *error)
{
    const double began = clock_ms();
    const size_t running = (t->layout->count - t->layout->trained) * sizeof *t->values;
    feed_batch b;
    train_tally tally = {0};
    if (given)
        TRY(trainer_place_batch(t, given, &b, error));
    else
        TRY(feed_take(t->training, t->at.epoch, t->at.step, &b, error));
    memcpy(t->statistics, t->values + t->layout->trained, running);
    bool good;
    TRY(find_gradient(t, &b, &tally, &good, error));
    const double norm = good ? train_norm(t->gradients, t->layout->trained, t->scratch, t->team) : NAN;
    good = !!isfinite(norm);
    if (good) {
        update(t, norm);
        t->at.loss += tally.loss;
        t->at.hits += tally.hits;
        t->at.images += tally.images;
        t->at.streak = 0;
    } else {
        memcpy(t->values + t->layout->trained, t->statistics, running);
        t->at.skipped++;
        if (++t->at.streak == TRAINER_BAD_STEPS) return restore(t, error);
    }
    count_step(t, began);
    return EFFNET_OK;
}
