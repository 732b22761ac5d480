/* SPDX-License-Identifier: Apache-2.0
 *
 * A run of training: what ties data, step, loss, optimiser, average and checkpoint together. It is a machine
 * that does one piece of work at a time, so that whoever drives it can stop between any two; all that it is
 * at such a moment is the flat arrays and one `trainer_position`, and these are what a checkpoint holds.
 */
#ifndef TRAIN_LOOP_TRAINER_H
#define TRAIN_LOOP_TRAINER_H

#include "model/model.h"
#include "train/checkpoint/checkpoint.h"
#include "train/loop/feed.h"
#include "train/parameters.h"
#include "train/ranks/ranks.h"
#include "train/step.h"
#include "train/update/optimiser.h"
#include "train/update/schedule.h"

enum {
    TRAINER_MAX_PHASES = 2,
    TRAINER_USUAL_BATCH = 32,
    TRAINER_BAD_STEPS = 10, /* in a row that are not finite, before the last checkpoint is restored */
    TRAINER_RESTORES = 1,   /* of these, before the run ends */
};

/* Epochs in which the same tensors are trained at rates of one schedule. */
typedef struct trainer_phase {
    uint64_t epochs;
    size_t first_tensor; /* of those that are trained */
    bool frozen_norms;
    train_schedule schedule;
} trainer_phase;

typedef enum trainer_stage {
    TRAINER_LEARN,
    TRAINER_EVALUATE, /* the weights */
    TRAINER_AVERAGED, /* their average */
    TRAINER_DONE,
} trainer_stage;

/* Everything that a run is beside its arrays. All members have 8 bytes: a checkpoint takes it as numbers. */
typedef struct trainer_position {
    uint64_t stage, phase;
    uint64_t epoch;       /* over all phases */
    uint64_t phase_epoch; /* of the phase */
    uint64_t step;        /* of the epoch, or of the evaluation */
    uint64_t total;       /* steps since the beginning; masks are drawn by it */
    uint64_t phase_step;  /* steps since the beginning of the phase, and the optimiser's reset */
    uint64_t updates;     /* of the average */
    uint64_t streak;      /* bad steps in a row, up to now */
    uint64_t skipped, restores;
    uint64_t has_best;
    double best, rate_factor;
    double rate;       /* of the last step */
    double loss, hits; /* sums over the `images` of this epoch */
    uint64_t images;
    double epoch_seconds, seconds;
} trainer_position;

enum { TRAINER_NUMBERS = sizeof(trainer_position) / sizeof(uint64_t) };

/* What a rank tells the others at the end of each piece of work. */
typedef struct trainer_word {
    train_tally tally;
    uint64_t good; /* all is finite */
    int64_t stop;
    uint64_t check; /* of the weights, now and then */
} trainer_word;

/* Bytes of a run, in whole pages where it asks for those. */
typedef struct trainer_memory {
    size_t arrays;   /* weights, their average, gradients, what the optimiser keeps, logits; ranks' */
    size_t step;     /* of the step that takes most */
    size_t pictures; /* two batches, which the loaders hold */
    size_t total;
    train_memory kept;
} trainer_memory;

typedef struct trainer {
    effnet_trainer_options options; /* with the defaults filled in */
    char *folder;                   /* NULL: nothing is written */
    char *augment_text;
    augment_options augment;
    const model *start;
    const dataset *data;
    dataset none; /* without pictures: `data` where the caller brings the batches */
    const net_graph *graph;
    train_layout *layout;
    pool *team;
    size_t members; /* of the team */
    cpu_level level;
    trainer_memory memory; /* planned */
    size_t cache;          /* bytes of decoded pictures, beside it */
    size_t batch;          /* images of a step */
    size_t pass;           /* images of a pass */
    image_options images;
    feed *training, *validation; /* training is NULL where batches are given, validation may be */
    size_t steps;                /* of an epoch */
    train_step *step;            /* of the present phase */
    trainer_phase phases[TRAINER_MAX_PHASES];
    size_t phase_count;
    train_loss loss;        /* of training */
    float *weights;         /* of classes, or NULL */
    float *centre, *spread; /* of values: the units they are learned in; or NULL */
    train_optimiser optimiser;
    float *values, *average; /* [layout->count]; average NULL: none */
    float *gradients;        /* [layout->trained] */
    float *states[TRAIN_MAX_STATES];
    float *statistics;       /* [layout->count - trained]: before the step, in case it is bad */
    float *logits, *dlogits; /* [batch][outputs] */
    double *scratch;         /* of train_norm */
    ranks *ranks;            /* NULL: this process alone */
    trainer_word *words;     /* [ranks] */
    int stop;                /* what options.stop answered to one of them */
    bool agreed;             /* what failed has failed on all ranks, and they need not be told */
    trainer_position at;
    train_tally evaluation; /* of the stage */
    double figures[2][2];   /* loss and hits of an image: of the weights, of the average; NaN: none */
    double last_save_ms;
    char *description;
    char *log; /* lines of log.csv so far */
    char notice[CHECKPOINT_WARNING];
} trainer;

/* `start` and `data` must outlive it; `data` may be NULL. */
effnet_status trainer_create(trainer **out, const model *start, const dataset *data,
                             const effnet_trainer_options *options, cpu_level level, size_t threads,
                             const image_options *images, effnet_error *error);
void trainer_free(trainer *t);

/* What such a run with data would take; nothing is allocated for it, and max_bytes only chooses what is kept
 * (memory.c). Of the options, those count that the memory depends on. */
effnet_status trainer_tell_memory(trainer_memory *out, const net_graph *graph,
                                  const effnet_trainer_options *options, cpu_level level, size_t members,
                                  effnet_error *error);

/* The next piece of work; with a batch that is given where there are no data, otherwise `given` is NULL. */
effnet_status trainer_run(trainer *t, const feed_batch *given, effnet_progress *progress,
                          effnet_error *error);

effnet_status trainer_save(trainer *t, effnet_error *error);
effnet_status trainer_load(trainer *t, effnet_error *error); /* fills t->notice */

/* Between two pieces of work: which pictures of the validation part the weights or their average tell right,
 * right [pictures], 0 or 1, and the sum of their losses; the same on all ranks. Only with data of classes. */
effnet_status trainer_judge(trainer *t, bool averaged, uint8_t *right, double *loss, effnet_error *error);

/* The weights or their average, with the data's labels. */
effnet_status trainer_export(const trainer *t, bool averaged, model **out, effnet_error *error);

/* ---- Between the files of this folder ---- */

/* Fills in defaults and phases; and what is done to pictures (options.c). */
effnet_status trainer_choose(trainer *t, const effnet_trainer_options *options, effnet_error *error);
effnet_status trainer_choose_augmentation(trainer *t, const char *text, effnet_error *error);

/* An array of the run, zero at first. */
typedef struct trainer_array {
    float **at;
    size_t count;
} trainer_array;

enum { TRAINER_MOST_ARRAYS = 6 + TRAIN_MAX_STATES };

/* Those of a run with steps of `batch` pictures, whatever the pass; how many there are. */
size_t trainer_arrays(trainer *t, size_t batch, trainer_array out[TRAINER_MOST_ARRAYS]);

/* The step of a phase, without a team; `memory`, or why it is too much, and `cache` (memory.c). */
train_step_options trainer_step_options(const trainer *t, size_t pass, const trainer_phase *phase);
effnet_status trainer_plan_memory(trainer *t, effnet_error *error);

/* Makes the step of phase at.phase. Not the optimiser's reset. */
effnet_status trainer_enter_phase(trainer *t, effnet_error *error);

/* One step of training (learn.c), with `given` or the next batch; one batch of evaluation and the end of an
 * epoch (epoch.c). */
effnet_status trainer_learn(trainer *t, const feed_batch *given, effnet_error *error);
effnet_status trainer_evaluate(trainer *t, effnet_error *error);
effnet_status trainer_end_epoch(trainer *t, effnet_progress *progress, effnet_error *error);

/* Between ranks (together.c). Looks whether all can go on (`own`: this one) and are about to do the same;
 * finds a given batch's place among all ranks'; adds up a number of each; makes
 * of one rank's tally and of whether its numbers are finite those of all, and asks whether to stop; averages
 * the running statistics; makes of the pictures that one rank has judged, and of their loss, those of all;
 * gives everyone the state that rank 0 has. */
effnet_status trainer_meet(trainer *t, effnet_status own, effnet_error *error);
effnet_status trainer_place_batch(trainer *t, const feed_batch *given, feed_batch *out, effnet_error *error);
effnet_status trainer_add(trainer *t, double *value, effnet_error *error);
effnet_status trainer_agree(trainer *t, train_tally *tally, bool *good, effnet_error *error);
effnet_status trainer_average_statistics(trainer *t, effnet_error *error);
effnet_status trainer_merge_judgement(trainer *t, uint8_t *right, double *loss, effnet_error *error);
effnet_status trainer_share_state(trainer *t, const checkpoint *state, effnet_error *error);

/* True for the one rank that writes to the folder, if there is one. */
bool trainer_writes(const trainer *t);

/* Values and the units that they are learned in (values.c): measures them in the data; brings the classifier
 * of a model of values into them; a model of `values`, out of them again. */
effnet_status trainer_measure_values(trainer *t, effnet_error *error);
void trainer_into_units(const trainer *t, float *values);
effnet_status trainer_export_values(const trainer *t, const char *origin, const float *values, model **out,
                                    effnet_error *error);

/* The lines of a run; and its folder without what a killed one left, with room for checkpoints (state.c). */
effnet_status trainer_describe(trainer *t, effnet_error *error);
effnet_status trainer_prepare_folder(trainer *t, effnet_error *error);

/* log.csv (log.c): begins it, adds the epoch that `progress` tells of, reads what is there up to epoch
 * at.epoch. */
effnet_status trainer_log_add(trainer *t, const effnet_progress *progress, effnet_error *error);
effnet_status trainer_log_load(trainer *t, effnet_error *error);

#endif
