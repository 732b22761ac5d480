/* SPDX-License-Identifier: Apache-2.0
 *
 * See http.h.
 */
#include "http.h"

#include <stdio.h>

#include "report.h"

#if EFFNET_HAVE_CURL

#define CURL_DISABLE_TYPECHECK /* its macros call by name */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "late.h"
#include "progress.h"

enum { MAX_REDIRECTS = 5, CONNECT_SECONDS = 20 };

static const curl_off_t MAX_BYTES = (curl_off_t)8 << 30; /* the largest known checkpoint has under 2 GiB */

/* clang-format off */
#define FUNCTIONS(_) \
    _(curl_easy_init) _(curl_easy_setopt) _(curl_easy_perform) _(curl_easy_getinfo) _(curl_easy_strerror) \
    _(curl_easy_cleanup) _(curl_slist_append) _(curl_slist_free_all) _(curl_version_info)
/* clang-format on */

static struct {
    FUNCTIONS(LATE_POINTER)
} lib;

static bool load(void)
{
    static const char *const names[] = {FUNCTIONS(LATE_NAME)};
    return late_load("libcurl.so.4", names, sizeof names / sizeof *names, &lib);
}

typedef struct transfer {
    const http_request *request;
    CURL *curl;
    char tag[HTTP_TAG_SIZE];
    char range[64]; /* Content-Range of the answer */
    bool begun, stopped, wrong_range;
} transfer;

/* ---- what curl calls ---- */

/* The value of header `name` if `line` is one, copied to `out`; too long ones are left out. */
static bool header_value(char *out, size_t capacity, const char *line, size_t length, const char *name)
{
    const size_t start = strlen(name);
    if (length < start || strncasecmp(line, name, start) != 0) return false;
    const char *value = line + start;
    size_t left = length - start;
    for (; left > 0 && (*value == ' ' || *value == '\t'); left--)
        value++;
    while (left > 0 && strchr("\r\n \t", value[left - 1]))
        left--;
    if (left >= capacity) left = 0;
    memcpy(out, value, left);
    out[left] = '\0';
    return true;
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
    transfer *t = context;
    const size_t length = size * count;
    char value[HTTP_TAG_SIZE];
    if (length > 5 && strncmp(line, "HTTP/", 5) == 0) { /* a new answer, after a redirect */
        t->tag[0] = '\0';
        t->range[0] = '\0';
    } else if (header_value(value, sizeof value, line, length, "ETag:")) {
        /* Weak tags do not promise the same bytes (RFC 9110, section 8.8.1). */
        if (strncmp(value, "W/", 2) != 0) memcpy(t->tag, value, sizeof value);
    } else if (!t->tag[0] && header_value(value, sizeof value, line, length, "Last-Modified:")) {
        memcpy(t->tag, value, sizeof value);
    } else {
        header_value(t->range, sizeof t->range, line, length, "Content-Range:");
    }
    return length;
}

/* At the first byte of the body it is known whether the server goes on or sends the whole file. */
static bool begin(transfer *t)
{
    long code = 0;
    unsigned long long from = 0;
    lib.curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
    const bool whole = code != 206;
    t->begun = true;
    t->wrong_range = !whole && (sscanf(t->range, "bytes %llu-", &from) != 1 || from != t->request->offset);
    return !t->wrong_range && t->request->begin(t->request->context, whole, t->tag);
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    transfer *t = context;
    const bool ok = (t->begun || begin(t)) && t->request->body(t->request->context, data, size * count);
    t->stopped = !ok;
    return ok ? size * count : 0;
}

static int on_progress(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total,
                       curl_off_t up_now)
{
    (void)up_total;
    (void)up_now;
    const transfer *t = context;
    if (total > 0) progress_show((uint64_t)now, (uint64_t)total, t->request->offset ? "bytes left" : "bytes");
    return now > MAX_BYTES;
}

/* ---- one request ---- */

static void set_limits(CURL *c, const http_request *r)
{
    /* A secure address must not lead to an open one. */
    const bool is_https = strncasecmp(r->url, "https:", 6) == 0;
    lib.curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    lib.curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, is_https ? "https" : "http,https");
    lib.curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
    lib.curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
    lib.curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
    lib.curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT,
                         (long)(r->timeout < CONNECT_SECONDS ? r->timeout : CONNECT_SECONDS));
    lib.curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
    lib.curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)r->timeout);
    lib.curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, MAX_BYTES);
    lib.curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
}

static void set_functions(CURL *c, transfer *t)
{
    lib.curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    lib.curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
    lib.curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    lib.curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    lib.curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    lib.curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    lib.curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
}

static struct curl_slist *set_range(CURL *c, const http_request *r)
{
    if (r->offset == 0) return NULL;
    char range[32], condition[HTTP_TAG_SIZE + 16];
    snprintf(range, sizeof range, "%llu-", (unsigned long long)r->offset);
    snprintf(condition, sizeof condition, "If-Range: %s", r->tag);
    struct curl_slist *headers = lib.curl_slist_append(NULL, condition);
    lib.curl_easy_setopt(c, CURLOPT_RANGE, range);
    lib.curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    return headers;
}

/* Whose fault a failed transfer is, and whether to try again. */
static void judge(http_result *result, CURLcode code, long status)
{
    result->outcome = HTTP_FAILED;
    result->exit_code = EXIT_UNAVAILABLE;
    switch (code) {
    case CURLE_TOO_MANY_REDIRECTS:
        snprintf(result->message, sizeof result->message, "more than %d redirects", MAX_REDIRECTS);
        break;
    case CURLE_HTTP_RETURNED_ERROR:
        if (status == 404 || status == 410) result->exit_code = EXIT_NO_INPUT;
        if (status == 416) result->outcome = HTTP_NO_RANGE;
        if (status == 429 || status >= 500) result->outcome = HTTP_BROKEN;
        break;
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
        result->outcome = HTTP_BROKEN;
        result->exit_code = EXIT_IO;
        break;
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT: result->outcome = HTTP_BROKEN; break;
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_ABORTED_BY_CALLBACK: result->exit_code = EXIT_DATA; break;
    case CURLE_URL_MALFORMAT: result->exit_code = EXIT_USAGE; break;
    case CURLE_OUT_OF_MEMORY: result->exit_code = EXIT_SYSTEM; break;
    default: break;
    }
}

static http_result perform(transfer *t)
{
    char message[CURL_ERROR_SIZE] = "";
    lib.curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, message);
    const CURLcode code = lib.curl_easy_perform(t->curl);
    long status = 0;
    lib.curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    progress_hide();
    http_result result = {.outcome = HTTP_DONE};
    /* A file of no bytes has no body. */
    if (code == CURLE_OK && !t->begun && !begin(t)) t->stopped = true;
    if (t->wrong_range)
        result = (http_result){.outcome = HTTP_NO_RANGE, .exit_code = EXIT_UNAVAILABLE};
    else if (t->stopped)
        result = (http_result){.outcome = HTTP_STOPPED, .exit_code = EXIT_IO};
    else if (code != CURLE_OK)
        judge(&result, code, status);
    if (!*result.message)
        snprintf(result.message, sizeof result.message, "%s",
                 *message ? message : lib.curl_easy_strerror(code));
    return result;
}

http_result http_get(const http_request *r)
{
    if (!load()) return (http_result){HTTP_FAILED, EXIT_UNAVAILABLE, "libcurl.so.4 is not here"};
    transfer t = {.request = r, .curl = lib.curl_easy_init()};
    if (!t.curl) return (http_result){HTTP_FAILED, EXIT_SYSTEM, "libcurl does not start"};
    lib.curl_easy_setopt(t.curl, CURLOPT_URL, r->url);
    lib.curl_easy_setopt(t.curl, CURLOPT_USERAGENT, "effnet/" EFFNET_VERSION);
    set_limits(t.curl, r);
    set_functions(t.curl, &t);
    struct curl_slist *headers = set_range(t.curl, r);
    const http_result result = perform(&t);
    lib.curl_slist_free_all(headers);
    lib.curl_easy_cleanup(t.curl);
    return result;
}

const char *http_version(void)
{
    return load() ? lib.curl_version_info(CURLVERSION_NOW)->version : NULL;
}

#else

http_result http_get(const http_request *r)
{
    (void)r;
    return (http_result){HTTP_FAILED, EXIT_UNAVAILABLE,
                         "effnet was built without libcurl; install libcurl4-openssl-dev and build again"};
}

const char *http_version(void)
{
    return NULL;
}

#endif
