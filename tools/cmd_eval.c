/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet eval: how good a model is on pictures whose classes are known.
 */
#include <math.h>
#include <stdlib.h>

#include "commands.h"
#include "evaluation/evaluation.h"
#include "evaluation/folder.h"
#include "evaluation/show.h"
#include "json.h"
#include "models.h"
#include "pictures.h"
#include "print.h"
#include "report.h"

typedef struct settings {
    model_choice choice;
    effnet_image_options images;
    effnet_dataset_options dataset;
    const char *data;
    effnet_part part;
    bool has_part;
    double min_accuracy; /* negative: none asked for */
    const char *report;  /* folder, or NULL */
    bool json;
} settings;

static const option_spec specs[] = {
    {OPTION_DATA, "data", "DIR|FILE.csv", "pictures: a folder per class, a table, or IDX files"},
    {OPTION_PART, "part", "NAME", "train or val (default: val if the data have it, else all)"},
    {OPTION_VAL_SPLIT, "val-split", "F", "the share that train split off, with the same --seed"},
    {OPTION_SEED, "seed", "N", "of that split (default: 0)"},
    MODEL_OPTIONS,
    TASK_OPTION,
    {OPTION_MIN_ACCURACY, "min-accuracy", "F", "exit with 1 if top-1, or the share of right labels, is less"},
    {OPTION_REPORT, "report", "DIR", "write a page, tables and pictures into this folder"},
    PICTURE_OPTIONS,
    {OPTION_JSON, "json", NULL, "print one JSON object"},
    RUN_OPTIONS,
    {OPTION_NONE, NULL, NULL, NULL},
};

static settings read_options(option_parser *o)
{
    static const char *const parts[] = {"train", "val"};
    settings s = {.min_accuracy = -1};
    for (int id; (id = options_next(o)) != OPTION_NONE;) {
        if (model_choice_take(&s.choice, o) || picture_option_take(&s.images, o)) continue;
        if (id == OPTION_DATA) s.data = o->value;
        if (id == OPTION_VAL_SPLIT) s.dataset.validation = options_real_within(o, 0, 0.9);
        if (id == OPTION_SEED) s.dataset.seed = options_u64(o, UINT64_MAX);
        if (id == OPTION_MIN_ACCURACY) s.min_accuracy = options_real_within(o, 0, 1);
        if (id == OPTION_REPORT) s.report = o->value;
        if (id == OPTION_JSON) s.json = true;
        if (id == OPTION_PART) {
            s.part = (effnet_part)options_choice(o, parts, 2);
            s.has_part = true;
        }
    }
    model_choice_finish(&s.choice, o->command->name);
    if (!s.data) report_usage(o->command->name, "--data is missing");
    return s;
}

/* ---- Running ---- */

static int evaluate(settings *s, const effnet_model *model, const effnet_dataset *data)
{
    evaluation e;
    effnet_dataset_info info;
    effnet_dataset_get_info(data, &info);
    if (s->min_accuracy >= 0 && info.task == EFFNET_TASK_VALUES)
        report_usage("eval", "values have no accuracy: --min-accuracy is for classes and labels");
    if (!s->has_part) s->part = info.count[EFFNET_VALIDATION] > 0 ? EFFNET_VALIDATION : EFFNET_TRAINING;
    int code = s->report ? folder_prepare(s->report) : EXIT_DONE;
    if (code != EXIT_DONE) return code;
    code = evaluation_run(&e, &s->choice, model, data, s->part, &s->images);
    if (e.images > 0) {
        if (s->json) {
            if (!json_print(show_json(&e))) code = EXIT_SYSTEM;
        } else {
            show_text(&e);
        }
        const page_facts facts = {
            .model = s->choice.name ? s->choice.name : DEFAULT_MODEL, .data = s->data, .images = &s->images};
        const int written = s->report ? folder_write(s->report, &e, &facts) : EXIT_DONE;
        if (code == EXIT_DONE) code = written;
        if (code == EXIT_DONE && !(e.top1 >= s->min_accuracy) && s->min_accuracy >= 0) code = EXIT_CHECK;
    }
    evaluation_free(&e);
    return code;
}

/* A table is read as what the model tells of pictures, unless that is classes, the commonest: then its header
 * counts. */
static int open_data(settings *s, const effnet_model *model, effnet_dataset **out)
{
    effnet_error error;
    effnet_dataset_info info;
    const effnet_task task = effnet_model_get_task(model);
    if (task != EFFNET_TASK_CLASSES) s->dataset.task = task;
    if (effnet_dataset_open(out, s->data, &s->dataset, &error) != EFFNET_OK) {
        if (error.code != EFFNET_ERR_ARGUMENT) return report_error(&error);
        return report_failure(EXIT_DATA, "the model gives %s: %s", effnet_task_name(task), error.message);
    }
    effnet_dataset_get_info(*out, &info);
    if (info.task == task) return EXIT_DONE;
    return report_failure(EXIT_DATA, "the model gives %s, the data have %s (--task says what a model gives)",
                          effnet_task_name(task), effnet_task_name(info.task));
}

static int run(int argc, char **argv)
{
    option_parser o = options_over(&cmd_eval, argc, argv);
    settings s = read_options(&o);
    size_t operands;
    effnet_model *model = NULL;
    effnet_dataset *data = NULL;
    options_operands(&o, &operands);
    if (operands > 0) report_usage(argv[0], "nothing is wanted but options");
    int code = model_choice_load(&s.choice, &model);
    if (code == EXIT_DONE) code = open_data(&s, model, &data);
    if (code == EXIT_DONE) code = evaluate(&s, model, data);
    effnet_dataset_free(data);
    effnet_model_free(model);
    return code;
}

const command cmd_eval = {
    .name = "eval",
    .arguments = "[OPTIONS] --data DIR",
    .summary = "Accuracy of a model on pictures whose classes are known",
    .text = "Classes are matched by name if the model has names; a class that it does not know is an error. "
            "With several\n"
            "labels for a picture, each counts for itself, as found above a probability of 0.5.\n\n"
            "Examples:\n"
            "  effnet eval --data photos/ -m run/best.safetensors\n"
            "  effnet eval --data photos/ -m run/best.safetensors --min-accuracy 0.9 --json\n",
    .options = specs,
    .run = run,
};
