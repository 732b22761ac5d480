/* SPDX-License-Identifier: Apache-2.0
 *
 * A search in lines of KEY=VALUE: what must be equal for one that was interrupted to go on. Not in them is
 * what changes no result: workers, memory, limits.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "model/variant.h"
#include "search/search.h"

static uint64_t networks_of(const search *s)
{
    uint64_t hash = 1;
    for (size_t job = 0; job < s->jobs; job++)
        hash = rng_bits(hash, s->all.items[s->candidate_of[job]].network);
    return hash;
}

static uint64_t labels_of(const dataset *d)
{
    uint64_t hash = d->outputs;
    for (size_t i = 0; i < d->outputs; i++)
        hash = rng_key(hash, d->labels[i]);
    return hash;
}

effnet_status search_describe(char **out, const search *s, effnet_error *error)
{
    const effnet_search_options *o = &s->options;
    const effnet_trainer_options *t = &o->training;
    char *network, variant[VARIANT_TEXT];
    *out = NULL;
    TRY(net_arch_format(&network, &s->base->arch, error));
    variant_format(variant, &s->base->variant);
    const int length = asprintf(
        out,
        "network=%s\ninput=%dx%d\nvariant=%s\ngrid=alpha %g to %g; beta %g to %g; gamma %g to %g; by %g\n"
        "constraint=%s within %g\nnetworks=%zu, %016" PRIx64 "\nseeds=%d from %" PRIu64
        "\nrungs=%zu of %u epochs, "
        "%g seconds\npictures=%zu and %zu\nclasses=%zu, %016" PRIx64
        "\nrecipe=%s\naugmentation=%s\nbatch=%d in %d by %d\n"
        "optimizer=%d, rate %.9g, momentum %.9g, decay %.9g, clip %.9g\n"
        "schedule=%d, factor %.9g, every %.9g, warm-up %.9g\n"
        "loss=smoothing %.9g, balance %d\naveraging=%.9g\nfrozen norms=%d\nkernels=%s\n",
        network, s->base->height, s->base->width, variant, o->alpha.least, o->alpha.most, o->beta.least,
        o->beta.most, o->gamma.least, o->gamma.most, o->step, o->by_macs ? "multiply-adds" : "product",
        o->tolerance, s->jobs, networks_of(s), o->seeds, t->seed, s->rungs, s->epochs[s->rungs - 1],
        o->seconds, s->data->parts[EFFNET_TRAINING].count, s->data->parts[EFFNET_VALIDATION].count,
        s->data->outputs, labels_of(s->data), s->recipe ? s->recipe : "", s->augment ? s->augment : "",
        t->batch, t->passes ? t->passes : 1, o->group, (int)t->optimizer, t->learning_rate, t->momentum,
        t->weight_decay, t->clip, (int)t->schedule, t->decay_factor, t->decay_epochs, t->warmup_epochs,
        t->label_smoothing, t->balance, t->averaging, t->freeze_norms, cpu_level_name(s->level));
    free(network);
    if (length >= 0) return EFFNET_OK;
    *out = NULL;
    return error_memory(error);
}
