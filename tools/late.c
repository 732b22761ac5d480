/* SPDX-License-Identifier: Apache-2.0
 *
 * See late.h.
 */
#include "late.h"

#include <dlfcn.h>
#include <string.h>

bool late_load(const char *library, const char *const *names, size_t count, void *functions)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!handle) return false;
    for (size_t i = 0; i < count; i++) {
        void *function = dlsym(handle, names[i]);
        if (!function) return false;
        memcpy((char *)functions + i * sizeof function, &function, sizeof function);
    }
    return true;
}
