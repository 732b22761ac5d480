/* SPDX-License-Identifier: Apache-2.0
 *
 * See thread_wire.h.
 */
#define _POSIX_C_SOURCE 200809L
#include "thread_wire.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 8 };

typedef struct message {
    struct message *next;
    int tag;
    size_t size;
    char data[];
} message;

/* A request to receive; sending is done at once, and its request is `sent`. */
typedef struct request {
    struct request *next; /* of all there are, for the end */
    size_t from, size;
    int tag;
    void *data;
} request;

typedef struct thread_wire {
    wire base;
    message *queues[MOST]; /* from each rank, oldest first */
    bool stopped, broken;
} thread_wire;

static thread_wire wires[MOST];
static size_t opened;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static request sent, *requests_made;

static effnet_status check(const thread_wire *t, effnet_error *error)
{
    return t->broken ? error_set(error, EFFNET_ERR_OS, "the wire is broken") : EFFNET_OK;
}

static effnet_status send_message(wire *w, const void *data, size_t size, size_t to, int tag,
                                  wire_request *out, effnet_error *error)
{
    thread_wire *t = (thread_wire *)w;
    pthread_mutex_lock(&lock);
    const effnet_status status = check(t, error);
    if (status == EFFNET_OK && !t->stopped) {
        message *m = malloc(sizeof *m + size), **last = &wires[to].queues[w->rank];
        *m = (message){.tag = tag, .size = size};
        memcpy(m->data, data, size);
        while (*last)
            last = &(*last)->next;
        *last = m;
    }
    *out = (wire_request)(void *)&sent;
    pthread_mutex_unlock(&lock);
    return status;
}

static effnet_status receive_message(wire *w, void *data, size_t size, size_t from, int tag,
                                     wire_request *out, effnet_error *error)
{
    (void)w, (void)error;
    request *r = malloc(sizeof *r);
    pthread_mutex_lock(&lock);
    *r = (request){requests_made, from, size, tag, data};
    requests_made = r;
    pthread_mutex_unlock(&lock);
    *out = (wire_request)(void *)r;
    return EFFNET_OK;
}

/* Takes the message that the request is for. */
static bool complete(thread_wire *t, request *r)
{
    for (message **m = &t->queues[r->from]; *m; m = &(*m)->next)
        if ((*m)->tag == r->tag) {
            message *found = *m;
            *m = found->next;
            if (found->size != r->size) abort();
            memcpy(r->data, found->data, r->size);
            free(found);
            return true;
        }
    return false;
}

static effnet_status test(wire *w, wire_request *requests, size_t count, bool *done, effnet_error *error)
{
    thread_wire *t = (thread_wire *)w;
    *done = true;
    pthread_mutex_lock(&lock);
    const effnet_status status = check(t, error);
    for (size_t i = 0; i < count; i++) {
        request *r = (request *)(void *)requests[i];
        if (!r || r == &sent) continue;
        if (!t->stopped && complete(t, r))
            requests[i] = NULL;
        else
            *done = false;
    }
    pthread_mutex_unlock(&lock);
    return status;
}

static void close_wire(wire *w, bool orderly)
{
    (void)w, (void)orderly;
}

effnet_status thread_wire_open(wire **out, effnet_error *error)
{
    (void)error;
    pthread_mutex_lock(&lock);
    const size_t rank = opened++;
    *out = &wires[rank].base;
    pthread_mutex_unlock(&lock);
    return EFFNET_OK;
}

void thread_wires_begin(size_t count)
{
    if (count > MOST) abort();
    for (size_t rank = 0; rank < MOST; rank++)
        wires[rank] = (thread_wire){.base = {.rank = rank,
                                             .count = count,
                                             .send = send_message,
                                             .receive = receive_message,
                                             .test = test,
                                             .close = close_wire}};
    opened = 0;
}

void thread_wires_end(void)
{
    for (size_t i = 0; i < MOST; i++)
        for (size_t from = 0; from < MOST; from++)
            while (wires[i].queues[from]) {
                message *m = wires[i].queues[from];
                wires[i].queues[from] = m->next;
                free(m);
            }
    while (requests_made) {
        request *r = requests_made;
        requests_made = r->next;
        free(r);
    }
}

void thread_wire_stop(size_t rank)
{
    pthread_mutex_lock(&lock);
    wires[rank].stopped = true;
    pthread_mutex_unlock(&lock);
}

void thread_wire_break(size_t rank)
{
    pthread_mutex_lock(&lock);
    wires[rank].broken = true;
    pthread_mutex_unlock(&lock);
}
