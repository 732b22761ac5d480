/* SPDX-License-Identifier: Apache-2.0
 *
 * What the caller's thread and the one that carries the messages share, for the files of this folder. The
 * caller posts one job at a time and waits for its end; the other thread is the only one that touches the
 * wire.
 */
#ifndef TRAIN_RANKS_GROUP_H
#define TRAIN_RANKS_GROUP_H

#include <pthread.h>

#include "train/ranks/ranks.h"

enum {
    SUM_BUCKET = 1 << 18, /* floats that are summed up together: 1 MiB */
    SUM_SLOTS = 4,        /* of these, under way at the same time */
};

typedef enum job_kind { JOB_SUM, JOB_GATHER, JOB_BROADCAST } job_kind;

typedef struct job {
    job_kind kind;
    float *data;         /* of a sum: [count] */
    size_t first, count; /* of a sum */
    const void *mine;    /* of the others: [size] */
    void *all;
    size_t size;
    bool begun;
    size_t from; /* of a sum: data[from..count) is under way or done */
    size_t next; /* slot that the next bucket goes to */
} job;

/* One bucket of a sum under way, or another job. */
typedef struct sum_slot {
    enum { SLOT_FREE, SLOT_COLLECTS, SLOT_SPREADS } state;
    size_t from, to;        /* of the data */
    wire_request *requests; /* [2 * (ranks - 1)] */
    size_t pending;
    float *others; /* [ranks][slice]: this rank's part of the bucket, from every rank */
} sum_slot;

/* What ranks tell each other beside the work; through rank 0 if it is for all. */
typedef struct notice {
    enum { NOTICE_BEAT, NOTICE_FAILURE, NOTICE_LOST, NOTICE_GOODBYE } kind;
    effnet_status status;
    char text[RANKS_TEXT]; /* the host's name; or what has happened */
} notice;

typedef struct peer {
    notice in, out;
    wire_request receiving, sending; /* valid if is_... */
    bool is_receiving, is_sending;
    bool owes_failure, owes_goodbye;
    bool gone; /* has said goodbye */
    char host[64];
    double heard, beaten; /* when, by clock_ms */
} peer;

struct effnet_ranks {
    wire_opener *open; /* NULL: `w` is open */
    effnet_ranks_options options;
    wire *w;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work, news; /* for the messages' thread; for the caller */
    /* Under the lock. */
    bool opened, closing, closed;
    effnet_status open_status;
    effnet_error open_error;
    bool active; /* `todo` is at work */
    job todo;
    size_t ready; /* todo.data[ready..count) may be read */
    bool leaving;
    effnet_status own_failure, failed; /* the latter: nothing goes on, `why` tells */
    char own_why[RANKS_TEXT], why[RANKS_TEXT];
    /* The messages' thread's. */
    effnet_status verdict; /* what `failed` is, or will be when those who come first have heard */
    bool lost;
    sum_slot slots[SUM_SLOTS];
    size_t slice;               /* floats of a rank's part of a bucket, at most */
    peer *peers;                /* [count]; of rank 0: all others; of another one: rank 0 */
    double last_round, left_at; /* by clock_ms; 0: not yet */
    bool farewell;              /* this rank says goodbye, or has */
};

/* Messages' tags. */
enum { TAG_NOTICE, TAG_GATHER, TAG_BROADCAST, TAG_COLLECT, TAG_SPREAD = TAG_COLLECT + SUM_SLOTS };

/* The body of the messages' thread (serve.c). */
void *ranks_serve(void *argument);

/* Drives the job on (sum.c, exchange.c); `ready` is a copy of r->ready. */
effnet_status job_advance(ranks *r, size_t ready, bool *done, effnet_error *error);
effnet_status sum_advance(ranks *r, size_t ready, bool *done, effnet_error *error);
effnet_status sum_allocate(ranks *r, effnet_error *error);
void sum_free(ranks *r);

/* ---- Notices (notices.c) ---- */

effnet_status notices_begin(ranks *r, effnet_error *error);

/* Takes what has come, sends what is owed, and looks for those that are silent. */
effnet_status notices_round(ranks *r, effnet_error *error);

/* Nothing goes on: notes why, and owes it to the others. The first reason stays. The caller hears of it now,
 * or if a rank is lost by notices_publish. */
void notices_fail(ranks *r, effnet_status status, bool lost, const char *why);

void notices_publish(ranks *r);

/* True when nothing is owed to anybody. */
bool notices_sent(const ranks *r);

/* True when a rank that is leaving may end: all are, or after some time in which they have not said so, if
 * the run has failed. */
bool notices_may_end(ranks *r);

#endif
