/* SPDX-License-Identifier: Apache-2.0
 *
 * See truth.h.
 */
#define _GNU_SOURCE
#include "evaluation/truth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static effnet_dataset_item item_of(const evaluation *e, const evaluation_picture *p)
{
    effnet_dataset_item item;
    effnet_dataset_get_item(e->data, e->part, p->item, &item);
    return item;
}

static bool has_label(const effnet_dataset_item *item, size_t label)
{
    for (size_t i = 0; i < item->label_count; i++)
        if (item->labels[i] == label) return true;
    return false;
}

/* [outputs], of a picture. */
static const float *answers_of(const evaluation *e, const evaluation_picture *p)
{
    return e->answers + (size_t)(p - e->pictures) * e->outputs;
}

/* Labels or values, of the truth or of the answers. */
static char *list(const evaluation *e, const evaluation_picture *p, bool truth)
{
    const effnet_dataset_item item = item_of(e, p);
    const float *answers = answers_of(e, p);
    char *text = NULL;
    size_t size, count = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) return NULL;
    for (size_t c = 0; c < e->outputs; c++) {
        if (e->info.task == EFFNET_TASK_VALUES)
            fprintf(out, "%s%.9g", count++ ? " " : "", (double)(truth ? item.values : answers)[c]);
        else if (truth ? has_label(&item, c) : answers[c] > 0)
            fprintf(out, "%s%s", count++ ? ";" : "", e->classes[c].label);
    }
    if (fclose(out) == 0) return text;
    free(text);
    return NULL;
}

char *truth_of(const evaluation *e, const evaluation_picture *p)
{
    if (e->info.task != EFFNET_TASK_CLASSES) return list(e, p, true);
    return strdup(e->classes[item_of(e, p).class_index].label);
}

char *found_in(const evaluation *e, const evaluation_picture *p)
{
    return e->info.task == EFFNET_TASK_CLASSES ? strdup(p->found) : list(e, p, false);
}

/* Pictures of one file have rising numbers; all others have 0. */
static bool share_a_file(const evaluation *e)
{
    effnet_dataset_item last;
    return effnet_dataset_get_item(e->data, e->part, e->info.count[e->part] - 1, &last) && last.picture > 0;
}

char *path_of(const evaluation *e, const evaluation_picture *p)
{
    const effnet_dataset_item item = item_of(e, p);
    char *path;
    if (!share_a_file(e)) return strdup(item.path);
    return asprintf(&path, "%s[%zu]", item.path, item.picture) < 0 ? NULL : path;
}
