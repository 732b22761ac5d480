/* SPDX-License-Identifier: Apache-2.0
 *
 * Complete unrolling, in the words of each compiler. A tile's loops must unroll, or its accumulators live in
 * memory and the kernel runs three times slower; checkkern's timings tell if a compiler stops doing so.
 */
#ifndef KERNELS_BLOCKED_UNROLL_H
#define KERNELS_BLOCKED_UNROLL_H

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 64")
#endif

enum { LINE = 16 }; /* floats of a cache line */

#define INLINE static inline __attribute__((always_inline))

#endif
