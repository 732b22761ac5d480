/* SPDX-License-Identifier: Apache-2.0
 *
 * The plan for one image size: which kernel runs when, on which memory. Buffers live from the step that
 * writes them to the last one that reads them, and share one block of memory as far as their lives allow.
 */
#include "engine/reference/reference.h"

#include <assert.h>
#include <stdlib.h>

enum { NONE = -1 };

typedef struct buffer {
    size_t size;        /* floats, a multiple of ENGINE_ALIGNED_FLOATS */
    size_t offset;      /* floats from the start of the memory */
    size_t first, last; /* steps */
} buffer;

/* The buffers of a step, by number; NONE where there is none, and for the image itself. */
typedef struct links {
    int input, scale, residual, output;
} links;

/* A plan in the making. Step i writes buffer i, and nothing else does. */
typedef struct planner {
    reference_scratch *scratch;
    const reference_layer *layer; /* the next of the network's */
    size_t part;                  /* that steps are being added to */
    buffer *buffers;              /* [most_steps] */
    links *links;                 /* [most_steps] */
} planner;

/* Stem, head, pooling and classifier, and at most six steps in a block. */
static size_t most_steps(const net_graph *graph)
{
    return 4 + 6 * (size_t)graph->block_count;
}

/* ---- Steps ---- */

static void use(planner *p, int number)
{
    if (number != NONE) p->buffers[number].last = p->scratch->step_count;
}

/* Adds a step and returns the number of its output. */
static int add_step(planner *p, reference_step step, links from)
{
    const size_t number = p->scratch->step_count;
    from.output = (int)number;
    p->buffers[number] = (buffer){.size = engine_aligned(step.output_size), .first = number, .last = number};
    p->links[number] = from;
    use(p, from.input);
    use(p, from.scale);
    use(p, from.residual);
    p->scratch->steps[number] = step;
    p->scratch->steps[number].part = p->part;
    p->scratch->step_count++;
    return from.output;
}

/* The step of the network's next layer. */
static int add_layer(planner *p, net_part part, kernel_plane plane, size_t units, links from)
{
    const reference_layer *layer = p->layer++;
    assert(layer->part == part);
    (void)part;
    return add_step(
        p,
        (reference_step){
            .op = layer->op,
            .call = {.filter = layer->filter, .plane = plane, .weights = layer->weights, .bias = layer->bias},
            .units = units,
            .grain = layer->op->grain,
            .output_size = kernel_pixels(&plane) * layer->filter.out,
        },
        from);
}

static kernel_plane plane_of(const net_conv *conv)
{
    return (kernel_plane){
        .in_height = (size_t)conv->in_height,
        .in_width = (size_t)conv->in_width,
        .out_height = (size_t)conv->out_height,
        .out_width = (size_t)conv->out_width,
        .pad_top = (size_t)conv->pad_top,
        .pad_left = (size_t)conv->pad_left,
    };
}

static int add_spatial(planner *p, net_part part, const net_conv *conv, int input)
{
    return add_layer(p, part, plane_of(conv), (size_t)conv->out_height,
                     (links){.input = input, .scale = NONE, .residual = NONE});
}

static int add_pointwise(planner *p, net_part part, const net_conv *conv, links from)
{
    const kernel_plane plane = plane_of(conv);
    return add_layer(p, part, plane, kernel_pixels(&plane), from);
}

static int add_linear(planner *p, net_part part, int input)
{
    const kernel_plane pixel = {.in_height = 1, .in_width = 1, .out_height = 1, .out_width = 1};
    return add_layer(p, part, pixel, p->layer->filter.out,
                     (links){.input = input, .scale = NONE, .residual = NONE});
}

/* The mean of what `conv` put out. */
static int add_pool(planner *p, const net_conv *conv, int input)
{
    const kernel_plane plane = {.in_height = (size_t)conv->out_height,
                                .in_width = (size_t)conv->out_width,
                                .out_height = 1,
                                .out_width = 1};
    const size_t channels = (size_t)conv->out;
    return add_step(p,
                    (reference_step){
                        .call = {.filter = {.in = channels, .out = channels}, .plane = plane},
                        .units = channels,
                        .grain = p->scratch->pool->grain,
                        .output_size = channels,
                    },
                    (links){.input = input, .scale = NONE, .residual = NONE});
}

/* MBConv; the gate of squeeze-and-excitation (Hu et al. 2018) is applied by the projection as it reads. */
static int add_block(planner *p, const net_block *block, int input)
{
    int hidden = input, gate = NONE;
    if (block->expands)
        hidden = add_pointwise(p, NET_EXPAND_CONV, &block->expand,
                               (links){.input = input, .scale = NONE, .residual = NONE});
    hidden = add_spatial(p, NET_DEPTHWISE_CONV, &block->depthwise, hidden);
    if (block->squeeze > 0) {
        gate = add_pool(p, &block->depthwise, hidden);
        gate = add_linear(p, NET_SE_REDUCE, gate);
        gate = add_linear(p, NET_SE_EXPAND, gate);
    }
    return add_pointwise(p, NET_PROJECT_CONV, &block->project,
                         (links){.input = hidden, .scale = gate, .residual = block->residual ? input : NONE});
}

static void add_network(planner *p, const net_graph *graph)
{
    reference_scratch *s = p->scratch;
    const net_conv *last = &graph->stem;
    int at = add_spatial(p, NET_STEM_CONV, &graph->stem, NONE);
    for (int i = 0; i < graph->block_count; i++) {
        p->part++;
        at = add_block(p, &graph->blocks[i], at);
        s->block_steps[i] = (size_t)at;
        last = &graph->blocks[i].project;
    }
    if (graph->has_head) {
        p->part++;
        at = add_pointwise(p, NET_HEAD_CONV, &graph->head,
                           (links){.input = at, .scale = NONE, .residual = NONE});
        last = &graph->head;
    }
    s->features = (size_t)at;
    at = add_pool(p, last, at);
    s->pooled = s->logits = (size_t)at;
    p->part++;
    if (graph->arch.classes > 0) s->logits = (size_t)add_linear(p, NET_CLASSIFIER, at);
}

/* ---- Memory ---- */

/* The lowest place for `size` floats between the `count` live buffers, which are sorted by offset; *index is
 * where the new one belongs among them. */
static size_t lowest_gap(const planner *p, const size_t *live, size_t count, size_t size, size_t *index)
{
    size_t offset = 0;
    for (size_t i = 0; i < count; i++) {
        const buffer *b = &p->buffers[live[i]];
        if (offset + size <= b->offset) {
            *index = i;
            return offset;
        }
        offset = b->offset + b->size;
    }
    *index = count;
    return offset;
}

/* Gives every buffer an offset, first fit in the order of the steps; returns the floats needed. At any time
 * few buffers live: input, scale, residual and output of a step, and those that wait for a later one. */
static size_t place_buffers(planner *p)
{
    enum { MOST_LIVE = 8 };
    size_t live[MOST_LIVE], count = 0, total = 0;
    for (size_t step = 0; step < p->scratch->step_count; step++) {
        size_t kept = 0, index;
        for (size_t i = 0; i < count; i++)
            if (p->buffers[live[i]].last >= step) live[kept++] = live[i];
        count = kept;
        buffer *b = &p->buffers[step];
        b->offset = lowest_gap(p, live, count, b->size, &index);
        assert(count < MOST_LIVE);
        for (size_t i = count++; i > index; i--)
            live[i] = live[i - 1];
        live[index] = step;
        if (b->offset + b->size > total) total = b->offset + b->size;
    }
    return total;
}

static float *at(const planner *p, int number)
{
    return number == NONE ? NULL : p->scratch->memory + p->buffers[number].offset;
}

static bool place(planner *p, size_t floats)
{
    reference_scratch *s = p->scratch;
    s->memory = engine_alloc(floats);
    if (!s->memory) return false;
    for (size_t i = 0; i < s->step_count; i++) {
        kernel_layer *call = &s->steps[i].call;
        call->input = at(p, p->links[i].input);
        call->scale = at(p, p->links[i].scale);
        call->residual = at(p, p->links[i].residual);
        call->output = at(p, p->links[i].output);
    }
    return true;
}

/* All steps, and places for their buffers in *floats of memory that is not there yet. */
static effnet_status plan_steps(planner *p, const net_graph *graph, size_t *floats, effnet_error *error)
{
    reference_scratch *s = p->scratch;
    const size_t steps = most_steps(graph), blocks = (size_t)graph->block_count;
    s->steps = calloc(steps, sizeof *s->steps);
    s->block_steps = calloc(blocks > 0 ? blocks : 1, sizeof *s->block_steps);
    p->buffers = calloc(steps, sizeof *p->buffers);
    p->links = calloc(steps, sizeof *p->links);
    if (!s->steps || !s->block_steps || !p->buffers || !p->links) return error_memory(error);
    add_network(p, graph);
    *floats = place_buffers(p);
    return EFFNET_OK;
}

effnet_status reference_memory_plan(engine_memory *out, const net_graph *graph, cpu_level level,
                                    effnet_error *error)
{
    reference_weights weights = {0};
    reference_scratch s = {0};
    planner p = {.scratch = &s};
    size_t weight_floats = 0, floats = 0;
    effnet_status status = reference_weights_plan(&weights, graph, level, &weight_floats, error);
    s.pool = weights.kernels.pool;
    p.layer = weights.layers;
    if (status == EFFNET_OK) status = plan_steps(&p, graph, &floats, error);
    if (status == EFFNET_OK)
        *out = (engine_memory){
            .weights = weight_floats * sizeof(float),
            .loading = reference_loading_floats(graph, &weights) * sizeof(float),
            .activations = floats * sizeof(float),
        };
    free(p.buffers);
    free(p.links);
    free(s.steps);
    free(s.block_steps);
    free(weights.layers);
    return status;
}

effnet_status reference_scratch_create(reference_scratch **out, const net_graph *graph,
                                       const reference_weights *weights, pool *team, effnet_error *error)
{
    *out = NULL;
    reference_scratch *s = calloc(1, sizeof *s);
    if (!s) return error_memory(error);
    planner p = {.scratch = s, .layer = weights->layers};
    s->team = team;
    s->pool = weights->kernels.pool;
    s->image_size = (size_t)graph->height * (size_t)graph->width * (size_t)graph->arch.in_channels;
    size_t floats = 0;
    effnet_status status = plan_steps(&p, graph, &floats, error);
    if (status == EFFNET_OK) {
        assert(p.layer == weights->layers + weights->layer_count);
        if (!place(&p, floats)) status = error_memory(error);
    }
    free(p.buffers);
    free(p.links);
    if (status == EFFNET_OK)
        *out = s;
    else
        reference_scratch_free(s);
    return status;
}

void reference_scratch_free(reference_scratch *scratch)
{
    if (!scratch) return;
    free(scratch->memory);
    free(scratch->block_steps);
    free(scratch->steps);
    free(scratch);
}
