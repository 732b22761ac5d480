/* SPDX-License-Identifier: Apache-2.0
 *
 * What the outputs of a network mean, as words: in the metadata of a file and in messages.
 */
#ifndef MODEL_TASK_H
#define MODEL_TASK_H

#include <effnet.h>

/* "classes", "labels", "values"; "any" for everything else. */
const char *task_name(effnet_task task);

/* False if there is no task of that name; "any" is none. */
bool task_parse(effnet_task *out, const char *name);

#endif
