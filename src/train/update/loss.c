/* SPDX-License-Identifier: Apache-2.0
 *
 * The three losses, each for one image. See loss.h for the formulas.
 */
#include "train/update/loss.h"

#include <math.h>

/* One image. */
typedef struct sample {
    const float *logits; /* [outputs], or NULL */
    const float *values; /* [outputs], or NULL: first and second class with the first's share */
    int first, second;
    double share;
} sample;

static sample sample_at(const train_targets *t, const float *logits, size_t outputs, size_t image)
{
    sample s = {.logits = logits ? logits + image * outputs : NULL, .share = 1};
    if (t->values) {
        s.values = t->values + image * outputs;
        return s;
    }
    s.first = s.second = t->classes[image];
    if (t->others) {
        s.second = t->others[image];
        s.share = (double)t->shares[image];
    }
    return s;
}

/* The target of one output before smoothing. */
static double target_at(const sample *s, size_t output)
{
    if (s->values) return (double)s->values[output];
    return ((int)output == s->first ? s->share : 0) + ((int)output == s->second ? 1 - s->share : 0);
}

static double weight_at(const train_loss *loss, size_t output)
{
    return loss->weights ? (double)loss->weights[output] : 1;
}

static size_t best_target(const train_loss *loss, const sample *s)
{
    size_t best = 0;
    for (size_t c = 1; c < loss->outputs; c++)
        if (target_at(s, c) > target_at(s, best)) best = c;
    return best;
}

/* Counts the outputs that are ahead of the true class; equal ones are ahead if their number is lower. A logit
 * that is not a number is never right. */
static void score_softmax(const train_loss *loss, const sample *s, train_tally *tally)
{
    const size_t truth = best_target(loss, s);
    size_t ahead = 0;
    for (size_t c = 0; c < loss->outputs; c++)
        ahead += c < truth ? !(s->logits[c] < s->logits[truth]) : s->logits[c] > s->logits[truth];
    if (isnan(s->logits[truth])) ahead = loss->outputs;
    tally->hits += ahead < 1;
    tally->hits5 += ahead < 5;
}

/* With q the smoothed and weighted target and p the softmax: loss -sum q log p, gradient p sum(q) - q. */
static void run_softmax(const train_loss *loss, const sample *s, double scale, float *d, train_tally *tally)
{
    double most = -INFINITY, sum = 0, value = 0, mass = 0;
    for (size_t c = 0; c < loss->outputs; c++)
        most = fmax(most, (double)s->logits[c]);
    for (size_t c = 0; c < loss->outputs; c++)
        sum += exp((double)s->logits[c] - most);
    const double log_sum = log(sum) + most, rest = loss->smoothing / (double)loss->outputs;
    for (size_t c = 0; c < loss->outputs; c++) {
        const double q = weight_at(loss, c) * ((1 - loss->smoothing) * target_at(s, c) + rest);
        mass += q;
        if (q != 0) value += q * (log_sum - (double)s->logits[c]);
    }
    tally->loss += isfinite(log_sum) ? value : NAN;
    score_softmax(loss, s, tally);
    for (size_t c = 0; d && c < loss->outputs; c++) {
        const double p = exp((double)s->logits[c] - log_sum);
        const double q = weight_at(loss, c) * ((1 - loss->smoothing) * target_at(s, c) + rest);
        d[c] = (float)(scale * (p * mass - q));
    }
}

/* log(1 + e^x) without overflow: max(x, 0) + log1p(e^-|x|); the loss is that minus t x. */
static void run_sigmoid(const train_loss *loss, const sample *s, double scale, float *d, train_tally *tally)
{
    const double each = 1 / (double)loss->outputs;
    for (size_t c = 0; c < loss->outputs; c++) {
        const double x = (double)s->logits[c], truth = target_at(s, c);
        const double t = (1 - loss->smoothing) * truth + loss->smoothing / 2, w = each * weight_at(loss, c);
        tally->loss += isfinite(x) ? w * (fmax(x, 0) + log1p(exp(-fabs(x))) - t * x) : NAN;
        tally->hits += (x > 0) == (truth > 0.5) ? each : 0;
        if (d) d[c] = (float)(scale * w * (1 / (1 + exp(-x)) - t));
    }
}

static double value_at(const train_loss *loss, const sample *s, size_t output)
{
    const double value = target_at(s, output);
    return loss->centre ? (value - (double)loss->centre[output]) / (double)loss->spread[output] : value;
}

static void run_linear(const train_loss *loss, const sample *s, double scale, float *d, train_tally *tally)
{
    const double each = 1 / (double)loss->outputs;
    for (size_t c = 0; c < loss->outputs; c++) {
        const double off = (double)s->logits[c] - value_at(loss, s, c), w = each * weight_at(loss, c);
        tally->loss += w * off * off;
        if (d) d[c] = (float)(scale * w * 2 * off);
    }
}

double train_loss_weight(const train_loss *loss, const train_targets *targets, size_t count)
{
    double sum = 0;
    if (loss->head != TRAIN_SOFTMAX || !loss->weights) return (double)count;
    for (size_t i = 0; i < count; i++) {
        const sample s = sample_at(targets, NULL, loss->outputs, i);
        for (size_t c = 0; c < loss->outputs; c++)
            sum += weight_at(loss, c) * target_at(&s, c);
    }
    return sum > 0 ? sum : (double)count; /* all of no weight: there is nothing to divide */
}

void train_loss_run(const train_loss *loss, const train_targets *targets, const float *logits, size_t count,
                    double scale, float *dlogits, train_tally *tally)
{
    for (size_t i = 0; i < count; i++) {
        const sample s = sample_at(targets, logits, loss->outputs, i);
        float *d = dlogits ? dlogits + i * loss->outputs : NULL;
        switch (loss->head) {
        case TRAIN_SOFTMAX: run_softmax(loss, &s, scale, d, tally); break;
        case TRAIN_SIGMOID: run_sigmoid(loss, &s, scale, d, tally); break;
        case TRAIN_LINEAR: run_linear(loss, &s, scale, d, tally); break;
        }
    }
    tally->images += count;
}
