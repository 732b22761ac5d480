/* SPDX-License-Identifier: Apache-2.0
 *
 * Batch norm folded into convolutions, Swish's factor folded into both sides of every activation, and
 * everything packed (pack.h) into one block of memory. Each tensor of the network is read once. Members load
 * parts of the network side by side, each through a buffer of its own.
 */
#include "engine/blocked/blocked_engine.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/pages.h"
#include "base/sizes.h"
#include "engine/blocked/pack.h"

float activation_scale(net_activation activation)
{
    return activation == NET_SWISH ? -1.44269504f : 1.0f; /* -log2(e) */
}

kernel_activation activation_kernel(net_activation activation)
{
    switch (activation) {
    case NET_SWISH: return KERNEL_SWISH;
    case NET_RELU6: return KERNEL_RELU6;
    case NET_RELU: return KERNEL_RELU;
    case NET_HARD_SWISH: return KERNEL_HARD_SWISH;
    }
    return KERNEL_LINEAR;
}

/* ---- Layout: sizes first, then places in the block ---- */

typedef struct layout {
    const blocked_table *table;
    float *memory; /* NULL while sizes are counted */
    size_t used;
} layout;

static float *take(layout *l, size_t floats)
{
    float *place = l->memory ? l->memory + l->used : NULL;
    l->used += (floats + 15) & ~(size_t)15;
    return place;
}

static void lay_dot(layout *l, dot_weights *d, size_t rows, size_t length, size_t last, size_t out)
{
    const size_t vector = l->table->vector;
    d->rows = rows;
    d->length = length;
    d->last = last;
    d->vectors = vectors_for(out, vector);
    d->weights = take(l, ((rows - 1) * length + last) * d->vectors * vector);
    d->bias = take(l, d->vectors * vector);
}

static void lay_pointwise(layout *l, dot_weights *d, size_t in, size_t out)
{
    const size_t vector = l->table->vector, rows = vectors_for(in, vector);
    lay_dot(l, d, rows, vector, in - (rows - 1) * vector, out);
    d->half = l->table->halves && in % 2 == 0 && out % vector > 0 && out % vector <= vector / 2;
}

static void lay_dense(layout *l, dense_weights *d, size_t in, size_t out)
{
    const size_t vector = l->table->vector;
    d->k = in;
    d->vectors = vectors_for(out, vector);
    d->weights = take(l, in * d->vectors * vector);
    d->bias = take(l, d->vectors * vector);
}

static void lay_block(layout *l, block_weights *w, const net_block *b)
{
    const size_t vector = l->table->vector, hidden = (size_t)b->depthwise.out,
                 taps = (size_t)b->depthwise.kernel * (size_t)b->depthwise.kernel;
    if (b->expands) lay_pointwise(l, &w->expand, (size_t)b->expand.in, hidden);
    w->depthwise.vectors = vectors_for(hidden, vector);
    w->depthwise.weights = take(l, w->depthwise.vectors * taps * vector);
    w->depthwise.bias = take(l, w->depthwise.vectors * vector);
    if (b->squeeze) {
        lay_dense(l, &w->reduce, hidden, (size_t)b->squeeze);
        lay_dot(l, &w->excite, 1, (size_t)b->squeeze, (size_t)b->squeeze, hidden);
    }
    lay_pointwise(l, &w->project, hidden, (size_t)b->project.out);
}

static void lay_network(layout *l, blocked_weights *w, const net_graph *graph)
{
    const size_t kernel = (size_t)graph->stem.kernel, length = kernel * (size_t)graph->stem.in;
    lay_dot(l, &w->stem, kernel, length, length, (size_t)graph->stem.out);
    for (int i = 0; i < graph->block_count; i++)
        lay_block(l, &w->blocks[i], &graph->blocks[i]);
    if (graph->has_head) lay_pointwise(l, &w->head, (size_t)graph->head.in, (size_t)graph->head.out);
    if (graph->arch.classes)
        lay_dense(l, &w->classifier, (size_t)graph->features, (size_t)graph->arch.classes);
}

/* ---- Reading and folding ---- */

typedef struct loader {
    const net_graph *graph;
    const blocked_table *table;
    engine_reader read;
    void *context;
    effnet_error *error;
    size_t next;     /* tensor of the graph that comes next */
    float *raw;      /* [largest tensor] */
    float *factor;   /* [largest channel count]: what a convolution's outputs are multiplied by */
    float *constant; /* [largest channel count]: what is added after */
    float *norm;     /* [4][largest channel count]: batch norm as read */
} loader;

static effnet_status read_next(loader *l, float *out)
{
    const net_tensor tensor = net_tensor_at(l->graph, l->next++);
    return l->read(l->context, &tensor, out, l->error);
}

static size_t next_count(const loader *l)
{
    return net_tensor_at(l->graph, l->next).count;
}

/* The four tensors of a batch norm as y = factor x + constant, with `scale` multiplied in. */
static effnet_status read_norm(loader *l, float scale)
{
    const size_t count = next_count(l);
    float *weight = l->norm, *bias = weight + count, *mean = bias + count, *variance = mean + count;
    TRY(read_next(l, weight));
    TRY(read_next(l, bias));
    TRY(read_next(l, mean));
    TRY(read_next(l, variance));
    for (size_t c = 0; c < count; c++) {
        const double gain = (double)weight[c] / sqrt((double)variance[c] + l->graph->variant.bn_epsilon);
        l->factor[c] = (float)(gain * (double)scale);
        l->constant[c] = (float)(((double)bias[c] - gain * (double)mean[c]) * (double)scale);
    }
    return EFFNET_OK;
}

/* The convolution and its batch norm that come next: weights in l->raw, the fold in l->factor and
 * l->constant. */
static effnet_status read_conv(loader *l, float scale)
{
    TRY(read_next(l, l->raw));
    return read_norm(l, scale);
}

/* ---- Parts of the network ---- */

static void pack_convolution(dot_weights *d, const loader *l, const float *raw, size_t in, size_t out,
                             float scale)
{
    pack_panels(d, l->table->vector, raw, in, out, l->factor, scale);
    pack_bias(d->bias, d->vectors, l->table->vector, l->constant, out);
}

static effnet_status load_stem(loader *l, blocked_weights *w, float act)
{
    const net_conv *stem = &l->graph->stem;
    const size_t in = (size_t)stem->in * (size_t)stem->kernel * (size_t)stem->kernel;
    TRY(read_conv(l, act));
    float *ordered = malloc(in * (size_t)stem->out * sizeof *ordered);
    if (!ordered) return error_memory(l->error);
    pack_reorder_stem(ordered, l->raw, stem);
    pack_convolution(&w->stem, l, ordered, in, (size_t)stem->out, 1);
    free(ordered);
    return EFFNET_OK;
}

static void scale_all(float *x, size_t count, float factor)
{
    for (size_t i = 0; i < count; i++)
        x[i] *= factor;
}

/* SE reads channel means of the depthwise output, which carries `act`, and its own inner activation carries
 * it again. */
static effnet_status load_squeeze(loader *l, block_weights *w, const net_block *b, float act)
{
    const size_t squeeze = (size_t)b->squeeze, hidden = (size_t)b->depthwise.out, vector = l->table->vector;
    TRY(read_next(l, l->raw));
    TRY(read_next(l, l->constant));
    pack_dense(&w->reduce, l->table, l->raw, squeeze); /* 1 / act for the input, act for the output */
    scale_all(l->constant, squeeze, act);
    pack_bias(w->reduce.bias, w->reduce.vectors, vector, l->constant, squeeze);
    TRY(read_next(l, l->raw));
    TRY(read_next(l, l->constant));
    pack_panels(&w->excite, vector, l->raw, squeeze, hidden, NULL, 1 / act);
    pack_bias(w->excite.bias, w->excite.vectors, vector, l->constant, hidden);
    return EFFNET_OK;
}

/* `in_scaled`: the depthwise input is an activation's output and carries `act` already. */
static effnet_status load_block(loader *l, block_weights *w, const net_block *b, float act, bool in_scaled)
{
    const size_t hidden = (size_t)b->depthwise.out;
    if (b->expands) {
        TRY(read_conv(l, act));
        pack_convolution(&w->expand, l, l->raw, (size_t)b->expand.in, hidden, 1);
    }
    TRY(read_conv(l, act));
    const size_t taps = (size_t)b->depthwise.kernel * (size_t)b->depthwise.kernel, vector = l->table->vector;
    pack_depthwise(&w->depthwise, vector, l->raw, hidden, taps, l->factor, in_scaled ? 1 / act : 1);
    pack_bias(w->depthwise.bias, w->depthwise.vectors, vector, l->constant, hidden);
    if (b->squeeze) TRY(load_squeeze(l, w, b, act));
    TRY(read_conv(l, 1));
    pack_convolution(&w->project, l, l->raw, hidden, (size_t)b->project.out, 1 / act);
    return EFFNET_OK;
}

static effnet_status load_classifier(loader *l, blocked_weights *w)
{
    const size_t classes = (size_t)l->graph->arch.classes;
    TRY(read_next(l, l->raw));
    TRY(read_next(l, l->constant));
    pack_dense(&w->classifier, l->table, l->raw, classes);
    pack_bias(w->classifier.bias, w->classifier.vectors, l->table->vector, l->constant, classes);
    return EFFNET_OK;
}

/* ---- What one member loads at a time ---- */

/* Number of the first tensor of a part. */
static size_t first_tensor(const net_graph *graph, size_t part)
{
    const size_t blocks = (size_t)graph->block_count, count = net_tensor_count(graph);
    if (part == 0) return 0;
    const bool is_head = part == blocks + 1 && graph->has_head;
    for (size_t i = 0; i < count; i++) {
        const net_tensor t = net_tensor_at(graph, i);
        if (part <= blocks ? t.block == (int)part - 1 : t.part == (is_head ? NET_HEAD_CONV : NET_CLASSIFIER))
            return i;
    }
    return count;
}

static effnet_status load_head(loader *l, blocked_weights *w, float act)
{
    const net_conv *head = &l->graph->head;
    TRY(read_conv(l, act));
    pack_convolution(&w->head, l, l->raw, (size_t)head->in, (size_t)head->out, 1);
    return EFFNET_OK;
}

static effnet_status load_part(loader *l, blocked_weights *w, size_t part)
{
    const net_graph *graph = l->graph;
    const size_t blocks = (size_t)graph->block_count;
    const float act = activation_scale(graph->arch.activation);
    l->next = first_tensor(graph, part);
    if (part == 0) return load_stem(l, w, act);
    if (part == blocks + 1 && graph->has_head) return load_head(l, w, act);
    if (part > blocks) return load_classifier(l, w);
    const int i = (int)part - 1;
    const net_block *b = &graph->blocks[i];
    return load_block(l, &w->blocks[i], b, act, b->expands || blocked_fuses_stem(graph, i));
}

/* Vectors of loader, each as long as the most channels: factor, constant and the four of norm. */
enum { LOADER_VECTORS = 6 };

static void largest_tensors(const net_graph *graph, size_t *largest, size_t *channels)
{
    *largest = *channels = 0;
    for (size_t i = 0; i < net_tensor_count(graph); i++) {
        const net_tensor t = net_tensor_at(graph, i);
        if (t.count > *largest) *largest = t.count;
        if (t.rank == 1 && t.count > *channels) *channels = t.count;
    }
}

static effnet_status loader_buffers(loader *l)
{
    size_t largest, channels;
    largest_tensors(l->graph, &largest, &channels);
    l->raw = malloc((largest + LOADER_VECTORS * channels) * sizeof *l->raw);
    if (!l->raw) return error_memory(l->error);
    l->factor = l->raw + largest;
    l->constant = l->factor + channels;
    l->norm = l->constant + channels;
    return EFFNET_OK;
}

static size_t part_of(const net_graph *graph, const net_tensor *t)
{
    if (t->block >= 0) return (size_t)t->block + 1;
    if (t->part == NET_STEM_CONV || t->part == NET_STEM_BN) return 0;
    return t->part == NET_CLASSIFIER ? net_graph_parts(graph) - 1 : (size_t)graph->block_count + 1;
}

static int larger_first(const void *a, const void *b)
{
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x < y) - (x > y);
}

/* A member's buffer takes memory as far as the largest tensor that it reads. Each part is read by one member,
 * so together they take no more than the largest tensors of as many parts. */
effnet_status blocked_loading_bytes(size_t *bytes, const net_graph *graph, size_t members,
                                    effnet_error *error)
{
    const size_t parts = net_graph_parts(graph);
    size_t *largest = calloc(parts, sizeof *largest), all, channels;
    if (!largest) return error_memory(error);
    for (size_t i = 0; i < net_tensor_count(graph); i++) {
        const net_tensor t = net_tensor_at(graph, i);
        size_t *of_part = &largest[part_of(graph, &t)];
        if (t.count > *of_part) *of_part = t.count;
    }
    qsort(largest, parts, sizeof *largest, larger_first);
    largest_tensors(graph, &all, &channels);
    size_t floats = members * LOADER_VECTORS * channels;
    for (size_t i = 0; i < parts && i < members; i++)
        floats += largest[i];
    free(largest);
    *bytes = floats * sizeof(float);
    return EFFNET_OK;
}

/* Members take parts from the last to the first, since the last are the largest. Of several that fail, the
 * one that was taken first is told, whatever the number of members. */
typedef struct loading {
    const loader *common;
    blocked_weights *weights;
    size_t parts;
    atomic_size_t taken;
    pthread_mutex_t mutex; /* guards the rest */
    size_t failed;         /* turn of the failure that is told; `parts` for none */
    effnet_status status;
    effnet_error *error;
} loading;

static void report_failure(loading *job, size_t turn, effnet_status status, const effnet_error *error)
{
    pthread_mutex_lock(&job->mutex);
    if (job->status == EFFNET_OK || turn < job->failed) {
        job->failed = turn;
        job->status = status;
        if (job->error) *job->error = *error;
    }
    pthread_mutex_unlock(&job->mutex);
}

static void load_member(void *context, size_t member, size_t members)
{
    loading *job = context;
    effnet_error error = {0};
    loader l = *job->common;
    l.error = &error;
    (void)member, (void)members;
    effnet_status status = loader_buffers(&l);
    if (status != EFFNET_OK) report_failure(job, 0, status, &error);
    while (status == EFFNET_OK) {
        const size_t turn = atomic_fetch_add(&job->taken, 1);
        if (turn >= job->parts) break;
        status = load_part(&l, job->weights, job->parts - 1 - turn);
        if (status != EFFNET_OK) report_failure(job, turn, status, &error);
    }
    free(l.raw);
}

static effnet_status load_network(const loader *common, blocked_weights *w, pool *team, effnet_error *error)
{
    loading job = {.common = common, .weights = w, .parts = net_graph_parts(common->graph), .error = error};
    if (pthread_mutex_init(&job.mutex, NULL) != 0) return error_memory(error);
    if (team)
        pool_run(team, load_member, &job);
    else
        load_member(&job, 0, 1);
    pthread_mutex_destroy(&job.mutex);
    return job.status;
}

effnet_status blocked_weights_plan(blocked_weights *w, const net_graph *graph, size_t *bytes,
                                   effnet_error *error)
{
    layout l = {.table = w->table};
    w->blocks = calloc((size_t)graph->block_count + 1, sizeof *w->blocks);
    if (!w->blocks) return error_memory(error);
    lay_network(&l, w, graph);
    return size_mul(bytes, l.used, sizeof(float)) ? EFFNET_OK : error_memory(error);
}

static effnet_status allocate(blocked_weights *w, const net_graph *graph, effnet_error *error)
{
    size_t bytes = 0;
    TRY(blocked_weights_plan(w, graph, &bytes, error));
    layout l = {.table = w->table, .memory = pages_alloc(bytes)};
    if (!l.memory) return error_memory(error);
    w->memory = l.memory;
    lay_network(&l, w, graph);
    return EFFNET_OK;
}

effnet_status blocked_weights_create(blocked_weights **out, const net_graph *graph,
                                     const blocked_table *table, pool *team, engine_reader read,
                                     void *context, effnet_error *error)
{
    *out = NULL;
    blocked_weights *w = calloc(1, sizeof *w);
    if (!w) return error_memory(error);
    w->table = table;
    const loader common = {.graph = graph, .table = table, .read = read, .context = context};
    effnet_status status = allocate(w, graph, error);
    if (status == EFFNET_OK) status = load_network(&common, w, team, error);
    if (status != EFFNET_OK) {
        blocked_weights_free(w);
        return status;
    }
    *out = w;
    return EFFNET_OK;
}

void blocked_weights_free(blocked_weights *weights)
{
    if (!weights) return;
    free(weights->memory);
    free(weights->blocks);
    free(weights);
}
