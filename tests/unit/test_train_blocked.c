/* SPDX-License-Identifier: Apache-2.0
 *
 * The blocked training step against the reference in double on whole small networks, at every level that this
 * machine has: logits, gradients, running statistics; the same bits for any team; nothing that depends on
 * what memory held before.
 */
#include "train/blocked/blocked_step.h"

#include "train/blocked/lifetimes.h"
#include "train/blocked/plan.h"
#include "train/reference/reference_step.h"
#include "train_nets.h"

enum { MOST_IMAGES = 9 };

/* One network with its numbers. */
typedef struct bed {
    const train_net *net;
    net_graph *graph;
    train_layout *layout;
    size_t outputs;
    float *values, *images, *dlogits;
} bed;

static bed bed_make(const train_net *net)
{
    bed b = {.net = net, .graph = train_net_graph(net)};
    assert_int_equal(train_layout_create(&b.layout, b.graph, NULL), EFFNET_OK);
    b.outputs = train_outputs(b.graph);
    b.values = train_net_values(b.graph, b.layout);
    b.images = train_net_numbers(MOST_IMAGES * train_net_image(b.graph), 1);
    b.dlogits = train_net_numbers(MOST_IMAGES * b.outputs, 2);
    return b;
}

static void bed_free(bed *b)
{
    free(b->dlogits);
    free(b->images);
    free(b->values);
    train_layout_free(b->layout);
    net_graph_free(b->graph);
}

/* What gradients are added to: so small that rounding hides none. */
static const float before = 0x1p-10f;

/* What a step has given: logits, gradients on top of that, and the values with new running statistics. */
typedef struct outcome {
    float *logits, *gradients, *values;
} outcome;

static void outcome_free(outcome *o)
{
    free(o->logits);
    free(o->gradients);
    free(o->values);
}

static outcome run_step(const bed *b, train_step *step, const train_pass *pass, size_t count)
{
    outcome o = {.logits = calloc(count * b->outputs, sizeof(float)),
                 .gradients = calloc(b->layout->trained, sizeof(float)),
                 .values = calloc(b->layout->count, sizeof(float))};
    assert_true(o.logits && o.gradients && o.values);
    memcpy(o.values, b->values, b->layout->count * sizeof(float));
    for (size_t i = 0; i < b->layout->trained; i++)
        o.gradients[i] = before;
    train_forward(step, pass, b->values, b->images, count, o.logits);
    if (pass->mode == TRAIN_LEARN) train_backward(step, b->values, b->dlogits, o.gradients);
    if (pass->mode != TRAIN_EVALUATE) train_update_statistics(step, o.values);
    return o;
}

static outcome run_once(const bed *b, train_step_options options, const train_pass *pass, size_t members,
                        size_t count)
{
    train_step *step;
    effnet_error error;
    if (members > 0) assert_int_equal(pool_create(&options.team, members, NULL), EFFNET_OK);
    options.frozen_norms = b->net->frozen;
    if (train_step_create(&step, b->graph, &options, &error)) fail_msg("%s", error.message);
    const outcome o = run_step(b, step, pass, count);
    train_step_free(step);
    pool_free(options.team);
    return o;
}

/* ---- Against the reference ---- */

static double largest(const float *values, size_t count, float from)
{
    double most = 0;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, fabs((double)values[i] - (double)from));
    return most;
}

/* `scale`: what errors are measured by. */
static void compare(const char *net, const char *what, size_t tensor, const float *got, const float *want,
                    size_t count, double scale, double tolerance)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)got[i] - (double)want[i]) <= tolerance * scale))
            fail_msg("%s: %s of tensor %zu, element %zu: %.9g, reference %.9g, scale %.3g", net, what, tensor,
                     i, (double)got[i], (double)want[i], scale);
}

/* Gradients are measured by their tensor's largest, but no less than by a two-hundredth of the network's:
 * some are truly zero. */
static void compare_outcomes(const bed *b, const outcome *got, const outcome *want, size_t count)
{
    const double all = largest(want->gradients, b->layout->trained, before);
    compare(b->net->name, "logits", 0, got->logits, want->logits, count * b->outputs,
            1 + largest(want->logits, count * b->outputs, 0), 2e-5);
    for (size_t i = 0; i < b->layout->tensor_count; i++) {
        const train_slot *slot = &b->layout->slots[i];
        const float *values = want->values + slot->offset;
        compare(b->net->name, "values", i, got->values + slot->offset, values, slot->count,
                largest(values, slot->count, 0), 1e-5);
        if (!slot->trainable) continue;
        const float *gradients = want->gradients + slot->offset;
        compare(b->net->name, "gradient", i, got->gradients + slot->offset, gradients, slot->count,
                fmax(largest(gradients, slot->count, before), 5e-3 * all), 2e-4);
    }
}

static void check_net(const bed *b, cpu_level level, train_memory memory, train_mode mode, size_t count)
{
    const train_pass pass = {.mode = mode, .seed = 3, .step = 11, .first_image = 2};
    const train_step_options plain = {.level = CPU_REF, .batch = count};
    const train_step_options fast = {.level = level, .batch = count + count % 2, .memory = memory};
    outcome want = run_once(b, plain, &pass, 0, count), got = run_once(b, fast, &pass, 2, count);
    compare_outcomes(b, &got, &want, count);
    outcome_free(&want);
    outcome_free(&got);
}

static void each_level(void (*run)(cpu_level level))
{
    static const cpu_level levels[] = {CPU_AVX2, CPU_AVX512, CPU_NEON};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (cpu_has_level(levels[i]) && blocked_step_serves(&(train_step_options){.level = levels[i]}))
            run(levels[i]);
}

static void nets_at(cpu_level level)
{
    for (size_t n = 0; n < TRAIN_NETS; n++) {
        bed b = bed_make(&train_nets[n]);
        check_net(&b, level, TRAIN_KEEP, TRAIN_LEARN, 3);
        check_net(&b, level, TRAIN_RECOMPUTE, TRAIN_LEARN, 9);
        check_net(&b, level, TRAIN_KEEP, TRAIN_EVALUATE, 2);
        check_net(&b, level, TRAIN_RECOMPUTE, TRAIN_STATISTICS, 4);
        bed_free(&b);
    }
}

static void steps_are_the_references(void **state)
{
    (void)state;
    each_level(nets_at);
}

/* ---- Bits ---- */

static void check_same(const bed *b, const outcome *a, const outcome *other, size_t count)
{
    assert_memory_equal(a->logits, other->logits, count * b->outputs * sizeof(float));
    assert_memory_equal(a->gradients, other->gradients, b->layout->trained * sizeof(float));
    assert_memory_equal(a->values, other->values, b->layout->count * sizeof(float));
}

static void teams_at(cpu_level level)
{
    const train_pass pass = {.seed = 1, .step = 1};
    for (size_t n = 0; n < TRAIN_NETS; n++) {
        bed b = bed_make(&train_nets[n]);
        const train_step_options kept = {.level = level, .batch = MOST_IMAGES};
        train_step_options again = kept;
        again.memory = TRAIN_RECOMPUTE;
        outcome one = run_once(&b, kept, &pass, 0, MOST_IMAGES);
        for (size_t members = 2; members <= 4; members++) {
            outcome some = run_once(&b, members == 3 ? again : kept, &pass, members, MOST_IMAGES);
            check_same(&b, &one, &some, MOST_IMAGES);
            outcome_free(&some);
        }
        outcome_free(&one);
        bed_free(&b);
    }
}

static void teams_do_not_matter(void **state)
{
    (void)state;
    each_level(teams_at);
}

/* A step gives the same after others have left their numbers in its memory. */
static void repeats_at(cpu_level level)
{
    for (size_t n = 0; n < TRAIN_NETS; n++) {
        bed b = bed_make(&train_nets[n]);
        const train_pass pass = {.seed = 1, .step = 1}, others = {.mode = TRAIN_STATISTICS};
        const train_step_options options = {.level = level, .batch = 4, .frozen_norms = b.net->frozen};
        train_step *step;
        assert_int_equal(train_step_create(&step, b.graph, &options, NULL), EFFNET_OK);
        outcome first = run_step(&b, step, &pass, 3), between = run_step(&b, step, &others, 4),
                again = run_step(&b, step, &pass, 3);
        check_same(&b, &first, &again, 3);
        outcome_free(&first);
        outcome_free(&between);
        outcome_free(&again);
        train_step_free(step);
        bed_free(&b);
    }
}

static void repeats_are_equal(void **state)
{
    (void)state;
    each_level(repeats_at);
}

/* Maps that are written past the caches hold the same. */
static void large_at(cpu_level level)
{
    const train_pass pass = {.seed = 1, .step = 1};
    for (size_t n = 0; n < TRAIN_NETS; n++) {
        bed b = bed_make(&train_nets[n]);
        const train_step_options options = {.level = level, .batch = 5, .frozen_norms = b.net->frozen};
        outcome want = run_once(&b, options, &pass, 0, 5);
        float *logits = calloc(5 * b.outputs, sizeof *logits);
        float *gradients = calloc(b.layout->trained, sizeof *gradients);
        blocked_step *step;
        assert_int_equal(blocked_step_create(&step, b.graph, &options, NULL), EFFNET_OK);
        step->large = 0;
        for (size_t i = 0; i < b.layout->trained; i++)
            gradients[i] = before;
        blocked_step_forward(step, &pass, b.values, b.images, 5, logits);
        blocked_step_backward(step, b.values, b.dlogits, gradients);
        assert_memory_equal(logits, want.logits, 5 * b.outputs * sizeof *logits);
        assert_memory_equal(gradients, want.gradients, b.layout->trained * sizeof *gradients);
        blocked_step_free(step);
        free(gradients);
        free(logits);
        outcome_free(&want);
        bed_free(&b);
    }
}

static void large_maps_do_not_matter(void **state)
{
    (void)state;
    each_level(large_at);
}

/* Tensors before the first that is trained keep their gradients, others get the same. */
static void frozen_at(cpu_level level)
{
    const train_pass pass = {.seed = 1, .step = 1};
    for (size_t n = 0; n < TRAIN_NETS; n += 3) {
        bed b = bed_make(&train_nets[n]);
        train_step_options options = {.level = level, .batch = 3};
        outcome all = run_once(&b, options, &pass, 0, 3);
        for (size_t first = 0; first <= b.layout->tensor_count; first++) {
            options.first_trained = first;
            outcome some = run_once(&b, options, &pass, 2, 3);
            const size_t start = train_layout_first(b.layout, first);
            for (size_t i = 0; i < b.layout->trained; i++)
                assert_true(some.gradients[i] == (i < start ? before : all.gradients[i]));
            outcome_free(&some);
        }
        outcome_free(&all);
        bed_free(&b);
    }
}

static void first_tensors_can_be_frozen(void **state)
{
    (void)state;
    each_level(frozen_at);
}

/* Gradients as they were when they were told to be ready. */
typedef struct watch {
    const float *gradients;
    float *seen;
    size_t from, calls;
} watch;

static void on_ready(void *context, size_t from)
{
    watch *w = context;
    assert_true(from <= w->from);
    memcpy(w->seen + from, w->gradients + from, (w->from - from) * sizeof(float));
    w->from = from;
    w->calls++;
}

static void ready_at(cpu_level level)
{
    const train_pass pass = {.seed = 1, .step = 1};
    for (size_t n = 0; n < TRAIN_NETS; n++)
        for (size_t members = 1; members <= 3; members++) {
            bed b = bed_make(&train_nets[n]);
            train_step_options options = {.level = level, .batch = MOST_IMAGES, .memory = TRAIN_RECOMPUTE};
            float *logits = calloc(MOST_IMAGES * b.outputs, sizeof *logits);
            float *gradients = calloc(b.layout->trained, sizeof *gradients);
            watch w = {gradients, calloc(b.layout->trained, sizeof *w.seen), b.layout->trained, 0};
            train_step *step;
            assert_int_equal(pool_create(&options.team, members, NULL), EFFNET_OK);
            assert_int_equal(train_step_create(&step, b.graph, &options, NULL), EFFNET_OK);
            train_on_ready(step, on_ready, &w);
            train_forward(step, &pass, b.values, b.images, MOST_IMAGES, logits);
            train_backward(step, b.values, b.dlogits, gradients);
            assert_true(w.calls + 1 >= (size_t)b.graph->block_count && w.from > 0);
            assert_true(w.from <= b.layout->slots[b.graph->blocks[1].first_tensor].offset);
            assert_memory_equal(w.seen + w.from, gradients + w.from,
                                (b.layout->trained - w.from) * sizeof(float));
            train_step_free(step);
            pool_free(options.team);
            free(w.seen);
            free(gradients);
            free(logits);
            bed_free(&b);
        }
}

static void ready_gradients_do_not_change(void **state)
{
    (void)state;
    each_level(ready_at);
}

/* ---- Memory ---- */

static void lifetimes_share(void **state)
{
    (void)state;
    lifetime t[] = {{.size = 100, .first = 0, .last = 5},
                    {.size = 60, .first = 1, .last = 2},
                    {.size = 50, .first = 3, .last = 4},
                    {.size = 10, .first = 2, .last = 3}};
    size_t total;
    assert_true(lifetimes_place(t, 4, &total));
    assert_int_equal(total, 112 + 64 + 16);
    assert_int_equal(t[0].offset, 0);
    assert_int_equal(t[1].offset, 112);
    assert_int_equal(t[2].offset, 112);
    assert_int_equal(t[3].offset, 176);
    lifetime huge[] = {{.size = SIZE_MAX - 20}, {.size = SIZE_MAX / 2}};
    assert_false(lifetimes_place(huge, 2, &total));
    assert_true(lifetimes_place(NULL, 0, &total));
    assert_int_equal(total, 0);
}

/* EfficientNet-B0, 16 images of 224 x 224. */
static void memory_at(cpu_level level)
{
    train_step_options options = {.level = level, .batch = 16};
    net_arch arch;
    net_graph *graph;
    size_t kept, less, more;
    effnet_error error;
    assert_int_equal(net_arch_by_name(&arch, "efficientnet-b0", NULL), EFFNET_OK);
    assert_int_equal(net_graph_create(&graph, &arch, NULL, 0, 0, NULL), EFFNET_OK);
    assert_int_equal(train_step_bytes(&kept, graph, &options, 1, &error), EFFNET_OK);
    assert_in_range(kept, 300 << 20, 450 << 20);
    options.memory = TRAIN_RECOMPUTE;
    assert_int_equal(train_step_bytes(&less, graph, &options, 1, &error), EFFNET_OK);
    assert_in_range(less, kept / 2, kept * 3 / 4);
    options.batch = 32;
    assert_int_equal(train_step_bytes(&more, graph, &options, 1, &error), EFFNET_OK);
    assert_in_range(more, less * 3 / 2, less * 2);
    options.batch = SIZE_MAX / 3;
    assert_int_equal(train_step_bytes(&more, graph, &options, 1, &error), EFFNET_ERR_MEMORY);
    options.batch = 0;
    assert_int_equal(train_step_bytes(&more, graph, &options, 1, &error), EFFNET_ERR_ARGUMENT);
    net_graph_free(graph);
}

static void memory_is_told(void **state)
{
    (void)state;
    each_level(memory_at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lifetimes_share),
        cmocka_unit_test(steps_are_the_references),
        cmocka_unit_test(teams_do_not_matter),
        cmocka_unit_test(repeats_are_equal),
        cmocka_unit_test(large_maps_do_not_matter),
        cmocka_unit_test(first_tensors_can_be_frozen),
        cmocka_unit_test(ready_gradients_do_not_change),
        cmocka_unit_test(memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
