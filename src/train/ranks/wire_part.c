/* SPDX-License-Identifier: Apache-2.0
 *
 * See wire_part.h: other numbers, other tags, and one call at a time.
 */
#include "train/ranks/wire_part.h"

static effnet_status send_part(wire *w, const void *data, size_t size, size_t to, int tag, wire_request *out,
                               effnet_error *error)
{
    wire_part *p = (wire_part *)w;
    pthread_mutex_lock(p->lock);
    const effnet_status status =
        p->whole->send(p->whole, data, size, p->first + to, p->tags + tag, out, error);
    pthread_mutex_unlock(p->lock);
    return status;
}

static effnet_status receive_part(wire *w, void *data, size_t size, size_t from, int tag, wire_request *out,
                                  effnet_error *error)
{
    wire_part *p = (wire_part *)w;
    pthread_mutex_lock(p->lock);
    const effnet_status status =
        p->whole->receive(p->whole, data, size, p->first + from, p->tags + tag, out, error);
    pthread_mutex_unlock(p->lock);
    return status;
}

static effnet_status test_part(wire *w, wire_request *requests, size_t count, bool *done, effnet_error *error)
{
    wire_part *p = (wire_part *)w;
    pthread_mutex_lock(p->lock);
    const effnet_status status = p->whole->test(p->whole, requests, count, done, error);
    pthread_mutex_unlock(p->lock);
    return status;
}

static void close_part(wire *w, bool orderly)
{
    (void)w, (void)orderly;
}

void wire_part_open(wire_part *out, wire *whole, pthread_mutex_t *lock, size_t first, size_t count, int tags)
{
    *out = (wire_part){.base = {.rank = whole->rank - first,
                                .count = count,
                                .send = send_part,
                                .receive = receive_part,
                                .test = test_part,
                                .close = close_part},
                       .whole = whole,
                       .lock = lock,
                       .first = first,
                       .tags = tags};
}
