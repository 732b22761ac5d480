/* SPDX-License-Identifier: Apache-2.0
 *
 * Which model, and how to understand it: the options that commands with a model share, and where a model that
 * is given by name is looked for.
 */
#ifndef TOOLS_MODELS_H
#define TOOLS_MODELS_H

#include <effnet.h>

#include "options.h"

#define DEFAULT_MODEL "efficientnet-lite0"

typedef struct model_choice {
    const char *name; /* FILE or NAME; NULL: the default model */
    const char *labels_file;
    effnet_model_options options;
    int threads;
} model_choice;

/* How to run it. */
#define RUN_OPTIONS                                                                                          \
    {OPTION_THREADS, "threads", "N", "worker threads (default: the cores this process may use)"},            \
    {                                                                                                        \
        OPTION_CPU, "cpu", "LEVEL",                                                                          \
            "kernels to use: ref, avx2, avx512, neon (default: the best; or EFFNET_CPU)"                     \
    }

/* How to understand its file. */
#define FILE_OPTIONS                                                                                         \
    {OPTION_ARCH, "arch", "NAME|FILE.json", "the network, where the file alone does not settle it"},         \
        {OPTION_DIALECT, "dialect", "NAME",                                                                  \
         "whose tensor names: effnet, efficientnet_pytorch, torchvision, timm"},                             \
        {OPTION_VARIANT, "variant", "NAME", "padding and epsilon: same (TensorFlow), symmetric (PyTorch)"},  \
        {OPTION_EMA, "ema", NULL, "take the averaged weights of a checkpoint that has both"},                \
        {OPTION_STRICT, "strict", NULL, "a weight that is not finite is an error"},                          \
        {OPTION_RECIPE, "recipe", "KEY=VALUE,...", "change the preprocessing (size, crop, mean, ...)"},      \
    {                                                                                                        \
        OPTION_LABELS, "labels", "FILE", "class names, one a line or JSON"                                   \
    }

/* For commands to which it matters. */
#define TASK_OPTION                                                                                          \
    {                                                                                                        \
        OPTION_TASK, "task", "NAME",                                                                         \
            "what outputs mean: classes, labels, values (default: as the file says)"                         \
    }

#define MODEL_OPTIONS {'m', "model", "FILE|NAME", "the model (default: " DEFAULT_MODEL ")"}, FILE_OPTIONS

/* Takes one of the options above; false if `o` is at another one. */
bool model_choice_take(model_choice *choice, const option_parser *o);

/* The option's value as the name of a dialect; anything else is a wrong command line. */
const char *dialect_option(const option_parser *o);

/* The same for a task. */
effnet_task task_option(const option_parser *o);

/* Reads EFFNET_CPU where --cpu was not given. Call once, after the options. */
void model_choice_finish(model_choice *choice, const char *caller);

/* Finds and loads the model and says what the user should know about it. Returns an exit code; *out is NULL
 * unless it is EXIT_DONE. */
int model_choice_load(const model_choice *choice, effnet_model **out);

/* A session of that model. The first one reads the values, which may give the user more to know. Returns an
 * exit code; *out is NULL unless it is EXIT_DONE. */
int model_choice_start(const model_choice *choice, const effnet_model *model,
                       const effnet_session_options *options, effnet_session **out);

/* Says what the model's notice has gained since it had `told` characters. */
void model_choice_tell(const model_choice *choice, const effnet_model *model, size_t told);

/* The path that `name` means in a malloc'd string; NULL, with `error` filled, if there is none. */
char *models_find(const char *name, effnet_error *error);

/* The folder where `pull` keeps models, malloc'd; NULL if neither XDG_DATA_HOME nor HOME is set. */
char *models_user_folder(void);

/* Folder number `index` of those that are searched, malloc'd; NULL past the end. */
char *models_folder(size_t index);

#endif
