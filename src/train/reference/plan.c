/* SPDX-License-Identifier: Apache-2.0
 *
 * Lays a network out: which tensor belongs to which operation, and a place for everything that a pass makes.
 * The same walk counts the memory, with nothing allocated, and then hands it out.
 */
#include "train/reference/reference_step.h"

#include <assert.h>
#include <stdlib.h>

#include "base/sizes.h"

/* Hands out doubles one after the other; only counts them while there is no memory. */
typedef struct planner {
    double *memory; /* NULL: count */
    size_t used;
    size_t batch;
    size_t largest, inner; /* numbers of an image's largest tensor; the most squeezed channels */
    size_t tensor;         /* the next of the network's */
    bool overflow;
} planner;

static double *take(planner *p, size_t rows, size_t columns)
{
    const size_t start = p->used;
    size_t count;
    if (!size_mul(&count, rows, columns) || !size_add(&p->used, start, count)) p->overflow = true;
    return p->memory ? p->memory + start : NULL;
}

/* A tensor of `pixels` x `channels` for each image. */
static double *take_map(planner *p, size_t pixels, size_t channels)
{
    const size_t size = pixels * channels; /* less than 2^63 in any graph */
    if (size > p->largest) p->largest = size;
    return take(p, p->batch, size);
}

static size_t pixels_of(const net_conv *conv)
{
    return (size_t)conv->out_height * (size_t)conv->out_width;
}

static void plan_unit(planner *p, reference_unit *unit, const net_conv *conv, bool activates)
{
    const size_t pixels = pixels_of(conv), channels = (size_t)conv->out;
    *unit = (reference_unit){.conv = conv, .tensor = p->tensor, .activates = activates};
    p->tensor += REFERENCE_UNIT_TENSORS;
    unit->convolved = take_map(p, pixels, channels);
    unit->normed = take_map(p, pixels, channels);
    unit->out = activates ? take_map(p, pixels, channels) : unit->normed;
    unit->mean = take(p, channels, 1);
    unit->variance = take(p, channels, 1);
}

static void plan_squeeze(planner *p, reference_squeeze *squeeze, const net_block *block)
{
    const size_t channels = (size_t)block->depthwise.out, inner = (size_t)block->squeeze;
    squeeze->tensor = p->tensor;
    p->tensor += REFERENCE_SQUEEZE_TENSORS;
    if (inner > p->inner) p->inner = inner;
    squeeze->pooled = take(p, p->batch, channels);
    squeeze->reduced = take(p, p->batch, inner);
    squeeze->activated = take(p, p->batch, inner);
    squeeze->gate = take(p, p->batch, channels);
    squeeze->out = take_map(p, pixels_of(&block->depthwise), channels);
}

static void plan_block(planner *p, reference_block *block, const net_block *of)
{
    assert(p->tensor == of->first_tensor);
    if (of->expands) plan_unit(p, &block->expand, &of->expand, true);
    plan_unit(p, &block->depthwise, &of->depthwise, true);
    if (of->squeeze > 0) plan_squeeze(p, &block->squeeze, of);
    plan_unit(p, &block->project, &of->project, false);
    block->scale = take(p, p->batch, 1);
    block->out =
        of->residual ? take_map(p, pixels_of(&of->project), (size_t)of->project.out) : block->project.out;
}

static void plan_arrays(planner *p, reference_step *s)
{
    const size_t features = (size_t)s->graph->features, outputs = train_outputs(s->graph);
    s->pooled = take(p, p->batch, features);
    s->dropout = take(p, p->batch, features);
    s->dropped = take(p, p->batch, features);
    s->logits = take(p, p->batch, outputs);
    s->dlogits = take(p, p->batch, outputs);
    s->d = take(p, p->batch, p->largest);
    s->dx = take(p, p->batch, p->largest);
    s->narrow = take(p, p->batch, p->largest);
    s->wide = take(p, p->batch, p->largest);
    s->inner = take(p, p->batch, p->inner);
    s->values = take(p, s->layout->count, 1);
    s->gradients = take(p, s->layout->trained, 1);
}

/* Gives every part of the step its tensors and, where the planner has memory, its arrays. */
static void plan_network(planner *p, reference_step *s)
{
    const net_graph *g = s->graph;
    s->images = take(p, p->batch, (size_t)g->height * (size_t)g->width * (size_t)g->arch.in_channels);
    plan_unit(p, &s->stem, &g->stem, true);
    for (int i = 0; i < g->block_count; i++)
        plan_block(p, &s->blocks[i], &g->blocks[i]);
    if (g->has_head) plan_unit(p, &s->head, &g->head, true);
    plan_arrays(p, s);
}

/* A step with its tensors known and its memory counted, none of it allocated. */
static effnet_status lay_out(reference_step **out, const net_graph *graph, const train_step_options *options,
                             effnet_error *error)
{
    assert(options->batch > 0);
    *out = NULL;
    reference_step *s = calloc(1, sizeof *s);
    if (!s) return error_memory(error);
    s->graph = graph;
    s->options = *options;
    s->blocks = calloc((size_t)graph->block_count, sizeof *s->blocks);
    const effnet_status status =
        s->blocks ? train_layout_create(&s->layout, graph, error) : error_memory(error);
    if (status != EFFNET_OK) {
        reference_step_free(s);
        return status;
    }
    planner p = {.batch = options->batch};
    plan_network(&p, s);
    if (p.overflow || !size_mul(&s->memory_bytes, p.used, sizeof *s->memory)) {
        reference_step_free(s);
        return error_set(
            error, EFFNET_ERR_MEMORY,
            "training %zu images of %d x %d at a time would need more memory than can be counted",
            options->batch, graph->height, graph->width);
    }
    *out = s;
    return EFFNET_OK;
}

effnet_status reference_step_bytes(size_t *out, const net_graph *graph, const train_step_options *options,
                                   effnet_error *error)
{
    reference_step *s;
    TRY(lay_out(&s, graph, options, error));
    *out = s->memory_bytes;
    reference_step_free(s);
    return EFFNET_OK;
}

effnet_status reference_step_create(reference_step **out, const net_graph *graph,
                                    const train_step_options *options, effnet_error *error)
{
    reference_step *s;
    *out = NULL;
    TRY(lay_out(&s, graph, options, error));
    s->memory = malloc(s->memory_bytes);
    if (!s->memory) {
        reference_step_free(s);
        return error_memory(error);
    }
    planner p = {.memory = s->memory, .batch = options->batch};
    plan_network(&p, s);
    *out = s;
    return EFFNET_OK;
}

void reference_step_free(reference_step *step)
{
    if (!step) return;
    free(step->memory);
    free(step->blocks);
    train_layout_free(step->layout);
    free(step);
}
