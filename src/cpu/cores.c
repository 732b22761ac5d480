/* SPDX-License-Identifier: Apache-2.0
 *
 * How many cores this process may keep busy. A container often sees all cores of its host but may use only a
 * share of their time; more threads than that share is worth would be stopped in the middle of a barrier.
 */
#define _GNU_SOURCE
#include "cpu/detect.h"

#include <sched.h>
#include <stdio.h>
#include <unistd.h>

enum { TEXT_SIZE = 8192, MOST_CORES = 1 << 16 };

/* The affinity mask may be larger than cpu_set_t; the kernel refuses sizes that are too small for it. */
static size_t cores_in_mask(void)
{
    for (size_t bits = CPU_SETSIZE; bits <= MOST_CORES; bits *= 2) {
        cpu_set_t *mask = CPU_ALLOC(bits);
        if (!mask) break;
        const size_t size = CPU_ALLOC_SIZE(bits);
        const int failed = sched_getaffinity(0, size, mask);
        const int count = failed ? 0 : CPU_COUNT_S(size, mask);
        CPU_FREE(mask);
        if (count > 0) return (size_t)count;
    }
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (size_t)online : 1;
}

size_t cpu_usable_cores(void)
{
    const size_t cores = cores_in_mask();
    char membership[TEXT_SIZE];
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file) return cores;
    membership[fread(membership, 1, sizeof membership - 1, file)] = '\0';
    fclose(file);
    const size_t limit = cgroup_limit(membership, "/sys/fs/cgroup");
    return limit > 0 && limit < cores ? limit : cores;
}
