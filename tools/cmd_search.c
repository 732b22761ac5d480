/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet search: the grid search for alpha, beta and gamma, from its options to its files. What it found is
 * shown by search/.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster.h"
#include "commands.h"
#include "json.h"
#include "print.h"
#include "progress.h"
#include "report.h"
#include "search/page.h"
#include "search/results.h"
#include "training.h"

#define DEFAULT_BASE "efficientnet-b0"

enum { MAX_MULTIPLE = 1024, MOST = 100, MAX_SEEDS = 1000, MAX_GROUP = 1024 };

typedef struct settings {
    training t; /* first: the training's hook is given this */
    effnet_search_options search;
    bool ranks; /* one of several processes; `number` of them */
    int number;
} settings;

static const option_spec specs[] = {
    TRAINING_DATA_OPTIONS,
    {OPTION_ARCH, "arch", "NAME|FILE.json", "the baseline (default: " DEFAULT_BASE ")"},
    {OPTION_SIZE, "size", "HxW", "of the baseline's input (default: its own)"},
    {OPTION_RECIPE, "recipe", "KEY=VALUE,...", "how pictures become the input (fit, mean, ...); no size"},
    TRAINING_NETWORK_OPTIONS,
    {OPTION_STEP, "step", "X", "of the grid (default: 0.1)"},
    {OPTION_TOLERANCE, "tolerance", "X",
     "the cost must be less than this from twice the baseline's (default: 0.1)"},
    {OPTION_BY_MACS, "by-macs", NULL, "the cost is the real multiply-adds, not alpha beta^2 gamma^2"},
    {OPTION_ALPHA, "alpha", "X[,Y]", "of depth: from X to Y, or X alone (default: 1,2)"},
    {OPTION_BETA, "beta", "X[,Y]", "of width (default: 1,1.5)"},
    {OPTION_GAMMA, "gamma", "X[,Y]", "of resolution (default: 1,1.5)"},
    {OPTION_MULTIPLE, "multiple", "N", "round resolutions to a multiple of N (default: 1)"},
    {OPTION_SEEDS, "seeds", "N", "train each network N times, with other seeds (default: 1)"},
    {OPTION_HALVING, "halving", NULL, "short trainings first, of which the best third goes on"},
    {OPTION_SECONDS, "seconds", "S", "train each for S seconds, and the epoch begun, instead of --epochs"},
    {OPTION_GROUP, "group", "N",
     "with mpirun: N ranks train a network together, each a part of the batch (default: 1)"},
    {OPTION_DRY_RUN, "dry-run", NULL,
     "list the candidates and stop; with --data, tell how long it would take"},
    TRAINING_OPTIONS,
    PICTURE_OPTIONS,
    RUN_OPTIONS,
    {OPTION_NONE, NULL, NULL, NULL},
};

/* ---- Options ---- */

static bool take(training *t, const option_parser *o)
{
    effnet_search_options *s = &((settings *)t)->search;
    switch (o->option->id) {
    case OPTION_STEP: s->step = options_real_within(o, 1e-4, MOST); return true;
    case OPTION_TOLERANCE: s->tolerance = options_real_within(o, 1e-9, 2); return true;
    case OPTION_BY_MACS: s->by_macs = true; return true;
    case OPTION_ALPHA: options_range(o, 1, MOST, &s->alpha.least, &s->alpha.most); return true;
    case OPTION_BETA: options_range(o, 1, MOST, &s->beta.least, &s->beta.most); return true;
    case OPTION_GAMMA: options_range(o, 1, MOST, &s->gamma.least, &s->gamma.most); return true;
    case OPTION_MULTIPLE: s->multiple = options_number(o, 1, MAX_MULTIPLE); return true;
    case OPTION_SEEDS: s->seeds = options_number(o, 1, MAX_SEEDS); return true;
    case OPTION_GROUP: s->group = options_number(o, 1, MAX_GROUP); return true;
    case OPTION_HALVING: s->halving = true; return true;
    case OPTION_SECONDS: s->seconds = options_real_within(o, 1, 1e8); return true;
    default: return false;
    }
}

static int make_base(const training *t, const effnet_dataset *data, effnet_network **out)
{
    effnet_error error;
    return training_network(t, DEFAULT_BASE, data, out, &error) == EFFNET_OK ? EXIT_DONE
                                                                             : report_error(&error);
}

/* ---- Before ---- */

static int estimate(effnet_search *search)
{
    effnet_error error;
    return effnet_search_estimate(search, &error) == EFFNET_OK ? EXIT_DONE : report_error(&error);
}

static int show_candidates(const settings *s, const effnet_search *search)
{
    if (s->t.json) return json_print(search_candidates_json(search)) ? EXIT_DONE : EXIT_SYSTEM;
    search_print_candidates(search);
    return EXIT_DONE;
}

static bool has_search(const char *folder)
{
    char *path;
    if (asprintf(&path, "%s/search.log", folder) < 0) return false;
    const bool there = access(path, F_OK) == 0;
    free(path);
    return there;
}

static int prepare_folder(const settings *s)
{
    const training *t = &s->t;
    if (mkdir(t->folder, 0777) != 0 && errno != EEXIST)
        return report_failure(EXIT_CREATE, "%s: %s", t->folder, strerror(errno));
    if (t->resume) return EXIT_DONE;
    if (has_search(t->folder))
        return report_failure(EXIT_CREATE,
                              "%s: holds a search; --resume goes on with it, another folder begins anew",
                              t->folder);
    json_t *config = json_pack("{s:s,s:s,s:o}", "command", t->command->name, "version", effnet_version(),
                               "options", training_options_json(t));
    char *text = config ? json_dumps(config, JSON_INDENT(2)) : NULL, *path = NULL;
    effnet_error error;
    int code = text && asprintf(&path, "%s/config.json", t->folder) >= 0
                   ? EXIT_DONE
                   : report_failure(EXIT_SYSTEM, "out of memory");
    if (code == EXIT_DONE && access(path, F_OK) != 0 &&
        effnet_file_write(path, text, strlen(text), &error) != EFFNET_OK)
        code = report_error(&error);
    json_decref(config);
    free(text);
    free(path);
    return code;
}

/* ---- While it runs ---- */

static bool stop(void *context)
{
    return training_caught(context) != 0;
}

static void show_bar(const effnet_search_info *info)
{
    char unit[64];
    snprintf(unit, sizeof unit, "trainings, %.0f %% of the work", 100 * info->share_done);
    progress_show(info->tasks_done, info->tasks, unit);
}

static void tell_candidate(const effnet_search *search, const effnet_search_info *info, size_t index)
{
    effnet_candidate c;
    effnet_search_get_candidate(search, index, &c);
    if (*c.note)
        report_note("candidate %zu could not be trained: %s", index, c.note);
    else if (isnan(c.accuracy))
        return; /* not all seeds are done */
    else
        report_detail(
            "%zu of %zu: candidate %zu, alpha %.4g, beta %.4g, gamma %.4g: %.2f %%, loss %.4f, rung %zu of "
            "%zu",
            info->tasks_done, info->tasks, index, c.alpha, c.beta, c.gamma, 100 * c.accuracy, c.loss,
            c.rung + 1, info->rungs);
}

static void watch(void *context, const effnet_search *search, size_t candidate)
{
    (void)context;
    effnet_search_info info;
    effnet_search_get_info(search, &info);
    if (candidate != SIZE_MAX) {
        progress_hide();
        tell_candidate(search, &info, candidate);
    }
    show_bar(&info);
}

/* ---- The command ---- */

static int finish(const settings *s, const effnet_network *base, const effnet_dataset *data,
                  const effnet_search *search)
{
    search_results results;
    if (!search_results_make(&results, search, data)) return EXIT_SYSTEM;
    int code = search_results_write(&results, base, s->search.multiple, s->t.folder);
    const search_page_facts facts = {.data = s->t.data,
                                     .base = base,
                                     .training = &s->t.options,
                                     .halving = s->search.halving,
                                     .by_macs = s->search.by_macs};
    if (code == EXIT_DONE) code = search_page_write(&results, &facts, s->t.folder);
    if (code == EXIT_DONE && s->t.json)
        code = json_print(search_results_json(&results)) ? EXIT_DONE : EXIT_SYSTEM;
    else if (code == EXIT_DONE)
        search_results_print(&results);
    if (code == EXIT_DONE && !results.best)
        code = report_failure(EXIT_DATA, "%s: no candidate could be trained: %s", s->t.folder,
                              results.rows[0].c.note);
    search_results_clear(&results);
    return code;
}

static int work(const settings *s, const effnet_network *base, const effnet_dataset *data,
                effnet_search *search)
{
    effnet_error error;
    bool stopped;
    const effnet_search_run_options options = {.folder = s->t.folder,
                                               .resume = s->t.resume,
                                               .workers =
                                                   s->ranks ? cluster_neighbours() : s->t.options.threads,
                                               .ranks = s->ranks,
                                               .patience = s->t.patience,
                                               .watch = watch,
                                               .stop = stop};
    training_catch_signals();
    progress_beside_results();
    const effnet_status status = effnet_search_run(search, &options, &stopped, &error);
    progress_hide();
    if (status != EFFNET_OK) return report_error(&error);
    if (s->number > 0) return EXIT_DONE;
    if (!stopped) return finish(s, base, data, search);
    report_note("%s: saved; effnet search -o %s --resume goes on", s->t.folder, s->t.folder);
    const int signal = training_caught(NULL);
    return 128 + (signal ? signal : SIGTERM); /* a worker's, where none came here */
}

static int search_with(settings *s, const effnet_network *base, const effnet_dataset *data)
{
    effnet_error error;
    effnet_search *search;
    effnet_search_info info;
    s->search.training = s->t.options;
    s->search.recipe = s->t.choice.options.recipe;
    if (effnet_search_create(&search, base, data, &s->search, &error) != EFFNET_OK)
        return report_error(&error);
    effnet_search_get_info(search, &info);
    if (*info.notice) report_note("warning: %s", info.notice);
    int code = s->t.plan_only || s->number > 0 ? EXIT_DONE : prepare_folder(s);
    if (code == EXIT_DONE && data && !s->t.resume && s->number == 0) code = estimate(search);
    effnet_search_get_info(search, &info);
    if (code == EXIT_DONE && s->t.plan_only) {
        code = show_candidates(s, search);
    } else if (code == EXIT_DONE) {
        if (!s->t.json && !s->t.resume && s->number == 0) {
            search_print_candidates(search);
            print("\n");
            print_flush();
        }
        code = work(s, base, data, search);
    }
    effnet_search_free(search);
    return code;
}

static int run(int argc, char **argv)
{
    settings s = {.t = {.command = &cmd_search,
                        .take = take,
                        .lone = true,
                        .dataset = {.validation = 0.2},
                        .options = {TRAINING_DEFAULTS}}};
    effnet_dataset *data = NULL;
    effnet_network *base = NULL;
    s.ranks = cluster_count() > 1;
    s.number = s.ranks ? cluster_number() : 0;
    if (s.number > 0) report_set_rank(s.number);
    int code = training_read(&s.t, argc, argv);
    if (code == EXIT_DONE && s.search.group > 1 && !s.ranks && !s.t.plan_only)
        code =
            report_failure(EXIT_USAGE, "--group %d: the ranks for it are started by mpirun", s.search.group);
    if (code == EXIT_DONE && s.t.data) code = training_open_data(&s.t, &data);
    if (code == EXIT_DONE) code = make_base(&s.t, data, &base);
    if (code == EXIT_DONE) code = search_with(&s, base, data);
    effnet_network_free(base);
    effnet_dataset_free(data);
    training_free(&s.t, code);
    return code;
}

const command cmd_search = {
    .name = "search",
    .arguments = "[OPTIONS] --data DIR -o RUN",
    .summary = "The grid search for the alpha, beta and gamma of compound scaling",
    .text =
        "Candidates are the points of a grid that about double the baseline's multiply-adds, beside the "
        "baseline, each\n"
        "dimension scaled alone, and the published 1.2, 1.1, 1.15. Each is trained with the same options, as "
        "many at a\n"
        "time as there are threads, and ranked by its accuracy; RUN gets ranking.csv, ranking.json, "
        "report.html, and\n"
        "phi0.json to phi7.json: the baseline scaled by what was found. SIGINT and SIGTERM save and end it; "
        "--resume\n"
        "goes on, whatever ended it. docs/search.md tells the method.\n\n"
        "Examples:\n"
        "  effnet search --dry-run\n"
        "  effnet search --dry-run --arch mobilenet-v2 --step 0.05 --by-macs --json\n"
        "  effnet search --data photos/ -o found --arch efficientnet-lite0 --epochs 27 --halving --seeds 3\n"
        "  effnet search -o found --resume\n"
        "  effnet train --data photos/ -o run --arch found/phi2.json\n",
    .options = specs,
    .run = run,
};
