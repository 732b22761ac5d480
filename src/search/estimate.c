/* SPDX-License-Identifier: Apache-2.0
 *
 * How long a search will take. Steps of its cheapest and of its dearest network are timed on one thread, with
 * the data and all that is done to them; between the two, a picture's time is a straight line over
 * multiply-adds. An evaluation is taken for a third of it: one pass of three.
 */
#include <math.h>

#include "base/clock.h"
#include "search/search.h"

enum { STEPS = 4, PASSES = 3 };
static const double enough_ms = 1500;

/* Milliseconds of training for a picture, at least; the first step, which touches memory for the first time,
 * does not count unless it is all there is. */
static effnet_status measure(double *out, const search *s, size_t job, effnet_error *error)
{
    model *start;
    trainer *t = NULL;
    effnet_progress p = {0};
    const effnet_trainer_options o = search_training(s, 0);
    TRY(search_start(&start, s, s->candidate_of[job], o.seed, error));
    effnet_status status = trainer_create(&t, start, s->data, &o, s->level, 1, &s->images, error);
    const double began = clock_ms();
    *out = INFINITY;
    for (int step = 0; status == EFFNET_OK && step < STEPS && t->at.stage == TRAINER_LEARN; step++) {
        const double before = clock_ms();
        status = trainer_run(t, NULL, &p, error);
        const double ms = (clock_ms() - before) / (double)t->batch;
        *out = step == 1 ? ms : fmin(*out, ms);
        if (step > 0 && clock_ms() - began > enough_ms) break;
    }
    trainer_free(t);
    model_free(start);
    return status;
}

static size_t extreme(const search *s, bool dearest)
{
    size_t best = 0;
    for (size_t job = 1; job < s->jobs; job++)
        if (dearest ? s->costs[job] > s->costs[best] : s->costs[job] < s->costs[best]) best = job;
    return best;
}

/* Pictures through an epoch, an evaluation's counted as what they cost beside those of training. */
static double pictures_of_epoch(const search *s)
{
    const double evaluations = s->options.training.averaging < 0 ? 1 : 2;
    return (double)s->data->parts[EFFNET_TRAINING].count +
           evaluations * (double)s->data->parts[EFFNET_VALIDATION].count / PASSES;
}

effnet_status search_estimate(search *s, effnet_error *error)
{
    if (!s->data) return error_set(error, EFFNET_ERR_ARGUMENT, "a search without data cannot be estimated");
    const size_t last = s->rungs - 1, low = extreme(s, false), high = extreme(s, true);
    double low_ms, high_ms;
    TRY(measure(&low_ms, s, low, error));
    TRY(measure(&high_ms, s, high, error));
    const double gap = s->costs[high] - s->costs[low];
    const double slope = gap > 0 ? fmax(0, (high_ms - low_ms) / gap) : 0;
    const double pictures = pictures_of_epoch(s) * s->epochs[last];
    const double judging = (double)s->data->parts[EFFNET_VALIDATION].count / PASSES;
    for (size_t job = 0; job < s->jobs; job++) {
        const double ms = low_ms + slope * (s->costs[job] - s->costs[low]);
        s->seconds[job] = fmin(s->budget[last], (pictures + judging) * ms / 1000);
    }
    return EFFNET_OK;
}

double search_total_seconds(const search *s)
{
    double sum = 0, kept = 0;
    size_t count = s->jobs, always = 0;
    for (size_t job = 0; job < s->jobs; job++) {
        sum += s->seconds[job];
        if (s->kept[job]) {
            kept += s->seconds[job];
            always++;
        }
    }
    const double mean = sum / (double)s->jobs, seeds = s->options.seeds;
    double total = sum * s->epochs[0] / s->epochs[s->rungs - 1];
    for (size_t rung = 1; rung < s->rungs; rung++) {
        const size_t third = (count + SEARCH_THIRD - 1) / SEARCH_THIRD;
        const double share = (double)(s->epochs[rung] - s->epochs[rung - 1]) / s->epochs[s->rungs - 1];
        total += share * (third + always < count ? mean * (double)third + kept : mean * (double)count);
        count = third + always < count ? third + always : count;
    }
    return seeds * total;
}
