/* SPDX-License-Identifier: Apache-2.0
 *
 * See slot.h. One picture after the other: read or replace it, make the input, set the targets; then mix the
 * pair.
 */
#include "train/data/slot.h"

#include <stdlib.h>
#include <string.h>

#include "base/sizes.h"

enum {
    /* Inputs of a chunk: small ones in larger chunks, so that handing them out costs nothing beside them. */
    SMALL_VALUES = 96 * 96 * 3,
    SMALL_CHUNK = 16,
    LARGE_CHUNK = 2,
    /* Replacements in a row before a batch is given up (timm's _ERROR_RETRY). */
    MAX_REPLACED = 50,
};

static size_t chunk_size(const slot_maker *m)
{
    return m->values <= SMALL_VALUES ? SMALL_CHUNK : LARGE_CHUNK;
}

/* ---- Memory ---- */

bool slot_bytes(size_t *out, const slot_maker *m)
{
    size_t each = sizeof(uint32_t) + 2 * sizeof(int) + sizeof(float) + sizeof(slot_chunk), more;
    if (!size_mul(&more, m->values, sizeof(float)) || !size_add(&each, each, more)) return false;
    if (m->data->task != EFFNET_TASK_CLASSES &&
        (!size_mul(&more, m->data->outputs, sizeof(float)) || !size_add(&each, each, more)))
        return false;
    return size_mul(out, each, m->options.batch);
}

effnet_status slot_allocate(slot *s, const slot_maker *m, effnet_error *error)
{
    const size_t batch = m->options.batch;
    size_t bytes;
    if (!slot_bytes(&bytes, m)) return error_memory(error);
    const bool classes = m->data->task == EFFNET_TASK_CLASSES;
    s->items = malloc(batch * sizeof *s->items);
    s->images = malloc(batch * m->values * sizeof *s->images);
    s->parts = calloc(batch, sizeof *s->parts);
    if (classes) s->classes = malloc(batch * sizeof *s->classes);
    if (classes && m->mixes) s->others = malloc(batch * sizeof *s->others);
    if (m->mixes) s->shares = malloc(batch * sizeof *s->shares);
    if (!classes) s->values = malloc(batch * m->data->outputs * sizeof *s->values);
    const bool there = s->items && s->images && s->parts && (classes ? s->classes : (void *)s->values) &&
                       (!m->mixes || (s->shares && (!classes || s->others)));
    return there ? EFFNET_OK : error_memory(error);
}

void slot_clear(slot *s)
{
    for (size_t i = 0; i < s->chunks; i++)
        while (s->parts[i].notes) {
            slot_note *note = s->parts[i].notes;
            s->parts[i].notes = note->next;
            free(note);
        }
    s->chunks = 0;
}

void slot_free(slot *s)
{
    if (s->parts) slot_clear(s);
    free(s->items);
    free(s->images);
    free(s->classes);
    free(s->others);
    free(s->shares);
    free(s->values);
    free(s->parts);
    *s = (slot){0};
}

void slot_begin(slot *s, const slot_maker *m)
{
    slot_clear(s);
    s->chunks = (s->count + chunk_size(m) - 1) / chunk_size(m);
    s->begun = s->done = 0;
    for (size_t i = 0; i < s->chunks; i++)
        s->parts[i] = (slot_chunk){.status = EFFNET_OK};
    for (size_t i = 0; i < s->chunks; i++)
        s->parts[i].last = &s->parts[i].notes;
}

/* ---- One picture ---- */

static effnet_status note(slot_chunk *c, uint32_t item, const effnet_error *why, effnet_error *error)
{
    slot_note *n = calloc(1, sizeof *n);
    if (!n) return error_memory(error);
    n->item = item;
    memcpy(n->message, why->message, sizeof n->message);
    *c->last = n;
    c->last = &n->next;
    return EFFNET_OK;
}

/* The picture at `place`, or the first of its replacements that can be read; *item becomes its number. */
static effnet_status read_picture(image *out, bool *kept, uint32_t *item, const slot_maker *m, slot_chunk *c,
                                  const augment_place *place)
{
    draws d = draws_for(place->seed, "replace", place->epoch, place->item);
    effnet_error why = {.message = ""};
    for (int i = 0; i < MAX_REPLACED; i++) {
        const effnet_status status = cache_read(out, kept, m->pictures, *item, &m->options.image, &why);
        if (status == EFFNET_OK) return status;
        if (status == EFFNET_ERR_MEMORY) return error_memory(&c->error);
        TRY(note(c, *item, &why, &c->error));
        *item = draw_below(&d, (uint32_t)m->part->count);
    }
    return error_set(&c->error, EFFNET_ERR_FORMAT, "%d pictures in a row cannot be read, the last: %s",
                     MAX_REPLACED, why.message);
}

static void set_targets(slot *s, const slot_maker *m, size_t i)
{
    const dataset_item *item = &m->part->items[s->items[i]];
    if (s->classes) s->classes[i] = (int)item->class_index;
    if (s->others) s->others[i] = (int)item->class_index;
    if (s->shares) s->shares[i] = 1;
    if (s->values) dataset_targets(s->values + i * m->data->outputs, m->data, item);
}

static effnet_status make_input(slot *s, const slot_maker *m, slot_chunk *c, size_t i)
{
    const augment_place place = {m->options.seed, s->epoch, s->items[i]};
    image picture;
    bool kept;
    TRY(read_picture(&picture, &kept, &s->items[i], m, c, &place));
    float *out = s->images + i * m->values;
    const effnet_status status =
        m->options.augment
            ? augment_picture(out, &m->augment, &m->recipe, m->options.channels, &picture, &place, &c->error)
            : recipe_apply(&m->recipe, &picture, m->options.channels, out, &c->error);
    if (!kept) image_free(&picture);
    set_targets(s, m, i);
    return status;
}

/* ---- Pairs ---- */

static void mix_values(float *a, float *b, float share, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float first = a[i], second = b[i];
        a[i] = share * first + (1 - share) * second;
        b[i] = share * second + (1 - share) * first;
    }
}

/* Picture i with the next; `item` is what stood at i before a replacement. */
static void mix_pair(slot *s, const slot_maker *m, size_t i, uint32_t item)
{
    const recipe *r = &m->recipe;
    const augment_place place = {m->options.seed, s->epoch, item};
    const augment_mix mix = augment_draw_mix(&m->augment, r->height, r->width, &place);
    float *a = s->images + i * m->values;
    augment_apply_mix(a, a + m->values, &mix, r->height, r->width, m->options.channels);
    s->shares[i] = s->shares[i + 1] = mix.share;
    if (s->others) {
        s->others[i] = s->classes[i + 1];
        s->others[i + 1] = s->classes[i];
    }
    if (s->values) {
        float *values = s->values + i * m->data->outputs;
        mix_values(values, values + m->data->outputs, mix.share, m->data->outputs);
    }
}

void slot_make(slot *s, const slot_maker *m, size_t chunk)
{
    const size_t size = chunk_size(m), first = chunk * size;
    const size_t end = first + size < s->count ? first + size : s->count;
    slot_chunk *c = &s->parts[chunk];
    uint32_t item = 0; /* of the first of a pair */
    for (size_t i = first; i < end && c->status == EFFNET_OK; i++) {
        const bool second = (i - first) % 2 == 1;
        if (!second) item = s->items[i];
        c->status = make_input(s, m, c, i);
        if (second && m->mixes && c->status == EFFNET_OK) mix_pair(s, m, i - 1, item);
    }
}
