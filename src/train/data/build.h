/* SPDX-License-Identifier: Apache-2.0
 *
 * What the readers of the three layouts share while a data set is built. Nobody else includes this.
 */
#ifndef TRAIN_DATA_BUILD_H
#define TRAIN_DATA_BUILD_H

#include "train/data/dataset.h"

/* Room for one more item of a part, zeroed. */
effnet_status build_item(dataset_item **out, dataset_part *part, effnet_error *error);

/* "folder/name" in the data set's memory; `name` alone if it begins with a slash. */
effnet_status build_path(const char **out, dataset *d, const char *folder, const char *name,
                         effnet_error *error);

/* Takes `count` strings, in any order and with repetitions, as the labels: copies each once, in the order of
 * their bytes. Names that are empty or not UTF-8 are refused. `names` is sorted. */
effnet_status build_labels(dataset *d, const char **names, size_t count, effnet_error *error);

/* The number of a label, or false. */
bool build_find(uint32_t *out, const dataset *d, const char *name);

/* Class folders in `folder`, the first part first, for it decides what the classes are. */
effnet_status folder_read(dataset *d, effnet_part part, const char *folder, effnet_error *error);

/* A table of files and what they show; `task` EFFNET_TASK_ANY if the table decides. */
effnet_status table_read(dataset *d, effnet_part part, const char *path, effnet_task task,
                         effnet_error *error);

/* Pictures and classes from IDX files, found by their usual names. False if `folder` has none for the part.
 */
bool idx_part_exists(const char *folder, effnet_part part);
effnet_status idx_part_read(dataset *d, effnet_part part, const char *folder, effnet_error *error);

/* After the last part: names for the classes, from labels.txt in `folder` if there is one. */
effnet_status idx_part_labels(dataset *d, const char *folder, effnet_error *error);

/* Moves `fraction` of the training part into the validation part. */
effnet_status split_off(dataset *d, double fraction, uint64_t seed, effnet_error *error);

#endif
