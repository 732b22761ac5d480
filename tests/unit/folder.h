/* SPDX-License-Identifier: Apache-2.0
 *
 * A scratch folder for a test program: made before its tests, and gone after them, which fails if a test left
 * something in it. Include after cmocka.h, with _GNU_SOURCE defined.
 */
#ifndef TEST_FOLDER_H
#define TEST_FOLDER_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/effnet-test-XXXXXX";

/* The path of `name` in the folder; good until the next call. */
static inline const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static inline int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

#endif
