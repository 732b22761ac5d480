/* SPDX-License-Identifier: Apache-2.0
 *
 * Denormal numbers off and on for the calling thread.
 */
#include "cpu/cpu.h"

#if defined(__SSE__)
#include <xmmintrin.h>

/* MXCSR (Intel SDM vol. 1, 10.2.3): results are flushed to zero, and inputs taken as zero. */
enum { MXCSR_FTZ = 0x8000, MXCSR_DAZ = 0x0040 };

unsigned cpu_denormals_off(void)
{
    const unsigned saved = _mm_getcsr();
    _mm_setcsr(saved | MXCSR_FTZ | MXCSR_DAZ);
    return saved;
}

void cpu_denormals_restore(unsigned saved)
{
    _mm_setcsr(saved);
}
#elif defined(__aarch64__)
#include <stdint.h>

/* FPCR.FZ (Arm Architecture Reference Manual, C5.2.8): both results and inputs. */
enum { FPCR_FZ = 1 << 24 };

unsigned cpu_denormals_off(void)
{
    uint64_t saved;
    __asm__ volatile("mrs %0, fpcr" : "=r"(saved));
    __asm__ volatile("msr fpcr, %0" : : "r"(saved | FPCR_FZ));
    return (unsigned)saved;
}

void cpu_denormals_restore(unsigned saved)
{
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)saved));
}
#else
unsigned cpu_denormals_off(void)
{
    return 0;
}

void cpu_denormals_restore(unsigned saved)
{
    (void)saved;
}
#endif
