/* SPDX-License-Identifier: Apache-2.0
 *
 * One file from a web server to disk: resumed where it broke off, verified, seen under its name only when
 * complete.
 */
#ifndef TOOLS_DOWNLOAD_H
#define TOOLS_DOWNLOAD_H

#include <effnet.h>

typedef struct download {
    const char *url;
    const char
        *path; /* where it goes; until then PATH.part, with PATH.part.tag to tell of what it is a part */
    const char *sha256; /* lower-case hexadecimal, whole or the first characters; "" if not known */
    int timeout;        /* seconds without a byte before it is given up */
    int retries;        /* after a broken connection */
} download;

/* Does it and returns an exit code. What broke off stays as PATH.part and is continued next time; what does
 * not fit its checksum is removed. */
int download_run(const download *d);

/* Whether the file at `path` has this checksum; "" fits all. */
effnet_status download_verify(const char *path, const char *sha256, effnet_error *error);

#endif
