/* SPDX-License-Identifier: Apache-2.0
 *
 * The two inner loops of resizing: sums of bytes times fixed-point weights, to the bit as plain integer
 * arithmetic gives them. With SSE2, which every x86-64 processor has, eight products at a time.
 */
#ifndef IMAGE_RESAMPLE_H
#define IMAGE_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

enum {
    RESAMPLE_CHANNELS = 3,
    /* 8 bits of the pixel, and 2 for sums beyond 0..255, are left of 32. */
    RESAMPLE_FRACTION = 32 - 8 - 2,
};

/* The weights of one direction. */
typedef struct axis {
    int size; /* elements of the result that are computed */
    int taps; /* room per element; even */
    int *first, *count;
    int32_t *weights; /* [size][taps], RESAMPLE_FRACTION fractional bits, zero past count */
    uint32_t *pairs;  /* [size][taps], what resample_prepare makes of them */
    double *exact;    /* [taps], scratch */
} axis;

/* Call when the weights are there. */
void resample_prepare(axis *a);

/* One row of out: [size][3]. `in` is the row's pixel at column `left`, and `room` the bytes that may be read
 * from there on. */
void resample_horizontal(uint8_t *restrict out, const uint8_t *restrict in, size_t room, int left,
                         const axis *a);

/* Element `index` of the axis: `size` bytes of the result. `in` is the first row that counts, rows are
 * `stride` bytes apart. */
void resample_vertical(uint8_t *restrict out, const uint8_t *restrict in, size_t stride, size_t size,
                       const axis *a, int index);

#endif
