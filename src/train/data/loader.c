/* SPDX-License-Identifier: Apache-2.0
 *
 * See loader.h. Batches are made in a ring of slots. Numbers of batches only grow; a batch is begun when the
 * slot it falls on is free, chunk after chunk, and handed out in order. One lock covers all that is not work.
 */
#define _POSIX_C_SOURCE 200809L
#include "train/data/loader.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/sizes.h"
#include "train/data/sampler.h"
#include "train/data/slot.h"

enum { DEFAULT_AHEAD = 2, PERCENT_BAD = 1 };

struct loader {
    slot_maker maker;
    sampler order;
    slot *slots;
    size_t slot_count;
    pthread_mutex_t lock;
    pthread_cond_t work, made; /* there may be something to begin; a chunk is done */
    bool has_lock, has_work, has_made;
    pthread_t *threads;
    size_t started;
    /* Under the lock. */
    bool stop, ended;               /* the last step of an evaluation has been begun */
    uint64_t begun, working, given; /* batches begun so far; the one whose chunks go out now; handed out */
    size_t running;                 /* chunks in work */
    bool in_use;                    /* the last batch given is still the caller's */
    uint64_t epoch;                 /* of the next batch to begin */
    size_t step;
    /* The caller's. */
    bool *known_bad; /* [part->count] */
    size_t bad;
};

static slot *slot_of(loader *l, uint64_t number)
{
    return &l->slots[number % l->slot_count];
}

/* ---- Chunks, all under the lock ---- */

static void advance(loader *l)
{
    if (++l->step < sampler_steps(&l->order)) return;
    l->step = 0;
    l->epoch++;
    l->ended = !l->order.training;
}

/* Begins another batch, if there is a slot for it and it is not past the end. */
static bool begin_batch(loader *l)
{
    const uint64_t oldest = l->given - (l->in_use ? 1 : 0);
    if (l->ended || l->begun - oldest == l->slot_count) return false;
    slot *s = slot_of(l, l->begun);
    s->epoch = l->epoch;
    s->step = l->step;
    s->count = sampler_take(s->items, &l->order, l->epoch, l->step);
    slot_begin(s, &l->maker);
    l->begun++;
    advance(l);
    return true;
}

/* A chunk to work on, of a batch before number `before`. */
static bool take_chunk(loader *l, slot **s, size_t *chunk, uint64_t before)
{
    while (l->working < before) {
        if (l->working == l->begun && !begin_batch(l)) return false;
        *s = slot_of(l, l->working);
        if ((*s)->begun < (*s)->chunks) {
            *chunk = (*s)->begun++;
            l->running++;
            return true;
        }
        l->working++;
    }
    return false;
}

/* Gives the lock away while it works. */
static void do_chunk(loader *l, slot *s, size_t chunk)
{
    pthread_mutex_unlock(&l->lock);
    slot_make(s, &l->maker, chunk);
    pthread_mutex_lock(&l->lock);
    s->done++;
    l->running--;
    if (s->done == s->chunks || l->running == 0) pthread_cond_broadcast(&l->made);
}

static void *serve(void *argument)
{
    loader *l = argument;
    slot *s;
    size_t chunk;
    pthread_mutex_lock(&l->lock);
    while (!l->stop) {
        if (take_chunk(l, &s, &chunk, UINT64_MAX))
            do_chunk(l, s, chunk);
        else
            pthread_cond_wait(&l->work, &l->lock);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

/* ---- Handing out ---- */

static effnet_status report_bad(loader *l, const slot_note *n, effnet_error *error)
{
    const slot_maker *m = &l->maker;
    if (l->known_bad[n->item]) return EFFNET_OK;
    l->known_bad[n->item] = true;
    l->bad++;
    const char *path = m->part->items[n->item].path;
    const size_t length = strlen(path);
    const bool named = strncmp(n->message, path, length) == 0 && n->message[length] == ':';
    const char *message = named ? n->message + length + 2 : n->message;
    if (m->options.report) m->options.report(m->options.context, path, message);
    if (l->bad * 100 <= m->part->count * PERCENT_BAD) return EFFNET_OK;
    error_set(error, EFFNET_ERR_FORMAT,
              "%zu of %zu pictures cannot be read, more than %d %%; the last is %s: %s", l->bad,
              m->part->count, PERCENT_BAD, path, message);
    return EFFNET_ERR_FORMAT;
}

/* What the threads noted, in the order of the batch and not of time. */
static effnet_status look_at_notes(loader *l, const slot *s, effnet_error *error)
{
    for (size_t i = 0; i < s->chunks; i++) {
        const slot_chunk *c = &s->parts[i];
        for (const slot_note *n = c->notes; n; n = n->next)
            TRY(report_bad(l, n, error));
        if (c->status != EFFNET_OK) {
            if (error) *error = c->error;
            return c->status;
        }
    }
    return EFFNET_OK;
}

static void fill_batch(const loader *l, const slot *s, loader_batch *out)
{
    *out = (loader_batch){
        .count = s->count,
        .images = s->images,
        .targets = {.values = s->values,
                    .classes = s->classes,
                    .others = s->others,
                    .shares = s->others ? s->shares : NULL},
        .items = s->items,
        .epoch = s->epoch,
        .step = s->step,
        .steps = sampler_steps(&l->order),
    };
}

/* Waits for batch number `number` and works on it meanwhile. False if there is none. Under the lock. */
static bool complete(loader *l, uint64_t number)
{
    slot *s;
    size_t chunk;
    for (;;) {
        if (take_chunk(l, &s, &chunk, number + 1)) {
            do_chunk(l, s, chunk);
            continue;
        }
        if (number >= l->begun) return false;
        s = slot_of(l, number);
        if (s->done == s->chunks) return true;
        pthread_cond_wait(&l->made, &l->lock);
    }
}

effnet_status loader_next(loader *l, loader_batch *out, effnet_error *error)
{
    pthread_mutex_lock(&l->lock);
    *out = (loader_batch){.epoch = l->epoch, .steps = sampler_steps(&l->order)};
    l->in_use = false;
    pthread_cond_broadcast(&l->work);
    const bool there = complete(l, l->given);
    const slot *s = slot_of(l, l->given);
    if (there) {
        l->given++;
        l->in_use = true;
    }
    pthread_mutex_unlock(&l->lock);
    if (!there) return EFFNET_OK;
    TRY(look_at_notes(l, s, error));
    fill_batch(l, s, out);
    return EFFNET_OK;
}

void loader_help(loader *l)
{
    slot *s;
    size_t chunk;
    pthread_mutex_lock(&l->lock);
    l->in_use = false;
    while (take_chunk(l, &s, &chunk, l->given + 1))
        do_chunk(l, s, chunk);
    pthread_mutex_unlock(&l->lock);
}

void loader_seek(loader *l, uint64_t epoch, size_t step)
{
    pthread_mutex_lock(&l->lock);
    l->ended = true; /* nothing more is begun, and what was begun is finished */
    for (uint64_t number = l->working; number < l->begun; number++)
        slot_of(l, number)->begun = slot_of(l, number)->chunks;
    while (l->running > 0)
        pthread_cond_wait(&l->made, &l->lock);
    l->begun = l->working = l->given = 0;
    l->in_use = l->ended = false;
    l->epoch = epoch;
    l->step = step;
    pthread_cond_broadcast(&l->work);
    pthread_mutex_unlock(&l->lock);
}

size_t loader_steps(const loader *l)
{
    return sampler_steps(&l->order);
}

size_t loader_bad(const loader *l)
{
    return l->bad;
}

/* ---- Making and freeing ---- */

static effnet_status make_maker(slot_maker *m, const dataset *data, effnet_part part, const loader_options *o,
                                effnet_error *error)
{
    *m = (slot_maker){.data = data, .part = &data->parts[part], .options = *o, .recipe = *o->recipe};
    if (m->options.channels == 0) m->options.channels = 3;
    if (m->options.ahead == 0) m->options.ahead = DEFAULT_AHEAD;
    if (m->options.threads == 0) m->options.ahead = 0; /* nobody is there to make one */
    if (m->options.channels != 1 && m->options.channels != 3)
        return error_set(error, EFFNET_ERR_UNSUPPORTED,
                         "pictures cannot feed a network of %d input channels, only of 1 or 3",
                         m->options.channels);
    m->values = (size_t)o->recipe->height * (size_t)o->recipe->width * (size_t)m->options.channels;
    if (!o->augment) return EFFNET_OK;
    m->augment = *o->augment;
    m->mixes = o->augment->mixup > 0 || o->augment->cutmix > 0;
    return augment_check(o->augment, error);
}

effnet_status loader_bytes(size_t *out, const dataset *data, const loader_options *options,
                           effnet_error *error)
{
    slot_maker m;
    TRY(make_maker(&m, data, EFFNET_TRAINING, options, error));
    if (slot_bytes(out, &m) && size_mul(out, *out, m.options.ahead + 1)) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_LIMIT, "batches of %zu are more than memory can hold", options->batch);
}

static effnet_status make_slots(loader *l, effnet_error *error)
{
    l->slot_count = l->maker.options.ahead + 1;
    l->slots = calloc(l->slot_count, sizeof *l->slots);
    l->known_bad = calloc(l->maker.part->count, sizeof *l->known_bad);
    l->maker.pictures = cache_create(l->maker.part, l->maker.options.cache);
    if (!l->slots || !l->known_bad || !l->maker.pictures) return error_memory(error);
    for (size_t i = 0; i < l->slot_count; i++)
        TRY(slot_allocate(&l->slots[i], &l->maker, error));
    return EFFNET_OK;
}

/* New threads take no signals: those are the caller's business. */
static effnet_status start_threads(loader *l, effnet_error *error)
{
    const size_t count = l->maker.options.threads;
    sigset_t all, before;
    l->has_lock = pthread_mutex_init(&l->lock, NULL) == 0;
    l->has_work = pthread_cond_init(&l->work, NULL) == 0;
    l->has_made = pthread_cond_init(&l->made, NULL) == 0;
    l->threads = calloc(count + 1, sizeof *l->threads);
    if (!l->has_lock || !l->has_work || !l->has_made || !l->threads) return error_memory(error);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (l->started < count && pthread_create(&l->threads[l->started], NULL, serve, l) == 0)
        l->started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (l->started == count) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_OS, "cannot start %zu threads", count);
}

effnet_status loader_create(loader **out, const dataset *data, effnet_part part,
                            const loader_options *options, effnet_error *error)
{
    *out = NULL;
    loader *l = calloc(1, sizeof *l);
    if (!l) return error_memory(error);
    effnet_status status = make_maker(&l->maker, data, part, options, error);
    const loader_options *o = &l->maker.options;
    if (status == EFFNET_OK)
        status = sampler_create(&l->order, l->maker.part->count, o->batch, o->rank, o->ranks, o->seed,
                                o->augment != NULL, error);
    if (status == EFFNET_OK) status = make_slots(l, error);
    if (status == EFFNET_OK) status = start_threads(l, error);
    if (status == EFFNET_OK)
        *out = l;
    else
        loader_free(l);
    return status;
}

static void stop_threads(loader *l)
{
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_cond_broadcast(&l->work);
    pthread_mutex_unlock(&l->lock);
    for (size_t i = 0; i < l->started; i++)
        pthread_join(l->threads[i], NULL);
}

void loader_free(loader *l)
{
    if (!l) return;
    if (l->started > 0) stop_threads(l);
    if (l->has_made) pthread_cond_destroy(&l->made);
    if (l->has_work) pthread_cond_destroy(&l->work);
    if (l->has_lock) pthread_mutex_destroy(&l->lock);
    for (size_t i = 0; l->slots && i < l->slot_count; i++)
        slot_free(&l->slots[i]);
    cache_free(l->maker.pictures);
    sampler_free(&l->order);
    free(l->slots);
    free(l->known_bad);
    free(l->threads);
    free(l);
}
