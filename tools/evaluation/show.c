/* SPDX-License-Identifier: Apache-2.0
 *
 * See show.h.
 */
#include "evaluation/show.h"

#include <math.h>
#include <stdio.h>

#include "json.h"
#include "print.h"

const char *show_name(char room[SHOW_NAME], const char *label, size_t number)
{
    if (*label) return label;
    snprintf(room, SHOW_NAME, "value %zu", number);
    return room;
}

/* ---- Text ---- */

static void show_classes(const evaluation *e)
{
    const bool has_average = e->info.task == EFFNET_TASK_LABELS;
    print("\nprecision  recall      F1  %spictures\n", has_average ? " average  " : "");
    for (size_t c = 0; c < e->outputs; c++) {
        const evaluation_class *k = &e->classes[c];
        print("%8.1f%% %6.1f%% %6.1f%%  ", 100 * precision_of(k->right, k->found),
              100 * recall_of(k->right, k->support), 100 * f1_of(k->right, k->found, k->support));
        if (has_average && isnan(k->average_precision)) print("       -  ");
        if (has_average && !isnan(k->average_precision)) print("%7.1f%%  ", 100 * k->average_precision);
        print("%8llu  ", (unsigned long long)k->support);
        print_text(k->label);
        print("\n");
    }
}

static void show_values(const evaluation *e)
{
    char room[SHOW_NAME];
    print("\n       R2       RMSE        MAE\n");
    for (size_t c = 0; c < e->outputs; c++) {
        const value_errors *v = &e->values[c].errors;
        if (isnan(v->r2))
            print("        -");
        else
            print("%9.4f", v->r2);
        print(" %10.4g %10.4g  ", sqrt(v->squared), v->absolute);
        print_text(show_name(room, e->values[c].label, c));
        print("\n");
    }
}

void show_text(const evaluation *e)
{
    if (e->info.task == EFFNET_TASK_CLASSES)
        print("top-1 %.2f %%, top-5 %.2f %%, calibration error %.2f %%, ", 100 * e->top1, 100 * e->top5,
              100 * calibration_error(&e->calibration));
    if (e->info.task == EFFNET_TASK_LABELS)
        print("%.2f %% of labels right, all of a picture %.2f %%, mean average precision %.2f %%, ",
              100 * e->top1, 100 * e->subset, 100 * e->mean_average_precision);
    if (e->info.task == EFFNET_TASK_VALUES)
        print("mean squared error %.6g, mean absolute error %.6g; ", e->squared, e->absolute);
    else
        print("loss %.4f; ", e->loss);
    print("%llu pictures\n", (unsigned long long)e->images);
    if (e->classes)
        show_classes(e);
    else
        show_values(e);
}

/* ---- JSON ---- */

static json_t *classes_json(const evaluation *e)
{
    json_t *list = json_array();
    for (size_t c = 0; c < e->outputs; c++) {
        const evaluation_class *k = &e->classes[c];
        json_t *one =
            json_pack("{s:o,s:I,s:o,s:o,s:o}", "label", json_text(k->label), "support",
                      (json_int_t)k->support, "precision", json_number(precision_of(k->right, k->found)),
                      "recall", json_number(recall_of(k->right, k->support)), "f1",
                      json_number(f1_of(k->right, k->found, k->support)));
        if (e->info.task == EFFNET_TASK_LABELS)
            json_object_set_new(one, "average_precision", json_number(k->average_precision));
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *values_json(const evaluation *e)
{
    json_t *list = json_array();
    for (size_t c = 0; c < e->outputs; c++) {
        const evaluation_value *v = &e->values[c];
        json_array_append_new(list, json_pack("{s:o,s:o,s:o,s:o}", "label", json_text(v->label),
                                              "mean_squared_error", json_number(v->errors.squared),
                                              "mean_absolute_error", json_number(v->errors.absolute), "r2",
                                              json_number(v->errors.r2)));
    }
    return list;
}

static json_t *confusion_json(const evaluation *e)
{
    json_t *rows = json_array();
    for (size_t t = 0; t < e->outputs; t++) {
        json_t *row = json_array();
        for (size_t f = 0; f < e->outputs; f++)
            json_array_append_new(row, json_integer((json_int_t)e->confusion[t * e->outputs + f]));
        json_array_append_new(rows, row);
    }
    return rows;
}

json_t *show_json(const evaluation *e)
{
    json_t *all =
        json_pack("{s:s,s:I,s:I,s:o}", "task", effnet_task_name(e->info.task), "images",
                  (json_int_t)e->images, "failed", (json_int_t)e->failed, "loss", json_number(e->loss));
    json_t *more;
    switch (e->info.task) {
    case EFFNET_TASK_CLASSES:
        more =
            json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "top1", json_number(e->top1), "top5", json_number(e->top5),
                      "calibration_error", json_number(calibration_error(&e->calibration)), "macro_f1",
                      json_number(e->macro_f1), "per_class", classes_json(e), "confusion", confusion_json(e));
        break;
    case EFFNET_TASK_LABELS:
        more = json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "label_accuracy", json_number(e->top1),
                         "subset_accuracy", json_number(e->subset), "mean_average_precision",
                         json_number(e->mean_average_precision), "micro_f1", json_number(e->micro_f1),
                         "macro_f1", json_number(e->macro_f1), "per_class", classes_json(e));
        break;
    default:
        more = json_pack("{s:o,s:o,s:o,s:o}", "mean_squared_error", json_number(e->squared),
                         "mean_absolute_error", json_number(e->absolute), "r2", json_number(e->r2),
                         "per_value", values_json(e));
        break;
    }
    if (json_object_update(all, more) != 0) {
        json_decref(all);
        all = NULL;
    }
    json_decref(more);
    return all;
}
