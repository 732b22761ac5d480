/* SPDX-License-Identifier: Apache-2.0
 *
 * What a run does where its options do not say: the defaults, most of them the paper's (Tan and Le 2019,
 * section 5.2, and tensorflow/tpu efficientnet main.py), and the phases that follow from them.
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/loop/trainer.h"

enum { MAX_EPOCHS = 1000000, MAX_BATCH = 1 << 20 };

/* 0 stands for `usual`, what is negative for none. */
static double or_usual(double value, double usual)
{
    return value == 0 ? usual : value < 0 ? 0 : value;
}

/* The paper trains 4096 images a step at 0.256; rates are in proportion to the batch (Goyal et al. 2017). */
static double usual_rate(effnet_optimizer optimizer, size_t batch)
{
    static const double per_256[] = {[EFFNET_RMSPROP] = 0.016, [EFFNET_SGD] = 0.1, [EFFNET_ADAMW] = 0.001};
    return per_256[optimizer] * (double)batch / 256;
}

static effnet_status check(const effnet_trainer_options *o, effnet_error *error)
{
    const struct {
        const char *name;
        double value, most;
    } limits[] = {
        {"epochs", o->epochs, MAX_EPOCHS},
        {"head epochs", o->head_epochs, MAX_EPOCHS},
        {"batch", o->batch, MAX_BATCH},
        {"passes", o->passes, MAX_BATCH},
        {"epoch steps", o->epoch_steps, INT32_MAX},
        {"learning rate", o->learning_rate, 1e6},
        {"head rate", o->head_rate, 1e6},
        {"momentum", o->momentum, 1},
        {"weight decay", o->weight_decay, 1e6},
        {"clip", o->clip, 1e30},
        {"decay factor", o->decay_factor, 1},
        {"decay epochs", o->decay_epochs, 1e6},
        {"warm-up epochs", o->warmup_epochs, MAX_EPOCHS},
        {"label smoothing", o->label_smoothing, 1},
        {"averaging", o->averaging, 1},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (!(limits[i].value <= limits[i].most) || (i > 0 && i < 7 && limits[i].value < 0))
            return error_set(error, EFFNET_ERR_ARGUMENT, "%s %g: at most %g", limits[i].name, limits[i].value,
                             limits[i].most);
    if (o->epochs < 0 && o->head_epochs == 0)
        return error_set(error, EFFNET_ERR_ARGUMENT, "no epochs at all");
    if ((unsigned)o->optimizer > EFFNET_ADAMW || (unsigned)o->schedule > EFFNET_CONSTANT ||
        (unsigned)o->keep > EFFNET_KEEP_LEAST)
        return error_set(error, EFFNET_ERR_ARGUMENT, "no such optimizer, schedule or keep");
    return EFFNET_OK;
}

static void fill_in(effnet_trainer_options *o, size_t batch)
{
    if (!o->epochs) o->epochs = 100;
    if (o->epochs < 0) o->epochs = 0;
    if (!o->epoch_steps) o->epoch_steps = 1000;
    if (o->learning_rate == 0) o->learning_rate = usual_rate(o->optimizer, batch);
    if (o->head_rate == 0) o->head_rate = 10 * o->learning_rate;
    o->momentum = or_usual(o->momentum, 0.9);
    o->weight_decay = or_usual(o->weight_decay, 1e-5);
    o->clip = or_usual(o->clip, 0);
    o->decay_factor = or_usual(o->decay_factor, 0.97);
    o->decay_epochs = or_usual(o->decay_epochs, 2.4);
    o->warmup_epochs = or_usual(o->warmup_epochs, fmin(5, 0.1 * o->epochs));
    o->label_smoothing = or_usual(o->label_smoothing, 0.1);
    o->averaging = or_usual(o->averaging, 0.9999);
    o->save_seconds = or_usual(o->save_seconds, 600);
}

static train_schedule schedule_of(const effnet_trainer_options *o, uint64_t steps)
{
    static const train_schedule_kind kinds[] = {[EFFNET_STEPPED] = TRAIN_STEPPED,
                                                [EFFNET_EXPONENTIAL] = TRAIN_EXPONENTIAL,
                                                [EFFNET_COSINE] = TRAIN_COSINE,
                                                [EFFNET_CONSTANT] = TRAIN_CONSTANT};
    return (train_schedule){.kind = kinds[o->schedule],
                            .rate = o->learning_rate,
                            .factor = o->decay_factor,
                            .interval = o->decay_epochs > 0 ? o->decay_epochs * (double)steps : 1,
                            .warmup = (uint64_t)(o->warmup_epochs * (double)steps),
                            .total = (uint64_t)o->epochs * steps};
}

/* The classifier's weight is the last tensor but one. */
static void make_phases(trainer *t, uint64_t steps)
{
    const effnet_trainer_options *o = &t->options;
    if (o->head_epochs > 0)
        t->phases[t->phase_count++] = (trainer_phase){
            .epochs = (uint64_t)o->head_epochs,
            .first_tensor = t->layout->tensor_count - 2,
            .frozen_norms = true,
            .schedule = {.kind = TRAIN_CONSTANT, .rate = o->head_rate},
        };
    if (o->epochs == 0) return;
    t->phases[t->phase_count++] = (trainer_phase){
        .epochs = (uint64_t)o->epochs,
        .frozen_norms = o->freeze_norms,
        .schedule = schedule_of(o, steps),
    };
}

effnet_status trainer_choose_augmentation(trainer *t, const char *text, effnet_error *error)
{
    const recipe *r = &t->start->recipe;
    TRY(augment_parse(&t->augment, text, r->height, r->width, error));
    if (!text || !*text) text = augment_usual(r->height, r->width);
    t->augment_text = strdup(text);
    if (!t->augment_text) return error_memory(error);
    t->options.augment = t->augment_text;
    return EFFNET_OK;
}

effnet_status trainer_choose(trainer *t, const effnet_trainer_options *options, effnet_error *error)
{
    static const train_rule rules[] = {
        [EFFNET_RMSPROP] = TRAIN_RMSPROP, [EFFNET_SGD] = TRAIN_SGD, [EFFNET_ADAMW] = TRAIN_ADAMW};
    TRY(check(options, error));
    const size_t items = t->data->parts[EFFNET_TRAINING].count;
    if (items == 0 && t->data != &t->none)
        return error_set(error, EFFNET_ERR_ARGUMENT, "no pictures to train with");
    t->options = *options;
    t->batch = options->batch ? (size_t)options->batch : TRAINER_USUAL_BATCH;
    const size_t count = ranks_count(t->ranks), most = (items + count - 1) / count;
    if (items > 0 && t->batch > most) t->batch = most;
    const size_t passes = options->passes ? (size_t)options->passes : 1;
    t->pass = (t->batch + passes - 1) / passes;
    fill_in(&t->options, t->batch * count);
    t->optimiser = train_optimiser_default(rules[options->optimizer]);
    t->optimiser.momentum = t->options.momentum;
    t->optimiser.decay = t->options.weight_decay;
    t->steps = items > 0 ? items / (t->batch * count) : (size_t)t->options.epoch_steps;
    if (items > 0 && t->steps == 0) t->steps = 1;
    make_phases(t, t->steps);
    return EFFNET_OK;
}
