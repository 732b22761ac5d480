/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers to what a checkpoint leaves open. See settle.h.
 */
#include "model/settle.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/text.h"
#include "model/binding.h"
#include "model/labels.h"
#include "model/match.h"
#include "model/task.h"
#include "model/variant.h"

static const char *metadata(const opening *o, const char *key)
{
    return state_metadata(o->m->state, key);
}

/* ---- Network ---- */

/* The network as somebody names it; `*said` is false if nobody does. */
static effnet_status named_arch(net_arch *out, bool *said, const opening *o, effnet_error *error)
{
    const char *arch = o->options->arch, *network = metadata(o, METADATA_NETWORK);
    *said = true;
    if (arch) return net_arch_load(out, arch, error);
    if (network) {
        const effnet_status status = net_arch_parse(out, network, strlen(network), error);
        return status == EFFNET_OK ? status : error_prefix(error, status, "metadata " METADATA_NETWORK);
    }
    if (o->config) return net_arch_by_name(out, o->config->architecture, error);
    *said = false;
    return EFFNET_OK;
}

/* A network has floating-point weights; integers would be a quantised one, whose scales are elsewhere. */
static effnet_status check_types(const name_list *names, effnet_error *error)
{
    for (size_t i = 0; i < names->count; i++) {
        const state_tensor *tensor = names->entries[i].tensor;
        const state_dtype type = tensor->dtype;
        if (type != STATE_F32 && type != STATE_F16 && type != STATE_BF16 && type != STATE_F64)
            return error_set(error, EFFNET_ERR_UNSUPPORTED,
                             "tensor %.100s holds %s; weights must be floating-point", tensor->name,
                             state_dtype_name(type));
    }
    return EFFNET_OK;
}

static effnet_status mismatch(opening *o, bool nearest, effnet_error *error)
{
    if (!o->names.has_stem)
        return match_fail_no_stem(&o->names, o->options->dialect ? &o->names.dialect : NULL,
                                  o->options->report, error);
    net_graph *graph;
    TRY(net_graph_create(&graph, &o->arch, NULL, 0, 0, error));
    const effnet_status status = match_fail(&o->names, graph, nearest, o->options->report, error);
    net_graph_free(graph);
    return status;
}

static effnet_status collect(opening *o, effnet_error *error)
{
    dialect wanted;
    const char *name = o->options->dialect;
    if (name && !dialect_parse(name, &wanted))
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "dialect \"%.40s\": there are effnet, efficientnet_pytorch, torchvision and timm",
                         name);
    TRY(names_collect(&o->names, o->m->state, o->options->ema, name ? &wanted : NULL, error));
    if (name) o->names.dialect = wanted;
    if (o->names.averaged && !o->options->ema) model_note(o->m, "only averaged (EMA) weights are in it");
    if (o->names.has_averaged) model_note(o->m, "averaged (EMA) weights are in it too, and not used");
    return EFFNET_OK;
}

static effnet_status check_config(const opening *o, effnet_error *error)
{
    if (!o->config || o->config->classes < 0 || o->config->classes == o->arch.classes) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_MISMATCH, "config.json says %d classes, the weights have %d",
                     o->config->classes, o->arch.classes);
}

static effnet_status check_version(const opening *o, effnet_error *error)
{
    const char *version = metadata(o, METADATA_FORMAT);
    if (!version || !strcmp(version, METADATA_VERSION)) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_UNSUPPORTED,
                     "metadata " METADATA_FORMAT " is \"%.40s\"; this effnet reads " METADATA_VERSION,
                     version);
}

effnet_status settle_network(opening *o, effnet_error *error)
{
    bool said = false;
    TRY(check_version(o, error));
    TRY(collect(o, error));
    if (!o->names.has_stem) return mismatch(o, false, error);
    TRY(named_arch(&o->arch, &said, o, error));
    int classes, in_channels;
    match_counts counts;
    if (!said) {
        TRY(match_infer(&o->arch, &counts, &o->names, error));
        if (match_total(counts) > 0) return mismatch(o, !said, error);
    } else if (match_ends(&o->names, &classes, &in_channels)) {
        o->arch.classes = classes;
        o->arch.in_channels = in_channels;
    }
    TRY(net_graph_create(&o->stored, &o->arch, NULL, 0, 0, error));
    o->m->binding = binding_create(net_tensor_count(o->stored) + 2); /* two more if a classifier is added */
    if (!o->m->binding) return error_memory(error);
    o->m->binding->strict = o->options->strict;
    TRY(match_compare(&counts, &o->names, o->stored, o->m->binding->tensors, error));
    if (match_total(counts) > 0) return mismatch(o, !said, error);
    o->m->source_dialect = o->names.dialect;
    o->m->file_classes = o->arch.classes;
    o->m->file_in_channels = o->arch.in_channels;
    TRY(check_config(o, error));
    return check_types(&o->names, error);
}

/* ---- Published checkpoints ---- */

static bool fits(const opening *o, const known_checkpoint *known)
{
    return known_fits(known, o->names.dialect, o->arch.name, o->arch.classes, o->arch.in_channels);
}

/* True if some published file in the format of this one could be told by its hash. */
static bool hash_could_tell(const opening *o)
{
    if (!state_get_source(o->m->state) || state_get_format(o->m->state) == STATE_SAFETENSORS) return false;
    for (size_t i = 0; i < known_table_size; i++) {
        if (!fits(o, &known_table[i])) continue;
        for (int f = 0; f < KNOWN_MAX_FILES && known_table[i].files[f].name; f++)
            if (*known_table[i].files[f].sha256) return true;
    }
    return false;
}

/* Nobody has said yet what only a published checkpoint's entry could tell. */
static bool known_matters(const opening *o)
{
    return !metadata(o, METADATA_FORMAT) && !(o->config && o->config->has_recipe);
}

effnet_status settle_known(opening *o, effnet_error *error)
{
    if (!known_matters(o)) return EFFNET_OK;
    if (hash_could_tell(o)) TRY(digest_sha256(o->sha256, state_get_source(o->m->state), error));
    for (size_t i = 0; *o->sha256 && i < known_table_size; i++)
        if (fits(o, &known_table[i]) && known_has_hash(&known_table[i], o->sha256))
            o->known = &known_table[i];
    if (o->known) return EFFNET_OK;
    for (size_t i = 0; i < known_table_size; i++)
        if (fits(o, &known_table[i]) && known_claims(&known_table[i], o->title)) o->known = &known_table[i];
    if (!o->known) return EFFNET_OK;
    if (*o->sha256)
        model_note(o->m,
                   "named like %s, whose SHA-256 it has not (%.16s...): padding and recipe are taken from "
                   "that all the same",
                   o->known->name, o->sha256);
    else
        model_note(o->m, "taken for %s by its name", o->known->name);
    return EFFNET_OK;
}

/* ---- Padding and epsilon ---- */

/* True if a name in timm's spelling says how the network pads: the caller's, config.json's, or the one that
 * timm's train.py keeps in a checkpoint. */
static bool timm_name_tells(const opening *o, net_padding *padding)
{
    const char *named = o->options->arch, *kept = metadata(o, "arch");
    if (o->names.dialect != DIALECT_TIMM) return false;
    return (named && !net_arch_is_file(named) && variant_of_name(named, padding)) ||
           (o->config && variant_of_name(o->config->architecture, padding)) ||
           (kept && variant_of_name(kept, padding));
}

static effnet_status ambiguous(const opening *o, effnet_error *error)
{
    if (o->names.dialect == DIALECT_TIMM)
        return error_set(error, EFFNET_ERR_AMBIGUOUS,
                         "timm's tensors of %s do not say how it pads: variant \"same\" (timm's tf_ "
                         "networks) or \"symmetric\" "
                         "(all others) must be given",
                         o->arch.name);
    return error_set(error, EFFNET_ERR_AMBIGUOUS,
                     "its metadata is gone, and the tensors of %s do not say how it pads: variant \"same\" "
                     "or \"symmetric\" must "
                     "be given",
                     o->arch.name);
}

effnet_status settle_variant(opening *o, effnet_error *error)
{
    const dialect d = o->names.dialect;
    const char *arch = o->arch.name, *kept = metadata(o, METADATA_VARIANT);
    if (o->options->variant) return variant_parse(&o->variant, o->options->variant, d, arch, error);
    if (kept) {
        const effnet_status status = variant_parse(&o->variant, kept, d, arch, error);
        return status == EFFNET_OK ? status : error_prefix(error, status, "metadata " METADATA_VARIANT);
    }
    net_padding padding;
    if (variant_is_certain(d, arch, &padding) || timm_name_tells(o, &padding)) {
        o->variant = variant_usual(d, arch, padding);
    } else if (o->known) {
        o->variant = variant_usual(d, arch, o->known->padding);
        o->variant.bn_epsilon = o->known->bn_epsilon;
    } else if (d == DIALECT_TIMM && strstr(o->title, "tf_efficientnet")) {
        o->variant = variant_usual(d, arch, NET_PAD_SAME);
        model_note(o->m, "padding and epsilon are TensorFlow's because the name says tf_efficientnet");
    } else {
        return ambiguous(o, error);
    }
    return EFFNET_OK;
}

/* ---- Recipe ---- */

/* The recipe of the checkpoint most like this one; ImageNet's scaling is by far the commonest. */
static const known_checkpoint *likest(const opening *o)
{
    const known_checkpoint *any = NULL;
    for (size_t i = 0; i < known_table_size; i++) {
        const known_checkpoint *known = &known_table[i];
        if (known->dialect != o->names.dialect || known->padding != o->variant.padding ||
            strcmp(known->arch, o->arch.name))
            continue;
        if (!strncmp(known->recipe, "imagenet", 8)) return known;
        if (!any) any = known;
    }
    return any;
}

static effnet_status assume_recipe(opening *o, effnet_error *error)
{
    const known_checkpoint *like = likest(o);
    if (like) TRY(recipe_parse(&o->m->recipe, like->recipe, error));
    char text[256];
    recipe_format(text, sizeof text, &o->m->recipe);
    model_note(o->m, "preprocessing is not known, assumed: %s", like ? like->recipe : text);
    return EFFNET_OK;
}

effnet_status settle_recipe(opening *o, effnet_error *error)
{
    recipe *r = &o->m->recipe;
    *r = recipe_default(o->arch.size, o->arch.size);
    const char *kept = metadata(o, METADATA_RECIPE);
    if (kept) {
        const effnet_status status = recipe_parse(r, kept, error);
        if (status != EFFNET_OK) return error_prefix(error, status, "metadata " METADATA_RECIPE);
    } else if (o->config && o->config->has_recipe) {
        *r = o->config->recipe;
    } else if (o->known) {
        TRY(recipe_parse(r, o->known->recipe, error));
    } else {
        TRY(assume_recipe(o, error));
    }
    if (!o->options->recipe) return EFFNET_OK;
    TRY(recipe_parse(r, o->options->recipe, error));
    model_note(o->m, "recipe overridden: %s", o->options->recipe);
    return EFFNET_OK;
}

/* ---- Graph ---- */

effnet_status settle_graph(opening *o, effnet_error *error)
{
    const int classes = o->options->classes, in_channels = o->options->in_channels;
    if (classes < MODEL_NO_CLASSIFIER || in_channels < 0)
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "%d classes, %d input channels: a count cannot be negative", classes, in_channels);
    net_arch arch = o->arch;
    if (classes) arch.classes = classes == MODEL_NO_CLASSIFIER ? 0 : classes;
    if (in_channels) arch.in_channels = in_channels;
    model *m = o->m;
    TRY(net_graph_create(&m->graph, &arch, &o->variant, m->recipe.height, m->recipe.width, error));
    if (arch.in_channels != m->file_in_channels)
        model_note(m, "stem adapted from %d to %d input channels", m->file_in_channels, arch.in_channels);
    if (arch.classes == m->file_classes) return EFFNET_OK;
    const size_t count = net_tensor_count(o->stored), classifier = m->file_classes ? count - 2 : count;
    m->binding->tensors[classifier] = m->binding->tensors[classifier + 1] = NULL;
    if (arch.classes)
        model_note(m, "classifier of %d classes is fresh, the file's has %d", arch.classes, m->file_classes);
    return EFFNET_OK;
}

/* ---- Task, labels and origin ---- */

effnet_status settle_task(opening *o, effnet_error *error)
{
    model *m = o->m;
    const char *kept = metadata(o, METADATA_TASK);
    m->task = o->options->task != EFFNET_TASK_ANY ? o->options->task : EFFNET_TASK_CLASSES;
    if (o->options->task != EFFNET_TASK_ANY || !kept) return EFFNET_OK;
    if (!task_parse(&m->task, kept))
        return error_set(error, EFFNET_ERR_UNSUPPORTED,
                         "metadata " METADATA_TASK " is \"%.40s\"; there are classes, labels and values",
                         kept);
    /* What a fresh classifier means is the caller's to say, and commonly classes. */
    if (m->graph->arch.classes != m->file_classes) m->task = EFFNET_TASK_CLASSES;
    return EFFNET_OK;
}

static effnet_status labels_of_imagenet(opening *o, effnet_error *error)
{
    o->m->label_count = IMAGENET_CLASSES;
    return labels_copy(&o->m->labels, imagenet_labels, IMAGENET_CLASSES, error);
}

effnet_status settle_labels(opening *o, effnet_error *error)
{
    model *m = o->m;
    const int classes = m->graph->arch.classes;
    const char *kept = metadata(o, METADATA_LABELS);
    if (o->options->labels) {
        TRY(labels_parse(&m->labels, &m->label_count, o->options->labels, error));
    } else if (classes == 0 || classes != m->file_classes) {
        return EFFNET_OK; /* a fresh classifier's classes are the caller's */
    } else if (kept) {
        const effnet_status status = labels_parse(&m->labels, &m->label_count, kept, error);
        if (status != EFFNET_OK) return error_prefix(error, status, "metadata " METADATA_LABELS);
    } else if (o->config && o->config->labels) {
        TRY(labels_copy(&m->labels, (const char *const *)o->config->labels, o->config->label_count, error));
        m->label_count = o->config->label_count;
    } else if (classes == IMAGENET_CLASSES && !metadata(o, METADATA_FORMAT)) {
        if (!o->known && !o->config)
            model_note(m, "labels are not in it, ImageNet's assumed for %d classes", IMAGENET_CLASSES);
        return labels_of_imagenet(o, error);
    }
    if (!m->labels || m->label_count == (size_t)classes) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_MISMATCH, "%zu labels for %d classes", m->label_count, classes);
}

void settle_origin(opening *o)
{
    const char *kept = metadata(o, METADATA_ORIGIN);
    char *out = o->m->origin;
    const size_t size = sizeof o->m->origin;
    if (kept)
        text_escape(out, size, kept, strlen(kept));
    else if (o->known && known_has_hash(o->known, o->sha256))
        snprintf(out, size, "%s (%s), sha256 %s", o->known->name, o->known->origin, o->sha256);
    else if (o->known)
        snprintf(out, size, "%s (%s), by name", o->known->name, o->known->origin);
    else if (*o->sha256)
        snprintf(out, size, "sha256 %s", o->sha256);
}
