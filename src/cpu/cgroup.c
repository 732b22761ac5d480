/* SPDX-License-Identifier: Apache-2.0
 *
 * CPU quotas of Linux control groups, both versions (kernel documentation: admin-guide/cgroup-v2.rst
 * "cpu.max", scheduler/sched-bwc.rst "cpu.cfs_quota_us"). A quota binds all groups below it, so every
 * ancestor is looked at. Inside a container the path may be the host's, of which only the top is mounted:
 * what is not there is passed over.
 */
#include "cpu/detect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 4096 };

size_t cgroup_cores(long long quota, long long period)
{
    if (quota <= 0 || period <= 0) return 0;
    return (size_t)(quota / period + (quota % period != 0));
}

size_t cgroup_parse_max(const char *text)
{
    long long quota, period;
    return sscanf(text, "%lld %lld", &quota, &period) == 2 ? cgroup_cores(quota, period) : 0;
}

/* True if `name` is one of the `size` bytes of comma-separated names at `list`. */
static bool list_has(const char *list, size_t size, const char *name)
{
    const size_t length = strlen(name);
    for (const char *end = list + size; list < end;) {
        const char *comma = memchr(list, ',', (size_t)(end - list));
        const size_t item = (size_t)((comma ? comma : end) - list);
        if (item == length && memcmp(list, name, length) == 0) return true;
        list += item + 1;
    }
    return false;
}

bool cgroup_find_path(char *out, size_t capacity, const char *text, bool v2)
{
    while (*text) {
        const size_t line = strcspn(text, "\n");
        const char *controllers = memchr(text, ':', line);
        const char *path =
            controllers ? memchr(controllers + 1, ':', line - (size_t)(controllers + 1 - text)) : NULL;
        if (path) {
            const size_t listed = (size_t)(path - controllers - 1), length = line - (size_t)(path + 1 - text);
            const bool wanted = v2 ? listed == 0 && text[0] == '0' : list_has(controllers + 1, listed, "cpu");
            if (wanted && length < capacity) {
                memcpy(out, path + 1, length);
                out[length] = '\0';
                return true;
            }
        }
        text += line + (text[line] == '\n');
    }
    return false;
}

/* The first line of mount/path/name; false if there is no such file. */
static bool read_line(char *out, size_t capacity, const char *folder, const char *name)
{
    char path[PATH_SIZE + 64];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) return false;
    FILE *file = fopen(path, "re");
    if (!file) return false;
    const bool ok = fgets(out, (int)capacity, file) != NULL;
    fclose(file);
    return ok;
}

static size_t folder_limit(const char *folder, bool v2)
{
    char text[64], period[64];
    if (v2) return read_line(text, sizeof text, folder, "cpu.max") ? cgroup_parse_max(text) : 0;
    if (!read_line(text, sizeof text, folder, "cpu.cfs_quota_us")) return 0;
    if (!read_line(period, sizeof period, folder, "cpu.cfs_period_us")) return 0;
    return cgroup_cores(strtoll(text, NULL, 10), strtoll(period, NULL, 10));
}

static size_t smaller_limit(size_t a, size_t b)
{
    return a == 0 || (b > 0 && b < a) ? b : a;
}

/* The smallest limit of `path` below `mount` and of all its ancestors down to `mount`. */
static size_t path_limit(const char *mount, const char *path, bool v2)
{
    char folder[PATH_SIZE];
    if (snprintf(folder, sizeof folder, "%s%s", mount, path) >= (int)sizeof folder)
        return folder_limit(mount, v2);
    const size_t root = strlen(mount);
    size_t limit = 0;
    for (;;) {
        limit = smaller_limit(limit, folder_limit(folder, v2));
        char *slash = strrchr(folder + root, '/');
        if (!slash) return limit;
        *slash = '\0';
    }
}

size_t cgroup_limit(const char *membership, const char *mount)
{
    char path[PATH_SIZE], controller[PATH_SIZE];
    size_t limit = 0;
    if (cgroup_find_path(path, sizeof path, membership, true)) limit = path_limit(mount, path, true);
    if (cgroup_find_path(path, sizeof path, membership, false) &&
        snprintf(controller, sizeof controller, "%s/cpu", mount) < (int)sizeof controller)
        limit = smaller_limit(limit, path_limit(controller, path, false));
    return limit;
}
