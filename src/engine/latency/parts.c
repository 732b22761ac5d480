/* SPDX-License-Identifier: Apache-2.0
 *
 * See parts.h.
 */
#include "engine/latency/parts.h"

#include <math.h>
#include <string.h>

static void set_plane(latency_part *p, const net_conv *c)
{
    p->kernel = c->kernel;
    p->stride = c->stride;
    p->in_height = c->in_height;
    p->in_width = c->in_width;
    p->out_height = c->out_height;
    p->out_width = c->out_width;
    p->pad_top = c->pad_top;
    p->pad_left = c->pad_left;
}

static void set_stem(latency_part *p, const net_graph *graph)
{
    p->image_height = graph->height;
    p->image_width = graph->width;
    p->image_channels = graph->arch.in_channels;
    p->stem_kernel = graph->stem.kernel;
    p->stem_stride = graph->stem.stride;
}

static latency_part block_part(const net_block *b)
{
    latency_part p = {.kind = PART_BLOCK,
                      .in = b->expands ? b->expand.in : b->depthwise.in,
                      .hidden = b->depthwise.out,
                      .out = b->project.out,
                      .squeeze = b->squeeze,
                      .expands = b->expands,
                      .residual = b->residual};
    set_plane(&p, &b->depthwise);
    return p;
}

static latency_part conv_part(part_kind kind, const net_conv *c)
{
    latency_part p = {.kind = (int)kind, .in = c->in, .out = c->out};
    set_plane(&p, c);
    return p;
}

static latency_part part_of(const net_graph *graph, size_t index, bool fuses)
{
    const size_t blocks = (size_t)graph->block_count;
    if (index == 0 && fuses) return (latency_part){.kind = PART_INSIDE};
    if (index == 0) {
        latency_part stem = conv_part(PART_STEM, &graph->stem);
        set_stem(&stem, graph);
        return stem;
    }
    if (index <= blocks) {
        latency_part block = block_part(&graph->blocks[index - 1]);
        if (index > 1 || !fuses) return block;
        block.kind = PART_FIRST;
        set_stem(&block, graph);
        return block;
    }
    if (index == blocks + 1 && graph->has_head) return conv_part(PART_HEAD, &graph->head);
    return (latency_part){.kind = PART_CLASSIFIER, .in = graph->features, .out = graph->arch.classes};
}

latency_part latency_part_at(const net_graph *graph, size_t index, bool fuses)
{
    latency_part p = part_of(graph, index, fuses);
    if (p.kind != PART_INSIDE && p.kind != PART_CLASSIFIER) p.activation = (int)graph->arch.activation;
    return p;
}

bool latency_part_equal(const latency_part *a, const latency_part *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* ---- Work ---- */

/* What an activation costs, in multiply-adds: about its operations (kernels/blocked/activate.h). */
static double activation_work(int activation)
{
    switch ((net_activation)activation) {
    case NET_SWISH: return 10;
    case NET_HARD_SWISH: return 5;
    case NET_RELU6: return 2;
    case NET_RELU: return 1;
    }
    return 1;
}

/* Of a depthwise convolution: each multiply-add loads its input, where a pointwise one has it in registers
 * for all outputs of a tile. */
static const double depthwise_factor = 2;

/* Storing and adding an output, or multiplying it by a gate. */
static const double store_work = 2;

/* A weight that is used once. */
static const double weight_work = 4;

/* What there is beside all that in any part: meeting the other threads, calling kernels. */
static const double part_work = 1e5;

static double block_work(const latency_part *p)
{
    const double hidden = p->hidden, in_pixels = (double)p->in_height * p->in_width,
                 pixels = (double)p->out_height * p->out_width, act = activation_work(p->activation);
    double work = pixels * hidden * (depthwise_factor * p->kernel * p->kernel + act + store_work) +
                  pixels * p->out * (hidden + store_work);
    if (p->expands) work += in_pixels * hidden * (p->in + act + store_work);
    if (p->squeeze) work += pixels * hidden * store_work + 2 * hidden * p->squeeze * weight_work;
    return work;
}

static double stem_work(const latency_part *p)
{
    const bool inside = p->kind == PART_FIRST; /* its outputs are then the depthwise convolution's inputs */
    const double outputs = inside ? (double)p->in_height * p->in_width * p->hidden
                                  : (double)p->out_height * p->out_width * p->out,
                 taps = (double)p->stem_kernel * p->stem_kernel * p->image_channels;
    return outputs * (taps + activation_work(p->activation) + store_work);
}

double latency_part_work(const latency_part *p)
{
    const double pixels = (double)p->out_height * p->out_width, out = p->out;
    switch ((part_kind)p->kind) {
    case PART_BLOCK: return part_work + block_work(p);
    case PART_FIRST: return part_work + block_work(p) + stem_work(p);
    case PART_STEM: return part_work + stem_work(p);
    case PART_HEAD: return part_work + pixels * out * (p->in + activation_work(p->activation) + store_work);
    case PART_CLASSIFIER: return part_work + out * p->in * weight_work;
    case PART_INSIDE:
    case PART_KINDS: break;
    }
    return 0;
}

/* ---- Likeness ---- */

/* What counts beside sizes: how far apart it puts parts that differ in it. */
static const double expands_apart = 2, squeeze_apart = 1, residual_apart = 0.2, kernel_apart = 0.5;

static double log_size(double size)
{
    return log(size + 1);
}

part_place latency_part_place(const latency_part *p)
{
    return (part_place){{
        log_size(p->in),
        log_size(p->hidden),
        log_size(p->out),
        log_size((double)p->out_height * p->out_width),
        log_size((double)p->stem_kernel * p->stem_kernel * p->image_channels),
        log(activation_work(p->activation)),
        expands_apart * p->expands,
        squeeze_apart * (p->squeeze > 0),
        residual_apart * p->residual,
        kernel_apart * p->kernel + p->stride,
    }};
}
