/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of src/cpu that decide, apart from those that ask the machine, so that tests can put machines
 * before them that are not at hand.
 */
#ifndef CPU_DETECT_H
#define CPU_DETECT_H

#include "cpu/cpu.h"

#include <stdint.h>

/* The level of an x86 processor: CPUID leaf 1 ECX, leaf 7 EBX, and XCR0 (0 where OSXSAVE is not set). */
cpu_level cpu_level_from_x86(uint32_t leaf1_ecx, uint32_t leaf7_ebx, uint64_t xcr0);

/* Cores that `quota` of every `period` microseconds is worth, rounded up; 0 for no limit. */
size_t cgroup_cores(long long quota, long long period);

/* Cores that the text of a cpu.max file (v2: "200000 100000", "max 100000") allows; 0 for no limit or no
 * sense. */
size_t cgroup_parse_max(const char *text);

/* The process's path in the CPU controller, from the text of /proc/self/cgroup: v2 has lines "0::PATH", v1
 * "N:cpu,cpuacct:PATH". False if it has none or it does not fit. */
bool cgroup_find_path(char *out, size_t capacity, const char *text, bool v2);

/* The smallest quota in cores of all cgroups that the process is in, 0 for none: `membership` is the text of
 * /proc/self/cgroup, `mount` the folder where cgroups are mounted. */
size_t cgroup_limit(const char *membership, const char *mount);

#endif
