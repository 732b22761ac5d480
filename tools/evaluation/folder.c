/* SPDX-License-Identifier: Apache-2.0
 *
 * See folder.h.
 */
#define _GNU_SOURCE
#include "evaluation/folder.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "evaluation/show.h"
#include "evaluation/truth.h"
#include "folders.h"
#include "plot/figure_charts.h"
#include "plot/heat_map.h"
#include "plot/save.h"
#include "report.h"
#include "signals.h"
#include "text.h"

int folder_prepare(const char *folder)
{
    char *path = strdup(folder);
    if (!path) return report_failure(EXIT_SYSTEM, "out of memory");
    int code = folders_make(path);
    struct stat info;
    if (code == 0 && stat(path, &info) == 0 && !S_ISDIR(info.st_mode)) code = ENOTDIR;
    free(path);
    return code ? report_failure(EXIT_CREATE, "%s: %s", folder, strerror(code)) : EXIT_DONE;
}

static int write_bytes(const char *folder, const char *name, const void *bytes, size_t size)
{
    effnet_error error;
    char *path;
    if (asprintf(&path, "%s/%s", folder, name) < 0) return report_failure(EXIT_SYSTEM, "out of memory");
    signals_hold();
    const effnet_status status = effnet_file_write(path, bytes, size, &error);
    signals_release();
    free(path);
    return status == EFFNET_OK ? EXIT_DONE : report_error(&error);
}

/* ---- Tables ---- */

/* Each fills a table; false out of memory. */
typedef bool table_writer(FILE *out, const evaluation *e);

static int write_table(const char *folder, const char *name, table_writer *put, const evaluation *e)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    bool ok = out && put(out, e) && !ferror(out);
    if (out && fclose(out) != 0) ok = false;
    const int code =
        ok ? write_bytes(folder, name, text, size) : report_failure(EXIT_SYSTEM, "out of memory");
    free(text);
    return code;
}

/* A row for each true class, a column for each found one. */
static bool put_confusion(FILE *out, const evaluation *e)
{
    fputs("true\\found", out);
    for (size_t c = 0; c < e->outputs; c++) {
        putc(',', out);
        text_put_csv(out, e->classes[c].label);
    }
    for (size_t t = 0; t < e->outputs; t++) {
        putc('\n', out);
        text_put_csv(out, e->classes[t].label);
        for (size_t f = 0; f < e->outputs; f++)
            fprintf(out, ",%llu", (unsigned long long)e->confusion[t * e->outputs + f]);
    }
    putc('\n', out);
    return true;
}

static void put_number(FILE *out, double number)
{
    putc(',', out);
    if (!isnan(number)) fprintf(out, "%.6g", number);
}

static bool put_classes(FILE *out, const evaluation *e)
{
    const bool has_average = e->info.task == EFFNET_TASK_LABELS;
    fprintf(out, "label,pictures,precision,recall,f1%s\n", has_average ? ",average_precision" : "");
    for (size_t c = 0; c < e->outputs; c++) {
        const evaluation_class *k = &e->classes[c];
        text_put_csv(out, k->label);
        fprintf(out, ",%llu", (unsigned long long)k->support);
        put_number(out, precision_of(k->right, k->found));
        put_number(out, recall_of(k->right, k->support));
        put_number(out, f1_of(k->right, k->found, k->support));
        if (has_average) put_number(out, k->average_precision);
        putc('\n', out);
    }
    return true;
}

static bool put_values(FILE *out, const evaluation *e)
{
    char room[SHOW_NAME];
    fputs("value,mean_squared_error,mean_absolute_error,r2\n", out);
    for (size_t c = 0; c < e->outputs; c++) {
        const value_errors *v = &e->values[c].errors;
        text_put_csv(out, show_name(room, e->values[c].label, c));
        put_number(out, v->squared);
        put_number(out, v->absolute);
        put_number(out, v->r2);
        putc('\n', out);
    }
    return true;
}

static bool put_bins(FILE *out, const evaluation *e)
{
    const calibration *c = &e->calibration;
    fputs("above,up_to,pictures,confidence,accuracy\n", out);
    for (int i = 0; i < CALIBRATION_BINS; i++) {
        fprintf(out, "%.4f,%.4f,%llu", (double)i / CALIBRATION_BINS, (i + 1.0) / CALIBRATION_BINS,
                (unsigned long long)c->count[i]);
        put_number(out, c->count[i] ? c->confidence[i] / (double)c->count[i] : NAN);
        put_number(out, c->count[i] ? c->right[i] / (double)c->count[i] : NAN);
        putc('\n', out);
    }
    return true;
}

static bool put_picture(FILE *out, const evaluation *e, const evaluation_picture *p)
{
    char *path = path_of(e, p), *truth = truth_of(e, p), *found = found_in(e, p);
    const bool ok = path && truth && found;
    if (ok) {
        text_put_csv(out, path);
        putc(',', out);
        text_put_csv(out, truth);
        putc(',', out);
        text_put_csv(out, found);
        if (e->info.task == EFFNET_TASK_CLASSES) put_number(out, p->confidence);
        put_number(out, p->loss);
        putc('\n', out);
    }
    free(path);
    free(truth);
    free(found);
    return ok;
}

/* All of them, the worst first. */
static bool put_pictures(FILE *out, const evaluation *e)
{
    const evaluation_picture **list = evaluation_by_loss(e);
    bool ok = list != NULL;
    fprintf(out, "path,true,found,%sloss\n", e->info.task == EFFNET_TASK_CLASSES ? "confidence," : "");
    for (size_t i = 0; ok && i < e->images; i++)
        ok = put_picture(out, e, list[i]);
    free((void *)list);
    return ok;
}

static int write_tables(const char *folder, const evaluation *e)
{
    int code = write_table(folder, "pictures.csv", put_pictures, e);
    if (code == EXIT_DONE && e->classes)
        code = write_table(folder, e->confusion ? "classes.csv" : "labels.csv", put_classes, e);
    if (code == EXIT_DONE && e->values) code = write_table(folder, "values.csv", put_values, e);
    if (code == EXIT_DONE && e->confusion) code = write_table(folder, "confusion.csv", put_confusion, e);
    if (code == EXIT_DONE && e->confusion) code = write_table(folder, "calibration.csv", put_bins, e);
    return code;
}

static int write_json(const char *folder, const evaluation *e)
{
    json_t *json = show_json(e);
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    const int code = text ? write_bytes(folder, "report.json", text, strlen(text))
                          : report_failure(EXIT_SYSTEM, "out of memory");
    json_decref(json);
    free(text);
    return code;
}

/* ---- Pictures ---- */

static int save(const char *folder, const char *name, canvas *c)
{
    char *path;
    int code = EXIT_SYSTEM;
    if (asprintf(&path, "%s/%s", folder, name) < 0) {
        report_failure(code, "out of memory");
    } else {
        code = plot_save_as(path, c, RENDER_PNG);
        free(path);
    }
    canvas_free(c);
    return code;
}

static canvas *draw_confusion(const evaluation *e)
{
    const char **names = malloc(e->outputs * sizeof *names);
    for (size_t c = 0; names && c < e->outputs; c++)
        names[c] = e->classes[c].label;
    const heat_map map = {.names = names, .counts = e->confusion, .size = e->outputs};
    canvas *drawn = names ? heat_map_draw(&map) : NULL;
    free((void *)names);
    return drawn;
}

static canvas *draw_reliability(const evaluation *e)
{
    double confidence[CALIBRATION_BINS], accuracy[CALIBRATION_BINS], pictures[CALIBRATION_BINS];
    const calibration *c = &e->calibration;
    for (int i = 0; i < CALIBRATION_BINS; i++) {
        pictures[i] = (double)c->count[i];
        confidence[i] = c->count[i] ? c->confidence[i] / pictures[i] : NAN;
        accuracy[i] = c->count[i] ? c->right[i] / pictures[i] : NAN;
    }
    return reliability_charts(confidence, accuracy, pictures, CALIBRATION_BINS);
}

static canvas *draw_values(const evaluation *e)
{
    effnet_dataset_item item;
    char rooms[VALUE_CHARTS][SHOW_NAME];
    const char *names[VALUE_CHARTS];
    float *truths = malloc(e->images * e->outputs * sizeof *truths);
    if (!truths) return NULL;
    for (size_t i = 0; i < e->images; i++) {
        effnet_dataset_get_item(e->data, e->part, e->pictures[i].item, &item);
        memcpy(truths + i * e->outputs, item.values, e->outputs * sizeof *truths);
    }
    for (size_t c = 0; c < e->outputs && c < VALUE_CHARTS; c++)
        names[c] = show_name(rooms[c], e->values[c].label, c);
    canvas *drawn = value_charts(names, truths, e->answers, e->images, e->outputs);
    free(truths);
    return drawn;
}

static int write_pictures(const char *folder, const evaluation *e)
{
    if (e->info.task == EFFNET_TASK_LABELS) return EXIT_DONE;
    if (!render_version()) {
        report_note("%s: %s left out: drawing needs cairo (libcairo2); the page and the tables are complete",
                    folder, e->values ? "values.png is" : "confusion.png and reliability.png are");
        return EXIT_DONE;
    }
    if (e->values) return save(folder, "values.png", draw_values(e));
    if (e->outputs > HEAT_MAP_MOST)
        report_note("%s: confusion.png is left out: %zu classes are too many to see", folder, e->outputs);
    const int code =
        e->outputs > HEAT_MAP_MOST ? EXIT_DONE : save(folder, "confusion.png", draw_confusion(e));
    return code == EXIT_DONE ? save(folder, "reliability.png", draw_reliability(e)) : code;
}

int folder_write(const char *folder, const evaluation *e, const page_facts *facts)
{
    char *page;
    size_t size;
    int code = page_make(&page, &size, e, facts);
    if (code == EXIT_DONE) code = write_bytes(folder, "report.html", page, size);
    free(page);
    if (code == EXIT_DONE) code = write_json(folder, e);
    if (code == EXIT_DONE) code = write_tables(folder, e);
    return code == EXIT_DONE ? write_pictures(folder, e) : code;
}
