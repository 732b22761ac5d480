/* SPDX-License-Identifier: Apache-2.0
 *
 * Options of a run: gathered from the command line first, then from config.json what was not given, then all
 * applied in one way. And the data. See training.h.
 */
#define _GNU_SOURCE
#include "training.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "progress.h"
#include "cluster.h"
#include "report.h"

enum { MAX_COUNT = 1000000, MAX_CONFIG = 1 << 20 };

/* 0 given by the user is none; in the library's options 0 is the default. */
static double none_if_zero(double value)
{
    return value == 0 ? -1 : value;
}

static bool take_rate(training *t, const option_parser *o)
{
    effnet_trainer_options *p = &t->options;
    switch (o->option->id) {
    case OPTION_LR: p->learning_rate = options_real_within(o, 1e-12, 1e6); return true;
    case OPTION_HEAD_LR: p->head_rate = options_real_within(o, 1e-12, 1e6); return true;
    case OPTION_MOMENTUM: p->momentum = none_if_zero(options_real_within(o, 0, 0.999999)); return true;
    case OPTION_WEIGHT_DECAY: p->weight_decay = none_if_zero(options_real_within(o, 0, 1e6)); return true;
    case OPTION_CLIP: p->clip = none_if_zero(options_real_within(o, 0, 1e30)); return true;
    case OPTION_DECAY_FACTOR: p->decay_factor = options_real_within(o, 1e-6, 1); return true;
    case OPTION_DECAY_EPOCHS: p->decay_epochs = options_real_within(o, 1e-3, 1e6); return true;
    case OPTION_WARMUP_EPOCHS: p->warmup_epochs = none_if_zero(options_real_within(o, 0, 1e6)); return true;
    case OPTION_SMOOTHING: p->label_smoothing = none_if_zero(options_real_within(o, 0, 1)); return true;
    case OPTION_WEIGHT_AVERAGE:
        p->averaging = none_if_zero(options_real_within(o, 0, 0.9999999));
        return true;
    default: return false;
    }
}

static void take_freeze(training *t, const option_parser *o)
{
    static const char *const names[] = {"none", "norms", "body"};
    const int choice = options_choice(o, names, 3);
    t->options.freeze_norms = choice > 0;
    if (choice == 2) t->options.epochs = -1;
}

static bool take_run(training *t, const option_parser *o)
{
    static const char *const optimizers[] = {"rmsprop", "sgd", "adamw"};
    static const char *const schedules[] = {"step", "exponential", "cosine", "constant"};
    effnet_trainer_options *p = &t->options;
    switch (o->option->id) {
    case OPTION_EPOCHS: p->epochs = options_number(o, 1, MAX_COUNT); return true;
    case OPTION_HEAD_EPOCHS: p->head_epochs = options_number(o, 0, MAX_COUNT); return true;
    case OPTION_BATCH: p->batch = options_number(o, 1, MAX_COUNT); return true;
    case OPTION_PASSES: p->passes = options_number(o, 1, MAX_COUNT); return true;
    case OPTION_OPTIMIZER: p->optimizer = (effnet_optimizer)options_choice(o, optimizers, 3); return true;
    case OPTION_SCHEDULE: p->schedule = (effnet_schedule)options_choice(o, schedules, 4); return true;
    case OPTION_AUGMENT: p->augment = o->value; return true;
    case OPTION_CACHE: p->cache_bytes = options_quantity(o); return true;
    case OPTION_BALANCE: p->balance = true; return true;
    case OPTION_SEED: p->seed = options_u64(o, UINT64_MAX); return true;
    case OPTION_RECOMPUTE: p->keep = EFFNET_KEEP_LEAST; return true;
    case OPTION_MAX_MEMORY: p->max_bytes = options_quantity(o); return true;
    case OPTION_FREEZE: take_freeze(t, o); return true;
    default: return false;
    }
}

static void take_rest(training *t, const option_parser *o)
{
    switch (o->option->id) {
    case OPTION_DATA: t->data = o->value; break;
    case 'o': t->folder = o->value; break;
    case OPTION_RESUME: t->resume = true; break;
    case OPTION_CONFIG: t->config_file = o->value; break;
    case OPTION_JSON: t->json = true; break;
    case OPTION_RANK_TIMEOUT: t->patience = options_real_within(o, 1, 1e6); break;
    case OPTION_VERIFY_DATA: t->verify = true; break;
    case OPTION_VAL_SPLIT: t->dataset.validation = options_real_within(o, 0, 0.9); break;
    case OPTION_SIZE: options_size(o, &t->network.height, &t->network.width); break;
    case OPTION_IN_CHANNELS: t->network.in_channels = options_number(o, 1, 3); break;
    case OPTION_DROPOUT: t->network.dropout = none_if_zero(options_real_within(o, 0, 0.99)); break;
    case OPTION_DROP_CONNECT: t->network.drop_connect = none_if_zero(options_real_within(o, 0, 0.99)); break;
    default: break;
    }
}

static void apply(training *t, const training_given *given)
{
    const option_parser o = {.command = t->command, .value = given->value, .option = given->spec};
    if (t->take && t->take(t, &o)) return;
    if (model_choice_take(&t->choice, &o) || picture_option_take(&t->options.images, &o)) return;
    if (!take_rate(t, &o) && !take_run(t, &o)) take_rest(t, &o);
}

/* ---- config.json ---- */

static const option_spec *find_spec(const command *c, const char *name)
{
    for (const option_spec *spec = c->options; spec->name; spec++)
        if (strcmp(spec->name, name) == 0) return spec;
    return NULL;
}

static bool is_given(const training *t, const option_spec *spec)
{
    for (size_t i = 0; i < t->given_count; i++)
        if (t->given[i].spec == spec) return true;
    return false;
}

static int add_given(training *t, const option_spec *spec, const char *value)
{
    if (t->given_count == TRAINING_MAX_GIVEN) report_usage(t->command->name, "too many options");
    t->given[t->given_count++] = (training_given){spec, value};
    return EXIT_DONE;
}

static int merge(training *t, const char *path)
{
    const json_t *options = json_object_get(t->config, "options");
    const char *key;
    const json_t *value;
    if (!json_is_object(options)) return report_failure(EXIT_DATA, "%s: no object \"options\" in it", path);
    json_object_foreach((json_t *)(uintptr_t)options, key, value)
    {
        const option_spec *spec = find_spec(t->command, key);
        const bool fits = spec && (spec->argument ? json_is_string(value) : json_is_true(value));
        if (!fits)
            return report_failure(EXIT_DATA, "%s: \"%s\" is no option of effnet %s", path, key,
                                  t->command->name);
        if (!is_given(t, spec)) add_given(t, spec, spec->argument ? json_string_value(value) : NULL);
    }
    return EXIT_DONE;
}

static int read_config(training *t, const char *path)
{
    effnet_error error;
    json_error_t where;
    void *text = NULL;
    size_t size = 0;
    if (effnet_file_read(&text, &size, path, MAX_CONFIG, &error) != EFFNET_OK) return report_error(&error);
    t->config = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);
    free(text);
    if (!t->config) return report_failure(EXIT_DATA, "%s: not valid JSON (byte %d)", path, where.position);
    return merge(t, path);
}

/* ---- Reading ---- */

static const char *given_value(const training *t, int id)
{
    for (size_t i = t->given_count; i-- > 0;)
        if (t->given[i].spec->id == id) return t->given[i].value;
    return NULL;
}

static bool given_flag(const training *t, int id)
{
    for (size_t i = 0; i < t->given_count; i++)
        if (t->given[i].spec->id == id) return true;
    return false;
}

int training_read(training *t, int argc, char **argv)
{
    option_parser o = options_over(t->command, argc, argv);
    while (options_next(&o) != OPTION_NONE)
        add_given(t, o.option, o.value);
    size_t operands;
    options_operands(&o, &operands);
    if (operands > 0) report_usage(argv[0], "nothing is wanted but options");
    const char *folder = given_value(t, 'o');
    if (given_flag(t, OPTION_DRY_RUN)) t->plan_only = true;
    if (!folder && !(t->plan_only && !given_flag(t, OPTION_RESUME)))
        report_usage(argv[0], "-o RUN is missing");
    const char *config = given_value(t, OPTION_CONFIG);
    if (!config && given_flag(t, OPTION_RESUME)) {
        if (asprintf(&t->config_path, "%s/config.json", folder) < 0) t->config_path = NULL;
        if (!t->config_path) return report_failure(EXIT_SYSTEM, "out of memory");
        config = t->config_path;
    }
    const int code = config ? read_config(t, config) : EXIT_DONE;
    if (code != EXIT_DONE) return code;
    for (size_t i = 0; i < t->given_count; i++)
        apply(t, &t->given[i]);
    model_choice_finish(&t->choice, argv[0]);
    if (!t->data && !t->plan_only) report_usage(argv[0], "--data is missing");
    const int joined = t->lone ? EXIT_DONE : cluster_join(&t->ranks, t->patience);
    if (joined != EXIT_DONE) return joined;
    t->options.ranks = t->ranks;
    t->options.folder = t->folder;
    t->options.threads = t->choice.threads ? t->choice.threads : cluster_threads(t->ranks);
    t->options.level = t->choice.options.level;
    t->dataset.seed = t->options.seed;
    t->dataset.task = t->choice.options.task;
    return EXIT_DONE;
}

void training_free(training *t, int code)
{
    cluster_leave(t->ranks, code);
    json_decref(t->config);
    free(t->config_path);
}

/* ---- Data ---- */

void training_report_picture(void *context, const char *path, const char *message)
{
    (void)context;
    progress_hide();
    report_note("warning: %s: %s", path, message);
}

/* Reads every picture; the run would end, too, where more than one in a hundred fails. */
static int verify(const training *t, const effnet_dataset *data, const effnet_dataset_info *info)
{
    effnet_error error;
    for (int part = EFFNET_TRAINING; part <= EFFNET_VALIDATION; part++) {
        size_t bad;
        if (effnet_dataset_verify(data, (effnet_part)part, t->options.threads, &t->options.images,
                                  training_report_picture, NULL, &bad, &error) != EFFNET_OK)
            return report_error(&error);
        if (bad * 100 > info->count[part])
            return report_failure(EXIT_DATA, "%zu of %zu pictures cannot be read", bad, info->count[part]);
    }
    return EXIT_DONE;
}

int training_open_data(const training *t, effnet_dataset **out)
{
    effnet_error error;
    if (effnet_dataset_open(out, t->data, &t->dataset, &error) != EFFNET_OK) return report_error(&error);
    effnet_dataset_info info;
    effnet_dataset_get_info(*out, &info);
    if (info.strays)
        report_note("warning: %zu pictures are in no class folder and were left out, like %s", info.strays,
                    info.stray);
    int code = EXIT_DONE;
    if (info.task != EFFNET_TASK_VALUES) code = training_tell_classes(*out, t->options.balance);
    return code == EXIT_DONE && t->verify ? verify(t, *out, &info) : code;
}

effnet_status training_network(const training *t, const char *arch, const effnet_dataset *data,
                               effnet_network **out, effnet_error *error)
{
    effnet_network_options options = t->network;
    effnet_dataset_info info;
    options.variant = t->choice.options.variant ? t->choice.options.variant : TRAINING_VARIANT;
    if (data) {
        effnet_dataset_get_info(data, &info);
        options.num_classes = (int)info.outputs;
    }
    return effnet_network_create(out, t->choice.options.arch ? t->choice.options.arch : arch, &options,
                                 error);
}
