/* SPDX-License-Identifier: Apache-2.0
 *
 * A web server for the tests of `effnet pull`: serves one file, well or badly as the first part of the path
 * says, and logs what was asked for. One connection at a time; ends by itself after two minutes.
 *
 *     http_server FILE PORT_FILE LOG_FILE
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LIFETIME = 120, REQUEST_SIZE = 8192, MAX_FILE = 1 << 20, PATIENCE_MS = 20000 };

static char content[MAX_FILE];
static size_t content_size;
static int asked; /* requests so far */

typedef struct request {
    char manner[32]; /* the first part of the path */
    long from;       /* of its Range, -1 without */
    char if_range[64];
} request;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void send_all(int client, const char *data, size_t size)
{
    while (size > 0) {
        const ssize_t put = send(client, data, size, MSG_NOSIGNAL);
        if (put <= 0) return;
        data += put;
        size -= (size_t)put;
    }
}

static void send_text(int client, const char *text)
{
    send_all(client, text, strlen(text));
}

/* The value of a header line of `text`, "" if there is none. */
static void header(char *out, size_t capacity, const char *text, const char *name)
{
    const char *at = strcasestr(text, name);
    snprintf(out, capacity, "%s", at ? at + strlen(name) : "");
    out[strcspn(out, "\r\n")] = '\0';
}

static bool read_request(int client, request *r)
{
    char text[REQUEST_SIZE] = "";
    size_t size = 0;
    while (!strstr(text, "\r\n\r\n")) {
        const ssize_t got = recv(client, text + size, sizeof text - 1 - size, 0);
        if (got <= 0) return false;
        size += (size_t)got;
        text[size] = '\0';
    }
    char range[64];
    header(range, sizeof range, text, "\r\nRange: ");
    header(r->if_range, sizeof r->if_range, text, "\r\nIf-Range: ");
    r->from = -1;
    if (*range) sscanf(range, "bytes=%ld-", &r->from);
    return sscanf(text, "GET /%31[^/]/", r->manner) == 1;
}

static bool is(const request *r, const char *manner)
{
    return strcmp(r->manner, manner) == 0;
}

/* Answers that are not the file. True if it was one of them. */
static bool answer_oddly(int client, const request *r)
{
    if (is(r, "redirect"))
        send_text(client,
                  "HTTP/1.1 302 Found\r\nLocation: /ok/x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    else if (is(r, "loop"))
        send_text(
            client,
            "HTTP/1.1 302 Found\r\nLocation: /loop/x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    else if (is(r, "file"))
        send_text(client, "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: "
                          "0\r\nConnection: close\r\n\r\n");
    else if (is(r, "missing"))
        send_text(client, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnone");
    else if (is(r, "busy") && asked == 1)
        send_text(client, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    else if (is(r, "norange") && r->from >= 0)
        send_text(client,
                  "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    else if (is(r, "garbage"))
        send_text(client, "\x01\x02 this is not HTTP\r\n\r\n");
    else if (is(r, "huge"))
        send_text(client, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\nx");
    else if (!is(r, "silent"))
        return false;
    return true;
}

/* The file, from where it was asked for, in the manner asked for. */
static void answer(int client, const request *r)
{
    char tag[64] = "\"one\"", head[512];
    if (is(r, "changed")) snprintf(tag, sizeof tag, "\"%d\"", asked);
    const bool partial = r->from >= 0 && !is(r, "ignores") && strcmp(r->if_range, tag) == 0;
    const size_t from = partial ? (size_t)r->from : 0, size = content_size - from;
    int n = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n",
                     partial ? "206 Partial Content" : "200 OK", size);
    if (!is(r, "tagless")) n += snprintf(head + n, sizeof head - (size_t)n, "ETag: %s\r\n", tag);
    if (partial)
        n += snprintf(head + n, sizeof head - (size_t)n, "Content-Range: bytes %zu-%zu/%zu\r\n",
                      is(r, "shifted") ? from + 1 : from, content_size - 1, content_size);
    send_text(client, head);
    send_text(client, "\r\n");
    const bool breaks = is(r, "broken") || (asked == 1 && !is(r, "ok") && !is(r, "wrong") && !is(r, "busy"));
    if (is(r, "wrong")) content[0] ^= 1;
    send_all(client, content + from, breaks || is(r, "slow") ? size / 2 : size);
    if (is(r, "wrong")) content[0] ^= 1;
}

static void serve(int client, FILE *log)
{
    request r = {.from = -1};
    if (!read_request(client, &r)) return;
    asked++;
    fprintf(log, "%s from %ld if %s\n", r.manner, r.from, *r.if_range ? r.if_range : "-");
    fflush(log);
    if (!answer_oddly(client, &r)) answer(client, &r);
    /* A slow server says nothing more until the client gives up. */
    struct pollfd wait = {.fd = client, .events = POLLIN};
    if (is(&r, "slow") || is(&r, "silent")) poll(&wait, 1, PATIENCE_MS);
}

static int listen_somewhere(const char *port_file)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 8) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        fail("socket");
    FILE *f = fopen(port_file, "w");
    if (!f || fprintf(f, "%d\n", ntohs(address.sin_port)) < 0 || fclose(f) != 0) fail(port_file);
    return listener;
}

int main(int argc, char **argv)
{
    if (argc != 4) return 64;
    FILE *f = fopen(argv[1], "rb"), *log = fopen(argv[3], "w");
    if (!f || !log) fail(argv[1]);
    content_size = fread(content, 1, sizeof content, f);
    fclose(f);
    alarm(LIFETIME);
    const int listener = listen_somewhere(argv[2]);
    for (;;) {
        const int client = accept(listener, NULL, NULL);
        if (client < 0) continue;
        serve(client, log);
        close(client);
    }
}
