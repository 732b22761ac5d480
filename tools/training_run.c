/* SPDX-License-Identifier: Apache-2.0
 *
 * A run under way: its folder, config.json, what is said before, during and after it, and the two signals
 * that end it with its state saved. See training.h.
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

#include "curves.h"
#include "json.h"
#include "print.h"
#include "progress.h"
#include "report.h"
#include "text.h"
#include "training.h"

/* ---- Signals ---- */

static volatile sig_atomic_t caught;

static void catch_signal(int number)
{
    caught = number;
}

int training_caught(void *context)
{
    (void)context;
    return caught;
}

/* The first one ends the run when its step is done; a second one ends the program. SIGUSR1 is the one that
 * mpirun passes on to all ranks, and that Slurm sends before a job's time is over, where it is told to. */
void training_catch_signals(void)
{
    struct sigaction action = {.sa_handler = catch_signal, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
}

/* ---- The folder ---- */

static char *path_in(const training *t, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", t->folder, name) < 0 ? NULL : path;
}

/* By the rank that writes. */
static int prepare_folder(const training *t)
{
    if (effnet_ranks_number(t->ranks) > 0) return EXIT_DONE;
    if (mkdir(t->folder, 0777) != 0 && errno != EEXIST)
        return report_failure(EXIT_CREATE, "%s: %s", t->folder, strerror(errno));
    char *last = path_in(t, "last.ckpt");
    if (!last) return report_failure(EXIT_SYSTEM, "out of memory");
    const bool used = access(last, F_OK) == 0;
    free(last);
    if (used && !t->resume)
        return report_failure(
            EXIT_CREATE, "%s: holds a run; --resume goes on with it, another folder begins anew", t->folder);
    return EXIT_DONE;
}

json_t *training_options_json(const training *t)
{
    json_t *options = json_object();
    for (size_t i = 0; i < t->given_count; i++) {
        const training_given *g = &t->given[i];
        if (g->spec->id == OPTION_RESUME || g->spec->id == OPTION_CONFIG || g->spec->id == 'o' ||
            g->spec->id == OPTION_JSON || g->spec->id == OPTION_DRY_RUN)
            continue;
        json_object_set_new(options, g->spec->name, g->spec->argument ? json_text(g->value) : json_true());
    }
    return options;
}

static json_t *config_json(const training *t, const effnet_trainer_info *info)
{
    return json_pack("{s:s,s:s,s:o,s:{s:i,s:i,s:I,s:f,s:f,s:s,s:s,s:I}}", "command", t->command->name,
                     "version", effnet_version(), "options", training_options_json(t), "chosen", "epochs",
                     info->epochs, "batch", info->batch, "steps_per_epoch", (json_int_t)info->steps, "lr",
                     info->learning_rate, "head_lr", info->head_rate, "augment", info->augment, "cpu",
                     info->level, "bytes", (json_int_t)info->bytes);
}

static int write_config(const training *t, const effnet_trainer_info *info)
{
    if (effnet_ranks_number(t->ranks) > 0) return EXIT_DONE;
    json_t *config = config_json(t, info);
    char *text = config ? json_dumps(config, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    char *path = path_in(t, "config.json");
    effnet_error error;
    int code = text && path ? EXIT_DONE : report_failure(EXIT_SYSTEM, "out of memory");
    if (code == EXIT_DONE && effnet_file_write(path, text, strlen(text), &error) != EFFNET_OK)
        code = report_error(&error);
    json_decref(config);
    free(text);
    free(path);
    return code;
}

/* ---- What is said ---- */

enum { TIME_SIZE = 32 };

static void tell_plan(const effnet_model *start, const effnet_dataset *data, const effnet_trainer_info *info)
{
    effnet_network_info network;
    effnet_dataset_info counted;
    char parameters[28], ranks[40] = "";
    effnet_network_get_info(effnet_model_get_network(start), &network);
    effnet_dataset_get_info(data, &counted);
    report_note("%s, %dx%d, %s parameters; %zu outputs, %zu pictures to train with and %zu to validate",
                network.name, network.height, network.width,
                text_grouped(parameters, sizeof parameters, info->parameters), counted.outputs,
                counted.count[EFFNET_TRAINING], counted.count[EFFNET_VALIDATION]);
    if (info->ranks > 1) snprintf(ranks, sizeof ranks, " on each of %d ranks", info->ranks);
    report_note(
        "%d epochs of %llu steps of %d pictures%s, learning rate %g, augmentation %s; %llu MiB of memory%s",
        info->epochs, (unsigned long long)info->steps, info->batch, ranks, info->learning_rate, info->augment,
        (unsigned long long)(info->bytes >> 20), info->keep == EFFNET_KEEP_LEAST ? ", recomputing" : "");
}

/* Until the run ends, at the present speed; without the evaluations, which are short. */
static const char *time_left(char out[TIME_SIZE], const effnet_progress *p, const effnet_trainer_info *info)
{
    const uint64_t epochs = p->epoch + 1 < info->epochs ? (uint64_t)(info->epochs - p->epoch - 1) : 0;
    const double images =
        (double)(p->steps - p->step + epochs * p->steps) * (double)info->batch * (double)info->ranks;
    const double seconds = p->images_per_second > 0 ? fmin(images / p->images_per_second, 359999) : 0;
    const int left = (int)seconds;
    if (left < 3600)
        snprintf(out, TIME_SIZE, "%d:%02d", left / 60, left % 60);
    else
        snprintf(out, TIME_SIZE, "%d:%02d h", left / 3600, left / 60 % 60);
    return out;
}

static void show_bar(const effnet_progress *p, const effnet_trainer_info *info)
{
    char unit[96], left[TIME_SIZE];
    if (p->evaluating)
        snprintf(unit, sizeof unit, "evaluating epoch %d of %d", p->epoch + 1, info->epochs);
    else
        snprintf(unit, sizeof unit, "epoch %d of %d, loss %.4f, %.0f images/s, %s left", p->epoch + 1,
                 info->epochs, p->train_loss, p->images_per_second, time_left(left, p, info));
    progress_show(p->step, p->steps, unit);
}

static bool print_epoch_json(const effnet_progress *p)
{
    return json_print(json_pack("{s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:b}", "epoch", p->epoch, "lr",
                                json_number(p->learning_rate), "train_loss", json_number(p->train_loss),
                                "train_top1", json_number(p->train_top1), "val_loss",
                                json_number(p->val_loss), "val_top1", json_number(p->val_top1), "ema_loss",
                                json_number(p->ema_loss), "ema_top1", json_number(p->ema_top1),
                                "images_per_second", json_number(p->images_per_second), "seconds",
                                json_number(p->seconds), "best", p->improved));
}

static void print_figures(const char *name, double loss, double top1)
{
    if (!isnan(loss)) print("  %s %.4f", name, loss);
    if (!isnan(loss) && !isnan(top1)) print(" %6.2f %%", 100 * top1);
}

static int print_epoch(const effnet_progress *p, bool as_json)
{
    if (as_json) {
        if (!print_epoch_json(p)) return EXIT_SYSTEM;
    } else {
        print("%4d", p->epoch + 1);
        print_figures("train", p->train_loss, p->train_top1);
        print_figures("val", p->val_loss, p->val_top1);
        print_figures("average", p->ema_loss, p->ema_top1);
        print("  lr %.3g  %.1f images/s%s\n", p->learning_rate, p->images_per_second,
              p->improved ? "  best" : "");
    }
    return print_flush() ? EXIT_DONE : EXIT_IO;
}

/* ---- The loop ---- */

static int stop(const training *t, effnet_trainer *trainer, int signal_number)
{
    effnet_error error;
    progress_hide();
    if (effnet_trainer_save(trainer, &error) != EFFNET_OK) return report_error(&error);
    report_note("%s: saved; effnet %s -o %s --resume goes on", t->folder, t->command->name, t->folder);
    return 128 + signal_number;
}

static int work(const training *t, effnet_trainer *trainer, const effnet_trainer_info *info, curves *drawn)
{
    effnet_error error;
    effnet_progress p = {0};
    int code = EXIT_DONE;
    while (code == EXIT_DONE && !p.done) {
        const uint64_t skipped = p.skipped;
        if (effnet_trainer_step(trainer, &p, &error) != EFFNET_OK) {
            progress_hide();
            return report_error(&error);
        }
        if (p.skipped > skipped || *p.notice || p.epoch_ended) progress_hide();
        if (p.skipped > skipped) report_note("warning: a step whose loss was not finite was skipped");
        if (*p.notice) report_note("warning: %s", p.notice);
        if (p.epoch_ended && effnet_ranks_number(t->ranks) == 0) {
            code = print_epoch(&p, t->json);
            curves_epoch(drawn);
        } else {
            show_bar(&p, info);
        }
        if (code == EXIT_DONE && p.stop && !p.done) return stop(t, trainer, p.stop);
    }
    return code;
}

static int resume(const training *t, effnet_trainer *trainer)
{
    effnet_error error;
    const char *notice;
    if (!t->resume) return EXIT_DONE;
    if (effnet_trainer_resume(trainer, &notice, &error) != EFFNET_OK) return report_error(&error);
    if (*notice) report_note("warning: %s", notice);
    return EXIT_DONE;
}

int training_run(training *t, const effnet_model *start, const effnet_dataset *data)
{
    effnet_error error;
    effnet_trainer *trainer;
    effnet_trainer_info info;
    int code = prepare_folder(t);
    if (code != EXIT_DONE) return code;
    t->options.stop = training_caught;
    if (effnet_trainer_create(&trainer, start, data, &t->options, &error) != EFFNET_OK)
        return report_error(&error);
    effnet_trainer_get_info(trainer, &info);
    tell_plan(start, data, &info);
    progress_beside_results();
    training_catch_signals();
    code = resume(t, trainer);
    if (code == EXIT_DONE && !t->resume) code = write_config(t, &info);
    curves drawn = {.folder = t->folder};
    if (code == EXIT_DONE) code = work(t, trainer, &info, &drawn);
    progress_hide();
    const int finished = curves_finish(&drawn);
    if (code == EXIT_DONE) code = finished;
    effnet_trainer_free(trainer);
    return code;
}
