/* SPDX-License-Identifier: Apache-2.0
 *
 * Greedy placement by size: what Pisarchyk and Lee (Efficient memory management for deep neural net
 * inference, 2020) found to come closest to the lower bound.
 */
#include "train/blocked/lifetimes.h"

#include <stdlib.h>

#include "base/sizes.h"

enum { ALIGNMENT = 16 }; /* floats */

static int by_size(const void *a, const void *b)
{
    const lifetime *const *x = a, *const *y = b;
    if ((*x)->size != (*y)->size) return (*x)->size < (*y)->size ? 1 : -1;
    return *x < *y ? -1 : *x > *y; /* a fixed order of equals */
}

/* Keeps the first `count` tensors ordered by offset as one more comes in. */
static void insert(lifetime **placed, size_t count, lifetime *one)
{
    for (; count > 0 && placed[count - 1]->offset > one->offset; count--)
        placed[count] = placed[count - 1];
    placed[count] = one;
}

/* The lowest place where `one` fits among those that live when it does. */
static bool find_place(lifetime *const *placed, size_t count, lifetime *one)
{
    size_t end = 0;
    for (size_t i = 0; i < count; i++) {
        const lifetime *other = placed[i];
        if (other->last < one->first || one->last < other->first) continue;
        if (other->offset >= end && other->offset - end >= one->size) break;
        if (other->offset + other->size > end) end = other->offset + other->size;
    }
    one->offset = end;
    size_t sum;
    return size_add(&sum, end, one->size);
}

bool lifetimes_place(lifetime *tensors, size_t count, size_t *total)
{
    lifetime **order = malloc((2 * count + 1) * sizeof(lifetime *)), **placed = order + count;
    bool fits = order != NULL;
    *total = 0;
    for (size_t i = 0; fits && i < count; i++) {
        order[i] = &tensors[i];
        fits = size_add(&tensors[i].size, tensors[i].size, ALIGNMENT - 1);
        tensors[i].size -= tensors[i].size % ALIGNMENT;
    }
    if (fits) qsort(order, count, sizeof(lifetime *), by_size);
    for (size_t i = 0; fits && i < count; i++) {
        fits = find_place(placed, i, order[i]);
        insert(placed, i, order[i]);
        const size_t end = order[i]->offset + order[i]->size;
        if (fits && end > *total) *total = end;
    }
    free(order);
    return fits;
}
