/* SPDX-License-Identifier: Apache-2.0
 *
 * The linear kernel and the scaling of a plane on trial.
 */
#include "blocked.h"

#include "blocked_naive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The linear kernel ---- */

enum buffer { X, WEIGHTS, BIAS, OUT, BUFFERS };

static void check_values(checker *k, const blocked_dense *job, bool exact)
{
    const size_t vector = k->blocked->vector;
    for (size_t o = 0; o < job->vectors * vector; o++) {
        const naive_output want = naive_dense(job, vector, k->blocked->dense_panel, o);
        if (naive_allows(&want, job->out[o], job->activation, exact)) continue;
        check_fail(k, "output %zu is %.9g, not %.9g +- %.2g", o, job->out[o], want.value,
                   exact ? 0 : want.bound);
        return;
    }
}

/* A run of panels alone: the bits of the whole, and nothing else written. */
static void check_part(checker *k, const blocked_dense *whole_job, guard *out)
{
    const size_t group = k->blocked->dense_panel, panels = (whole_job->vectors + group - 1) / group;
    const size_t first = check_random(k, BUFFERS) % panels,
                 end = first + 1 + check_random(k, BUFFERS + 1) % (panels - first),
                 bytes = out->count * sizeof(float);
    blocked_dense job = *whole_job;
    float *whole = malloc(bytes);
    if (!whole) abort();
    memcpy(whole, out->data, bytes);
    job.first = first * group;
    job.end = end * group < job.vectors ? end * group : job.vectors;
    guard_blank(out);
    k->blocked->dense(&job);
    const size_t from = job.first * k->blocked->vector, part = (job.end - job.first) * k->blocked->vector;
    if (memcmp(out->data + from, whole + from, part * sizeof(float)) != 0)
        check_fail(k, "a part differs from the whole");
    guard_blank_part(out->data + from, part);
    if (!guard_all_blank(out)) check_fail(k, "wrote outside the part asked for");
    free(whole);
}

static void run_trial(checker *k, const void *shape, const trial *t)
{
    const dense_shape *s = shape;
    const size_t outputs = s->vectors * k->blocked->vector;
    const trial x_trial = {t->kind, t->side == GUARD_AT_START ? GUARD_NEAR_START : t->side, t->planted};
    guard b[BUFFERS] = {
        [X] = trial_buffer(k, &x_trial, s->k, 4, X),
        [WEIGHTS] = trial_buffer(k, t, outputs * s->k, 3, WEIGHTS),
        [BIAS] = trial_buffer(k, t, outputs, 8, BIAS),
        [OUT] = guard_create(outputs, t->side),
    };
    if (t->planted != 0) b[X].data[check_random(k, BUFFERS) % s->k] = t->planted;
    const blocked_dense job = {
        .x = b[X].data,
        .k = s->k,
        .weights = b[WEIGHTS].data,
        .bias = b[BIAS].data,
        .end = s->vectors,
        .vectors = s->vectors,
        .activation = s->activation,
        .out = b[OUT].data,
    };
    k->blocked->dense(&job);
    check_values(k, &job, t->kind == NUMBERS_INTEGERS);
    check_part(k, &job, &b[OUT]);
    trial_end(k, b, BUFFERS);
}

void check_dense(checker *k, const dense_shape *s)
{
    char text[128];
    snprintf(text, sizeof text, "%zu to %zu vectors, %s", s->k, s->vectors,
             case_activation_name(s->activation));
    if (check_begin(k, k->blocked->dense_name, text)) trial_each(k, s, s->activation, run_trial);
}

/* ---- Activations ---- */

/* Sums of every size, given as biases beside a product that is zero. */
void check_activation(checker *k, kernel_activation a)
{
    static const float reach[] = {1, 10, 150, 1e4f, 1e10f, 1e30f};
    enum { REACHES = sizeof reach / sizeof reach[0], VECTORS = 4096 };
    const size_t sums = VECTORS * k->blocked->vector;
    if (!check_begin(k, k->blocked->dense_name, case_activation_name(a))) return;
    const trial t = {NUMBERS_REALS, GUARD_AT_END, 0};
    guard b[BUFFERS] = {guard_create(1, GUARD_AT_END), guard_create(sums, GUARD_AT_END),
                        trial_buffer(k, &t, sums, 0, BIAS), guard_create(sums, GUARD_AT_END)};
    b[X].data[0] = 0;
    memset(b[WEIGHTS].data, 0, sums * sizeof(float));
    for (size_t i = 0; i < sums; i++)
        b[BIAS].data[i] *= reach[i % REACHES];
    k->blocked->dense(&(blocked_dense){.x = b[X].data,
                                       .k = 1,
                                       .weights = b[WEIGHTS].data,
                                       .bias = b[BIAS].data,
                                       .end = VECTORS,
                                       .vectors = VECTORS,
                                       .activation = a,
                                       .out = b[OUT].data});
    for (size_t i = 0; i < sums; i++) {
        const naive_output want = naive_blocked_activate(b[BIAS].data[i], 0, a);
        if (naive_allows(&want, b[OUT].data[i], a, false)) continue;
        check_fail(k, "of %.9g is %.9g, not %.9g +- %.2g", b[BIAS].data[i], b[OUT].data[i], want.value,
                   want.bound);
        break;
    }
    trial_end(k, b, BUFFERS);
}

/* ---- Scaling ---- */

static void scale_trial(checker *k, const void *shape, const trial *t)
{
    const size_t pixels = *(const size_t *)shape, vector = k->blocked->vector;
    guard b[2] = {trial_buffer(k, t, pixels * vector, 4, 0), trial_buffer(k, t, vector, 2, 1)};
    if (t->planted != 0) b[0].data[check_random(k, 2) % b[0].count] = t->planted;
    float *want = malloc(b[0].count * sizeof *want);
    if (!want) abort();
    for (size_t i = 0; i < b[0].count; i++)
        want[i] = b[0].data[i] * b[1].data[i % vector];
    k->blocked->scale(b[0].data, b[1].data, pixels);
    if (memcmp(want, b[0].data, b[0].count * sizeof *want) != 0) check_fail(k, "a product is wrong");
    free(want);
    trial_end(k, b, 2);
}

void check_scale(checker *k, size_t pixels)
{
    char text[64];
    snprintf(text, sizeof text, "%zu pixels at level %s", pixels, cpu_level_name(k->blocked->level));
    if (check_begin(k, "scale", text)) trial_each(k, &pixels, KERNEL_LINEAR, scale_trial);
}
