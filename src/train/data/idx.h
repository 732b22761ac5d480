/* SPDX-License-Identifier: Apache-2.0
 *
 * IDX files: arrays of bytes with a header of big-endian sizes, as MNIST and its successors are published
 * (Y. LeCun, C. Cortes, C. Burges: The MNIST database, "The IDX file format"), plain or compressed by gzip.
 * Only unsigned bytes are read, of 1 to 4 dimensions.
 */
#ifndef TRAIN_DATA_IDX_H
#define TRAIN_DATA_IDX_H

#include "base/error.h"

enum { IDX_MAX_RANK = 4 };

typedef struct idx_array {
    int rank;
    size_t shape[IDX_MAX_RANK]; /* 1 past `rank` */
    size_t size;                /* the product */
    uint8_t *bytes;             /* row-major */
} idx_array;

/* Reads a whole file; no more than `limit` bytes of data. What the header declares is checked against the
 * length of the file before anything is allocated: a gzip stream cannot hold more than 1032 times its length.
 */
effnet_status idx_read(idx_array *out, const char *path, size_t limit, effnet_error *error);

/* The same from memory. */
effnet_status idx_parse(idx_array *out, const void *data, size_t size, size_t limit, effnet_error *error);
void idx_free(idx_array *a);

#endif
