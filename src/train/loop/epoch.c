/* SPDX-License-Identifier: Apache-2.0
 *
 * What follows the steps of an epoch: evaluation of the weights and of their average, the line in the log,
 * the best model so far, the checkpoint. And trainer_run, which knows what comes next.
 */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "train/loop/trainer.h"

/* Hits of an image; NaN where there is none, and where there is nothing to hit: with values. */
static double accuracy(const trainer *t, double hits, double images)
{
    return images > 0 && t->loss.head != TRAIN_LINEAR ? hits / images : NAN;
}

/* The stage after this evaluation. */
static void next_stage(trainer *t)
{
    const bool averaged = t->at.stage == TRAINER_AVERAGED;
    if (t->evaluation.images > 0) {
        t->figures[averaged][0] = t->evaluation.loss / (double)t->evaluation.images;
        t->figures[averaged][1] = accuracy(t, t->evaluation.hits, (double)t->evaluation.images);
    }
    t->at.step = 0;
    t->at.stage = averaged || !t->average || !t->validation ? TRAINER_DONE : TRAINER_AVERAGED;
}

static void begin_evaluation(trainer *t)
{
    t->evaluation = (train_tally){0};
    if (t->at.stage == TRAINER_EVALUATE)
        for (size_t i = 0; i < 4; i++)
            t->figures[i / 2][i % 2] = NAN;
}

effnet_status trainer_evaluate(trainer *t, effnet_error *error)
{
    if (t->at.step == 0) begin_evaluation(t);
    if (!t->validation) {
        next_stage(t);
        return EFFNET_OK;
    }
    const train_loss loss = {
        .head = t->loss.head, .outputs = t->loss.outputs, .centre = t->centre, .spread = t->spread};
    const train_pass pass = {.mode = TRAIN_EVALUATE};
    const float *values = t->at.stage == TRAINER_AVERAGED ? t->average : t->values;
    feed_batch b;
    train_tally tally = {0};
    bool good = true;
    TRY(feed_take(t->validation, 0, t->at.step, &b, error));
    if (b.count > 0) {
        train_forward(t->step, &pass, values, b.images, b.count, t->logits);
        train_loss_run(&loss, &b.targets, t->logits, b.count, 1, NULL, &tally);
    }
    TRY(trainer_agree(t, &tally, &good, error));
    t->evaluation.loss += tally.loss;
    t->evaluation.hits += tally.hits;
    t->evaluation.images += tally.images;
    if (++t->at.step == feed_steps(t->validation)) next_stage(t);
    return EFFNET_OK;
}

static bool is_right(const float *logits, size_t outputs, int wanted)
{
    size_t best = 0;
    for (size_t i = 1; i < outputs; i++)
        if (logits[i] > logits[best]) best = i;
    return (int)best == wanted;
}

effnet_status trainer_judge(trainer *t, bool averaged, uint8_t *right, double *loss, effnet_error *error)
{
    const size_t outputs = t->loss.outputs;
    const train_loss plain = {.head = t->loss.head, .outputs = outputs};
    const train_pass pass = {.mode = TRAIN_EVALUATE};
    train_tally tally = {0};
    const size_t pictures = t->data->parts[EFFNET_VALIDATION].count;
    memset(right, 0, pictures);
    feed_batch b;
    for (size_t step = 0, first = 0; step < feed_steps(t->validation); step++, first += b.all) {
        TRY(feed_take(t->validation, 0, step, &b, error));
        if (b.count == 0) continue; /* the last pictures are other ranks' */
        train_forward(t->step, &pass, averaged && t->average ? t->average : t->values, b.images, b.count,
                      t->logits);
        train_loss_run(&plain, &b.targets, t->logits, b.count, 1, NULL, &tally);
        for (size_t i = 0; i < b.count; i++)
            right[first + b.first + i] = is_right(t->logits + i * outputs, outputs, b.targets.classes[i]);
    }
    *loss = tally.loss;
    return trainer_merge_judgement(t, right, loss, error);
}

/* ---- The end of an epoch ---- */

/* More is better; -infinity where there is none. */
static double score(const trainer *t, bool averaged)
{
    const double *f = t->figures[averaged];
    const double value = t->loss.head == TRAIN_LINEAR ? -f[0] : f[1];
    return isnan(value) ? -INFINITY : value;
}

static effnet_status save_best(trainer *t, bool averaged, effnet_error *error)
{
    model *m;
    char *path;
    TRY(trainer_export(t, averaged, &m, error));
    if (asprintf(&path, "%s/best.safetensors", t->folder) < 0) {
        model_free(m);
        return error_memory(error);
    }
    const effnet_status status = model_save(m, path, DIALECT_EFFNET, STATE_F32, error);
    free(path);
    model_free(m);
    return status;
}

/* Writes the model if it is the best so far; without validation the newest is. */
static effnet_status keep_best(trainer *t, bool *improved, effnet_error *error)
{
    const bool averaged = t->average && (!t->validation || score(t, true) >= score(t, false));
    const double found = t->validation ? score(t, averaged) : (double)t->at.epoch;
    *improved = found > -INFINITY && (!t->at.has_best || found > t->at.best);
    if (!*improved) return EFFNET_OK;
    t->at.has_best = 1;
    t->at.best = found;
    return trainer_writes(t) ? save_best(t, averaged, error) : EFFNET_OK;
}

static void tell_epoch(const trainer *t, effnet_progress *p)
{
    const double images = (double)t->at.images;
    p->epoch_ended = true;
    p->train_loss = t->at.images ? t->at.loss / images : NAN;
    p->train_top1 = accuracy(t, t->at.hits, images);
    p->val_loss = t->figures[0][0];
    p->val_top1 = t->figures[0][1];
    p->ema_loss = t->figures[1][0];
    p->ema_top1 = t->figures[1][1];
    p->images_per_second = images / t->at.epoch_seconds;
}

static effnet_status begin_epoch(trainer *t, effnet_error *error)
{
    t->at.stage = TRAINER_LEARN;
    t->at.loss = t->at.hits = t->at.epoch_seconds = 0;
    t->at.images = t->at.step = 0;
    t->at.epoch++;
    if (++t->at.phase_epoch < t->phases[t->at.phase].epochs) return EFFNET_OK;
    if (t->at.phase + 1 == t->phase_count) {
        t->at.stage = TRAINER_DONE;
        return EFFNET_OK;
    }
    t->at.phase++;
    t->at.phase_epoch = t->at.phase_step = 0;
    train_optimiser_reset(&t->optimiser, t->states, t->layout->trained);
    return trainer_enter_phase(t, error);
}

effnet_status trainer_end_epoch(trainer *t, effnet_progress *progress, effnet_error *error)
{
    tell_epoch(t, progress);
    TRY(keep_best(t, &progress->improved, error));
    if (trainer_writes(t)) TRY(trainer_log_add(t, progress, error));
    TRY(begin_epoch(t, error));
    progress->done = t->at.stage == TRAINER_DONE;
    return t->folder ? trainer_save(t, error) : EFFNET_OK;
}

static void tell(const trainer *t, effnet_progress *p)
{
    *p = (effnet_progress){
        .epoch = (int)t->at.epoch,
        .step = t->at.step,
        .steps = t->steps,
        .evaluating = t->at.stage == TRAINER_EVALUATE || t->at.stage == TRAINER_AVERAGED,
        .done = t->at.stage == TRAINER_DONE,
        .learning_rate = t->at.rate,
        .val_loss = NAN,
        .val_top1 = NAN,
        .ema_loss = NAN,
        .ema_top1 = NAN,
        .train_loss = t->at.images ? t->at.loss / (double)t->at.images : NAN,
        .train_top1 = accuracy(t, t->at.hits, (double)t->at.images),
        .images_per_second = t->at.images ? (double)t->at.images / t->at.epoch_seconds : 0,
        .seconds = t->at.seconds,
        .skipped = t->at.skipped,
        .stop = t->stop,
        .notice = t->notice,
    };
    if (p->evaluating && t->validation) p->steps = feed_steps(t->validation);
}

static effnet_status run(trainer *t, const feed_batch *given, effnet_progress *progress, effnet_error *error)
{
    *t->notice = '\0';
    const double began = clock_ms();
    const bool learning = t->at.stage == TRAINER_LEARN;
    if (t->at.stage == TRAINER_DONE) {
        tell(t, progress);
        return EFFNET_OK;
    }
    TRY(learning ? trainer_learn(t, given, error) : trainer_evaluate(t, error));
    if (given && t->at.stage == TRAINER_EVALUATE) TRY(trainer_evaluate(t, error));
    if (!learning) t->at.seconds += (clock_ms() - began) / 1000;
    tell(t, progress);
    if (t->at.stage == TRAINER_DONE) return trainer_end_epoch(t, progress, error);
    if (!t->folder || !learning) return EFFNET_OK;
    if (t->last_save_ms == 0) t->last_save_ms = began;
    return began - t->last_save_ms > 1000 * t->options.save_seconds ? trainer_save(t, error) : EFFNET_OK;
}

effnet_status trainer_run(trainer *t, const feed_batch *given, effnet_progress *progress, effnet_error *error)
{
    effnet_error own;
    if (!error) error = &own;
    const effnet_status status = run(t, given, progress, error);
    if (status != EFFNET_OK && !t->agreed) ranks_fail(t->ranks, status, error->message);
    return status;
}
