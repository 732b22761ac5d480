/* SPDX-License-Identifier: Apache-2.0
 *
 * Which blocked kernels serve which level.
 */
#include "kernels/blocked/blocked.h"
#include "kernels/blocked/training.h"

const blocked_table *blocked_table_for(cpu_level level)
{
#if defined(__x86_64__) && !defined(EFFNET_REF_ONLY)
    if (level == CPU_AVX512) return &blocked_avx512;
    if (level == CPU_AVX2) return &blocked_avx2;
#elif defined(__aarch64__) && !defined(EFFNET_REF_ONLY)
    if (level == CPU_NEON) return &blocked_neon;
#endif
    (void)level;
    return NULL;
}

const blocked_training *blocked_training_for(cpu_level level)
{
#if defined(__x86_64__) && !defined(EFFNET_REF_ONLY)
    if (level == CPU_AVX512) return &training_avx512;
    if (level == CPU_AVX2) return &training_avx2;
#elif defined(__aarch64__) && !defined(EFFNET_REF_ONLY)
    if (level == CPU_NEON) return &training_neon;
#endif
    (void)level;
    return NULL;
}
