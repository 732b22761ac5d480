/* SPDX-License-Identifier: Apache-2.0
 *
 * See download.h. A part may only be continued if the server still has the same file. The ETag (or date) of
 * the answer is kept beside the part and sent back as If-Range (RFC 9110, section 13.1.5): if the file has
 * changed, or the server knows no ranges, it comes whole and the part is begun anew.
 */
#define _POSIX_C_SOURCE 200809L
#include "download.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http.h"
#include "report.h"

typedef struct part {
    char *path, *tag_path;
    int descriptor;
    char tag[HTTP_TAG_SIZE];
    uint64_t size;
} part;

effnet_status download_verify(const char *path, const char *sha256, effnet_error *error)
{
    char actual[EFFNET_SHA256_SIZE];
    const effnet_status status = effnet_file_sha256(actual, path, error);
    if (status != EFFNET_OK || strncmp(actual, sha256, strlen(sha256)) == 0) return status;
    report_set(error, EFFNET_ERR_FORMAT, "its sha256 is %s, wanted %s", actual, sha256);
    return error->code;
}

/* ---- the part and its tag ---- */

static char *join(const char *path, const char *suffix)
{
    const size_t size = strlen(path) + strlen(suffix) + 1;
    char *joined = malloc(size);
    if (joined) snprintf(joined, size, "%s%s", path, suffix);
    return joined;
}

static void read_tag(part *p)
{
    void *text = NULL;
    size_t size = 0;
    p->tag[0] = '\0';
    if (effnet_file_read(&text, &size, p->tag_path, sizeof p->tag - 1, NULL) == EFFNET_OK &&
        !memchr(text, '\n', size)) {
        memcpy(p->tag, text, size);
        p->tag[size] = '\0';
    }
    free(text);
}

static void part_forget(part *p)
{
    unlink(p->path);
    unlink(p->tag_path);
}

static void part_close(part *p)
{
    if (p->descriptor >= 0) close(p->descriptor);
    free(p->path);
    free(p->tag_path);
}

static bool empty(part *p)
{
    p->size = 0;
    return ftruncate(p->descriptor, 0) == 0 && lseek(p->descriptor, 0, SEEK_SET) == 0;
}

/* Opens what is there already. Without a tag nobody knows of what it is a part, so it is begun anew. */
static int part_open(part *p, const char *path)
{
    *p = (part){.descriptor = -1, .path = join(path, ".part"), .tag_path = join(path, ".part.tag")};
    if (!p->path || !p->tag_path) return report_failure(EXIT_SYSTEM, "out of memory");
    p->descriptor = open(p->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (p->descriptor < 0) return report_failure(EXIT_CREATE, "%s: %s", p->path, strerror(errno));
    read_tag(p);
    const off_t end = lseek(p->descriptor, 0, SEEK_END);
    if (end < 0) return report_failure(EXIT_IO, "%s: %s", p->path, strerror(errno));
    p->size = (uint64_t)end;
    if (!p->tag[0] && !empty(p)) return report_failure(EXIT_IO, "%s: %s", p->path, strerror(errno));
    return EXIT_DONE;
}

/* ---- what http.h calls ---- */

static bool on_begin(void *context, bool whole, const char *tag)
{
    part *p = context;
    snprintf(p->tag, sizeof p->tag, "%s", tag);
    /* Losing the tag costs a download from the start, no more. */
    unlink(p->tag_path);
    if (*tag) effnet_file_write(p->tag_path, tag, strlen(tag), NULL);
    return !whole || empty(p);
}

static bool on_body(void *context, const void *data, size_t size)
{
    part *p = context;
    for (size_t done = 0; done < size;) {
        const ssize_t put = write(p->descriptor, (const char *)data + done, size - done);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return false;
        done += (size_t)put;
        p->size += (uint64_t)put;
    }
    return true;
}

/* ---- the whole ---- */

/* Gets the rest of the part, if need be in several tries. */
static http_result fetch(const download *d, part *p)
{
    http_result result;
    for (int tries = 0;; tries++) {
        const uint64_t before = p->size;
        const http_request request = {.url = d->url,
                                      .timeout = d->timeout,
                                      .offset = p->size,
                                      .tag = p->tag,
                                      .begin = on_begin,
                                      .body = on_body,
                                      .context = p};
        errno = 0;
        result = http_get(&request);
        if (result.outcome == HTTP_STOPPED)
            snprintf(result.message, sizeof result.message, "%s", strerror(errno ? errno : EIO));
        if (result.outcome == HTTP_NO_RANGE && before > 0) {
            if (*d->sha256 && download_verify(p->path, d->sha256, &(effnet_error){0}) == EFFNET_OK)
                return (http_result){.outcome = HTTP_DONE}; /* it was complete, only not yet renamed */
            if (empty(p)) continue;
        }
        if (result.outcome != HTTP_BROKEN || tries >= d->retries) return result;
        report_note("%s: %s; trying again at byte %llu", d->url, result.message, (unsigned long long)p->size);
        if (p->size == before) sleep(1);
    }
}

/* Verified, made durable and given its name. */
static int finish(const download *d, part *p)
{
    effnet_error error;
    const effnet_status status = download_verify(p->path, d->sha256, &error);
    if (status == EFFNET_ERR_FORMAT) {
        part_forget(p);
        return report_failure(EXIT_DATA, "%s: what came is thrown away: %s", d->path, error.message);
    }
    if (status != EFFNET_OK) return report_error(&error);
    if (fsync(p->descriptor) != 0 || rename(p->path, d->path) != 0)
        return report_failure(EXIT_IO, "%s: %s", d->path, strerror(errno));
    unlink(p->tag_path);
    return EXIT_DONE;
}

int download_run(const download *d)
{
    part p;
    int code = part_open(&p, d->path);
    if (code == EXIT_DONE) {
        const http_result result = fetch(d, &p);
        if (result.outcome == HTTP_DONE)
            code = finish(d, &p);
        else
            code = report_failure(result.exit_code, "%s: %s", d->url, result.message);
        if (p.size == 0) part_forget(&p); /* nothing worth continuing */
    }
    part_close(&p);
    return code;
}
