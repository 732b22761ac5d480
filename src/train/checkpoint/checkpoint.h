/* SPDX-License-Identifier: Apache-2.0
 *
 * The state of a run in a file, so that it can go on, bit for bit, after whatever ended it. Knows nothing of
 * what the numbers and arrays mean. A checkpoint is read as if a stranger had written it; the arrays to be
 * filled are there before, so nothing is allocated by what a file says.
 *
 *     0   8  "EFFNETCK"
 *     8   4  version, 1
 *    12   4  bytes of the description, d
 *    16   4  numbers, n
 *    20   4  arrays, a
 *    24   d  description: lines of key=value, what must be equal for a run to go on
 *     .  8n  numbers
 *     .  8a  floats of each array
 *     .   4  CRC-32 of all of the above
 *     then for each array its floats, and the CRC-32 of those
 *
 * All little-endian; nothing follows the last array.
 */
#ifndef TRAIN_CHECKPOINT_CHECKPOINT_H
#define TRAIN_CHECKPOINT_CHECKPOINT_H

#include "base/source.h"

enum { CHECKPOINT_MAX_DESCRIPTION = 1 << 20, CHECKPOINT_MAX_NUMBERS = 64, CHECKPOINT_MAX_ARRAYS = 8 };

typedef struct checkpoint_array {
    float *data;
    size_t count;
} checkpoint_array;

typedef struct checkpoint {
    const char *description;
    uint64_t *numbers;
    size_t number_count;
    checkpoint_array arrays[CHECKPOINT_MAX_ARRAYS];
    size_t array_count;
} checkpoint;

struct output; /* base/output.h */

effnet_status checkpoint_write(struct output *file, const checkpoint *c, effnet_error *error);

/* Fills numbers and arrays. EFFNET_ERR_FORMAT for a file that is damaged or none at all, EFFNET_ERR_MISMATCH,
 * with the first line that differs, for a sound one of another run. After a failure they hold anything. */
effnet_status checkpoint_read(const source *file, const checkpoint *c, effnet_error *error);

/* Bytes of its file. */
uint64_t checkpoint_size(const checkpoint *c);

/* Writes folder/last.ckpt; the one before it becomes folder/previous.ckpt. At every moment, whatever fails
 * and whoever kills the process, one of the two is whole; on failure both are as they were, or previous.ckpt
 * is last.ckpt again. */
effnet_status checkpoint_save(const char *folder, const checkpoint *c, effnet_error *error);

/* Removes what a run that was killed while saving left in `folder`. */
void checkpoint_tidy(const char *folder);

enum { CHECKPOINT_WARNING = 400 };

/* Reads folder/last.ckpt, or if that is damaged or missing folder/previous.ckpt; `warning` then says why, and
 * is empty otherwise. EFFNET_ERR_NOT_FOUND if there is neither. */
effnet_status checkpoint_load(const char *folder, const checkpoint *c, char warning[CHECKPOINT_WARNING],
                              effnet_error *error);

/* EFFNET_ERR_IO if the disk under `folder` has no room for two checkpoints and a fifth more. */
effnet_status checkpoint_check_room(const char *folder, const checkpoint *c, effnet_error *error);

#endif
