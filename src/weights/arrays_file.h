/* SPDX-License-Identifier: Apache-2.0
 *
 * What arrays_write.c and arrays_grow.c share: arrays on their way into a file, whose values are in memory or
 * wait in a scratch file.
 */
#ifndef WEIGHTS_ARRAYS_FILE_H
#define WEIGHTS_ARRAYS_FILE_H

#include "base/output.h"
#include "weights/arrays.h"

typedef enum array_format { ARRAYS_NPY, ARRAYS_NPZ, ARRAYS_SAFETENSORS } array_format;

typedef struct array_part {
    effnet_array array; /* .data is NULL if the values are in `scratch` */
    int scratch;        /* see base/output.h */
    size_t size;        /* bytes of all values */
    uint32_t crc;       /* of all values, by arrays_crc; asked for in ARRAYS_NPZ only */
} array_part;

/* The format of `path`, and whether it can hold arrays of these names. */
effnet_status arrays_check(array_format *format, const char *path, const effnet_array *arrays, size_t count,
                           effnet_error *error);

/* Whether it can hold so much. */
effnet_status arrays_check_size(array_format format, const array_part *parts, size_t count, const char *path,
                                effnet_error *error);

effnet_status arrays_write(const char *path, array_format format, const array_part *parts, size_t count,
                           effnet_error *error);

/* The CRC-32 of ZIP, continued from `crc`, which is 0 at the start. */
uint32_t arrays_crc(uint32_t crc, const void *data, size_t size);

#endif
