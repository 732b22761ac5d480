/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules, each a loop over a piece of the flat arrays, and the walk over the pieces: a piece is what one
 * thread has of one tensor, for decay depends on the tensor. See optimiser.h for the formulas.
 */
#include "train/update/optimiser.h"

#include <math.h>

#include "cpu/cpu.h"

/* A piece, with the constants in float. */
typedef struct piece {
    size_t count;
    float *w, *s0, *s1; /* [count] */
    const float *g;
    float rate, scale, decay, momentum, rho, epsilon;
    float new_momentum, new_rho;               /* 1 - each, rounded once: 1 - 0.999F is off by 5e-5 */
    float first_correction, second_correction; /* AdamW: 1 - b1^t, sqrt(1 - b2^t) */
} piece;

train_optimiser train_optimiser_default(train_rule rule)
{
    train_optimiser o = {.rule = rule, .momentum = 0.9};
    switch (rule) {
    case TRAIN_RMSPROP: o.rho = 0.9, o.epsilon = 1e-3; break;
    case TRAIN_SGD: o.nesterov = true; break;
    case TRAIN_ADAMW: o.rho = 0.999, o.epsilon = 1e-8; break;
    }
    return o;
}

size_t train_optimiser_states(const train_optimiser *o)
{
    return o->rule == TRAIN_SGD ? 1 : 2;
}

void train_optimiser_reset(const train_optimiser *o, float *const *states, size_t count)
{
    for (size_t s = 0; s < train_optimiser_states(o); s++)
        for (size_t i = 0; i < count; i++)
            states[s][i] = o->rule == TRAIN_RMSPROP && s == 0 ? 1.0F : 0.0F;
}

static void run_rmsprop(const piece *p)
{
    for (size_t i = 0; i < p->count; i++) {
        const float g = p->g[i] * p->scale + p->decay * p->w[i];
        p->s0[i] += p->new_rho * (g * g - p->s0[i]);
        p->s1[i] = p->momentum * p->s1[i] + p->rate * (g / sqrtf(p->s0[i] + p->epsilon));
        p->w[i] -= p->s1[i];
    }
}

static void run_sgd(const piece *p)
{
    for (size_t i = 0; i < p->count; i++) {
        p->s0[i] = p->momentum * p->s0[i] + (p->g[i] * p->scale + p->decay * p->w[i]);
        p->w[i] -= p->rate * p->s0[i];
    }
}

static void run_nesterov(const piece *p)
{
    for (size_t i = 0; i < p->count; i++) {
        const float g = p->g[i] * p->scale + p->decay * p->w[i];
        p->s0[i] = p->momentum * p->s0[i] + g;
        p->w[i] -= p->rate * (g + p->momentum * p->s0[i]);
    }
}

static void run_adamw(const piece *p)
{
    const float step = p->rate / p->first_correction, kept = 1 - p->rate * p->decay;
    for (size_t i = 0; i < p->count; i++) {
        const float g = p->g[i] * p->scale;
        p->s0[i] += p->new_momentum * (g - p->s0[i]);
        p->s1[i] = p->rho * p->s1[i] + p->new_rho * g * g;
        p->w[i] = kept * p->w[i] - step * (p->s0[i] / (sqrtf(p->s1[i]) / p->second_correction + p->epsilon));
    }
}

static void run_piece(const train_optimiser *o, const train_update *u, const train_slot *slot, size_t first,
                      size_t end)
{
    const piece p = {
        .count = end - first,
        .w = u->values + first,
        .g = u->gradients + first,
        .s0 = u->states[0] + first,
        .s1 = train_optimiser_states(o) > 1 ? u->states[1] + first : NULL,
        .rate = (float)u->rate,
        .scale = (float)u->gradient_scale,
        .decay = slot->decays ? (float)o->decay : 0,
        .momentum = (float)o->momentum,
        .rho = (float)o->rho,
        .new_momentum = (float)(1 - o->momentum),
        .new_rho = (float)(1 - o->rho),
        .epsilon = (float)o->epsilon,
        .first_correction = (float)(1 - pow(o->momentum, (double)u->step)),
        .second_correction = (float)sqrt(1 - pow(o->rho, (double)u->step)),
    };
    switch (o->rule) {
    case TRAIN_RMSPROP: run_rmsprop(&p); break;
    case TRAIN_SGD: o->nesterov ? run_nesterov(&p) : run_sgd(&p); break;
    case TRAIN_ADAMW: run_adamw(&p); break;
    }
}

typedef struct stepping {
    const train_optimiser *o;
    const train_update *u;
} stepping;

static void step_member(void *context, size_t member, size_t members)
{
    const stepping *s = context;
    const train_layout *layout = s->u->layout;
    size_t first, end;
    pool_share(layout->trained - s->u->first, member, members, &first, &end);
    first += s->u->first;
    end += s->u->first;
    const unsigned saved = cpu_denormals_off();
    for (size_t i = 0; i < layout->tensor_count; i++) {
        const train_slot *slot = &layout->slots[i];
        const size_t from = slot->offset > first ? slot->offset : first;
        const size_t to = slot->offset + slot->count < end ? slot->offset + slot->count : end;
        if (slot->trainable && from < to) run_piece(s->o, s->u, slot, from, to);
    }
    cpu_denormals_restore(saved);
}

void train_optimiser_step(const train_optimiser *o, const train_update *update, pool *team)
{
    stepping s = {o, update};
    if (team)
        pool_run(team, step_member, &s);
    else
        step_member(&s, 0, 1);
}
