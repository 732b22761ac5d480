/* SPDX-License-Identifier: Apache-2.0
 *
 * See cluster.h. Between a worker and rank 0 one packet at a time goes each way: the worker's first one, its
 * results, and beats while it trains, all of one size; and what it is to do. Everything is polled, by the
 * thread that opened the wire: rank 0 looks every few milliseconds and otherwise sleeps, a worker between its
 * steps.
 */
#define _POSIX_C_SOURCE 200809L
#include "search/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

enum { UP = 11, DOWN = 12, LOOK_MS = 10, BEAT_MS = 2000, WATCH_MS = 200, FAREWELL_MS = 5000 };

typedef enum packet_kind {
    PACKET_HELLO = 1,
    PACKET_BEAT,
    PACKET_RESULT,
    PACKET_LEAVE,
    PACKET_BYE
} packet_kind;

/* From a worker; the hits follow, at their full size. */
typedef struct packet {
    uint64_t search;
    uint32_t kind;
    search_message message;
} packet;

/* To a worker. */
typedef struct order {
    uint32_t quit;
    search_task task;
} order;

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static size_t hits_size(const search_cluster *c)
{
    return (size_t)(c->images + 7) / 8;
}

static size_t packet_size(const search_cluster *c)
{
    return sizeof(packet) + hits_size(c);
}

/* ---- Rank 0 ---- */

typedef struct remote {
    unsigned char *in; /* [packet_size] */
    order out;
    wire_request receiving, sending;
    bool sends, there, lost, busy;
    bool gone; /* has said goodbye: nothing is under way any more */
    double heard;
    search_task task;
} remote;

typedef struct coordinator {
    const search_work *work;
    const search_cluster *cluster;
    remote *all; /* [count], by rank; those of 0 and of who follows a leader are not used */
    size_t count;
    size_t group;     /* from one rank that asks to the next */
    effnet_error why; /* the last one left */
    bool ending;
    double watched;
} coordinator;

static effnet_status listen_again(const coordinator *c, size_t rank, effnet_error *error)
{
    remote *r = &c->all[rank];
    return c->cluster->w->receive(c->cluster->w, r->in, packet_size(c->cluster), rank, UP, &r->receiving,
                                  error);
}

static effnet_status tell(const coordinator *c, size_t rank, const order *what, effnet_error *error)
{
    remote *r = &c->all[rank];
    r->out = *what;
    r->sends = true;
    return c->cluster->w->send(c->cluster->w, &r->out, sizeof r->out, rank, DOWN, &r->sending, error);
}

static void lose(coordinator *c, size_t rank)
{
    remote *r = &c->all[rank];
    if (r->busy) search_queue_give_back(c->work->queue, &r->task);
    r->busy = false;
    r->lost = true;
}

/* The result of a packet, with hits of its own. */
static effnet_status take_packet(coordinator *c, size_t rank, effnet_error *error)
{
    remote *r = &c->all[rank];
    packet p;
    memcpy(&p, r->in, sizeof p);
    if (p.kind == PACKET_LEAVE) {
        error_set(&c->why, EFFNET_ERR_OS, ": rank %zu: %s", rank, p.message.error.message);
        lose(c, rank);
    }
    if (p.kind != PACKET_RESULT || !r->busy) return EFFNET_OK;
    r->busy = false;
    search_message *m = &p.message;
    const bool has_hits = m->result.hits != NULL && m->result.images == c->cluster->images;
    m->result.hits = has_hits ? malloc(hits_size(c->cluster)) : NULL;
    if (has_hits && !m->result.hits) {
        search_queue_give_back(c->work->queue, &r->task);
        return error_memory(error);
    }
    if (has_hits) memcpy(m->result.hits, r->in + sizeof p, hits_size(c->cluster));
    return search_take_message(c->work, &r->task, m, &c->ending, error);
}

static effnet_status hear(coordinator *c, size_t rank, effnet_error *error)
{
    remote *r = &c->all[rank];
    packet p;
    memcpy(&p, r->in, sizeof p);
    r->heard = clock_ms();
    r->there = true;
    r->gone = p.kind == PACKET_BYE;
    if (r->gone) return EFFNET_OK;
    if (p.search != c->cluster->search) {
        lose(c, rank);
        return error_set(error, EFFNET_ERR_MISMATCH,
                         "rank %zu searches something else: other data or options", rank);
    }
    TRY(take_packet(c, rank, error));
    return r->lost ? EFFNET_OK : listen_again(c, rank, error);
}

/* Looks at one rank; what goes wrong with its messages is its end. */
static effnet_status look(coordinator *c, size_t rank, effnet_error *error)
{
    remote *r = &c->all[rank];
    wire *w = c->cluster->w;
    bool done = false;
    if (r->lost || r->gone) return EFFNET_OK;
    if (r->sends && w->test(w, &r->sending, 1, &done, NULL) != EFFNET_OK) lose(c, rank);
    if (done) r->sends = false;
    if (!r->lost && w->test(w, &r->receiving, 1, &done, NULL) != EFFNET_OK) lose(c, rank);
    if (r->lost) return EFFNET_OK;
    if (done) return hear(c, rank, error);
    /* An idle one says nothing: it is asked nothing either, until there is something to do. */
    if (r->busy && clock_ms() - r->heard > 1000 * c->cluster->patience) lose(c, rank);
    return EFFNET_OK;
}

static effnet_status hand_out(coordinator *c, effnet_error *error)
{
    for (size_t rank = 1; rank < c->count && !c->ending; rank += c->group) {
        remote *r = &c->all[rank];
        order what = {.quit = 0};
        if (r->lost || r->busy || r->sends || !r->there) continue;
        if (!search_queue_take(c->work->queue, &what.task)) return EFFNET_OK;
        r->task = what.task;
        r->busy = true;
        r->heard = clock_ms();
        TRY(tell(c, rank, &what, error));
    }
    return EFFNET_OK;
}

/* Of those that ask, who are not lost. */
static size_t count_ranks(const coordinator *c)
{
    size_t count = 0;
    for (size_t rank = 1; rank < c->count; rank += c->group)
        count += !c->all[rank].lost;
    return count;
}

static void watch_now(coordinator *c)
{
    if (clock_ms() - c->watched < WATCH_MS) return;
    c->watched = clock_ms();
    if (c->work->watch) c->work->watch(c->work->watch_context, c->work->queue, NULL, NULL);
    if (c->work->stop && c->work->stop(c->work->stop_context)) c->ending = true;
}

/* Whether the rank is still to be waited for at the end: it may be loading its data, or saving; only one that
 * had nothing to do answers at once. */
static bool may_answer(const coordinator *c, size_t rank, double since)
{
    const remote *r = &c->all[rank];
    const double patience = 1000 * c->cluster->patience;
    const bool idle = r->there && !r->busy && patience > FAREWELL_MS;
    return !r->lost && !r->gone && clock_ms() - since < (idle ? FAREWELL_MS : patience);
}

/* Tells all to quit, busy ones too, who save first; and hears their last words, so that nothing arrives any
 * more in memory that is freed. Who does not say them is lost. */
static void dismiss_all(coordinator *c)
{
    const double since = clock_ms();
    for (size_t rank = 1; rank < c->count; rank += c->group) {
        bool done = !c->all[rank].sends;
        while (!done && may_answer(c, rank, since)) {
            if (c->cluster->w->test(c->cluster->w, &c->all[rank].sending, 1, &done, NULL) != EFFNET_OK)
                lose(c, rank);
            if (!done) pause_ms(1);
        }
        if (c->all[rank].lost) continue;
        if (!done || tell(c, rank, &(order){.quit = 1}, NULL) != EFFNET_OK) lose(c, rank);
    }
    for (bool waits = true; waits;) {
        waits = false;
        for (size_t rank = 1; rank < c->count; rank += c->group) {
            (void)!look(c, rank, NULL);
            waits |= may_answer(c, rank, since);
        }
        if (waits) pause_ms(LOOK_MS);
    }
    for (size_t rank = 1; rank < c->count; rank += c->group)
        if (!c->all[rank].gone && !c->all[rank].lost) lose(c, rank);
}

static effnet_status coordinate(coordinator *c, effnet_error *error)
{
    for (size_t rank = 1; rank < c->count; rank += c->group) {
        c->all[rank].in = malloc(packet_size(c->cluster));
        if (!c->all[rank].in) return error_memory(error);
        TRY(listen_again(c, rank, error));
    }
    while (!c->ending && !search_queue_done(c->work->queue)) {
        for (size_t rank = 1; rank < c->count; rank += c->group)
            TRY(look(c, rank, error));
        TRY(hand_out(c, error));
        if (count_ranks(c) == 0)
            return error_set(error, EFFNET_ERR_OS, "all other ranks are lost%s", c->why.message);
        watch_now(c);
        pause_ms(LOOK_MS);
    }
    return EFFNET_OK;
}

effnet_status search_coordinate(const search_work *work, const search_cluster *cluster, bool *stopped,
                                bool *lost, effnet_error *error)
{
    coordinator c = {.work = work, .cluster = cluster, .count = cluster->w->count, .group = cluster->group};
    c.all = calloc(c.count, sizeof *c.all);
    if (!c.all) return error_memory(error);
    effnet_status status = coordinate(&c, error);
    dismiss_all(&c);
    *stopped = !search_queue_done(work->queue);
    *lost = status != EFFNET_OK || c.group * count_ranks(&c) + 1 < c.count;
    if (status == EFFNET_OK) status = search_journal_sync(work->journal, error);
    /* If a rank was lost nobody drives messages on from here, so none arrives in these any more. */
    for (size_t rank = 1; rank < c.count; rank++)
        free(c.all[rank].in);
    free(c.all);
    return status;
}

/* ---- The others ---- */

typedef struct server {
    const search_cluster *cluster;
    search_stop *stop;
    void *context;
    unsigned char *out; /* [packet_size] */
    order in;
    wire_request receiving, sending;
    bool sends, heard; /* an order is there */
    double beaten;
    effnet_status failed;
    effnet_error *error;
} server;

static void drive(server *s)
{
    wire *w = s->cluster->w;
    bool done = false;
    if (s->sends && s->failed == EFFNET_OK) s->failed = w->test(w, &s->sending, 1, &done, s->error);
    if (done) s->sends = false;
    if (!s->heard && s->failed == EFFNET_OK) s->failed = w->test(w, &s->receiving, 1, &s->heard, s->error);
}

/* Until what was said is on its way. */
static effnet_status flush(server *s)
{
    for (drive(s); s->sends && s->failed == EFFNET_OK; drive(s))
        pause_ms(1);
    return s->failed;
}

static void say(server *s, packet_kind kind, const search_message *m)
{
    wire *w = s->cluster->w;
    if (flush(s) != EFFNET_OK) return;
    packet p = {.search = s->cluster->search, .kind = (uint32_t)kind};
    if (m) p.message = *m;
    memset(s->out, 0, packet_size(s->cluster));
    memcpy(s->out, &p, sizeof p);
    if (m && m->result.hits) memcpy(s->out + sizeof p, m->result.hits, hits_size(s->cluster));
    s->failed = w->send(w, s->out, packet_size(s->cluster), 0, UP, &s->sending, s->error);
    s->sends = true;
    s->beaten = clock_ms();
}

/* While a task is done the only order that can come is to quit. */
static bool server_must_stop(void *context)
{
    server *s = context;
    drive(s);
    if (!s->sends && clock_ms() - s->beaten > BEAT_MS) say(s, PACKET_BEAT, NULL);
    return s->heard || s->failed != EFFNET_OK || (s->stop && s->stop(s->context));
}

static effnet_status listen_for_order(server *s)
{
    s->heard = false;
    return s->cluster->w->receive(s->cluster->w, &s->in, sizeof s->in, 0, DOWN, &s->receiving, s->error);
}

static effnet_status serve(server *s, const search_trainer *trainer)
{
    TRY(listen_for_order(s));
    say(s, PACKET_HELLO, NULL);
    for (;;) {
        for (drive(s); !s->heard && s->failed == EFFNET_OK; drive(s))
            pause_ms(LOOK_MS);
        if (s->failed != EFFNET_OK) return s->failed;
        if (s->in.quit) break;
        const search_task task = s->in.task;
        TRY(listen_for_order(s));
        search_message m;
        search_do_task(trainer, &task, server_must_stop, s, &m);
        const bool broken = trainer->broken && *trainer->broken;
        say(s, broken ? PACKET_LEAVE : PACKET_RESULT, &m);
        search_result_clear(&m.result);
        if (broken) return flush(s);
    }
    say(s, PACKET_BYE, NULL);
    return flush(s);
}

effnet_status search_serve(const search_trainer *trainer, search_stop *stop, void *context,
                           const search_cluster *cluster, effnet_error *error)
{
    server s = {.cluster = cluster, .stop = stop, .context = context, .error = error};
    s.out = malloc(packet_size(cluster));
    if (!s.out) return error_memory(error);
    const effnet_status status = serve(&s, trainer);
    free(s.out);
    return status;
}
