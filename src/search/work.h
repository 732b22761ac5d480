/* SPDX-License-Identifier: Apache-2.0
 *
 * A search at work: one coordinator, who has queue and journal, and workers, who ask for a task, train, and
 * tell what came of it. Here workers are processes of this machine, made by fork; what they say to each other
 * is one struct each way, so that another transport needs nothing but to carry these.
 */
#ifndef SEARCH_WORK_H
#define SEARCH_WORK_H

#include "search/journal.h"
#include "search/queue.h"

enum { SEARCH_MAX_WORKERS = 4096, SEARCH_MAX_DEATHS = 10 };

/* True if work is to end now, with its state saved; asked between steps. */
typedef bool search_stop(void *context);

/* Who trains. */
typedef struct search_trainer {
    /* Brings a task to the end of its rung, going on from what is on the disk, and fills `result`. EFFNET_OK
     * also if it was stopped: then *stopped is set, and the rest means nothing. What fails is the task's own
     * fault and becomes a failed result; what the machine lacks (memory, disk, threads) ends the search. */
    effnet_status (*train)(void *context, const search_task *task, search_stop *stop, void *stop_context,
                           search_result *result, bool *stopped, effnet_error *error);
    /* Called by the coordinator when a job and seed will never be trained again; may be NULL. */
    void (*forget)(void *context, const search_task *task);
    void *context;
    const bool *broken; /* set by `train` if it can do no task any more, for no fault of this one; or NULL */
} search_trainer;

/* Told to whoever watches, by the coordinator. */
typedef void search_watch(void *context, const search_queue *queue, const search_task *task,
                          const search_result *result);

typedef struct search_work {
    search_queue *queue;
    search_journal *journal;
    search_trainer trainer;
    size_t workers;    /* processes; 1: the calling process itself trains */
    search_stop *stop; /* asked by all processes; NULL: never */
    void *stop_context;
    search_watch *watch; /* each result, and, with NULL for both, from time to time; may be NULL */
    void *watch_context;
} search_work;

/* Works until the queue is done or `stop` says so (*stopped). A worker that dies gives its task back and is
 * replaced; a task of which SEARCH_MAX_DEATHS workers died has failed. With several workers the
 * calling process must not have other threads. */
effnet_status search_run(const search_work *work, bool *stopped, effnet_error *error);

/* ---- For other transports ---- */

/* What came of a task, as a worker tells it; the hits go beside it. */
typedef struct search_message {
    effnet_error error; /* that ends the search; code EFFNET_OK: none */
    bool stopped;
    search_result result;
} search_message;

void search_do_task(const search_trainer *trainer, const search_task *task, search_stop *stop, void *context,
                    search_message *m);

/* Takes over the hits. Gives the task back, and sets *ending, if it was stopped or has failed for all. */
effnet_status search_take_message(const search_work *work, const search_task *task, search_message *m,
                                  bool *ending, effnet_error *error);

#endif
