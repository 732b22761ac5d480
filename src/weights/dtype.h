/* SPDX-License-Identifier: Apache-2.0
 *
 * Element types of stored tensors and their exact conversion from and to float32. Knows nothing of files.
 */
#ifndef WEIGHTS_DTYPE_H
#define WEIGHTS_DTYPE_H

#include "weights/state.h"

/* IEEE 754 binary16 and bfloat16 as float32; every value is exact, NaNs keep their payload. */
float dtype_from_f16(uint16_t half);
float dtype_from_bf16(uint16_t half);

/* Round to nearest, ties to even. Finite values beyond the range become infinite; NaNs stay NaNs. */
uint16_t dtype_to_f16(float value);
uint16_t dtype_to_bf16(float value);

/* Finds the type that safetensors spells `name` (of `size` bytes). */
bool dtype_parse(const char *name, size_t size, state_dtype *out);

/* True if stored elements are this machine's floats, so that decoding is copying. */
bool dtype_is_native(state_dtype dtype, bool big_endian);

/* `count` elements at `in` (any alignment) as float32. `big_endian` is the byte order of `in`. */
void dtype_decode(float *out, const void *in, state_dtype dtype, bool big_endian, size_t count);

/* `count` values as little-endian elements at `out` (any alignment). Returns `count`, or the index of the
 * first value that `dtype` cannot hold: finite but beyond the range of a float type, or no integer of I64. */
size_t dtype_encode(void *out, const float *in, state_dtype dtype, size_t count);

#endif
