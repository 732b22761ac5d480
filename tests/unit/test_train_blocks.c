/* SPDX-License-Identifier: Apache-2.0
 *
 * Every kind of block of EfficientNet-B0 and MobileNetV2 with its own channels, alone between a stem and a
 * head: the steps of all levels against the reference in double. One block at a time, because a value that
 * float carries over a kink of ReLU6 changes all gradients before it.
 */
#include "train/reference/reference_step.h"

#include "train_nets.h"

#ifndef MOST_HIDDEN
#define MOST_HIDDEN 65536
#endif

enum { IMAGES = 3 };

/* What is compared, relative to the norm of each tensor's gradient. */
static const double smooth_tolerance = 2e-4, kinked_tolerance = 5e-3;

/* One block between stem and head, as a network. Blocks that see large planes in the network see a larger one
 * here, up to a quarter of it. */
static net_graph *graph_around(const net_graph *of, const net_block *block)
{
    const net_stage *stage = &of->arch.stages[block->stage];
    const bool repeated = block->repeat > 0, wide = block->depthwise.in_height > 28;
    const int in = block->expands ? block->expand.in : block->depthwise.in;
    net_arch arch = of->arch;
    size_t count = 0;
    if (!wide) /* one more halving */
        arch.stages[count++] = (net_stage){
            .repeats = 1, .kernel = 3, .stride = 2, .expand = 1, .in = in, .out = in, .no_skip = true};
    arch.stages[count++] = (net_stage){.repeats = 1,
                                       .kernel = stage->kernel,
                                       .stride = repeated ? 1 : stage->stride,
                                       .expand = stage->expand,
                                       .in = in,
                                       .out = block->project.out,
                                       .se = stage->se};
    arch.stage_count = (int)count;
    arch.width = arch.depth = 1;
    arch.divisor = 1;
    arch.stem = in;
    arch.head = 20;
    arch.head_scaling = NET_FIXED;
    arch.classes = 0;
    net_graph *graph;
    effnet_error error = {0};
    if (net_graph_create(&graph, &arch, &of->variant, wide ? 113 : 34, wide ? 96 : 37, &error))
        fail_msg("%s", error.message);
    assert_int_equal(graph->blocks[count - 1].residual, block->residual);
    return graph;
}

/* ---- One network ---- */

typedef struct outcome {
    float *logits, *gradients, *values; /* values after the statistics' update */
} outcome;

static outcome run(const net_graph *graph, const train_layout *layout, cpu_level level, train_memory memory)
{
    const train_step_options options = {.level = level, .batch = IMAGES, .memory = memory};
    const train_pass pass = {.seed = 1};
    const size_t outputs = train_outputs(graph);
    train_step *step;
    outcome o = {.logits = train_net_numbers(IMAGES * outputs, 3),
                 .gradients = calloc(layout->trained, sizeof(float)),
                 .values = train_net_values(graph, layout)};
    float *images = train_net_numbers(IMAGES * train_net_image(graph), 1);
    float *dlogits = train_net_numbers(IMAGES * outputs, 2);
    assert_non_null(o.gradients);
    assert_int_equal(train_step_create(&step, graph, &options, NULL), EFFNET_OK);
    train_forward(step, &pass, o.values, images, IMAGES, o.logits);
    train_backward(step, o.values, dlogits, o.gradients);
    train_update_statistics(step, o.values);
    train_step_free(step);
    free(dlogits);
    free(images);
    return o;
}

static void outcome_free(outcome *o)
{
    free(o->logits);
    free(o->gradients);
    free(o->values);
}

static double norm_of(const float *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)values[i] * (double)values[i];
    return sqrt(sum);
}

static double distance(const float *found, const float *wanted, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        const double apart = (double)found[i] - (double)wanted[i];
        sum += apart * apart;
    }
    return sqrt(sum);
}

/* The largest distance of a tensor's gradient over its norm; over a hundredth of the largest norm for those
 * that are truly 0, as that of a bias in front of another batch norm is. */
static double gradients_apart(const train_layout *layout, const outcome *found, const outcome *wanted)
{
    double largest = 0, worst = 0;
    for (size_t i = 0; i < layout->tensor_count; i++) {
        const train_slot *s = &layout->slots[i];
        if (s->trainable) largest = fmax(largest, norm_of(wanted->gradients + s->offset, s->count));
    }
    for (size_t i = 0; i < layout->tensor_count; i++) {
        const train_slot *s = &layout->slots[i];
        if (!s->trainable) continue;
        const double norm = norm_of(wanted->gradients + s->offset, s->count);
        const double apart = distance(found->gradients + s->offset, wanted->gradients + s->offset, s->count);
        worst = fmax(worst, apart / (norm > 1e-6 * largest ? norm : 1e-2 * largest));
    }
    return worst;
}

static double check_level(const char *name, const net_graph *graph, const train_layout *layout,
                          cpu_level level, train_memory memory, const outcome *wanted)
{
    outcome found = run(graph, layout, level, memory);
    const double tolerance = graph->arch.activation == NET_SWISH ? smooth_tolerance : kinked_tolerance;
    const double gradients = gradients_apart(layout, &found, wanted);
    const size_t outputs = IMAGES * train_outputs(graph), fixed = layout->count - layout->trained;
    const double logits = distance(found.logits, wanted->logits, outputs) / norm_of(wanted->logits, outputs);
    const float *running = wanted->values + layout->trained;
    const double statistics =
        distance(found.values + layout->trained, running, fixed) / norm_of(running, fixed);
    if (!(gradients <= tolerance && logits <= 1e-5 && statistics <= 1e-5))
        fail_msg("%s at level %s: logits %.2g apart, statistics %.2g, gradients %.2g", name,
                 cpu_level_name(level), logits, statistics, gradients);
    outcome_free(&found);
    return gradients;
}

static double check_block(const char *name, const net_graph *graph)
{
    train_layout *layout;
    double worst = 0;
    assert_int_equal(train_layout_create(&layout, graph, NULL), EFFNET_OK);
    outcome wanted = run(graph, layout, CPU_REF, TRAIN_KEEP);
    for (cpu_level level = CPU_AVX2; level <= CPU_NEON; level++)
        for (train_memory memory = TRAIN_KEEP; cpu_has_level(level) && memory <= TRAIN_RECOMPUTE; memory++)
            worst = fmax(worst, check_level(name, graph, layout, level, memory, &wanted));
    outcome_free(&wanted);
    train_layout_free(layout);
    return worst;
}

/* ---- All blocks ---- */

static void check_blocks(const char *network)
{
    net_arch arch;
    net_graph *of;
    double worst = 0;
    assert_int_equal(net_arch_by_name(&arch, network, NULL), EFFNET_OK);
    assert_int_equal(net_graph_create(&of, &arch, NULL, 224, 224, NULL), EFFNET_OK);
    for (int i = 0; i < of->block_count; i++) {
        const net_block *block = &of->blocks[i];
        char name[80];
        if (block->repeat > 1 || block->depthwise.in > MOST_HIDDEN) continue; /* as the one before */
        net_graph *graph = graph_around(of, block);
        snprintf(name, sizeof name, "%s, block %d", network, i);
        const double apart = check_block(name, graph);
        worst = fmax(worst, apart);
        net_graph_free(graph);
    }
    print_message("%s: gradients of blocks within %.1e\n", network, worst);
    net_graph_free(of);
}

static void smooth_blocks(void **state)
{
    (void)state;
    check_blocks("efficientnet-b0");
}

static void kinked_blocks(void **state)
{
    (void)state;
    check_blocks("mobilenet-v2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(smooth_blocks), cmocka_unit_test(kinked_blocks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
