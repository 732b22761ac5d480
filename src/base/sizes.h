/* SPDX-License-Identifier: Apache-2.0
 *
 * Size arithmetic that cannot wrap: every product or sum of numbers from a file goes through here.
 */
#ifndef BASE_SIZES_H
#define BASE_SIZES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* *out = a * b; false (and *out untouched) if it does not fit. */
static inline bool size_mul(size_t *out, size_t a, size_t b)
{
    size_t product;
    if (__builtin_mul_overflow(a, b, &product)) return false;
    *out = product;
    return true;
}

/* *out = a + b; false (and *out untouched) if it does not fit. */
static inline bool size_add(size_t *out, size_t a, size_t b)
{
    size_t sum;
    if (__builtin_add_overflow(a, b, &sum)) return false;
    *out = sum;
    return true;
}

/* *out = the product of `count` factors (1 for none); false if it does not fit. */
static inline bool size_product(size_t *out, const size_t *factors, size_t count)
{
    size_t product = 1;
    for (size_t i = 0; i < count; i++)
        if (!size_mul(&product, product, factors[i])) return false;
    *out = product;
    return true;
}

#endif
