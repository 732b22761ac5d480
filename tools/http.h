/* SPDX-License-Identifier: Apache-2.0
 *
 * One GET of http or https, with libcurl. Knows nothing of files: the body goes to a function of the caller.
 */
#ifndef TOOLS_HTTP_H
#define TOOLS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HTTP_TAG_SIZE = 256 }; /* longer ETags are not used */

typedef struct http_request {
    const char *url;
    int timeout;     /* seconds without a byte before it is given up */
    uint64_t offset; /* bytes that are there already */
    const char *tag; /* of what they are a part: the ETag or date of the answer they came from */

    /* Called once before the body: whether it is the whole file or goes on at `offset`, and its tag, "" for
     * none. False gives up. */
    bool (*begin)(void *context, bool whole, const char *tag);
    bool (*body)(void *context, const void *data, size_t size);
    void *context;
} http_request;

typedef enum http_outcome {
    HTTP_DONE,
    HTTP_BROKEN,   /* worth another try: the connection broke, or the server is busy */
    HTTP_NO_RANGE, /* the server cannot go on at `offset`: the part is not of this file, or is all of it */
    HTTP_FAILED,
    HTTP_STOPPED, /* begin or body gave up */
} http_outcome;

typedef struct http_result {
    http_outcome outcome;
    int exit_code;     /* unless HTTP_DONE */
    char message[320]; /* likewise */
} http_result;

/* At most five redirects, never from https to http; at most 8 GiB. */
http_result http_get(const http_request *request);

/* NULL if effnet was built without libcurl or does not find it. */
const char *http_version(void);

#endif
