/* SPDX-License-Identifier: Apache-2.0
 *
 * Buffers that catch what a kernel must not do: they touch a page that may be neither read nor written, at
 * their end or at their start, and canaries fill the rest.
 */
#ifndef CHECKKERN_GUARD_H
#define CHECKKERN_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/* Where the unreadable page is: right after the buffer, right before it, or `GUARD_SKEW` floats before it, so
 * that the buffer is aligned to nothing but float; those floats are canaries. */
typedef enum guard_side { GUARD_AT_END, GUARD_AT_START, GUARD_NEAR_START } guard_side;
enum { GUARD_SKEW = 3 };

typedef struct guard {
    float *data; /* [count] */
    size_t count;
    unsigned char *map;
    size_t map_size, page;
} guard;

/* `count` floats, each a NaN of its own kind (see guard_is_blank). Ends the program if memory is short. */
guard guard_create(size_t count, guard_side side);
void guard_free(guard *g);

/* True if nothing was written outside `data`. */
bool guard_intact(const guard *g);

/* Fills `data` with the blank NaN, and tells whether a value is still that. */
void guard_blank(guard *g);
bool guard_is_blank(float value);

/* Makes some of the values blank again, and tells whether all of them are. */
void guard_blank_part(float *values, size_t count);
bool guard_all_blank(const guard *g);

#endif
