/* SPDX-License-Identifier: Apache-2.0
 *
 * Running a plan: image after image, step after step, every step divided among the threads of the team, with
 * a barrier after each. Which thread computes an output never changes how it is computed.
 */
#include "engine/reference/reference.h"

#include <assert.h>
#include <string.h>

typedef struct job {
    const reference_scratch *scratch;
    const float *input; /* [count][height][width][in_channels] */
    size_t count;
    const engine_tap *taps;
    size_t tap_count;
    size_t depth; /* steps to run */
    stopwatch *watch;
} job;

/* The step whose output is wanted at `at`. */
static size_t endpoint_step(const reference_scratch *s, const net_endpoint *at)
{
    switch (at->kind) {
    case NET_AT_STEM: return 0;
    case NET_AT_BLOCK: return s->block_steps[at->block];
    case NET_AT_FEATURES: return s->features;
    case NET_AT_POOLED: return s->pooled;
    case NET_AT_LOGITS: return s->logits;
    }
    assert(false);
    return s->logits;
}

static void run_step(const reference_scratch *s, const reference_step *step, const float *input,
                     size_t member, size_t members)
{
    const size_t grains = (step->units + step->grain - 1) / step->grain;
    size_t first, end;
    pool_share(grains, member, members, &first, &end);
    first *= step->grain;
    end = end == grains ? step->units : end * step->grain;
    if (first >= end) return;
    kernel_layer call = step->call;
    if (!call.input) call.input = input;
    if (step->op)
        step->op->run(&call, first, end);
    else
        s->pool->run(call.output, call.input, call.plane.in_height, call.plane.in_width, call.filter.in,
                     first, end);
}

/* Copies the output of step `number` to the taps that ask for it, each member its share. */
static void copy_taps(const job *j, size_t image, size_t number, size_t member, size_t members)
{
    const reference_step *step = &j->scratch->steps[number];
    size_t first, end;
    pool_share(step->output_size, member, members, &first, &end);
    for (size_t i = 0; i < j->tap_count; i++) {
        if (endpoint_step(j->scratch, &j->taps[i].at) != number) continue;
        float *out = j->taps[i].out + image * step->output_size;
        memcpy(out + first, step->call.output + first, (end - first) * sizeof *out);
    }
}

static void run_image(const job *j, size_t image, size_t member, size_t members)
{
    const reference_scratch *s = j->scratch;
    for (size_t i = 0; i < j->depth; i++) {
        run_step(s, &s->steps[i], j->input + image * s->image_size, member, members);
        pool_barrier(s->team);
        copy_taps(j, image, i, member, members);
        stopwatch_lap(j->watch, member, s->steps[i].part);
    }
    pool_barrier(s->team); /* the next image writes over what is being copied */
}

static void run_member(void *context, size_t member, size_t members)
{
    const job *j = context;
    const unsigned saved = cpu_denormals_off();
    for (size_t image = 0; image < j->count; image++)
        run_image(j, image, member, members);
    cpu_denormals_restore(saved);
}

void reference_run(reference_scratch *scratch, const float *input, size_t count, const engine_tap *taps,
                   size_t tap_count, stopwatch *watch)
{
    job j = {.scratch = scratch,
             .input = input,
             .count = count,
             .taps = taps,
             .tap_count = tap_count,
             .watch = watch};
    for (size_t i = 0; i < tap_count; i++) {
        const size_t step = endpoint_step(scratch, &taps[i].at);
        assert(scratch->steps[step].output_size ==
               (size_t)taps[i].at.channels * (size_t)taps[i].at.height * (size_t)taps[i].at.width);
        if (step + 1 > j.depth) j.depth = step + 1;
    }
    if (count > 0 && j.depth > 0) pool_run(scratch->team, run_member, &j);
}
