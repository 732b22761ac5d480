/* SPDX-License-Identifier: Apache-2.0
 *
 * What ranks tell each other beside the work. Rank 0 is the middle: each of the others beats to it now and
 * then, and it to each of them; failures go to it and from it to all. So a rank that is stopped, or whose
 * machine is gone, is noticed without anybody waiting for it, and every rank learns its name.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "train/ranks/group.h"

enum { BEATS = 6 /* within the patience */, FAREWELL_MS = 5000 };

static size_t first_peer(const ranks *r)
{
    return r->w->rank == 0 ? 1 : 0;
}

static size_t end_of_peers(const ranks *r)
{
    return r->w->rank == 0 ? r->w->count : 1;
}

/* ---- Sending ---- */

static effnet_status send_notice(ranks *r, size_t to, int kind, effnet_error *error)
{
    peer *p = &r->peers[to];
    p->out.kind = (__typeof__(p->out.kind))kind;
    p->out.status = r->verdict;
    if (kind == NOTICE_FAILURE || kind == NOTICE_LOST)
        snprintf(p->out.text, sizeof p->out.text, "%s", r->why);
    else if (gethostname(p->out.text, sizeof p->host) != 0)
        strcpy(p->out.text, "?");
    p->out.text[sizeof p->out.text - 1] = '\0';
    p->is_sending = true;
    return r->w->send(r->w, &p->out, sizeof p->out, to, TAG_NOTICE, &p->sending, error);
}

/* One notice at a time to each peer: who does not take it does not get the next either. */
static effnet_status send_owed(ranks *r, size_t to, double now, effnet_error *error)
{
    peer *p = &r->peers[to];
    if (p->is_sending) {
        bool done;
        TRY(r->w->test(r->w, &p->sending, 1, &done, error));
        if (!done) return EFFNET_OK;
        p->is_sending = false;
    }
    if (p->owes_failure) {
        p->owes_failure = false;
        return send_notice(r, to, r->lost ? NOTICE_LOST : NOTICE_FAILURE, error);
    }
    if (p->owes_goodbye) {
        p->owes_goodbye = false;
        return send_notice(r, to, NOTICE_GOODBYE, error);
    }
    if (p->gone || r->farewell || now - p->beaten < 1000 / BEATS * r->options.patience) return EFFNET_OK;
    p->beaten = now;
    return send_notice(r, to, NOTICE_BEAT, error);
}

/* ---- Receiving ---- */

static effnet_status listen(ranks *r, size_t from, effnet_error *error)
{
    peer *p = &r->peers[from];
    p->is_receiving = true;
    return r->w->receive(r->w, &p->in, sizeof p->in, from, TAG_NOTICE, &p->receiving, error);
}

static effnet_status take(ranks *r, size_t from, double now, effnet_error *error)
{
    peer *p = &r->peers[from];
    bool done;
    if (!p->is_receiving) return EFFNET_OK;
    TRY(r->w->test(r->w, &p->receiving, 1, &done, error));
    if (!done) return EFFNET_OK;
    p->is_receiving = false;
    p->heard = now;
    p->in.text[sizeof p->in.text - 1] = '\0';
    switch (p->in.kind) {
    case NOTICE_BEAT: snprintf(p->host, sizeof p->host, "%.63s", p->in.text); break;
    case NOTICE_FAILURE: notices_fail(r, p->in.status, false, p->in.text); break;
    case NOTICE_LOST: notices_fail(r, p->in.status, true, p->in.text); break;
    case NOTICE_GOODBYE: p->gone = true; return EFFNET_OK;
    }
    return listen(r, from, error);
}

/* ---- Silence ---- */

/* Rank 0 is given longer, so that who has a choice says what rank 0 says. */
static void look_for_silence(ranks *r, size_t from, double now)
{
    peer *p = &r->peers[from];
    const double patience = 1000 * r->options.patience, limit = from == 0 ? patience * 7 / 6 : patience;
    if (p->gone || now - p->heard < limit) return;
    char text[RANKS_TEXT];
    snprintf(
        text, sizeof text,
        "rank %zu%s%s has not been heard of for %.0f seconds: stopped, or its machine or network is down",
        from, *p->host ? " on " : "", p->host, limit / 1000);
    notices_fail(r, EFFNET_ERR_OS, true, text);
}

/* Whoever has been stopped himself has heard nothing all that time, and blames nobody for it. */
static void forgive_own_absence(ranks *r, double now)
{
    if (now - r->last_round > 1000 * r->options.patience / 2)
        for (size_t i = first_peer(r); i < end_of_peers(r); i++)
            r->peers[i].heard = now;
    r->last_round = now;
}

/* ---- For serve.c ---- */

effnet_status notices_begin(ranks *r, effnet_error *error)
{
    r->last_round = clock_ms();
    r->peers = calloc(r->w->count, sizeof *r->peers);
    if (!r->peers) return error_memory(error);
    for (size_t i = first_peer(r); i < end_of_peers(r); i++) {
        r->peers[i].heard = r->last_round;
        if (i != r->w->rank) TRY(listen(r, i, error));
    }
    return EFFNET_OK;
}

effnet_status notices_round(ranks *r, effnet_error *error)
{
    const double now = clock_ms();
    forgive_own_absence(r, now);
    for (size_t i = first_peer(r); i < end_of_peers(r); i++) {
        TRY(take(r, i, now, error));
        TRY(send_owed(r, i, now, error));
        if (!r->verdict) look_for_silence(r, i, now);
    }
    return EFFNET_OK;
}

void notices_publish(ranks *r)
{
    pthread_mutex_lock(&r->lock);
    r->failed = r->verdict;
    pthread_cond_broadcast(&r->news);
    pthread_mutex_unlock(&r->lock);
}

void notices_fail(ranks *r, effnet_status status, bool lost, const char *why)
{
    if (r->verdict) return;
    r->verdict = status == EFFNET_OK ? EFFNET_ERR_OS : status;
    r->lost = lost;
    snprintf(r->why, sizeof r->why, "%s", why);
    if (!lost) notices_publish(r);
    for (size_t i = first_peer(r); r->peers && i < end_of_peers(r); i++)
        r->peers[i].owes_failure = true;
}

bool notices_sent(const ranks *r)
{
    for (size_t i = first_peer(r); i < end_of_peers(r); i++)
        if (r->peers[i].is_sending || r->peers[i].owes_failure || r->peers[i].owes_goodbye) return false;
    return true;
}

static bool all_gone(const ranks *r)
{
    for (size_t i = first_peer(r); i < end_of_peers(r); i++)
        if (!r->peers[i].gone) return false;
    return true;
}

/* The others say goodbye to rank 0 when they are done, and it to them when all have. */
bool notices_may_end(ranks *r)
{
    const double now = clock_ms();
    if (r->left_at == 0) r->left_at = now;
    if (r->verdict && (r->lost || now - r->left_at > FAREWELL_MS)) return true;
    if (!r->farewell && (r->w->rank > 0 || all_gone(r))) {
        r->farewell = true;
        for (size_t i = first_peer(r); i < end_of_peers(r); i++)
            r->peers[i].owes_goodbye = true;
    }
    return r->farewell && all_gone(r) && notices_sent(r);
}
