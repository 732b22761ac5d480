/* SPDX-License-Identifier: Apache-2.0
 *
 * What a run is on several ranks. All have the same weights, statistics, optimiser and position after every
 * step, to the bit, so that any of them could write the checkpoint, and a stop, a resume or a bad step is the
 * same on all. Of one rank alone all this is nothing.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "train/loop/trainer.h"

enum { CHECK_STEPS = 100 }; /* from one comparison of the weights to the next */

bool trainer_writes(const trainer *t)
{
    return t->folder && ranks_number(t->ranks) == 0;
}

/* ---- Before the first step ---- */

/* The first line in which two descriptions differ. */
static effnet_status compare(const char *first, const char *own, effnet_error *error)
{
    size_t line = 0;
    if (strcmp(first, own) == 0) return EFFNET_OK;
    for (size_t i = 0; first[i] && first[i] == own[i]; i++)
        if (first[i] == '\n') line = i + 1;
    const size_t f = strcspn(first + line, "\n"), o = strcspn(own + line, "\n");
    return error_set(error, EFFNET_ERR_MISMATCH, "\"%.*s\" here, \"%.*s\" on rank 0", o < 100 ? (int)o : 100,
                     own + line, f < 100 ? (int)f : 100, first + line);
}

/* Whether none of the ranks can go on. */
static effnet_status agree_on_failure(trainer *t, effnet_status own, effnet_error *error)
{
    const size_t count = ranks_count(t->ranks);
    uint8_t mine = own != EFFNET_OK, *all = malloc(count);
    if (!all) return error_memory(error);
    effnet_error lost;
    const effnet_status status = ranks_gather(t->ranks, &mine, all, sizeof mine, &lost);
    t->agreed = status == EFFNET_OK && !memchr(all, 0, count);
    free(all);
    if (own != EFFNET_OK || status == EFFNET_OK) return own;
    return error_set(error, status, "%s", lost.message);
}

effnet_status trainer_meet(trainer *t, effnet_status own, effnet_error *error)
{
    if (ranks_count(t->ranks) == 1) return own;
    TRY(agree_on_failure(t, own, error));
    uint64_t size = strlen(t->description) + 1;
    TRY(ranks_broadcast(t->ranks, &size, sizeof size, error));
    char *first = malloc(size);
    if (!first) return error_memory(error);
    strncpy(first, t->description, size - 1);
    first[size - 1] = '\0';
    effnet_status status = ranks_broadcast(t->ranks, first, size, error);
    if (status == EFFNET_OK) status = compare(first, t->description, error);
    free(first);
    return status;
}

effnet_status trainer_share_state(trainer *t, const checkpoint *state, effnet_error *error)
{
    TRY(ranks_broadcast(t->ranks, state->numbers, state->number_count * sizeof *state->numbers, error));
    for (size_t i = 0; i < state->array_count; i++)
        TRY(ranks_broadcast(t->ranks, state->arrays[i].data, state->arrays[i].count * sizeof(float), error));
    return EFFNET_OK;
}

/* ---- At each step ---- */

/* A number of each rank, in t->words. */
static effnet_status gather(trainer *t, uint64_t own, effnet_error *error)
{
    const trainer_word word = {.check = own};
    return ranks_gather(t->ranks, &word, t->words, sizeof word, error);
}

effnet_status trainer_place_batch(trainer *t, const feed_batch *given, feed_batch *out, effnet_error *error)
{
    *out = *given;
    out->first = out->all = 0;
    TRY(gather(t, given->count, error));
    for (size_t i = 0; i < ranks_count(t->ranks); i++) {
        if (i < ranks_number(t->ranks)) out->first += t->words[i].check;
        out->all += t->words[i].check;
    }
    return EFFNET_OK;
}

effnet_status trainer_add(trainer *t, double *value, effnet_error *error)
{
    uint64_t bits;
    memcpy(&bits, value, sizeof bits);
    TRY(gather(t, bits, error));
    *value = 0;
    for (size_t i = 0; i < ranks_count(t->ranks); i++) {
        double one;
        memcpy(&one, &t->words[i].check, sizeof one);
        *value += one;
    }
    return EFFNET_OK;
}

static uint64_t check_of(const trainer *t)
{
    if (t->at.total % CHECK_STEPS > 0 || ranks_count(t->ranks) == 1) return 0;
    return crc32_z(0, (const unsigned char *)t->values, t->layout->count * sizeof *t->values);
}

effnet_status trainer_agree(trainer *t, train_tally *tally, bool *good, effnet_error *error)
{
    const trainer_word own = {.tally = *tally,
                              .good = *good,
                              .stop = t->options.stop ? t->options.stop(t->options.stop_context) : 0,
                              .check = check_of(t)};
    TRY(ranks_gather(t->ranks, &own, t->words, sizeof own, error));
    *tally = (train_tally){0};
    t->stop = 0;
    for (size_t i = 0; i < ranks_count(t->ranks); i++) {
        const trainer_word *w = &t->words[i];
        if (w->check != t->words[0].check)
            return error_set(
                error, EFFNET_ERR_INTERNAL,
                "rank %zu has other weights than rank 0: the memory or network of one is not sound", i);
        tally->loss += w->tally.loss;
        tally->hits += w->tally.hits;
        tally->hits5 += w->tally.hits5;
        tally->images += w->tally.images;
        *good = *good && w->good;
        if (w->stop > t->stop) t->stop = (int)w->stop;
    }
    return EFFNET_OK;
}

effnet_status trainer_merge_judgement(trainer *t, uint8_t *right, double *loss, effnet_error *error)
{
    const size_t count = ranks_count(t->ranks), pictures = t->data->parts[EFFNET_VALIDATION].count;
    if (count == 1) return EFFNET_OK;
    TRY(trainer_add(t, loss, error));
    uint8_t *all = malloc(count * pictures);
    if (!all) return error_memory(error);
    const effnet_status status = ranks_gather(t->ranks, right, all, pictures, error);
    for (size_t i = 0; status == EFFNET_OK && i < count * pictures; i++)
        right[i % pictures] |= all[i];
    free(all);
    return status;
}

effnet_status trainer_average_statistics(trainer *t, effnet_error *error)
{
    const size_t first = t->layout->trained, count = ranks_count(t->ranks);
    if (count == 1 || t->phases[t->at.phase].frozen_norms) return EFFNET_OK;
    TRY(ranks_sum_begin(t->ranks, t->values, first, t->layout->count, error));
    TRY(ranks_sum_end(t->ranks, error));
    for (size_t i = first; i < t->layout->count; i++)
        t->values[i] = (float)((double)t->values[i] / (double)count);
    return EFFNET_OK;
}
