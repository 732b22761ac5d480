/* SPDX-License-Identifier: Apache-2.0
 *
 * Measuring for `effnet bench --train`: whole steps on one batch of random numbers that stays in memory, so
 * that neither decoding nor augmentation is timed. See bench_run.h.
 */
#include <stdlib.h>

#include "bench_run.h"
#include "clock.h"
#include "report.h"

typedef struct steps {
    effnet_trainer *trainer;
    float *images; /* [batch][height][width][channels] */
    int *classes;  /* [batch] */
    size_t batch;
    size_t own_bytes; /* of these two */
} steps;

static int step(void *context, double *ms)
{
    const steps *s = context;
    effnet_progress progress;
    effnet_error error;
    const double start = clock_ms();
    const effnet_status status =
        effnet_trainer_step_on(s->trainer, s->images, s->classes, s->batch, &progress, &error);
    *ms = clock_ms() - start;
    if (status != EFFNET_OK) return report_error(&error);
    if (progress.skipped > 0)
        return report_failure(EXIT_BUG, "the loss of random numbers is not finite: nothing can be timed");
    return EXIT_DONE;
}

static int prepare(steps *s, const bench_result *r)
{
    const effnet_network_info *n = &r->network;
    const size_t image = (size_t)n->height * (size_t)n->width * (size_t)n->channels;
    s->trainer = r->trainer;
    s->batch = r->batch;
    s->own_bytes = r->batch * (image * sizeof *s->images + sizeof *s->classes);
    s->images = calloc(r->batch, image * sizeof *s->images);
    s->classes = calloc(r->batch, sizeof *s->classes);
    if (!s->images || !s->classes) return report_failure(EXIT_SYSTEM, "out of memory");
    bench_fill(s->images, r->batch * image);
    for (size_t i = 0; i < r->batch; i++)
        s->classes[i] = (int)(i % (size_t)n->num_classes);
    return EXIT_DONE;
}

/* A run without end at a rate at which the weights stay about what they are, and without averaged weights. */
static effnet_trainer_options options_of(const bench_plan *plan)
{
    effnet_trainer_options o = plan->training;
    o.batch = (int)plan->batch;
    o.epochs = BENCH_MAX_RUNS;
    o.learning_rate = 1e-6;
    o.schedule = EFFNET_CONSTANT;
    o.warmup_epochs = -1;
    o.averaging = -1;
    o.threads = plan->session.threads;
    o.level = plan->level;
    return o;
}

int bench_train(bench_result *out, const bench_plan *plan, const effnet_model *model)
{
    effnet_error error;
    const effnet_trainer_options options = options_of(plan);
    const uint64_t before = bench_resident_bytes();
    if (effnet_trainer_create(&out->trainer, model, NULL, &options, &error) != EFFNET_OK)
        return report_error(&error);
    effnet_network_get_info(effnet_model_get_network(model), &out->network);
    effnet_trainer_get_info(out->trainer, &out->training);
    out->threads = out->training.threads;
    steps s = {0};
    int code = prepare(&s, out);
    if (code == EXIT_DONE) code = bench_measure(out, plan, step, &s);
    out->grown_bytes = bench_grown_bytes(out, before, s.own_bytes);
    free(s.images);
    free(s.classes);
    return code;
}
