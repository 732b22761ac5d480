/* SPDX-License-Identifier: Apache-2.0
 *
 * See models.h. A NAME is looked up in the folders of $EFFNET_MODELS (separated by colons), in the user's
 * data folder, and beside the program; there it may be NAME.safetensors, a folder NAME, or the file of the
 * known checkpoint NAME.
 */
#define _GNU_SOURCE
#include "models.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"

enum { MAX_THREADS = 1024, MAX_LABELS = 16 * 1024 * 1024 };

/* ---- options ---- */

static effnet_level parse_level(const char *caller, const char *source, const char *name)
{
    effnet_level level;
    if (effnet_level_parse(name, &level)) return level;
    char list[128] = "";
    for (effnet_level l = EFFNET_LEVEL_REF; l <= EFFNET_LEVEL_NEON; l++) {
        effnet_level usable;
        if (!effnet_level_parse(effnet_level_name(l), &usable)) continue;
        const size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, " %s", effnet_level_name(l));
    }
    report_usage(caller, "%s '%s' cannot run here; these can:%s", source, name, list);
}

const char *dialect_option(const option_parser *o)
{
    static const char *const dialects[] = {"effnet", "efficientnet_pytorch", "torchvision", "timm"};
    return dialects[options_choice(o, dialects, sizeof dialects / sizeof *dialects)];
}

effnet_task task_option(const option_parser *o)
{
    static const char *const tasks[] = {"classes", "labels", "values"};
    return (effnet_task)(EFFNET_TASK_CLASSES + options_choice(o, tasks, sizeof tasks / sizeof *tasks));
}

bool model_choice_take(model_choice *choice, const option_parser *o)
{
    effnet_model_options *options = &choice->options;
    switch (o->option->id) {
    case 'm': choice->name = o->value; return true;
    case OPTION_ARCH: options->arch = o->value; return true;
    case OPTION_DIALECT: options->dialect = dialect_option(o); return true;
    case OPTION_VARIANT: options->variant = o->value; return true;
    case OPTION_TASK: options->task = task_option(o); return true;
    case OPTION_EMA: options->ema = true; return true;
    case OPTION_STRICT: options->strict = true; return true;
    case OPTION_RECIPE: options->recipe = o->value; return true;
    case OPTION_LABELS: choice->labels_file = o->value; return true;
    case OPTION_THREADS: choice->threads = options_number(o, 1, MAX_THREADS); return true;
    case OPTION_CPU: options->level = parse_level(o->command->name, "--cpu", o->value); return true;
    default: return false;
    }
}

void model_choice_finish(model_choice *choice, const char *caller)
{
    const char *level = getenv("EFFNET_CPU");
    if (choice->options.level == EFFNET_LEVEL_BEST && level && *level)
        choice->options.level = parse_level(caller, "EFFNET_CPU", level);
}

/* ---- where models are ---- */

static char *format_path(const char *folder, const char *name, const char *suffix)
{
    char *path;
    return asprintf(&path, "%s/%s%s", folder, name, suffix) < 0 ? NULL : path;
}

char *models_user_folder(void)
{
    /* A relative XDG_DATA_HOME must be ignored (XDG Base Directory Specification). */
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (data && data[0] == '/') return format_path(data, "effnet", "");
    return home && *home ? format_path(home, ".local/share/effnet", "") : NULL;
}

/* The installed models, found relative to the program so that the tree may be moved. */
static char *installed_folder(void)
{
    char program[PATH_MAX];
    const ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    if (size <= 0) return NULL;
    program[size] = '\0';
    char *slash = strrchr(program, '/');
    if (!slash) return NULL;
    *slash = '\0';
    char *folder = format_path(program, EFFNET_MODELS_FROM_BIN, ""),
         *real = folder ? realpath(folder, NULL) : NULL;
    if (!real) return folder;
    free(folder);
    return real;
}

/* Part number *index of a list separated by colons, empty ones left out; NULL, with *index reduced by their
 * number, past the end. */
static char *list_part(const char *list, size_t *index)
{
    while (list && *list) {
        const size_t length = strcspn(list, ":");
        if (length > 0 && (*index)-- == 0) return strndup(list, length);
        list += length + (list[length] == ':');
    }
    return NULL;
}

char *models_folder(size_t index)
{
    char *part = list_part(getenv("EFFNET_MODELS"), &index);
    if (part) return part;
    char *user = models_user_folder();
    if (user && index-- == 0) return user;
    free(user);
    return index == 0 ? installed_folder() : NULL;
}

static bool exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

/* `path` if there is such a file; otherwise it is freed. */
static char *if_exists(char *path)
{
    if (path && exists(path)) return path;
    free(path);
    return NULL;
}

static bool find_checkpoint(const char *name, effnet_checkpoint *out)
{
    for (size_t i = 0; effnet_checkpoint_get(i, out); i++)
        if (strcmp(out->name, name) == 0) return true;
    *out = (effnet_checkpoint){0};
    return false;
}

static char *find_in(const char *folder, const char *name, const effnet_checkpoint *known)
{
    char *path = if_exists(format_path(folder, name, ".safetensors"));
    if (!path) path = if_exists(format_path(folder, name, ""));
    for (size_t i = 0; !path && i < EFFNET_CHECKPOINT_FILES && known->files[i].name; i++)
        path = if_exists(format_path(folder, known->files[i].name, ""));
    return path;
}

static char *find_by_name(const char *name, effnet_error *error)
{
    effnet_checkpoint known;
    const bool is_known = find_checkpoint(name, &known);
    char *folder, *path = NULL;
    for (size_t i = 0; !path && (folder = models_folder(i)) != NULL; i++) {
        path = find_in(folder, name, &known);
        free(folder);
    }
    if (path) return path;
    if (is_known)
        report_set(error, EFFNET_ERR_NOT_FOUND, "%s: not here yet; effnet pull %s fetches it", name, name);
    else
        report_set(
            error, EFFNET_ERR_NOT_FOUND,
            "%s: no such file, and no model of that name (effnet info shows where they are looked for)",
            name);
    return NULL;
}

char *models_find(const char *name, effnet_error *error)
{
    if (!name) return find_by_name(DEFAULT_MODEL, error);
    if (!exists(name) && !strchr(name, '/')) return find_by_name(name, error);
    char *copy = strdup(name); /* a path that is not there is refused by the library, which says why */
    if (!copy) report_set(error, EFFNET_ERR_MEMORY, "out of memory");
    return copy;
}

/* ---- loading ---- */

/* A text file as a NUL-terminated string, malloc'd. */
static char *read_text(const char *path, effnet_error *error)
{
    void *bytes = NULL;
    size_t size = 0;
    if (effnet_file_read(&bytes, &size, path, MAX_LABELS, error) != EFFNET_OK) return NULL;
    char *text = NULL;
    if (memchr(bytes, '\0', size))
        report_set(error, EFFNET_ERR_FORMAT, "%s: not a text file: it holds a zero byte", path);
    else if (!(text = strndup(bytes, size)))
        report_set(error, EFFNET_ERR_MEMORY, "out of memory");
    free(bytes);
    return text;
}

/* A mismatch is worth more than one line. */
static void print_report(char *report)
{
    char *rest = NULL;
    for (char *line = strtok_r(report, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        report_note("%s", line);
}

static int load(const char *path, effnet_model_options *options, effnet_model **out)
{
    effnet_error error;
    char *report = NULL;
    options->report = &report;
    if (effnet_model_load(out, path, options, &error) != EFFNET_OK) {
        const int code = report_error(&error);
        if (report) print_report(report);
        free(report);
        return code;
    }
    const char *notice = effnet_model_get_notice(*out);
    if (*notice) report_note("%s: %s", path, notice);
    report_detail("model: %s", path);
    report_detail("recipe: %s", effnet_model_get_recipe(*out));
    return EXIT_DONE;
}

int model_choice_load(const model_choice *choice, effnet_model **out)
{
    *out = NULL;
    effnet_error error;
    effnet_model_options options = choice->options;
    char *labels = NULL;
    if (choice->labels_file) {
        labels = read_text(choice->labels_file, &error);
        if (!labels) return report_error(&error);
        options.labels = labels;
    }
    char *path = models_find(choice->name, &error);
    const int code = path ? load(path, &options, out) : report_error(&error);
    free(path);
    free(labels);
    return code;
}

void model_choice_tell(const model_choice *choice, const effnet_model *model, size_t told)
{
    const char *more = effnet_model_get_notice(model) + told;
    more += strspn(more, "; ");
    if (*more) report_note("%s: %s", choice->name ? choice->name : DEFAULT_MODEL, more);
}

int model_choice_start(const model_choice *choice, const effnet_model *model,
                       const effnet_session_options *options, effnet_session **out)
{
    effnet_error error;
    const size_t told = strlen(effnet_model_get_notice(model));
    if (effnet_session_create(out, model, options, &error) != EFFNET_OK) return report_error(&error);
    model_choice_tell(choice, model, told);
    return EXIT_DONE;
}
