/* SPDX-License-Identifier: Apache-2.0
 *
 * What is wrong with the classes that somebody wants to train with: it is the commonest reason why a network
 * learns badly, and it is told before hours are spent. See training.h.
 */
#include <stdlib.h>

#include "report.h"
#include "training.h"

/* FEW: fewer pictures than this teach a class badly. UNBALANCED: so many times another one's are a warning.
 * NAMED: classes that are named one by one. */
enum { FEW = 20, UNBALANCED = 10, NAMED = 5 };

/* A complaint about several classes: the first are named, the others counted. */
typedef struct complaint {
    size_t classes;
    const char *rest; /* of the line that counts them: "warning: 7 more classes ..." */
} complaint;

static bool is_named(complaint *c)
{
    return ++c->classes <= NAMED;
}

static void count_others(const complaint *c)
{
    if (c->classes > NAMED) report_note("warning: %zu more classes %s", c->classes - NAMED, c->rest);
}

static void tell_training(const effnet_dataset *data, const size_t *counts, size_t outputs)
{
    complaint none = {.rest = "have no picture to train with"}, few = {.rest = "have few pictures, too"};
    for (size_t c = 0; c < outputs; c++) {
        const char *label = effnet_dataset_get_label(data, c);
        if (counts[c] == 0 && is_named(&none))
            report_note("warning: there is no picture of '%s' to train with", label);
        if (counts[c] == 1 && is_named(&few))
            report_note("warning: there is only one picture of '%s' to train with", label);
        if (counts[c] > 1 && counts[c] < FEW && is_named(&few))
            report_note("warning: there are only %zu pictures of '%s' to train with", counts[c], label);
    }
    count_others(&none);
    count_others(&few);
}

/* Classes that are learned, but in no picture that tells how well. */
static void tell_validation(const effnet_dataset *data, const size_t *learned, const size_t *counts,
                            size_t outputs)
{
    complaint none = {.rest = "have no picture to validate with"};
    for (size_t c = 0; c < outputs; c++)
        if (counts[c] == 0 && learned[c] > 0 && is_named(&none))
            report_note("warning: there is no picture of '%s' to validate with",
                        effnet_dataset_get_label(data, c));
    count_others(&none);
}

static void tell_balance(const effnet_dataset_info *info, const size_t *counts, bool balanced)
{
    size_t least = SIZE_MAX, most = 0;
    for (size_t c = 0; c < info->outputs; c++) {
        if (counts[c] > most) most = counts[c];
        if (counts[c] && counts[c] < least) least = counts[c];
    }
    if (most / UNBALANCED < least || most == UNBALANCED * least) return;
    if (info->task == EFFNET_TASK_LABELS)
        report_note("warning: one label is in %zu pictures and another in %zu", most, least);
    else if (!balanced)
        report_note(
            "warning: one class has %zu pictures and another %zu: --balance makes them count the same", most,
            least);
}

int training_tell_classes(const effnet_dataset *data, bool balanced)
{
    effnet_dataset_info info;
    effnet_dataset_get_info(data, &info);
    size_t *counts = calloc(info.outputs, 2 * sizeof *counts);
    if (!counts) return report_failure(EXIT_SYSTEM, "out of memory");
    effnet_dataset_count(data, EFFNET_TRAINING, counts);
    effnet_dataset_count(data, EFFNET_VALIDATION, counts + info.outputs);
    if (info.outputs == 1 && info.task == EFFNET_TASK_CLASSES)
        report_note("warning: there is one class only, so that nothing can be learned");
    tell_training(data, counts, info.outputs);
    if (info.count[EFFNET_VALIDATION] > 0) tell_validation(data, counts, counts + info.outputs, info.outputs);
    tell_balance(&info, counts, balanced);
    free(counts);
    return EXIT_DONE;
}
