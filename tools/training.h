/* SPDX-License-Identifier: Apache-2.0
 *
 * What `train` and `finetune` share: their options, which may also come from the config.json of an earlier
 * run, and the run itself, from the plan that is told first to the last epoch or the signal that ends it.
 */
#ifndef TOOLS_TRAINING_H
#define TOOLS_TRAINING_H

#include <effnet.h>
#include <jansson.h>

#include "models.h"
#include "options.h"
#include "pictures.h"

#define TRAINING_DATA_OPTIONS                                                                                \
    {OPTION_DATA, "data", "DIR|FILE.csv", "pictures: a folder per class, a table, or IDX files"},            \
        {'o', "output", "RUN", "folder of the run; made if it is not there"},                                \
        {OPTION_RESUME, "resume", NULL, "go on with the run in RUN, with the options it has"},               \
        {OPTION_CONFIG, "config", "FILE", "options from the config.json of a run; those given here win"},    \
        {OPTION_TASK, "task", "NAME", "what a table without a header holds: classes, labels, values"},       \
    {                                                                                                        \
        OPTION_VAL_SPLIT, "val-split", "F",                                                                  \
            "share of each class to validate with, where the data bring none (default: 0.2)"                 \
    }

#define TRAINING_OPTIONS                                                                                     \
    {OPTION_EPOCHS, "epochs", "N", "with all weights"},                                                      \
        {OPTION_BATCH, "batch", "N", "pictures of a step; with mpirun, on each rank"},                       \
        {OPTION_PASSES, "passes", "N", "run a step in N parts, to save memory (default: 1)"},                \
        {OPTION_OPTIMIZER, "optimizer", "NAME", "rmsprop, sgd, adamw"},                                      \
        {OPTION_LR, "lr", "F", "learning rate after warm-up"},                                               \
        {OPTION_MOMENTUM, "momentum", "F", "(default: 0.9)"},                                                \
        {OPTION_WEIGHT_DECAY, "weight-decay", "F", "not of batch norm and biases (default: 1e-5)"},          \
        {OPTION_CLIP, "clip", "F", "the most that the gradient's norm may be"},                              \
        {OPTION_SCHEDULE, "schedule", "NAME", "of the rate: step, exponential, cosine, constant"},           \
        {OPTION_DECAY_FACTOR, "decay-factor", "F", "of step and exponential (default: 0.97)"},               \
        {OPTION_DECAY_EPOCHS, "decay-epochs", "F", "after which it applies (default: 2.4)"},                 \
        {OPTION_WARMUP_EPOCHS, "warmup-epochs", "F", "in which the rate grows from 0"},                      \
        {OPTION_SMOOTHING, "label-smoothing", "F", "(default: 0.1)"},                                        \
        {OPTION_WEIGHT_AVERAGE, "ema-decay", "F", "of the moving average of weights (default: 0.9999)"},     \
        {OPTION_AUGMENT, "augment", "TEXT",                                                                  \
         "photos, small or none, then key=value,... (docs/data.md; default: by the input's size)"},          \
        {OPTION_BALANCE, "balance", NULL, "let all classes count the same"},                                 \
        {OPTION_SEED, "seed", "N", "of all random numbers (default: 0)"},                                    \
        {OPTION_RECOMPUTE, "recompute", NULL, "less memory for more time"},                                  \
        {OPTION_MAX_MEMORY, "max-memory", "BYTES", "refuse to take more (4G, 512MiB)"},                      \
        {OPTION_RANK_TIMEOUT, "rank-timeout", "SECONDS",                                                     \
         "with mpirun: silence after which a rank is lost (default: 30)"},                                   \
        {OPTION_CACHE, "cache", "BYTES", "of decoded pictures to keep (default: 256M)"},                     \
        {OPTION_VERIFY_DATA, "verify-data", NULL, "read every picture before the first step"},               \
    {                                                                                                        \
        OPTION_JSON, "json", NULL, "one JSON object for each epoch"                                          \
    }

/* What every run begins with; after `.options = {`. */
#define TRAINING_DEFAULTS .cache_bytes = 256u << 20, .report = training_report_picture

/* The paper's batch norm (momentum 0.01 in PyTorch's words) looks back a hundred steps. In runs of some
 * thousand steps its statistics never catch up with the weights; PyTorch's own 0.1 does. */
#define TRAINING_VARIANT "same,momentum=0.1"
/* What both ask of a new network beside --arch, --size and --recipe. */
#define TRAINING_NETWORK_OPTIONS                                                                             \
    {OPTION_IN_CHANNELS, "in-channels", "N", "1 for grey, or 3 (default: the network's own)"},               \
        {OPTION_VARIANT, "variant", "NAME",                                                                  \
         "padding same or symmetric, epsilon=F, momentum=F (default: " TRAINING_VARIANT ")"},                \
        {OPTION_DROPOUT, "dropout", "F", "before the classifier (default: the network's own)"},              \
    {                                                                                                        \
        OPTION_DROP_CONNECT, "drop-connect", "F", "of the last block (default: the network's own)"           \
    }

enum { TRAINING_MAX_GIVEN = 64 };

/* An option as it was given, before it is applied. */
typedef struct training_given {
    const option_spec *spec;
    const char *value;
} training_given;

typedef struct training training;

struct training {
    const command *command;
    /* The command's own options: false for one that is not. NULL: it has none. */
    bool (*take)(training *t, const option_parser *o);
    bool lone;      /* never one of several ranks */
    bool plan_only; /* neither folder nor data are needed */
    const char *data, *folder, *config_file;
    bool resume, json, verify;
    model_choice choice; /* the start of finetune; threads and level of both */
    effnet_network_options network;
    effnet_dataset_options dataset;
    effnet_trainer_options options;
    training_given given[TRAINING_MAX_GIVEN];
    size_t given_count;
    json_t *config; /* what was read, or NULL; values of `given` point into it */
    char *config_path;
    effnet_ranks *ranks; /* NULL: this process alone */
    double patience;     /* with a silent rank; 0: the default */
};

/* Reads the command line over the defaults that are in `t`, then what config.json has that was not given. */
int training_read(training *t, int argc, char **argv);
/* With the code that the command ends with. */
void training_free(training *t, int code);

/* Opens the data and says what is wrong with their classes. */
int training_open_data(const training *t, effnet_dataset **out);

/* The network that --arch, or else `arch`, names, with the options given; with the outputs of `data`, if that
 * is not NULL. */
effnet_status training_network(const training *t, const char *arch, const effnet_dataset *data,
                               effnet_network **out, effnet_error *error);

/* Says, in one line, that a picture cannot be read. */
effnet_dataset_report training_report_picture;

/* Says which classes or labels have no pictures, or few, or many more than others. Returns an exit code. */
int training_tell_classes(const effnet_dataset *data, bool balanced);

/* From now on SIGINT, SIGTERM and SIGUSR1 are kept for training_caught, once each. */
void training_catch_signals(void);

/* The signal that was caught, 0 if none was; fits effnet_trainer_options.stop. */
int training_caught(void *context);

/* The options as they were given, for config.json. */
json_t *training_options_json(const training *t);

/* Trains `start` with `data` to the end, and returns an exit code. */
int training_run(training *t, const effnet_model *start, const effnet_dataset *data);

#endif
