/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that appear whole or not at all: written under a temporary name in the same folder, synced, then
 * renamed.
 */
#ifndef BASE_OUTPUT_H
#define BASE_OUTPUT_H

#include "base/error.h"

typedef struct output output;

/* Starts writing `path`. Nothing is seen under that name before output_commit. */
effnet_status output_create(output **out, const char *path, effnet_error *error);

effnet_status output_write(output *o, const void *data, size_t size, effnet_error *error);

/* Brings what was written so far to the disk, so that output_commit, later, has little left that can fail. */
effnet_status output_sync(output *o, effnet_error *error);

/* Syncs, renames over `path`, syncs the folder and frees `o`, on failure too (the temporary file is then
 * removed and what stood at `path` before is untouched). */
effnet_status output_commit(output *o, effnet_error *error);

/* Removes the temporary file and frees `o`. NULL is allowed. */
void output_abort(output *o);

/* Replaces `path` with `size` bytes: all of the above in one call. */
effnet_status output_replace(const char *path, const void *data, size_t size, effnet_error *error);

/* Opens a file without a name in the folder of `path`, for reading and writing: room on the disk where the
 * output will be, which is gone when the descriptor is closed, however the program ends. Fails where
 * output_create would. */
effnet_status output_open_scratch(int *descriptor, const char *path, effnet_error *error);

/* Writes at the end of a scratch file; messages call it `path`. */
effnet_status output_write_scratch(int descriptor, const void *data, size_t size, const char *path,
                                   effnet_error *error);

/* Copies the `size` bytes of a scratch file to `o`. */
effnet_status output_copy_scratch(output *o, int descriptor, uint64_t size, effnet_error *error);

#endif
