/* SPDX-License-Identifier: Apache-2.0
 *
 * What this processor and this process may use. Pure look-ups: nothing is cached, nothing is global.
 */
#ifndef CPU_CPU_H
#define CPU_CPU_H

#include <stdbool.h>
#include <stddef.h>

/* Kernel levels, each a set of instructions that come together. Higher numbers of one architecture include
 * the lower. */
typedef enum cpu_level {
    CPU_REF = 0,    /* plain C */
    CPU_AVX2 = 1,   /* AVX2, FMA, F16C */
    CPU_AVX512 = 2, /* AVX-512 F, BW, DQ, VL, and all of CPU_AVX2 */
    CPU_NEON = 3,   /* AArch64 Advanced SIMD */
} cpu_level;

/* The best level that the processor has and the operating system has switched on (xgetbv). */
cpu_level cpu_best_level(void);

/* True if kernels of `level` may run here. */
bool cpu_has_level(cpu_level level);

/* "ref", "avx2", "avx512", "neon". */
const char *cpu_level_name(cpu_level level);

/* The level called `name`; false if there is none. */
bool cpu_level_parse(const char *name, cpu_level *out);

/* The processor's own name, like "AMD EPYC"; "unknown processor" if it does not say. */
void cpu_name(char *out, size_t capacity);

/* Cores this process may use: the affinity mask, cut by the cgroup's CPU quota (v1 and v2, rounded up); at
 * least 1. */
size_t cpu_usable_cores(void);

/* Denormals off for the calling thread (FTZ and DAZ), and back. Weights driven to denormals by fine-tuning
 * slow some processors down severely (lukemelas/EfficientNet-PyTorch#39: 5x). */
unsigned cpu_denormals_off(void);
void cpu_denormals_restore(unsigned saved);

#endif
