/* SPDX-License-Identifier: Apache-2.0
 *
 * See work.h. Worker and coordinator hold the two ends of a socket each; the end of the other's process
 * closes it, and both notice: the coordinator gives the task back, the worker saves and ends. Nobody needs to
 * be told or killed.
 */
#define _GNU_SOURCE
#include "search/work.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOOK_MS = 200 };

typedef struct worker {
    pid_t process; /* 0: none */
    int socket;
    bool busy;
    search_task task;
} worker;

typedef struct coordinator {
    const search_work *work;
    worker *workers;       /* [count] */
    struct pollfd *polled; /* [count] */
    size_t count;
    bool ending; /* no more tasks are handed out */
} coordinator;

static size_t hit_bytes(const search_result *r)
{
    return r->hits ? (size_t)(r->images + 7) / 8 : 0;
}

/* ---- The ends of a socket ---- */

static bool send_all(int socket, const void *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        const ssize_t part = send(socket, (const char *)data + done, size - done, MSG_NOSIGNAL);
        if (part < 0 && errno == EINTR) continue;
        if (part <= 0) return false;
        done += (size_t)part;
    }
    return true;
}

static bool receive_all(int socket, void *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        const ssize_t part = recv(socket, (char *)data + done, size - done, 0);
        if (part < 0 && errno == EINTR) continue;
        if (part <= 0) return false;
        done += (size_t)part;
    }
    return true;
}

static bool send_message(int socket, const search_message *m)
{
    return send_all(socket, m, sizeof *m) && send_all(socket, m->result.hits, hit_bytes(&m->result));
}

static bool receive_message(int socket, search_message *m)
{
    if (!receive_all(socket, m, sizeof *m)) return false;
    const size_t bytes = hit_bytes(&m->result);
    m->result.hits = NULL;
    if (bytes == 0) return true;
    uint8_t *hits = malloc(bytes);
    if (hits && receive_all(socket, hits, bytes)) {
        m->result.hits = hits;
        return true;
    }
    free(hits);
    return false;
}

/* ---- A task ---- */

/* What is not the network's own fault may be mended before the search goes on. */
static bool ends_search(effnet_status status)
{
    switch (status) {
    case EFFNET_ERR_MEMORY:
    case EFFNET_ERR_OS:
    case EFFNET_ERR_IO:
    case EFFNET_ERR_CREATE:
    case EFFNET_ERR_MISMATCH: return true;
    default: return false;
    }
}

void search_do_task(const search_trainer *trainer, const search_task *task, search_stop *stop, void *context,
                    search_message *m)
{
    *m = (search_message){.error = {.code = EFFNET_OK}};
    const effnet_status status =
        trainer->train(trainer->context, task, stop, context, &m->result, &m->stopped, &m->error);
    if (status == EFFNET_OK) {
        m->error.code = EFFNET_OK;
        return;
    }
    search_result_clear(&m->result);
    m->error.code = status;
    if (ends_search(status)) return;
    m->result.failed = true;
    snprintf(m->result.note, sizeof m->result.note, "%s", m->error.message);
    m->error.code = EFFNET_OK;
}

/* ---- Workers ---- */

typedef struct worker_stop {
    const search_work *work;
    int socket;
} worker_stop;

/* The user wants it, or the coordinator is gone: while a task is done it says nothing, so what there is to
 * read is the end. */
static bool worker_must_stop(void *context)
{
    const worker_stop *s = context;
    struct pollfd end = {.fd = s->socket, .events = POLLIN};
    if (poll(&end, 1, 0) > 0) return true;
    return s->work->stop && s->work->stop(s->work->stop_context);
}

static void be_worker(const search_work *work, int socket)
{
    worker_stop stop = {work, socket};
    search_task task;
    while (receive_all(socket, &task, sizeof task)) {
        search_message m;
        search_do_task(&work->trainer, &task, worker_must_stop, &stop, &m);
        const bool told = send_message(socket, &m);
        search_result_clear(&m.result);
        if (!told) break;
    }
}

static effnet_status hire(coordinator *c, worker *w, effnet_error *error)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return error_set(error, EFFNET_ERR_OS, "no socket for a worker: %s", strerror(errno));
    const pid_t process = fork();
    if (process < 0) {
        close(ends[0]);
        close(ends[1]);
        return error_set(error, EFFNET_ERR_OS, "no process for a worker: %s", strerror(errno));
    }
    if (process == 0) {
        close(ends[0]);
        for (size_t i = 0; i < c->count; i++) /* or others would never notice that the coordinator is gone */
            if (c->workers[i].process) close(c->workers[i].socket);
        be_worker(c->work, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    *w = (worker){.process = process, .socket = ends[0]};
    return EFFNET_OK;
}

static void dismiss(worker *w)
{
    close(w->socket);
    while (waitpid(w->process, NULL, 0) < 0 && errno == EINTR)
        ;
    *w = (worker){.process = 0};
}

/* ---- The coordinator ---- */

static bool is_over(const search_work *work)
{
    return work->stop && work->stop(work->stop_context);
}

static void watch(const search_work *work, const search_task *task, const search_result *result)
{
    if (work->watch) work->watch(work->watch_context, work->queue, task, result);
}

/* Lets go of what is kept of jobs that are over. */
static void forget(const search_work *work, const search_task *task)
{
    if (work->trainer.forget && search_queue_is_over(work->queue, task->job))
        work->trainer.forget(work->trainer.context, task);
}

/* Into the journal first: what the queue knows must never be lost. */
static effnet_status take_result(const search_work *work, const search_task *task, search_result *result,
                                 effnet_error *error)
{
    effnet_status status = search_journal_add(work->journal, task, result, error);
    if (status != EFFNET_OK) {
        search_result_clear(result);
        return status;
    }
    const bool taken = search_queue_finish(work->queue, task, result);
    assert(taken);
    (void)taken;
    watch(work, task, search_queue_result(work->queue, task));
    forget(work, task);
    return EFFNET_OK;
}

effnet_status search_take_message(const search_work *work, const search_task *task, search_message *m,
                                  bool *ending, effnet_error *error)
{
    if (m->error.code == EFFNET_OK && !m->stopped) return take_result(work, task, &m->result, error);
    search_result_clear(&m->result);
    search_queue_give_back(work->queue, task);
    *ending = true;
    if (m->error.code == EFFNET_OK) return EFFNET_OK;
    if (error) *error = m->error;
    return m->error.code;
}

static effnet_status mourn(coordinator *c, worker *w, effnet_error *error)
{
    const search_task task = w->task;
    const bool busy = w->busy;
    dismiss(w);
    if (!busy) return EFFNET_OK;
    if (search_queue_count_death(c->work->queue, &task) < SEARCH_MAX_DEATHS) {
        search_queue_give_back(c->work->queue, &task);
        return EFFNET_OK;
    }
    search_result failed = {.failed = true};
    snprintf(failed.note, sizeof failed.note, "%d workers died over it", SEARCH_MAX_DEATHS);
    return take_result(c->work, &task, &failed, error);
}

/* A worker says something, or has ended. */
static effnet_status listen_to(coordinator *c, worker *w, effnet_error *error)
{
    search_message m;
    if (!receive_message(w->socket, &m)) return mourn(c, w, error);
    w->busy = false;
    return search_take_message(c->work, &w->task, &m, &c->ending, error);
}

/* Gives every idle worker a task, as far as there are tasks, and hires for them if one is missing. */
static effnet_status hand_out(coordinator *c, effnet_error *error)
{
    for (size_t i = 0; i < c->count && !c->ending; i++) {
        worker *w = &c->workers[i];
        search_task task;
        if (w->busy || !search_queue_take(c->work->queue, &task)) continue;
        const effnet_status status = w->process ? EFFNET_OK : hire(c, w, error);
        if (status != EFFNET_OK || !send_all(w->socket, &task, sizeof task)) {
            search_queue_give_back(c->work->queue, &task);
            if (status != EFFNET_OK) return status;
            dismiss(w);
            continue;
        }
        w->task = task;
        w->busy = true;
    }
    return EFFNET_OK;
}

static size_t list_busy(coordinator *c)
{
    size_t busy = 0;
    for (size_t i = 0; i < c->count; i++) {
        c->polled[i] =
            (struct pollfd){.fd = c->workers[i].busy ? c->workers[i].socket : -1, .events = POLLIN};
        busy += c->workers[i].busy;
    }
    return busy;
}

static effnet_status listen_to_all(coordinator *c, effnet_error *error)
{
    const int ready = poll(c->polled, (nfds_t)c->count, LOOK_MS);
    if (ready < 0 && errno != EINTR) return error_set(error, EFFNET_ERR_OS, "poll: %s", strerror(errno));
    if (is_over(c->work)) c->ending = true;
    if (ready <= 0) {
        watch(c->work, NULL, NULL);
        return EFFNET_OK;
    }
    for (size_t i = 0; i < c->count; i++)
        if (c->polled[i].revents) TRY(listen_to(c, &c->workers[i], error));
    return EFFNET_OK;
}

/* Until the queue is done, or it is ending and every worker has saved. */
static effnet_status coordinate(coordinator *c, effnet_error *error)
{
    for (;;) {
        TRY(hand_out(c, error));
        if (list_busy(c) == 0 && (c->ending || search_queue_done(c->work->queue))) return EFFNET_OK;
        TRY(listen_to_all(c, error));
        if (c->ending) /* workers whom no signal reached are told by the end of what they hear */
            for (size_t i = 0; i < c->count; i++)
                if (c->workers[i].busy) shutdown(c->workers[i].socket, SHUT_WR);
    }
}

static effnet_status run_processes(const search_work *work, bool *stopped, effnet_error *error)
{
    coordinator c = {.work = work, .count = work->workers};
    c.workers = calloc(c.count, sizeof *c.workers);
    c.polled = calloc(c.count, sizeof *c.polled);
    const effnet_status status = c.workers && c.polled ? coordinate(&c, error) : error_memory(error);
    for (size_t i = 0; c.workers && i < c.count; i++)
        if (c.workers[i].process) dismiss(&c.workers[i]);
    free(c.workers);
    free(c.polled);
    *stopped = c.ending;
    return status;
}

/* ---- All in one process ---- */

static bool alone_must_stop(void *context)
{
    const search_work *work = context;
    watch(work, NULL, NULL);
    return is_over(work);
}

static effnet_status run_alone(const search_work *work, bool *stopped, effnet_error *error)
{
    search_task task;
    search_work self = *work;
    while (!search_queue_done(work->queue)) {
        search_message m;
        if (*stopped || is_over(work)) {
            *stopped = true;
            return EFFNET_OK;
        }
        const bool had = search_queue_take(work->queue, &task);
        assert(had);
        (void)had;
        search_do_task(&work->trainer, &task, alone_must_stop, &self, &m);
        TRY(search_take_message(work, &task, &m, stopped, error));
    }
    return EFFNET_OK;
}

effnet_status search_run(const search_work *work, bool *stopped, effnet_error *error)
{
    *stopped = false;
    assert(work->workers >= 1 && work->workers <= SEARCH_MAX_WORKERS);
    TRY(work->workers == 1 ? run_alone(work, stopped, error) : run_processes(work, stopped, error));
    return search_journal_sync(work->journal, error);
}
