/* SPDX-License-Identifier: Apache-2.0
 *
 * See compare.h. Pictures on which all seeds of both agree add nothing to a difference, and most do; so only
 * how many pictures of the others are drawn is drawn first, by the draw itself: an index beyond them counts
 * as 0.
 */
#include "search/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

static bool bit(const uint8_t *bits, size_t i)
{
    return bits[i / 8] >> (i % 8) & 1;
}

/* Pictures that not all answers agree on, as numbers. */
static size_t find_disputed(size_t *out, const search_answers *a, const search_answers *b, size_t images)
{
    size_t count = 0;
    for (size_t i = 0; i < images; i++) {
        const bool first = bit(a->hits[0], i);
        bool same = true;
        for (size_t s = 0; s < a->seeds; s++)
            same &= bit(a->hits[s], i) == first;
        for (size_t s = 0; s < b->seeds; s++)
            same &= bit(b->hits[s], i) == first;
        if (!same) out[count++] = i;
    }
    return count;
}

/* Draws seeds with replacement: how often each came. */
static void draw_seeds(size_t *times, size_t seeds, uint64_t key, uint64_t *at)
{
    memset(times, 0, seeds * sizeof *times);
    for (size_t s = 0; s < seeds; s++)
        times[rng_bits(key, (*at)++) % seeds]++;
}

static double share_right(const search_answers *a, const size_t *times, size_t image)
{
    size_t right = 0;
    for (size_t s = 0; s < a->seeds; s++)
        right += times[s] * bit(a->hits[s], image);
    return (double)right / (double)a->seeds;
}

typedef struct scratch {
    size_t *disputed; /* [images] */
    size_t *times;    /* [a->seeds + b->seeds] */
    double *gain;     /* [disputed] */
    double *drawn;    /* [SEARCH_DRAWS] */
} scratch;

static double draw_difference(const scratch *w, size_t disputed, const search_answers *a,
                              const search_answers *b, size_t images, uint64_t key)
{
    uint64_t at = 0;
    size_t *of_b = w->times + a->seeds;
    draw_seeds(w->times, a->seeds, key, &at);
    draw_seeds(of_b, b->seeds, key, &at);
    for (size_t i = 0; i < disputed; i++)
        w->gain[i] = share_right(a, w->times, w->disputed[i]) - share_right(b, of_b, w->disputed[i]);
    double sum = 0;
    for (size_t i = 0; i < images; i++) {
        const size_t picture = (size_t)(rng_bits(key, at++) % images);
        if (picture < disputed) sum += w->gain[picture];
    }
    return sum / (double)images;
}

static double mean_difference(const scratch *w, size_t disputed, const search_answers *a,
                              const search_answers *b, size_t images)
{
    double sum = 0;
    for (size_t s = 0; s < a->seeds + b->seeds; s++)
        w->times[s] = 1;
    for (size_t i = 0; i < disputed; i++)
        sum += share_right(a, w->times, w->disputed[i]) - share_right(b, w->times + a->seeds, w->disputed[i]);
    return sum / (double)images;
}

static int rising(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Two-sided, and never 0: what was drawn is one more case of itself. */
static double chance(const double *drawn)
{
    size_t below = 1, above = 1;
    for (size_t i = 0; i < SEARCH_DRAWS; i++) {
        below += drawn[i] <= 0;
        above += drawn[i] >= 0;
    }
    return fmin(1, 2 * (double)(below < above ? below : above) / (SEARCH_DRAWS + 1));
}

static void compare(search_verdict *out, const scratch *w, const search_answers *a, const search_answers *b,
                    size_t images, uint64_t key)
{
    const size_t disputed = find_disputed(w->disputed, a, b, images);
    *out =
        (search_verdict){.compared = true, .difference = mean_difference(w, disputed, a, b, images), .p = 1};
    if (disputed == 0) return;
    for (size_t i = 0; i < SEARCH_DRAWS; i++)
        w->drawn[i] = draw_difference(w, disputed, a, b, images, rng_bits(key, i));
    qsort(w->drawn, SEARCH_DRAWS, sizeof *w->drawn, rising);
    out->low = w->drawn[SEARCH_DRAWS / 40];
    out->high = w->drawn[SEARCH_DRAWS - 1 - SEARCH_DRAWS / 40];
    out->p = chance(w->drawn);
}

effnet_status search_compare(search_verdict *out, const search_answers *a, const search_answers *b,
                             size_t images, uint64_t key, effnet_error *error)
{
    *out = (search_verdict){.compared = false};
    if (images == 0 || a->seeds == 0 || b->seeds == 0) return EFFNET_OK;
    const scratch w = {.disputed = malloc(images * sizeof *w.disputed),
                       .times = malloc((a->seeds + b->seeds) * sizeof *w.times),
                       .gain = malloc(images * sizeof *w.gain),
                       .drawn = malloc(SEARCH_DRAWS * sizeof *w.drawn)};
    const bool ok = w.disputed && w.times && w.gain && w.drawn;
    if (ok) compare(out, &w, a, b, images, key);
    free(w.disputed);
    free(w.times);
    free(w.gain);
    free(w.drawn);
    return ok ? EFFNET_OK : error_memory(error);
}

void search_correct(search_verdict *verdicts, size_t count)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++)
        left += verdicts[i].compared;
    for (; left > 0;
         left--) { /* the least p of those that are left, against the level over how many are left */
        search_verdict *least = NULL;
        for (size_t i = 0; i < count; i++) {
            search_verdict *v = &verdicts[i];
            if (v->compared && !v->apart && (!least || v->p < least->p)) least = v;
        }
        if (!least || least->p > SEARCH_LEVEL / (double)left) return;
        least->apart = true;
    }
}
