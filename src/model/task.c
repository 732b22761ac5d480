/* SPDX-License-Identifier: Apache-2.0
 *
 * See task.h.
 */
#include "model/task.h"

#include <string.h>

static const char *const names[] = {[EFFNET_TASK_ANY] = "any",
                                    [EFFNET_TASK_CLASSES] = "classes",
                                    [EFFNET_TASK_LABELS] = "labels",
                                    [EFFNET_TASK_VALUES] = "values"};
enum { TASKS = sizeof names / sizeof *names };

const char *task_name(effnet_task task)
{
    return names[(unsigned)task < TASKS ? task : EFFNET_TASK_ANY];
}

bool task_parse(effnet_task *out, const char *name)
{
    for (int i = EFFNET_TASK_CLASSES; i < TASKS; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (effnet_task)i;
            return true;
        }
    return false;
}
