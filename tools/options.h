/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line. Each sub-command is one `command`: a table of its options from which parsing, --help and
 * the guesses at typing errors all come, so that they cannot disagree. A wrong command line ends the program
 * with EXIT_USAGE; --help ends it with EXIT_DONE.
 */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct option_spec {
    int id;               /* its letter, or a number over 255 where it has none */
    const char *name;     /* without the dashes */
    const char *argument; /* what --help calls its value; NULL if it takes none */
    const char *help;     /* one line */
} option_spec;

typedef struct command {
    const char *name;
    const char *arguments;             /* as --help shows them: "[OPTIONS] PATH..." */
    const char *summary;               /* one line */
    const char *text;                  /* what else --help says: explanation and examples */
    const option_spec *options;        /* ended by a NULL name; --help, -q and -v are added to all */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit code */
} command;

/* Sides of an image that a network takes, pixels. */
enum { MIN_SIDE = 32, MAX_SIDE = 16384 };

/* Options that several commands have, by the same number. Letters are their own numbers. */
enum option_id {
    OPTION_NONE = 256, /* at the end, and never a real option */
    OPTION_ACCURACY,
    OPTION_AFRESH,
    OPTION_ALLOW_TRUNCATED,
    OPTION_ALPHA,
    OPTION_ARCH,
    OPTION_AT,
    OPTION_AUGMENT,
    OPTION_BALANCE,
    OPTION_CACHE,
    OPTION_VERIFY_DATA,
    OPTION_BATCH,
    OPTION_BETA,
    OPTION_BLOCK,
    OPTION_BY_MACS,
    OPTION_CHECK,
    OPTION_CLIP,
    OPTION_COMPARE,
    OPTION_CONFIG,
    OPTION_CPU,
    OPTION_CSV,
    OPTION_DATA,
    OPTION_DECAY_EPOCHS,
    OPTION_DECAY_FACTOR,
    OPTION_DEPTH,
    OPTION_DIALECT,
    OPTION_DROPOUT,
    OPTION_DROP_CONNECT,
    OPTION_DRY_RUN,
    OPTION_DTYPE,
    OPTION_EMA,
    OPTION_EPOCHS,
    OPTION_EXIF,
    OPTION_EXPAND,
    OPTION_FREEZE,
    OPTION_GAMMA,
    OPTION_GROUP,
    OPTION_HALVING,
    OPTION_HEAD_EPOCHS,
    OPTION_HEAD_LR,
    OPTION_IN,
    OPTION_INPUT,
    OPTION_IN_CHANNELS,
    OPTION_JSON,
    OPTION_KERNEL,
    OPTION_LABELS,
    OPTION_LAYERS,
    OPTION_LAYOUT,
    OPTION_LIST,
    OPTION_LR,
    OPTION_MAX_LATENCY,
    OPTION_MAX_MACS,
    OPTION_MAX_MEMORY,
    OPTION_RANK_TIMEOUT,
    OPTION_MAX_PARAMS,
    OPTION_MAX_PIXELS,
    OPTION_MAX_SIDE,
    OPTION_MAX_TRAINING_MEMORY,
    OPTION_MEASURE,
    OPTION_MEMORY,
    OPTION_MIN_ACCURACY,
    OPTION_MOMENTUM,
    OPTION_MULTIPLE,
    OPTION_NUM_CLASSES,
    OPTION_OPTIMIZER,
    OPTION_OUT,
    OPTION_PART,
    OPTION_PASSES,
    OPTION_PHI,
    OPTION_PNG,
    OPTION_PREDICT,
    OPTION_PUBLISHED,
    OPTION_RECIPE,
    OPTION_RECOMPUTE,
    OPTION_REPORT,
    OPTION_RESOLUTION,
    OPTION_RESUME,
    OPTION_RETRIES,
    OPTION_RUNS,
    OPTION_SCHEDULE,
    OPTION_SE,
    OPTION_SECONDS,
    OPTION_SEED,
    OPTION_SEEDS,
    OPTION_SHA256,
    OPTION_SIZE,
    OPTION_SMOOTHING,
    OPTION_STEP,
    OPTION_STRICT,
    OPTION_STRIDE,
    OPTION_SVG,
    OPTION_TASK,
    OPTION_THREADS,
    OPTION_TIMEOUT,
    OPTION_TO,
    OPTION_TOLERANCE,
    OPTION_TRAIN,
    OPTION_TTA,
    OPTION_URL,
    OPTION_VAL_SPLIT,
    OPTION_VARIANT,
    OPTION_WARMUP,
    OPTION_WARMUP_EPOCHS,
    OPTION_WEIGHT_AVERAGE,
    OPTION_WEIGHT_DECAY,
    OPTION_WIDTH,
};

typedef struct option_parser {
    const command *command;
    int argc;
    char **argv;
    const char *value;         /* of the option just given */
    const option_spec *option; /* which it was */
} option_parser;

option_parser options_over(const command *c, int argc, char **argv);

/* The id of the next option, its value in o->value; OPTION_NONE when none is left. -q, -v and --help are
 * dealt with here. */
int options_next(option_parser *o);

/* What is left after the options: the operands, in argv order. */
char **options_operands(const option_parser *o, size_t *count);

/* The option's value as a number of [least, most]; anything else is a wrong command line. */
int options_number(const option_parser *o, int least, int most);
uint64_t options_u64(const option_parser *o, uint64_t most);

/* A decimal number; whether it is finite and in range is the library's to say. */
double options_real(const option_parser *o);

/* "400M", "4.2G", "1e9", "64MiB": a number with k, M, G or T (powers of 1000) or Ki, Mi, Gi or Ti (of 1024)
 * behind it, and "B" behind that where it is of bytes. At least 1. */
uint64_t options_quantity(const option_parser *o);
/* One from [least, most]; anything else is a wrong command line. */
double options_real_within(const option_parser *o, double least, double most);

/* "X,Y", with X <= Y, or "X" for both: numbers from [least, most]. */
void options_range(const option_parser *o, double least, double most, double *from, double *to);

/* "224" or "224x192" (height x width). */
void options_size(const option_parser *o, int *height, int *width);

/* The same for maps within a network, which may be smaller: each side at least `least`. */
void options_sides(const option_parser *o, int *height, int *width, int least);

/* The index of the option's value in `names`; anything else is a wrong command line. */
int options_choice(const option_parser *o, const char *const *names, size_t count);

/* The option's value as the name of a file that ends in `suffix`; anything else is a wrong command line. */
const char *options_file(const option_parser *o, const char *suffix);

/* The text that --help prints. */
void options_print_help(const command *c);

#endif
