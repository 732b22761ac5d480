/* SPDX-License-Identifier: Apache-2.0
 *
 * See folders.h.
 */
#define _GNU_SOURCE
#include "folders.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int folders_make(char *folder)
{
    for (char *slash = strchr(folder + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash) *slash = '\0';
        const bool ok = mkdir(folder, 0777) == 0 || errno == EEXIST;
        const int code = errno;
        if (slash) *slash = '/';
        if (!ok) return code;
        if (!slash) return 0;
    }
}

char *folders_cache(void)
{
    /* A relative XDG_CACHE_HOME must be ignored (XDG Base Directory Specification). */
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *path = NULL;
    if (cache && cache[0] == '/') return asprintf(&path, "%s/effnet", cache) < 0 ? NULL : path;
    if (!home || !*home) return NULL;
    return asprintf(&path, "%s/.cache/effnet", home) < 0 ? NULL : path;
}
