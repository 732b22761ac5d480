/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of a model and the reading of its values: as the file has them, adapted, or fresh. How a file
 * becomes a model is in open.c and settle.c.
 */
#include "model/model.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/binding.h"
#include "model/init.h"
#include "model/labels.h"

struct model_binding *binding_create(size_t count)
{
    struct model_binding *binding = calloc(1, sizeof *binding + count * sizeof *binding->tensors);
    if (!binding) return NULL;
    binding->count = count;
    atomic_flag_clear(&binding->told);
    return binding;
}

void model_note(model *m, const char *format, ...)
{
    char raw[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(raw, sizeof raw, format, arguments);
    va_end(arguments);
    size_t used = strlen(m->notice);
    if (used + 16 > sizeof m->notice) return;
    if (used > 0) {
        memcpy(m->notice + used, "; ", 3);
        used += 2;
    }
    text_escape(m->notice + used, sizeof m->notice - used, raw, strlen(raw));
}

void model_free(model *m)
{
    if (!m) return;
    net_graph_free(m->graph);
    labels_free(m->labels, m->label_count);
    state_free(m->state);
    free(m->binding);
    free(m);
}

effnet_status model_create(model **out, const net_graph *like, uint64_t seed, effnet_error *error)
{
    *out = NULL;
    model *m = calloc(1, sizeof *m);
    if (!m) return error_memory(error);
    m->seed = seed;
    m->task = EFFNET_TASK_CLASSES;
    m->recipe = recipe_default(like->height, like->width);
    m->file_classes = like->arch.classes;
    m->file_in_channels = like->arch.in_channels;
    snprintf(m->origin, sizeof m->origin, "fresh weights, seed %" PRIu64, seed);
    effnet_status status =
        net_graph_create(&m->graph, &like->arch, &like->variant, like->height, like->width, error);
    if (status == EFFNET_OK) {
        m->binding = binding_create(net_tensor_count(m->graph));
        if (!m->binding) status = error_memory(error);
    }
    if (status != EFFNET_OK) {
        model_free(m);
        return status;
    }
    *out = m;
    return EFFNET_OK;
}

/* ---- Values ---- */

/* Where `tensor` stands in the order of net_tensor_at. */
static size_t tensor_number(const net_graph *graph, const net_tensor *tensor)
{
    const int block = tensor->block >= 0 ? tensor->block : graph->block_count - 1;
    const bool stem = tensor->part == NET_STEM_CONV || tensor->part == NET_STEM_BN;
    for (size_t i = stem ? 0 : graph->blocks[block].first_tensor;; i++) {
        const net_tensor here = net_tensor_at(graph, i);
        if (here.part == tensor->part && here.field == tensor->field && here.block == tensor->block) return i;
    }
}

/* A stem weight for other input channels than it was trained with, as timm's adapt_input_conv: one channel
 * sees the sum of the old kernels (what a grey picture repeated would give), n see them in turn, scaled by
 * old / n so that responses keep their size. */
static void adapt_stem(float *out, size_t to, const float *in, size_t from, size_t outputs, size_t area)
{
    for (size_t o = 0; o < outputs; o++)
        for (size_t c = 0; c < to; c++)
            for (size_t k = 0; k < area; k++) {
                float sum = 0;
                if (to == 1)
                    for (size_t f = 0; f < from; f++)
                        sum += in[(o * from + f) * area + k];
                else
                    sum = in[(o * from + c % from) * area + k] * ((float)from / (float)to);
                out[(o * to + c) * area + k] = sum;
            }
}

static effnet_status read_stem(const model *m, const state_tensor *stored, const net_tensor *tensor,
                               float *out, effnet_error *error)
{
    float *in = malloc((stored->count ? stored->count : 1) * sizeof *in);
    if (!in) return error_memory(error);
    const effnet_status status = state_read_f32(m->state, stored, in, error);
    if (status == EFFNET_OK)
        adapt_stem(out, tensor->shape[1], in, stored->shape[1], tensor->shape[0],
                   tensor->shape[2] * tensor->shape[3]);
    free(in);
    return status;
}

/* Warns of the first value that is not finite, or fails. */
static effnet_status check_finite(model *m, const state_tensor *stored, const float *values, size_t count,
                                  effnet_error *error)
{
    size_t at = 0;
    while (at < count && isfinite(values[at]))
        at++;
    if (at == count) return EFFNET_OK;
    const char *what = isnan(values[at]) ? "NaN" : "infinity";
    if (m->binding->strict)
        return error_set(error, EFFNET_ERR_FORMAT, "tensor %.100s: value %zu of %zu is %s", stored->name, at,
                         count, what);
    if (!atomic_flag_test_and_set(&m->binding->told))
        model_note(m, "weights are not all finite: %s at value %zu of tensor %.100s", what, at, stored->name);
    return EFFNET_OK;
}

static effnet_status read_stored(model *m, const state_tensor *stored, const net_tensor *tensor, float *out,
                                 effnet_error *error)
{
    if (stored->count == tensor->count)
        TRY(state_read_f32(m->state, stored, out, error));
    else
        TRY(read_stem(m, stored, tensor, out, error));
    return check_finite(m, stored, out, tensor->count, error);
}

effnet_status model_read(void *model_, const net_tensor *tensor, float *out, effnet_error *error)
{
    model *m = model_;
    const state_tensor *stored = m->binding->tensors[tensor_number(m->graph, tensor)];
    if (!stored) {
        init_tensor(out, m->graph, tensor, m->seed);
        return EFFNET_OK;
    }
    const effnet_status status = read_stored(m, stored, tensor, out, error);
    const source *file = state_get_source(m->state);
    return status == EFFNET_OK || !file ? status : error_prefix(error, status, source_name(file));
}
