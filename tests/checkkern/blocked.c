/* SPDX-License-Identifier: Apache-2.0
 *
 * The shapes that blocked kernels are tested on: every size of tile and every remainder, what the engine
 * asks of them in the first convolution and in squeeze-and-excitation, and the layers of the catalogue.
 */
#include "blocked.h"

#include "cases.h"

#include "base/rng.h"

#include <math.h>

enum { ACTIVATIONS = KERNEL_SIGMOID + 1 };

/* ---- Trials ---- */

/* True if integers give the same bits whatever the order. */
static bool is_exact(kernel_activation a)
{
    return a == KERNEL_LINEAR || a == KERNEL_RELU || a == KERNEL_RELU6;
}

void trial_each(checker *k, const void *shape, kernel_activation activation,
                void (*run)(checker *k, const void *shape, const trial *t))
{
    static const float specials[] = {NAN, INFINITY, -INFINITY};
    const guard_side side = check_random(k, 0) % 2 ? GUARD_AT_START : GUARD_AT_END,
                     other = side == GUARD_AT_END ? GUARD_AT_START : GUARD_AT_END;
    if (is_exact(activation)) run(k, shape, &(trial){NUMBERS_INTEGERS, other, 0});
    run(k, shape, &(trial){NUMBERS_REALS, side, 0});
    run(k, shape, &(trial){NUMBERS_REALS, other, specials[check_random(k, 0) % 3]});
}

guard trial_buffer(const checker *k, const trial *t, size_t count, int most, uint64_t stream)
{
    return numbers_guarded(count, t->kind, most, t->side, check_random(k, stream));
}

void trial_end(checker *k, guard *buffers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!guard_intact(&buffers[i])) check_fail(k, "wrote beside its tensors");
        guard_free(&buffers[i]);
    }
    k->tested++;
}

/* ---- Odd shapes ---- */

/* A choice below `count` that is the same for the same seed and test. */
static size_t choose(const checker *k, size_t *turn, size_t count)
{
    return (size_t)(rng_bits(k->seed, (*turn)++) % count);
}

/* What is left to choose of a dot product: what becomes of its outputs. */
static void choose_outputs(const checker *k, size_t *turn, dot_shape *s)
{
    s->out_gap = choose(k, turn, 3);
    s->placed = choose(k, turn, 3) == 0;
    s->added = choose(k, turn, 2) == 0;
    s->summed = choose(k, turn, 2) == 0;
}

/* A pointwise convolution: blocks of input channels apart by a plane. */
static dot_shape pointwise_shape(const checker *k, size_t *turn)
{
    const size_t vector = k->blocked->vector;
    return (dot_shape){.x_pixel = vector,
                       .rows = 1 + choose(k, turn, 4),
                       .length = vector,
                       .last = 1 + choose(k, turn, vector)};
}

/* The first convolution: rows of the kernel, as long as its columns and channels. */
static dot_shape stem_shape(const checker *k, size_t *turn)
{
    const size_t kernel = 1 + 2 * choose(k, turn, 4), channels = 1 + choose(k, turn, 4);
    return (dot_shape){.x_pixel = (1 + choose(k, turn, 3)) * channels,
                       .rows = kernel,
                       .length = kernel * channels,
                       .last = kernel * channels};
}

/* Neither: a vector for each pixel, but rows of any length. */
static dot_shape other_shape(const checker *k, size_t *turn)
{
    const size_t vector = k->blocked->vector, length = 1 + choose(k, turn, 3 * vector);
    return (dot_shape){.x_pixel = vector,
                       .rows = 1 + choose(k, turn, 2),
                       .length = length,
                       .last = 1 + choose(k, turn, length)};
}

static void odd_dots(checker *k, size_t *turn, size_t panel, size_t pixels)
{
    static dot_shape (*const kinds[])(const checker *, size_t *) = {pointwise_shape, stem_shape, other_shape};
    for (size_t kind = 0; kind < 3; kind++)
        for (size_t a = 0; a < ACTIVATIONS; a++) {
            if (k->quick && choose(k, turn, 3) > 0) continue;
            dot_shape s = kinds[kind](k, turn);
            const bool vectors = s.x_pixel == k->blocked->vector;
            s.x_row = (pixels - 1) * s.x_pixel + s.length + choose(k, turn, 5);
            if (vectors) s.x_row = (s.x_row + s.x_pixel - 1) / s.x_pixel * s.x_pixel;
            s.panel = panel;
            s.pixels = pixels;
            s.activation = (kernel_activation)a;
            choose_outputs(k, turn, &s);
            check_dot(k, &s);
            if (!k->blocked->halves || kinds[kind] != pointwise_shape) continue;
            s.last += s.last % 2;
            s.half = true;
            check_dot(k, &s);
        }
}

static void odd_depthwise(checker *k, size_t *turn, size_t kernel, size_t stride, size_t width)
{
    const depthwise_shape s = {
        .kernel = kernel,
        .stride = stride,
        .height = 1 + choose(k, turn, 3),
        .width = width,
        .activation = (kernel_activation)choose(k, turn, ACTIVATIONS),
        .gap = choose(k, turn, 3),
        .summed = choose(k, turn, 2) == 0,
    };
    check_depthwise(k, &s);
}

static void odd_dense(checker *k, size_t *turn, size_t vectors)
{
    for (size_t a = 0; a < ACTIVATIONS; a++) {
        const dense_shape s = {
            .k = 1 + choose(k, turn, 50), .vectors = vectors, .activation = (kernel_activation)a};
        check_dense(k, &s);
    }
}

/* Every count up to twice the widest tile, then some that are odd and big. */
static size_t next_count(size_t count, bool quick)
{
    static const size_t big[] = {31, 49, 75, 113};
    if (quick) return count < 16 ? count + 1 : count == 16 ? 29 : 0;
    if (count < 29) return count + 1;
    for (size_t i = 0; i < sizeof big / sizeof big[0]; i++)
        if (count < big[i]) return big[i];
    return 0;
}

static void test_odd(checker *k)
{
    size_t turn = 0;
    for (size_t count = 1; count > 0; count = next_count(count, k->quick)) {
        for (size_t panel = 1; panel <= BLOCKED_MAX_PANEL; panel++)
            odd_dots(k, &turn, panel, count);
        for (size_t kernel = 1; kernel <= 7; kernel++)
            for (size_t stride = 1; stride <= 3; stride++)
                odd_depthwise(k, &turn, kernel, stride, count);
        odd_dense(k, &turn, count);
        check_scale(k, count);
    }
}

/* ---- The catalogue ---- */

/* The dot product that a layer is, but for its outputs. */
static dot_shape dot_of(const check_case *c, size_t vector)
{
    const size_t in = c->filter.in, rows = (in + vector - 1) / vector, width = c->plane.out_width;
    if (c->operation == CHECK_CONVOLUTION) { /* one row of outputs */
        const size_t step = c->filter.stride * in, length = c->filter.kernel * in;
        return (dot_shape){.x_pixel = step,
                           .x_row = (width - 1) * step + length,
                           .rows = c->filter.kernel,
                           .length = length,
                           .last = length,
                           .pixels = width};
    }
    if (c->operation == CHECK_LINEAR) /* the gate of squeeze-and-excitation */
        return (dot_shape){.x_pixel = vector, .rows = 1, .length = in, .last = in, .pixels = 1};
    const size_t pixels = kernel_pixels(&c->plane);
    return (dot_shape){.x_pixel = vector,
                       .x_row = pixels * vector,
                       .rows = rows,
                       .length = vector,
                       .last = in - (rows - 1) * vector,
                       .pixels = pixels};
}

/* One panel of a layer, as the engine asks for it. */
static void test_panel(checker *k, const check_case *c, size_t vectors)
{
    dot_shape s = dot_of(c, k->blocked->vector);
    s.panel = vectors < 2 ? 1 : 2 + k->tested % 2;
    s.activation = c->filter.activation;
    s.added = c->residual;
    const size_t left = c->filter.out % k->blocked->vector;
    s.half =
        k->blocked->halves && c->operation == CHECK_POINTWISE && left > 0 && left <= k->blocked->vector / 2;
    check_dot(k, &s);
}

static void test_layer(void *context, const check_case *c)
{
    checker *k = context;
    const size_t vectors = (c->filter.out + k->blocked->vector - 1) / k->blocked->vector;
    if (k->quick && case_weights_size(c) > CHECK_QUICK_WEIGHTS) return;
    switch (c->operation) {
    case CHECK_CONVOLUTION:
    case CHECK_POINTWISE: test_panel(k, c, vectors); break;
    case CHECK_DEPTHWISE:
        check_depthwise(k, &(depthwise_shape){.kernel = c->filter.kernel,
                                              .stride = c->filter.stride,
                                              .height = c->plane.out_height,
                                              .width = c->plane.out_width,
                                              .activation = c->filter.activation,
                                              .summed = true});
        break;
    case CHECK_LINEAR:
        if (c->filter.activation == KERNEL_SIGMOID)
            test_panel(k, c, vectors);
        else
            check_dense(k, &(dense_shape){c->filter.in, vectors, c->filter.activation});
        break;
    case CHECK_POOL: break;
    }
}

/* After n rounds, 0 has become 2 - 2^(1 - n): exact, and the same in every lane. */
static void test_peak(checker *k)
{
    enum { ROUNDS = 7 };
    const kernel_peak peak = kernels_peak(k->level);
    if (!check_begin(k, "peak", cpu_level_name(k->level))) return;
    guard values = guard_create(peak.lanes, GUARD_AT_END);
    for (size_t i = 0; i < peak.lanes; i++)
        values.data[i] = 0;
    peak.run(values.data, ROUNDS);
    for (size_t i = 0; i < peak.lanes; i++)
        if (values.data[i] != 2 - 0x1p1f / (1 << ROUNDS)) check_fail(k, "lane %zu is wrong", i);
    trial_end(k, &values, 1);
}

void blocked_test(checker *k)
{
    test_odd(k);
    test_peak(k);
    for (size_t a = 0; a < ACTIVATIONS; a++)
        check_activation(k, (kernel_activation)a);
    cases_catalogue(test_layer, k);
}
