/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything about a step that is known before it runs: which tensor belongs to which layer, how work is cut,
 * and a place for all that is kept. One walk over the network fills in the layers and counts; small arrays
 * have places of their own, large maps share memory by the moments at which they are needed (lifetimes.h).
 */
#include "train/blocked/plan.h"

#include <assert.h>
#include <stdlib.h>

#include "base/pages.h"
#include "base/sizes.h"
#include "train/blocked/lifetimes.h"

/* Floats of a third of a cache that cores share, as it is found in servers: measured, 2 % of a step. */
enum { LARGE_MAP = 4 << 20 };

/* Inputs of an expansion up to which making its output again takes no longer than fetching it from memory. */
enum { CHEAP = 16 };

enum { ALIGNMENT = 16 /* floats */, UNIT_TENSORS = 5, SQUEEZE_TENSORS = 4 };

/* A pointer of the step that waits for its place: in a small array, or at a lifetime's. */
typedef struct claim {
    float **at;
    size_t offset; /* small */
    bool large;    /* then the lifetime of the same number holds the offset */
} claim;

typedef struct planner {
    blocked_step *s;
    size_t batch, vector, members;
    size_t tensor; /* the next of the network's */
    size_t last_moment;
    claim *claims;
    lifetime *lives; /* [as claims] */
    size_t count, capacity;
    size_t small;                                                 /* floats of small arrays */
    size_t packed, again, taps, sums, weight_sums, scratch, rows; /* the most that a layer needs */
    bool overflow, no_memory;
} planner;

/* ---- Sizes ---- */

static size_t product(planner *p, size_t a, size_t b, size_t c)
{
    const size_t factors[] = {a, b, c};
    size_t out = 0;
    if (!size_product(&out, factors, 3)) p->overflow = true;
    return out;
}

static size_t sum(planner *p, size_t a, size_t b)
{
    size_t out = 0;
    if (!size_add(&out, a, b)) p->overflow = true;
    return out;
}

static void at_least(size_t *most, size_t size)
{
    if (size > *most) *most = size;
}

static claim *claim_for(planner *p, float **at)
{
    if (p->count == p->capacity) {
        const size_t capacity = 2 * p->capacity + 64;
        claim *claims = realloc(p->claims, capacity * sizeof *claims);
        if (claims) p->claims = claims;
        lifetime *lives = realloc(p->lives, capacity * sizeof *lives);
        if (lives) p->lives = lives;
        p->no_memory |= !claims || !lives;
        if (p->no_memory) return NULL;
        p->capacity = capacity;
    }
    p->claims[p->count] = (claim){.at = at};
    p->lives[p->count] = (lifetime){0};
    return &p->claims[p->count++];
}

/* A small array that stays for the whole step. */
static void take(planner *p, float **at, size_t floats)
{
    claim *c = claim_for(p, at);
    if (!c) return;
    c->offset = p->small;
    p->small = sum(p, p->small, floats);
    p->small = sum(p, p->small, ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static map map_of(planner *p, size_t channels, size_t pixels)
{
    enum { PERIOD = 64, SHIFT = 9, FEW = 512 }; /* lines; a first cache repeats every 64 */
    const size_t vectors = vectors_of(channels, p->vector);
    size_t lines = sum(p, product(p, p->batch, pixels, p->vector), ALIGNMENT - 1) / ALIGNMENT;
    if (lines > FEW) lines = sum(p, lines, PERIOD) / PERIOD * PERIOD + SHIFT;
    return (map){
        .vectors = vectors, .channels = channels, .pixels = pixels, .block = product(p, lines, ALIGNMENT, 1)};
}

/* A map of one pixel for each image. */
static void take_vector_map(planner *p, map *m, size_t channels)
{
    *m = map_of(p, channels, 1);
    take(p, &m->data, product(p, m->vectors, m->block, 1));
}

/* A map that is needed from moment `first` to moment `last`. */
static void take_map(planner *p, map *m, size_t channels, size_t pixels, size_t first, size_t last)
{
    *m = map_of(p, channels, pixels);
    claim *c = claim_for(p, &m->data);
    if (!c) return;
    c->large = true;
    p->lives[p->count - 1] =
        (lifetime){.size = product(p, m->vectors, m->block, 1), .first = first, .last = last};
}

/* ---- Moments: forward stem, blocks, head, then backward ---- */

static size_t forward_moment(size_t number)
{
    return 1 + number;
}

static size_t head_moment(const planner *p)
{
    return 1 + (size_t)p->s->graph->block_count; /* forward; backward is the next */
}

static size_t backward_moment(const planner *p, size_t number)
{
    return p->last_moment - 1 - number;
}

/* ---- Layers ---- */

static kernel_activation activation_of(net_activation activation)
{
    switch (activation) {
    case NET_SWISH: return KERNEL_SWISH;
    case NET_RELU6: return KERNEL_RELU6;
    case NET_RELU: return KERNEL_RELU;
    case NET_HARD_SWISH: return KERNEL_HARD_SWISH;
    }
    return KERNEL_LINEAR;
}

static void plan_unit(planner *p, unit *u, const net_conv *conv, bool activates)
{
    *u = (unit){.conv = conv,
                .tensor = p->tensor,
                .activation = activates ? activation_of(p->s->graph->arch.activation) : KERNEL_LINEAR,
                .vectors = vectors_of((size_t)conv->out, p->vector)};
    p->tensor += UNIT_TENSORS;
    float **const arrays[] = {&u->mean,    &u->variance, &u->gain,    &u->bias,
                              &u->inverse, &u->slope,    &u->constant};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        take(p, arrays[i], u->vectors * p->vector);
}

/* Sums of `kinds` for each part of each image. */
static void need_sums(planner *p, const unit *u, size_t parts, size_t kinds)
{
    at_least(&p->sums, product(p, product(p, p->batch, parts, kinds), u->vectors, p->vector));
}

/* Pieces of a pointwise convolution: about 1.2 MB of what is read and made, and from 96 to 448 pixels;
 * several images where those are smaller, but at least four pieces. */
static pieces plan_pieces(planner *p, const net_conv *c)
{
    enum { FLOATS = 300000, FEWEST = 96, MOST = 448, LEAST_PIECES = 4 };
    const size_t pixels = pixels_of(c);
    const size_t width =
        (vectors_of((size_t)c->in, p->vector) + vectors_of((size_t)c->out, p->vector)) * p->vector;
    const size_t fitting = FLOATS / width;
    const size_t target = fitting < FEWEST ? FEWEST : fitting > MOST ? MOST : fitting;
    pieces cut = {.image = {.items = pixels, .parts = (pixels + target - 1) / target, .width = 1},
                  .images = 1};
    if (cut.image.parts == 1 && p->batch >= 2 * LEAST_PIECES) {
        const size_t share = p->batch / LEAST_PIECES, fit = target / pixels;
        cut.images = fit < share ? fit : share;
        if (cut.images == 0) cut.images = 1;
    }
    return cut;
}

static void need_pointwise(planner *p, const unit *u, const pieces *cut, size_t slope_kinds)
{
    const net_conv *c = u->conv;
    const size_t in = (size_t)c->in, out = (size_t)c->out, V = p->vector;
    const size_t wide_in = vectors_of(in, V) * V, wide_out = vectors_of(out, V) * V;
    const size_t largest = cut->image.parts > 1 ? (cut->image.items + cut->image.parts - 1) / cut->image.parts
                                                : cut->images * cut->image.items;
    const size_t weights = in < out ? product(p, in, wide_out, 1) : product(p, out, wide_in, 1);
    at_least(&p->packed, product(p, in, wide_out, 1));
    at_least(&p->packed, product(p, out, wide_in, 1));
    at_least(&p->scratch, product(p, largest, wide_in + wide_out + BLOCKED_MAX_PANEL * V, 1));
    at_least(&p->scratch, product(p, out, V, 1));
    if (weights > 0)
        at_least(&p->weight_sums, product(p, slots_count(pieces_count(cut, p->batch), weights), weights, 1));
    need_sums(p, u, cut->image.parts, slope_kinds);
}

/* As dense.c uses scratch memory. */
static void need_dense(planner *p, size_t in, size_t out)
{
    const size_t panel = BLOCKED_MAX_PANEL * p->vector;
    at_least(&p->scratch, product(p, in + 1, panel, 1));
    at_least(&p->scratch, product(p, out, panel, 1));
    at_least(&p->scratch, product(p, vectors_of(in, p->vector) * p->vector, p->vector, 1));
}

static size_t padded_columns(const net_conv *c)
{
    const int seen = (c->out_width - 1) * c->stride + c->kernel, given = c->pad_left + c->in_width;
    return (size_t)(seen > given ? seen : given);
}

/* True if a block goes backward by strips: where its hidden tensor is too large for caches, or the products
 * of the narrow tensors with each other are few beside what the passes over the hidden one would take. */
static bool goes_by_strips(const planner *p, const net_block *net)
{
    enum { FEW = 26, WIDEST = 96 }; /* multiply-adds for each hidden value; inputs: measured */
    if (!net->expands || net->expand.in > WIDEST) return false;
    const double in = net->expand.in, out = net->expand.out,
                 pixels = (double)p->batch * (double)pixels_of(&net->expand);
    return 2 * in * in / pixels + 2 * in * in / out <= FEW || out * pixels >= LARGE_MAP;
}

/* Strips of all hidden channels that stay in the second cache, at least a few of them; or images together. */
static void plan_strips(planner *p, block_state *b)
{
    enum { FLOATS = 100000, FEWEST = 8 };
    const size_t row = product(p, b->rows_in.width, b->expand.vectors, p->vector), fitting = FLOATS / row,
                 rows = b->rows_in.items;
    size_t parts = fitting > 0 ? (rows + fitting - 1) / fitting : rows;
    if (parts * p->batch < FEWEST) parts = (FEWEST + p->batch - 1) / p->batch;
    if (parts < b->rows_in.parts) parts = b->rows_in.parts;
    b->rows_in.parts = parts < rows ? parts : rows;
    const size_t most = p->batch / FEWEST, together = FLOATS / product(p, row, rows, 1);
    b->strips.image = b->rows_in;
    b->strips.images = b->rows_in.parts > 1 || most < 2 || together < 2 ? 1
                       : together < most                                ? together
                                                                        : most;
}

/* As inverted.c uses scratch memory, behind the windows of a strip, whose pixels are at most `pixels`. */
static void need_strips(planner *p, const block_state *b, size_t windows, size_t pixels)
{
    const size_t V = p->vector, in = (size_t)b->expand.conv->in, wide = b->expand.vectors * V;
    const strip_sums l = strip_sums_of(&b->expand, b->depthwise.conv, V);
    const size_t made = b->remakes ? BLOCKED_MAX_PANEL * V : 0;
    at_least(&p->scratch, sum(p, windows, product(p, pixels, l.inputs + wide + made, 1)));
    if (b->remakes) at_least(&p->again, product(p, in, wide, 1));
    at_least(&p->scratch, product(p, V, l.inputs + wide, 1));
    at_least(&p->scratch, product(p, (size_t)b->expand.conv->out, BLOCKED_MAX_PANEL * V, 1));
    at_least(&p->packed, product(p, in, l.inputs, 1));
    at_least(&p->taps, l.inputs);
    at_least(&p->weight_sums, product(p, slots_count(pieces_count(&b->strips, p->batch), l.size), l.size, 1));
}

/* Scratch memory as depthwise.c uses it: a strip's results and its windows, of input rows forward, of input
 * and gradient backward. */
static void need_depthwise(planner *p, block_state *b)
{
    const net_conv *c = b->depthwise.conv;
    const size_t V = p->vector, kernel = (size_t)c->kernel, stride = (size_t)c->stride,
                 columns = padded_columns(c), gradient_columns = columns + kernel;
    b->rows_out = (division){.items = (size_t)c->out_height, .width = (size_t)c->out_width};
    b->rows_in = (division){.items = (size_t)c->in_height, .width = (size_t)c->in_width};
    b->rows_out.parts = strips_of(b->rows_out.items, product(p, columns, stride, V));
    b->rows_in.parts = strips_of(b->rows_in.items, product(p, columns, V, 1));
    if (b->strips.images > 0) plan_strips(p, b);
    const size_t rows_out = (b->rows_out.items + b->rows_out.parts - 1) / b->rows_out.parts,
                 rows_in = (b->rows_in.items + b->rows_in.parts - 1) / b->rows_in.parts;
    const size_t made = product(p, rows_out, b->rows_out.width, V),
                 made_back = product(p, rows_in, b->rows_in.width, V);
    at_least(&p->scratch, sum(p, made, product(p, rows_out * stride + kernel, columns, V)));
    const size_t windows = sum(p, sum(p, made_back, product(p, rows_in + 1, columns, V)),
                               product(p, rows_in + kernel, gradient_columns, V));
    at_least(&p->scratch, windows);
    if (b->strips.images > 0)
        need_strips(p, b, windows, product(p, rows_in, b->rows_in.width, b->strips.images));
    at_least(&p->rows, sum(p, rows_in, 3 * kernel));
    const size_t taps = product(p, b->depthwise.vectors * V, kernel, kernel);
    const size_t places = p->batch < MOST_IMAGE_SLOTS ? p->batch : MOST_IMAGE_SLOTS;
    at_least(&p->taps, taps);
    at_least(&p->weight_sums, product(p, places, taps, 1));
    need_sums(p, &b->depthwise, b->rows_out.parts, 2);
}

static void plan_squeeze(planner *p, squeeze *q, const net_block *net)
{
    const size_t hidden = (size_t)net->depthwise.out, inner = (size_t)net->squeeze;
    q->tensor = p->tensor;
    p->tensor += SQUEEZE_TENSORS;
    map *const wide[] = {&q->pooled, &q->gate, &q->dgate, &q->dpooled};
    map *const narrow[] = {&q->reduced, &q->activated, &q->dreduced};
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        take_vector_map(p, wide[i], hidden);
    for (size_t i = 0; i < sizeof narrow / sizeof *narrow; i++)
        take_vector_map(p, narrow[i], inner);
    need_dense(p, hidden, inner);
    need_dense(p, inner, hidden);
}

/* What a block keeps between forward and backward, and what it needs while it runs. */
static void plan_block_maps(planner *p, block_state *b)
{
    const net_block *net = b->net;
    const net_conv *dw = &net->depthwise, *project = &net->project;
    const size_t n = b->number, now = forward_moment(n), back = backward_moment(p, n);
    const bool last = n + 1 == (size_t)p->s->graph->block_count;
    const size_t hidden = (size_t)dw->out, in_pixels = (size_t)dw->in_height * (size_t)dw->in_width;
    if (net->expands) {
        const bool kept = p->s->options.memory == TRAIN_KEEP && !b->remakes;
        take_map(p, &b->expanded[0], hidden, in_pixels, now, kept ? back : now);
        if (!kept && !b->remakes) take_map(p, &b->expanded[1], hidden, in_pixels, back, back);
        if (!b->strips.images) take_map(p, &b->dwide, hidden, in_pixels, back, back);
    }
    take_map(p, &b->depthwise.raw, hidden, pixels_of(dw), now, back);
    take_map(p, &b->dhidden, hidden, pixels_of(dw), back, back);
    take_map(p, &b->project.raw, (size_t)project->out, pixels_of(project), now, back);
    b->keeps_output = net->residual || (!last && !net[1].expands);
    if (b->keeps_output)
        take_map(p, &b->output.x, (size_t)project->out, pixels_of(project), now,
                 last ? head_moment(p) + 1 : backward_moment(p, n + 1));
    take_map(p, &b->dinput, (size_t)(net->expands ? net->expand.in : dw->in), in_pixels, back,
             n > 0 ? backward_moment(p, n - 1) : p->last_moment);
}

static void plan_block(planner *p, block_state *b, size_t number)
{
    const net_block *net = &p->s->graph->blocks[number];
    assert(p->tensor == net->first_tensor);
    b->net = net;
    b->number = number;
    b->strips.images = goes_by_strips(p, net);
    b->remakes = b->strips.images > 0 && (p->s->options.memory == TRAIN_RECOMPUTE || net->expand.in <= CHEAP);
    if (net->expands) plan_unit(p, &b->expand, &net->expand, true);
    plan_unit(p, &b->depthwise, &net->depthwise, true);
    if (net->squeeze) plan_squeeze(p, &b->se, net);
    plan_unit(p, &b->project, &net->project, false);
    take(p, &b->scale, p->batch);
    plan_block_maps(p, b);
    need_depthwise(p, b);
    if (net->expands) {
        b->expand_pieces = plan_pieces(p, &net->expand);
        need_pointwise(p, &b->expand, &b->expand_pieces, 2);
        need_sums(p, &b->expand, b->rows_in.parts, 2);
    }
    b->project_pieces = plan_pieces(p, &net->project);
    need_pointwise(p, &b->project, &b->project_pieces, 2);
    need_sums(p, &b->depthwise, b->project_pieces.image.parts, 5);
}

static void plan_stem(planner *p)
{
    enum { ROWS = 8 }; /* of a part */
    blocked_step *s = p->s;
    const net_graph *g = s->graph;
    const net_conv *c = &g->stem;
    const size_t V = p->vector, pixels = pixels_of(c), out = (size_t)c->out;
    plan_unit(p, &s->stem, c, true);
    s->fuses_stem = !g->blocks[0].expands && !g->blocks[0].residual;
    s->stem_rows = (division){.items = (size_t)c->out_height,
                              .parts = ((size_t)c->out_height + ROWS - 1) / ROWS,
                              .width = (size_t)c->out_width};
    take_map(p, &s->stem.raw, out, pixels, 0, p->last_moment);
    if (s->fuses_stem)
        take_map(p, &s->dfirst, out, pixels, backward_moment(p, 0), p->last_moment);
    else
        take_map(p, &s->first, out, pixels, 0, backward_moment(p, 0));
    const size_t inputs = product(p, (size_t)(c->kernel * c->kernel), (size_t)c->in, 1);
    const size_t wide = s->stem.vectors * V, weights = product(p, inputs, wide, 1);
    at_least(&p->packed, weights);
    at_least(&p->weight_sums,
             product(p, slots_count(product(p, p->batch, s->stem_rows.parts, 1), weights), weights, 1));
    at_least(&p->scratch, sum(p, product(p, ROWS, s->stem_rows.width, wide),
                              product(p, (size_t)c->kernel, padded_columns(c), (size_t)c->in)));
    need_sums(p, &s->stem, s->stem_rows.parts, 2);
}

static void plan_head(planner *p)
{
    blocked_step *s = p->s;
    const net_graph *g = s->graph;
    const size_t features = (size_t)g->features, now = head_moment(p);
    const net_conv *last = &g->blocks[g->block_count - 1].project;
    if (g->has_head) {
        plan_unit(p, &s->head, &g->head, true);
        take_map(p, &s->head.raw, features, pixels_of(&g->head), now, now + 1);
        s->head_pieces = plan_pieces(p, &g->head);
        need_pointwise(p, &s->head, &s->head_pieces, 2);
    }
    take_map(p, &s->dlast, (size_t)last->out, pixels_of(last), now + 1,
             backward_moment(p, (size_t)g->block_count - 1));
    map *const wide[] = {&s->pooled, &s->dropped, &s->dpooled};
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        take_vector_map(p, wide[i], features);
    if (g->arch.classes == 0) return;
    take_vector_map(p, &s->logits, (size_t)g->arch.classes);
    take_vector_map(p, &s->dlogits, (size_t)g->arch.classes);
    need_dense(p, features, (size_t)g->arch.classes);
}

/* Maps that are another one's under a second name. */
static void share_maps(blocked_step *s)
{
    for (int i = 0; i < s->graph->block_count; i++) {
        block_state *b = &s->blocks[i];
        if (s->options.memory == TRAIN_KEEP || b->remakes) b->expanded[1] = b->expanded[0];
        if (b->remakes) b->expanded[1].data = NULL;
        b->expand.raw = b->expanded[0];
        if (!b->keeps_output) b->output = (source){.x = b->project.raw, .norm = &b->project};
        if (i > 0) b->input = s->blocks[i - 1].output;
    }
    s->blocks[0].input.x = s->first;
    if (!s->fuses_stem) s->dfirst = s->blocks[0].dinput;
}

static void plan_network(planner *p)
{
    blocked_step *s = p->s;
    const net_graph *g = s->graph;
    const size_t constants = BLOCKED_MAX_PANEL * p->vector;
    p->last_moment = 2 * (size_t)g->block_count + 3;
    take(p, &s->zeros, constants);
    take(p, &s->ones, constants);
    plan_stem(p);
    for (int i = 0; i < g->block_count; i++)
        plan_block(p, &s->blocks[i], (size_t)i);
    plan_head(p);
    take(p, &s->packed, p->packed);
    take(p, &s->again, p->again);
    take(p, &s->taps, p->taps);
    take(p, &s->sums, p->sums);
    take(p, &s->weight_sums, p->weight_sums);
    s->scratch_size = sum(p, p->scratch, ALIGNMENT) / ALIGNMENT * ALIGNMENT;
    s->rows_size = p->rows;
    take(p, &s->scratch, product(p, s->scratch_size, p->members, 1));
}

/* ---- Memory ---- */

/* Lifetimes of small arrays have no size. */
static effnet_status count_bytes(planner *p, size_t *large, effnet_error *error)
{
    blocked_step *s = p->s;
    if (!p->overflow && !p->no_memory && !lifetimes_place(p->lives, p->count, large)) p->overflow = true;
    const size_t floats = sum(p, p->small, *large);
    if (p->no_memory) return error_memory(error);
    if (p->overflow || !size_mul(&s->bytes, floats, sizeof(float)))
        return error_set(
            error, EFFNET_ERR_MEMORY,
            "training %zu images of %d x %d at a time would need more memory than can be counted",
            s->options.batch, s->graph->height, s->graph->width);
    return EFFNET_OK;
}

static void hand_out(planner *p)
{
    blocked_step *s = p->s;
    for (size_t i = 0; i < p->count; i++)
        *p->claims[i].at =
            s->memory + (p->claims[i].large ? p->small + p->lives[i].offset : p->claims[i].offset);
    share_maps(s);
    for (size_t i = 0; i < BLOCKED_MAX_PANEL * s->vector; i++) {
        s->zeros[i] = 0;
        s->ones[i] = 1;
    }
}

static effnet_status allocate(planner *p, bool only_count, effnet_error *error)
{
    blocked_step *s = p->s;
    size_t large = 0;
    plan_network(p);
    TRY(count_bytes(p, &large, error));
    if (only_count) return EFFNET_OK;
    s->memory = pages_alloc(s->bytes);
    s->rows = calloc(s->rows_size * p->members, sizeof *s->rows);
    if (!s->memory || !s->rows) return error_memory(error);
    hand_out(p);
    return EFFNET_OK;
}

static effnet_status find_team(blocked_step *s, effnet_error *error)
{
    s->team = s->options.team;
    if (s->team) return EFFNET_OK;
    TRY(pool_create(&s->own_team, 1, error));
    s->team = s->own_team;
    return EFFNET_OK;
}

static effnet_status prepare(blocked_step *s, const train_step_options *options, effnet_error *error)
{
    s->options = *options;
    s->kernels = blocked_table_for(options->level);
    s->training = blocked_training_for(options->level);
    s->vector = s->kernels->vector;
    s->large = LARGE_MAP;
    s->blocks = calloc((size_t)s->graph->block_count, sizeof *s->blocks);
    return s->blocks ? train_layout_create(&s->layout, s->graph, error) : error_memory(error);
}

/* For the team of the options; only counts, for a team of `counted` members, if that is not 0. */
static effnet_status plan(blocked_step **out, const net_graph *graph, const train_step_options *options,
                          size_t counted, effnet_error *error)
{
    *out = NULL;
    blocked_step *s = calloc(1, sizeof *s);
    if (!s) return error_memory(error);
    s->graph = graph;
    effnet_status status = prepare(s, options, error);
    if (status == EFFNET_OK && !counted) status = find_team(s, error);
    planner p = {.s = s, .batch = options->batch, .vector = s->vector, .members = counted};
    if (status == EFFNET_OK && !counted) p.members = pool_members(s->team);
    if (status == EFFNET_OK) status = allocate(&p, counted != 0, error);
    free(p.claims);
    free(p.lives);
    if (status == EFFNET_OK)
        *out = s;
    else
        blocked_step_free(s);
    return status;
}

bool blocked_step_serves(const train_step_options *options)
{
    return blocked_training_for(options->level) != NULL;
}

effnet_status blocked_step_bytes(size_t *out, const net_graph *graph, const train_step_options *options,
                                 size_t members, effnet_error *error)
{
    blocked_step *s;
    TRY(plan(&s, graph, options, members, error));
    *out = s->bytes;
    blocked_step_free(s);
    return EFFNET_OK;
}

effnet_status blocked_step_create(blocked_step **out, const net_graph *graph,
                                  const train_step_options *options, effnet_error *error)
{
    return plan(out, graph, options, 0, error);
}

void blocked_step_free(blocked_step *s)
{
    if (!s) return;
    free(s->memory);
    free(s->rows);
    free(s->blocks);
    train_layout_free(s->layout);
    pool_free(s->own_team);
    free(s);
}
