/* SPDX-License-Identifier: Apache-2.0
 *
 * The page from head to foot. See page.h.
 */
#define _GNU_SOURCE
#include "evaluation/page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluation/sections.h"
#include "evaluation/show.h"
#include "evaluation/thumbnail.h"
#include "evaluation/truth.h"
#include "html.h"
#include "report.h"

enum { WORST = 24 };

static void put_row(FILE *out, const char *name, double value, const char *format)
{
    fprintf(out, "<tr><th class=text>%s</th><td>", name);
    if (isnan(value))
        fputs("-", out);
    else if (*format == '%')
        fprintf(out, "%.2f %%", 100 * value);
    else
        fprintf(out, "%.6g", value);
    fputs("</td></tr>\n", out);
}

static void put_summary(FILE *out, const evaluation *e, const page_facts *facts)
{
    static const char share[] = "%", number[] = "";
    fputs("<h1>Evaluation of <bdi>", out);
    html_text(out, facts->model);
    fputs("</bdi></h1>\n<p>On the ", out);
    fprintf(out, "%s part of <bdi>", e->part == EFFNET_TRAINING ? "training" : "validation");
    html_text(out, facts->data);
    fprintf(out, "</bdi>: %llu pictures", (unsigned long long)e->images);
    if (e->failed) fprintf(out, "; %llu could not be read", (unsigned long long)e->failed);
    fputs(".</p>\n<table>\n", out);
    switch (e->info.task) {
    case EFFNET_TASK_CLASSES:
        put_row(out, "top-1 accuracy", e->top1, share);
        put_row(out, "top-5 accuracy", e->top5, share);
        put_row(out, "mean F1 of classes", e->macro_f1, share);
        put_row(out, "expected calibration error", calibration_error(&e->calibration), share);
        break;
    case EFFNET_TASK_LABELS:
        put_row(out, "labels right", e->top1, share);
        put_row(out, "pictures with all labels right", e->subset, share);
        put_row(out, "mean average precision", e->mean_average_precision, share);
        put_row(out, "F1 of all labels together", e->micro_f1, share);
        put_row(out, "mean F1 of labels", e->macro_f1, share);
        break;
    default:
        put_row(out, "R2, mean over values", e->r2, number);
        put_row(out, "mean squared error", e->squared, number);
        put_row(out, "mean absolute error", e->absolute, number);
        break;
    }
    put_row(out, "loss", e->loss, number);
    fputs("</table>\n", out);
}

static void put_classes(FILE *out, const evaluation *e)
{
    const bool has_average = e->info.task == EFFNET_TASK_LABELS;
    fprintf(out,
            "<h2>Each %s</h2>\n<table><tr><th class=text>%s</th><th>pictures</th><th>precision</th>"
            "<th>recall</th><th>F1</th>%s</tr>\n",
            has_average ? "label" : "class", has_average ? "label" : "class",
            has_average ? "<th>average precision</th>" : "");
    for (size_t c = 0; c < e->outputs; c++) {
        const evaluation_class *k = &e->classes[c];
        fputs("<tr><th class=text><bdi>", out);
        html_text(out, k->label);
        fprintf(out, "</bdi></th><td>%llu</td><td>%.1f %%</td><td>%.1f %%</td><td>%.1f %%</td>",
                (unsigned long long)k->support, 100 * precision_of(k->right, k->found),
                100 * recall_of(k->right, k->support), 100 * f1_of(k->right, k->found, k->support));
        if (has_average && isnan(k->average_precision)) fputs("<td>-</td>", out);
        if (has_average && !isnan(k->average_precision))
            fprintf(out, "<td>%.1f %%</td>", 100 * k->average_precision);
        fputs("</tr>\n", out);
    }
    fputs("</table>\n", out);
}

static void put_values(FILE *out, const evaluation *e)
{
    char room[SHOW_NAME];
    fputs("<h2>Each value</h2>\n<table><tr><th class=text>value</th><th>R2</th><th>root mean squared error"
          "</th><th>mean absolute error</th></tr>\n",
          out);
    for (size_t c = 0; c < e->outputs; c++) {
        const value_errors *v = &e->values[c].errors;
        fputs("<tr><th class=text><bdi>", out);
        html_text(out, show_name(room, e->values[c].label, c));
        fputs("</bdi></th>", out);
        if (isnan(v->r2))
            fputs("<td>-</td>", out);
        else
            fprintf(out, "<td>%.4f</td>", v->r2);
        fprintf(out, "<td>%.4g</td><td>%.4g</td></tr>\n", sqrt(v->squared), v->absolute);
    }
    fputs("</table>\n", out);
}

/* ---- The worst pictures ---- */

static bool put_picture(FILE *out, const evaluation *e, const evaluation_picture *p, const thumbnails *small,
                        const page_facts *facts)
{
    char *path = path_of(e, p), *truth = truth_of(e, p), *found = found_in(e, p);
    const bool ok = path && truth && found;
    if (ok) {
        fputs("<figure><img alt=\"\" src=\"", out);
        if (!thumbnail_put(out, small, e->data, e->part, p->item, facts->images)) fputs("data:,", out);
        fputs("\"><figcaption><bdi>", out);
        html_text(out, path);
        fputs("</bdi><br>is <b><bdi>", out);
        html_text(out, truth);
        fprintf(out, "</bdi></b><br><span class=%s>found <b><bdi>",
                p->right || e->values ? "right" : "wrong");
        html_text(out, found);
        fputs("</bdi></b>", out);
        if (e->info.task == EFFNET_TASK_CLASSES) fprintf(out, " %.1f %%", 100 * p->confidence);
        fprintf(out, "</span><br><span class=note>loss %.4g</span></figcaption></figure>\n", p->loss);
    }
    free(path);
    free(truth);
    free(found);
    return ok;
}

static bool put_worst(FILE *out, const evaluation *e, const thumbnails *small, const page_facts *facts)
{
    const evaluation_picture **list = evaluation_by_loss(e);
    bool ok = list != NULL;
    fputs("<h2>The worst pictures</h2>\n<p class=note>Those with the largest loss; all are in "
          "pictures.csv.</p>\n<div class=worst>\n",
          out);
    for (size_t i = 0; ok && i < e->images && i < WORST; i++)
        ok = put_picture(out, e, list[i], small, facts);
    fputs("</div>\n", out);
    free((void *)list);
    return ok;
}

/* ---- All ---- */

static bool put_page(FILE *out, const evaluation *e, const thumbnails *small, const page_facts *facts)
{
    html_begin(out, "Evaluation");
    put_summary(out, e, facts);
    if (e->classes)
        put_classes(out, e);
    else
        put_values(out, e);
    if (e->info.task == EFFNET_TASK_CLASSES) {
        if (!section_confusion(out, e)) return false;
        section_calibration(out, e);
    }
    if (!put_worst(out, e, small, facts)) return false;
    html_end(out);
    return !ferror(out);
}

int page_make(char **out, size_t *size, const evaluation *e, const page_facts *facts)
{
    effnet_error error;
    thumbnails small;
    *out = NULL;
    if (thumbnails_open(&small, &error) != EFFNET_OK) {
        thumbnails_close(&small);
        return report_error(&error);
    }
    FILE *page = open_memstream(out, size);
    bool ok = page && put_page(page, e, &small, facts);
    if (page && fclose(page) != 0) ok = false;
    thumbnails_close(&small);
    if (ok) return EXIT_DONE;
    free(*out);
    *out = NULL;
    return report_failure(EXIT_SYSTEM, "out of memory");
}
