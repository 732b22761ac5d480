/* SPDX-License-Identifier: Apache-2.0
 *
 * Plain named float32 arrays in files, for tensors that go in and out of a network raw: numpy's .npy is read
 * and written, .npz and .safetensors are written. Weights are src/weights/state.h's business, not this
 * header's.
 */
#ifndef WEIGHTS_ARRAYS_H
#define WEIGHTS_ARRAYS_H

#include "base/error.h"

/* Reads a .npy file (standard input if `path` is "-") of little-endian float32 in C or Fortran order;
 * anything else is named and refused. `out` is zeroed on failure; free it with arrays_free. */
effnet_status arrays_load(effnet_array *out, const char *path, effnet_error *error);

/* Frees what arrays_load gave; a zeroed array and NULL are allowed. */
void arrays_free(effnet_array *array);

/* Writes `count` arrays to `path`, atomically, by its suffix: .npy (exactly one), .npz or .safetensors. The
 * bytes depend on the arguments only. Names must differ and be usable as file names in an archive. */
effnet_status arrays_save(const char *path, const effnet_array *arrays, size_t count, effnet_error *error);

/* The same for arrays that grow by rows; effnet.h says how. */
effnet_status arrays_writer_create(effnet_array_writer **out, const char *path, const effnet_array *arrays,
                                   size_t count, effnet_error *error);
effnet_status arrays_writer_append(effnet_array_writer *w, const float *const *rows, size_t row_count,
                                   effnet_error *error);
effnet_status arrays_writer_save(const effnet_array_writer *w, effnet_error *error);
void arrays_writer_free(effnet_array_writer *w);

#endif
