/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernel levels: what the processor says it has, and what the operating system saves for its threads.
 */
#include "cpu/detect.h"

#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

/* Bits of XCR0 (Intel SDM vol. 1, 13.3): registers that the operating system saves. */
enum { XCR0_YMM = 0x06, XCR0_ZMM = 0xE6 };

cpu_level cpu_level_from_x86(uint32_t leaf1_ecx, uint32_t leaf7_ebx, uint64_t xcr0)
{
    const uint32_t leaf1_avx2 = bit_OSXSAVE | bit_AVX | bit_FMA | bit_F16C;
    const uint32_t leaf7_avx512 = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
    const bool avx2 = (leaf1_ecx & leaf1_avx2) == leaf1_avx2 && (leaf7_ebx & bit_AVX2);
    if (!avx2 || (xcr0 & XCR0_YMM) != XCR0_YMM) return CPU_REF;
    if ((leaf7_ebx & leaf7_avx512) != leaf7_avx512 || (xcr0 & XCR0_ZMM) != XCR0_ZMM) return CPU_AVX2;
    return CPU_AVX512;
}

static uint64_t read_xcr0(void)
{
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

cpu_level cpu_best_level(void)
{
    unsigned eax, ebx, leaf1_ecx, ecx, edx, leaf7_ebx = 0;
    if (!__get_cpuid(1, &eax, &ebx, &leaf1_ecx, &edx)) return CPU_REF;
    __get_cpuid_count(7, 0, &eax, &leaf7_ebx, &ecx, &edx);
    return cpu_level_from_x86(leaf1_ecx, leaf7_ebx, leaf1_ecx & bit_OSXSAVE ? read_xcr0() : 0);
}

/* CPUID leaves 0x80000002 to 0x80000004: 48 characters, padded with blanks or NULs. */
static void brand_string(char out[49])
{
    unsigned words[12] = {0};
    for (unsigned i = 0; i < 3; i++)
        if (!__get_cpuid(0x80000002u + i, &words[4 * i], &words[4 * i + 1], &words[4 * i + 2],
                         &words[4 * i + 3]))
            break;
    memcpy(out, words, sizeof words);
    out[48] = '\0';
}
#else
cpu_level cpu_best_level(void)
{
#if defined(__aarch64__)
    return CPU_NEON;
#else
    return CPU_REF;
#endif
}

static void brand_string(char out[49])
{
    out[0] = '\0';
}
#endif

bool cpu_has_level(cpu_level level)
{
    const cpu_level best = cpu_best_level();
    if (level == CPU_REF || level == best) return true;
    return level == CPU_AVX2 && best == CPU_AVX512;
}

static const char *const level_names[] = {
    [CPU_REF] = "ref", [CPU_AVX2] = "avx2", [CPU_AVX512] = "avx512", [CPU_NEON] = "neon"};

const char *cpu_level_name(cpu_level level)
{
    return level_names[level];
}

bool cpu_level_parse(const char *name, cpu_level *out)
{
    for (size_t i = 0; i < sizeof level_names / sizeof level_names[0]; i++)
        if (strcmp(name, level_names[i]) == 0) {
            *out = (cpu_level)i;
            return true;
        }
    return false;
}

/* Copies `text` without blanks at either end and with single blanks inside. */
static void copy_squeezed(char *out, size_t capacity, const char *text)
{
    size_t length = 0;
    for (; *text && length + 1 < capacity; text++)
        if (*text != ' ' || (length > 0 && out[length - 1] != ' ')) out[length++] = *text;
    while (length > 0 && out[length - 1] == ' ')
        length--;
    out[length] = '\0';
}

void cpu_name(char *out, size_t capacity)
{
    if (capacity == 0) return;
    char brand[49];
    brand_string(brand);
    copy_squeezed(out, capacity, brand);
    if (out[0] == '\0') copy_squeezed(out, capacity, "unknown processor");
}
