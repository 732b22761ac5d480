/* SPDX-License-Identifier: Apache-2.0
 *
 * See probe.h. Whatever disturbs a run makes a part slower, so the least time of each is kept.
 */
#include "engine/latency/probe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/sizes.h"

/* ---- Graphs ---- */

/* Parameter tensors of a convolution with its batch norm, and of squeeze-and-excitation. */
enum { CONV_TENSORS = 5, SQUEEZE_TENSORS = 4 };

static size_t block_tensors(const net_block *b)
{
    return (size_t)((b->expands ? 3 : 2) * CONV_TENSORS + (b->squeeze ? SQUEEZE_TENSORS : 0));
}

/* A graph like `like` with room for `blocks` blocks and none in it. */
static effnet_status start_graph(net_graph **out, const net_graph *like, size_t blocks, effnet_error *error)
{
    *out = calloc(1, sizeof **out);
    if (!*out) return error_memory(error);
    **out = *like;
    (*out)->block_count = 0;
    (*out)->blocks = calloc(blocks, sizeof *(*out)->blocks);
    if ((*out)->blocks) return EFFNET_OK;
    net_graph_free(*out);
    *out = NULL;
    return error_memory(error);
}

static void add_block(net_graph *graph, const net_block *block)
{
    net_block *b = &graph->blocks[graph->block_count];
    *b = *block;
    b->first_tensor = graph->block_count == 0 ? CONV_TENSORS : b[-1].first_tensor + block_tensors(&b[-1]);
    graph->block_count++;
}

effnet_status probe_of_blocks(net_graph **out, const net_graph *graph, const bool *keep, effnet_error *error)
{
    TRY(start_graph(out, graph, (size_t)graph->block_count, error));
    for (int i = 0; i < graph->block_count; i++)
        if (keep[i]) add_block(*out, &graph->blocks[i]);
    return EFFNET_OK;
}

/* Channels of layers that are there for others' sake. */
enum { FEW = 8 };

static net_conv conv_of(int in, int out, int kernel, int height, int width, bool depthwise)
{
    net_conv conv = {.depthwise = depthwise,
                     .in = in,
                     .out = out,
                     .kernel = kernel,
                     .stride = 1,
                     .in_height = height,
                     .in_width = width};
    net_conv_place(&conv, NET_PAD_SAME);
    return conv;
}

/* A network of the one stem, without head and classifier. */
static net_graph stem_alone(const net_conv *stem, net_activation activation)
{
    return (net_graph){.arch = {.activation = activation, .in_channels = stem->in},
                       .variant = net_variant_source,
                       .height = stem->in_height,
                       .width = stem->in_width,
                       .stem = *stem,
                       .features = FEW};
}

/* A block whose output is taken, so that copying it out is not in the time of the layer before it. It
 * expands, so that it is not made with the stem as one. */
static net_block last_block(const net_conv *before)
{
    const int height = before->out_height, width = before->out_width;
    return (net_block){.expands = true,
                       .expand = conv_of(before->out, FEW, 1, height, width, false),
                       .depthwise = conv_of(FEW, FEW, 3, height, width, true),
                       .project = conv_of(FEW, FEW, 1, height, width, false)};
}

effnet_status probe_of_convolution(net_graph **out, const net_conv *conv, net_activation activation,
                                   effnet_error *error)
{
    const net_graph stem = stem_alone(conv, activation);
    const net_block last = last_block(conv);
    TRY(start_graph(out, &stem, 1, error));
    add_block(*out, &last);
    return EFFNET_OK;
}

/* The first block is made with the stem as one, so the one that is asked for comes second. */
effnet_status probe_of_block(net_graph **out, const net_block *block, net_activation activation,
                             effnet_error *error)
{
    const net_conv *first_conv = block->expands ? &block->expand : &block->depthwise;
    const int height = first_conv->in_height, width = first_conv->in_width;
    const net_conv tiny = conv_of(1, FEW, 1, height, width, false);
    const net_graph stem = stem_alone(&tiny, activation);
    const net_block first = {.depthwise = conv_of(FEW, FEW, 3, height, width, true),
                             .project = conv_of(FEW, first_conv->in, 1, height, width, false)};
    const net_block last = last_block(&block->project);
    TRY(start_graph(out, &stem, 3, error));
    add_block(*out, &first);
    add_block(*out, block);
    add_block(*out, &last);
    return EFFNET_OK;
}

/* ---- Runs ---- */

/* Numbers from -1 to 1 over the square root of what is summed: a signal neither grows nor fades. */
static effnet_status made_up(void *context, const net_tensor *tensor, float *out, effnet_error *error)
{
    (void)context, (void)error;
    const bool norm = tensor->rank == 1 && (tensor->field == NET_VARIANCE || tensor->field == NET_WEIGHT);
    const float scale = tensor->rank == 1 ? 0.1f : 1 / sqrtf((float)(tensor->count / tensor->shape[0]));
    uint32_t state = 2463534242u; /* xorshift, Marsaglia 2003 */
    for (size_t i = 0; i < tensor->count; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        out[i] = norm ? 1 : scale * (float)(int32_t)state * 0x1p-31f;
    }
    return EFFNET_OK;
}

typedef struct machine {
    const net_graph *graph;
    engine_weights *weights;
    engine_scratch *scratch;
    float *input, *output;
    double *run_ms; /* [parts] */
    engine_tap tap;
    size_t parts;
} machine;

/* An endpoint of `graph`; of the blocks, the last one. */
static net_endpoint endpoint_at(const net_graph *graph, net_endpoint_kind kind)
{
    const net_conv *last = &graph->blocks[graph->block_count - 1].project;
    switch (kind) {
    case NET_AT_STEM:
        return (net_endpoint){kind, 0, graph->stem.out, graph->stem.out_height, graph->stem.out_width};
    case NET_AT_BLOCK:
        return (net_endpoint){kind, graph->block_count - 1, last->out, last->out_height, last->out_width};
    case NET_AT_LOGITS: return (net_endpoint){kind, 0, graph->arch.classes, 1, 1};
    default: return (net_endpoint){NET_AT_POOLED, 0, graph->features, 1, 1};
    }
}

static effnet_status machine_start(machine *m, cpu_level level, pool *team, net_endpoint_kind at,
                                   effnet_error *error)
{
    const net_graph *graph = m->graph;
    const size_t image = (size_t)graph->height * (size_t)graph->width * (size_t)graph->arch.in_channels;
    m->parts = 2 + (size_t)graph->block_count + graph->has_head;
    m->tap.at = endpoint_at(graph, at);
    TRY(engine_weights_create(&m->weights, graph, level, team, made_up, NULL, error));
    TRY(engine_scratch_create(&m->scratch, graph, m->weights, team, error));
    m->input = calloc(image, sizeof *m->input);
    m->output = calloc((size_t)m->tap.at.channels * (size_t)m->tap.at.height * (size_t)m->tap.at.width,
                       sizeof *m->output);
    m->run_ms = calloc(m->parts, sizeof *m->run_ms);
    m->tap.out = m->output;
    if (!m->input || !m->output || !m->run_ms) return error_memory(error);
    for (size_t i = 0; i < image; i++)
        m->input[i] = (float)(i % 29) / 14 - 1;
    return EFFNET_OK;
}

static void machine_stop(machine *m)
{
    engine_scratch_free(m->scratch);
    engine_weights_free(m->weights);
    free(m->input);
    free(m->output);
    free(m->run_ms);
}

static double sum_of(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

/* Parts are not at their fastest all in the same run, so the least whole is more than the sum of their least
 * times: by 1 % on one thread, up to 5 on several. They are stretched to add up to it; what is beyond this
 * factor is somebody else's work. */
static const double most_stretch = 1.1;

/* On a machine that others use, few runs may be undisturbed: measuring goes on until so many have come near
 * the least one, but not for longer than so many times what was asked. */
enum { WANTED_NEAR = 3, MOST_EFFORT = 4 };
static const double near_least = 1.05;

typedef struct progress {
    double start, least; /* when, and the least time of a whole run */
    size_t runs, near;   /* of these, near the least */
} progress;

static void count_run(progress *p, double ms)
{
    if (ms * near_least < p->least) p->near = 0; /* those before were not */
    p->least = fmin(p->least, ms);
    p->near += ms <= near_least * p->least;
    p->runs++;
}

static bool enough(const progress *p, probe_effort effort)
{
    const double spent = clock_ms() - p->start;
    if (p->runs < effort.least || spent < effort.ms) return false;
    return p->near >= WANTED_NEAR || spent >= MOST_EFFORT * effort.ms;
}

/* The first run also touches all memory, and is not kept. */
static void repeat(machine *m, double *part_ms, probe_effort effort)
{
    engine_run(m->scratch, m->input, 1, &m->tap, 1);
    engine_profile(m->scratch, m->run_ms);
    progress p = {.start = clock_ms(), .least = INFINITY};
    while (!enough(&p, effort)) {
        memset(m->run_ms, 0, m->parts * sizeof *m->run_ms);
        engine_run(m->scratch, m->input, 1, &m->tap, 1);
        for (size_t i = 0; i < m->parts; i++)
            if (p.runs == 0 || m->run_ms[i] < part_ms[i]) part_ms[i] = m->run_ms[i];
        count_run(&p, sum_of(m->run_ms, m->parts));
    }
    const double stretch = fmin(most_stretch, p.least / sum_of(part_ms, m->parts));
    for (size_t i = 0; i < m->parts; i++)
        part_ms[i] *= stretch;
}

effnet_status probe_run(double *part_ms, const net_graph *graph, cpu_level level, pool *team,
                        net_endpoint_kind at, probe_effort effort, effnet_error *error)
{
    machine m = {.graph = graph};
    const effnet_status status = machine_start(&m, level, team, at, error);
    if (status == EFFNET_OK) repeat(&m, part_ms, effort);
    machine_stop(&m);
    return status;
}
