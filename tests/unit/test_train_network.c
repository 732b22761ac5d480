/* SPDX-License-Identifier: Apache-2.0
 *
 * The training reference on whole small networks: derivatives of sampled parameters of every tensor against
 * central differences, evaluation against inference, running statistics, and what step.h promises of masks,
 * frozen tensors and passes.
 */
#include "train/reference/reference_step.h"

#include "differences.h"
#include "engine/engine.h"
#include "heap.h"
#include "train/masks.h"
#include "train_nets.h"

enum { IMAGES = 3, SAMPLES = HEAP_CAN_FAIL ? 2 : 1 }; /* fewer where sanitizers are slow */

/* A network, a step in double, and a loss: any linear function of the logits. */
typedef struct machine {
    const train_net *net;
    net_graph *graph;
    reference_step *step;
    train_pass pass;
    const train_layout *layout;
    size_t outputs;
    double *values, *images, *dlogits, *gradients;
} machine;

static double *widened(float *values, size_t count)
{
    double *wide = calloc(count, sizeof *wide);
    assert_non_null(wide);
    for (size_t i = 0; i < count; i++)
        wide[i] = values[i];
    free(values);
    return wide;
}

static machine machine_make(const train_net *net)
{
    machine m = {.net = net, .graph = train_net_graph(net), .pass = {.seed = 7, .step = 5}};
    const train_step_options options = {.batch = IMAGES, .frozen_norms = net->frozen};
    assert_int_equal(reference_step_create(&m.step, m.graph, &options, NULL), EFFNET_OK);
    m.layout = m.step->layout;
    m.outputs = train_outputs(m.graph);
    const size_t image = train_net_image(m.graph);
    m.values = widened(train_net_values(m.graph, m.layout), m.layout->count);
    m.images = widened(train_net_numbers(IMAGES * image, 1), IMAGES * image);
    m.dlogits = widened(train_net_numbers(IMAGES * m.outputs, 2), IMAGES * m.outputs);
    m.gradients = calloc(m.layout->trained, sizeof *m.gradients);
    assert_non_null(m.gradients);
    return m;
}

static void machine_free(machine *m)
{
    free(m->gradients);
    free(m->dlogits);
    free(m->images);
    free(m->values);
    reference_step_free(m->step);
    net_graph_free(m->graph);
}

static double machine_loss(void *context)
{
    machine *m = context;
    double sum = 0;
    reference_forward_double(m->step, &m->pass, m->values, m->images, IMAGES);
    for (size_t i = 0; i < IMAGES * m->outputs; i++)
        sum += m->dlogits[i] * m->step->logits[i];
    return sum;
}

static void machine_differentiate(machine *m)
{
    machine_loss(m);
    reference_backward_double(m->step, m->values, m->dlogits, m->gradients);
}

/* ---- Derivatives ---- */

/* The largest derivative of a tensor's. */
static double scale_of(const machine *m, size_t tensor)
{
    double scale = 0;
    const train_slot *slot = &m->layout->slots[tensor];
    for (size_t i = 0; slot->trainable && i < slot->count; i++)
        scale = fmax(scale, fabs(m->gradients[slot->offset + i]));
    return scale;
}

static void check_tensor(machine *m, size_t tensor, double scale)
{
    const net_tensor t = net_tensor_at(m->graph, tensor);
    const double width = m->net->activation == NET_SWISH ? 1e-3 : 5e-6; /* small where slopes jump */
    for (uint64_t sample = 0; m->layout->slots[tensor].trainable && sample < SAMPLES; sample++) {
        const size_t i = m->layout->slots[tensor].offset + rng_bits(tensor, sample) % t.count;
        const double wanted = difference_at(&m->values[i], width, machine_loss, m);
        const double error = difference_error(m->gradients[i], wanted, scale);
        if (!(error <= 1e-6))
            fail_msg(
                "%s: tensor %zu (part %d, block %d) element %zu: derivative %.12g, by differences %.12g, "
                "error %.2g",
                m->net->name, tensor, (int)t.part, t.block, i, m->gradients[i], wanted, error);
    }
}

static void test_derivatives(void **state)
{
    (void)state;
    for (size_t n = 0; n < TRAIN_NETS; n++) {
        machine m = machine_make(&train_nets[n]);
        machine_differentiate(&m);
        double scale = 0;
        for (size_t i = 0; i < net_tensor_count(m.graph); i++)
            scale = fmax(scale, scale_of(&m, i));
        difference_worst = 0;
        for (size_t i = 0; i < net_tensor_count(m.graph); i++)
            check_tensor(&m, i, scale);
        print_message("%s: largest difference %.1e\n", m.net->name, difference_worst);
        machine_free(&m);
    }
}

/* Twice adds twice; a step that is told not to want the first tensors leaves them, and others are the same.
 */
static void test_frozen_tensors(void **state)
{
    (void)state;
    machine m = machine_make(&train_nets[0]);
    machine_differentiate(&m);
    const size_t trained = m.layout->trained;
    double *once = calloc(trained, sizeof *once);
    assert_non_null(once);
    memcpy(once, m.gradients, trained * sizeof *once);
    machine_differentiate(&m);
    for (size_t i = 0; i < trained; i++)
        assert_true(fabs(m.gradients[i] - 2 * once[i]) <= 1e-12 * fabs(once[i]));
    for (size_t first = 0; first <= net_tensor_count(m.graph); first++) {
        m.step->options.first_trained = first;
        for (size_t i = 0; i < trained; i++)
            m.gradients[i] = 0;
        machine_differentiate(&m);
        const size_t start = train_layout_first(m.layout, first);
        for (size_t i = 0; i < trained; i++)
            assert_true(m.gradients[i] == (i < start ? 0 : once[i]));
    }
    free(once);
    machine_free(&m);
}

/* ---- Modes ---- */

static effnet_status read_tensor(void *context, const net_tensor *wanted, float *out, effnet_error *error)
{
    const net_graph *graph = context;
    (void)error;
    for (size_t i = 0; i < net_tensor_count(graph); i++) {
        const net_tensor t = net_tensor_at(graph, i);
        if (t.part != wanted->part || t.field != wanted->field || t.block != wanted->block) continue;
        for (size_t k = 0; k < t.count; k++)
            out[k] = train_net_value(&t, i, k);
        return EFFNET_OK;
    }
    return EFFNET_ERR_NOT_FOUND;
}

/* Evaluation is what the inference engine answers, within float's rounding. */
static void test_evaluation(void **state)
{
    (void)state;
    for (size_t n = 0; n < TRAIN_NETS; n++) {
        machine m = machine_make(&train_nets[n]);
        pool *team;
        engine_weights *weights;
        engine_scratch *scratch;
        assert_int_equal(pool_create(&team, 1, NULL), EFFNET_OK);
        assert_int_equal(engine_weights_create(&weights, m.graph, CPU_REF, team, read_tensor, m.graph, NULL),
                         EFFNET_OK);
        assert_int_equal(engine_scratch_create(&scratch, m.graph, weights, team, NULL), EFFNET_OK);
        float *images = train_net_numbers(IMAGES * train_net_image(m.graph), 1);
        float *answers = train_net_numbers(IMAGES * m.outputs, 9);
        engine_tap tap = {.out = answers};
        assert_int_equal(net_endpoint_find(&tap.at, m.graph, m.net->classes ? "logits" : "pooled", NULL),
                         EFFNET_OK);
        engine_run(scratch, images, IMAGES, &tap, 1);
        m.pass.mode = TRAIN_EVALUATE;
        machine_loss(&m);
        for (size_t i = 0; i < IMAGES * m.outputs; i++)
            if (!(fabs(m.step->logits[i] - answers[i]) <= 1e-5 * (1 + fabs(m.step->logits[i]))))
                fail_msg("%s: %g, inference gives %g", m.net->name, m.step->logits[i], (double)answers[i]);
        free(answers);
        free(images);
        engine_scratch_free(scratch);
        engine_weights_free(weights);
        pool_free(team);
        machine_free(&m);
    }
}

/* With momentum 1 the running statistics become the batch's: evaluation then gives what learning gave, but
 * for the variance, which is the unbiased one. */
static void test_running_statistics(void **state)
{
    (void)state;
    train_net net = train_nets[0];
    machine m = machine_make(&net);
    m.graph->variant.bn_momentum = 1;
    m.pass.mode = TRAIN_STATISTICS;
    machine_loss(&m);
    double *logits = calloc(IMAGES * m.outputs, sizeof *logits);
    assert_non_null(logits);
    memcpy(logits, m.step->logits, IMAGES * m.outputs * sizeof *logits);
    reference_update_statistics_double(m.step, m.values);
    for (size_t i = 0; i < net_tensor_count(m.graph); i++) { /* back to the biased variance */
        const net_tensor t = net_tensor_at(m.graph, i);
        if (t.field != NET_VARIANCE) continue;
        const net_block *b = t.block < 0 ? NULL : &m.graph->blocks[t.block];
        const net_conv *conv = t.part == NET_STEM_BN     ? &m.graph->stem
                               : t.part == NET_HEAD_BN   ? &m.graph->head
                               : t.part == NET_EXPAND_BN ? &b->expand
                                                         : &b->depthwise; /* project has its pixels */
        const double rows = IMAGES * conv->out_height * conv->out_width;
        for (size_t k = 0; k < t.count; k++)
            m.values[m.layout->slots[i].offset + k] *= (rows - 1) / rows;
    }
    m.pass.mode = TRAIN_EVALUATE;
    machine_loss(&m);
    for (size_t i = 0; i < IMAGES * m.outputs; i++)
        assert_true(fabs(m.step->logits[i] - logits[i]) <= 1e-12);
    free(logits);
    machine_free(&m);
}

/* Frozen norms leave their statistics in learning; a pass for statistics moves them all the same. */
static void test_frozen_statistics(void **state)
{
    (void)state;
    machine m = machine_make(&train_nets[2]);
    const size_t size = m.layout->count * sizeof(double);
    double *before = malloc(size);
    assert_non_null(before);
    memcpy(before, m.values, size);
    machine_loss(&m);
    reference_update_statistics_double(m.step, m.values);
    assert_memory_equal(m.values, before, size);
    m.pass.mode = TRAIN_STATISTICS;
    machine_loss(&m);
    reference_update_statistics_double(m.step, m.values);
    for (size_t i = 0; i < net_tensor_count(m.graph); i++) {
        const net_field field = net_tensor_at(m.graph, i).field;
        const bool moves = field == NET_MEAN || field == NET_VARIANCE;
        const train_slot *slot = &m.layout->slots[i];
        for (size_t k = slot->offset; k < slot->offset + slot->count; k++)
            assert_true((m.values[k] != before[k]) == moves);
    }
    free(before);
    machine_free(&m);
}

/* ---- Masks ---- */

/* Draws are kept as often as they should be and scaled so that the mean stays; other seeds, steps and images
 * draw anew, and a batch cut in two draws what it draws whole. */
static void test_masks(void **state)
{
    (void)state;
    enum { DRAWS = 20000 };
    const net_block block = {.residual = true, .drop_rate = 0.25};
    const net_arch arch = {.classes = 10, .dropout = 0.4};
    const train_pass pass = {.seed = 1, .step = 2}, later = {.seed = 1, .step = 2, .first_image = 100};
    const train_pass other = {.seed = 1, .step = 3}, evaluation = {.mode = TRAIN_EVALUATE};
    const train_dropout dropped = train_dropout_of(&pass, &arch), kept = train_dropout_of(&evaluation, &arch);
    double branches = 0, features = 0;
    size_t differ = 0;
    for (size_t i = 0; i < DRAWS; i++) {
        const double scale = train_branch_scale(&pass, &block, 3, i);
        assert_true(scale == 0 || scale == 1 / 0.75);
        branches += scale / DRAWS;
        features += train_feature_scale(&dropped, i, 17) / DRAWS;
        differ += train_branch_scale(&other, &block, 3, i) != scale;
        assert_true(train_branch_scale(&later, &block, 3, i) ==
                    train_branch_scale(&pass, &block, 3, i + 100));
        assert_true(train_branch_scale(&evaluation, &block, 3, i) == 1);
        assert_true(train_feature_scale(&kept, i, 17) == 1);
    }
    assert_true(fabs(branches - 1) < 0.02 && fabs(features - 1) < 0.02);
    assert_true(differ > DRAWS / 4);
}

/* ---- The interface in float ---- */

static void test_step(void **state)
{
    (void)state;
    machine m = machine_make(&train_nets[1]);
    const train_step_options options = {.batch = IMAGES + 1}; /* room for more than there is */
    train_step *step;
    size_t bytes;
    assert_int_equal(train_step_create(&step, m.graph, &options, NULL), EFFNET_OK);
    assert_int_equal(train_step_bytes(&bytes, m.graph, &options, 1, NULL), EFFNET_OK);
    assert_true(bytes > m.layout->count * sizeof(double));
    float *values = train_net_values(m.graph, m.layout), *kept = train_net_values(m.graph, m.layout);
    float *images = train_net_numbers(IMAGES * train_net_image(m.graph), 1);
    float *dlogits = train_net_numbers(IMAGES * m.outputs, 2);
    float *logits = train_net_numbers(IMAGES * m.outputs, 3),
          *gradients = train_net_values(m.graph, m.layout);
    train_forward(step, &m.pass, values, images, IMAGES, logits);
    train_backward(step, values, dlogits, gradients);
    assert_memory_equal(values, kept, m.layout->count * sizeof *values);
    train_update_statistics(step, values);
    machine_differentiate(&m);
    reference_update_statistics_double(m.step, m.values);
    for (size_t i = 0; i < IMAGES * m.outputs; i++)
        assert_true(logits[i] == (float)m.step->logits[i]);
    for (size_t i = 0; i < m.layout->trained; i++)
        assert_true(gradients[i] == kept[i] + (float)m.gradients[i]);
    for (size_t i = 0; i < m.layout->count; i++)
        assert_true(values[i] == (float)m.values[i]);
    float *const arrays[] = {values, kept, images, dlogits, logits, gradients};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        free(arrays[i]);
    train_step_free(step);
    train_step_free(NULL);
    machine_free(&m);
}

static void test_refusals(void **state)
{
    (void)state;
    net_graph *graph = train_net_graph(&train_nets[0]);
    train_step_options options = {0};
    train_step *step = (train_step *)&options;
    size_t bytes;
    effnet_error error;
    assert_int_equal(train_step_create(&step, graph, &options, &error), EFFNET_ERR_ARGUMENT);
    assert_null(step);
    assert_int_equal(train_step_bytes(&bytes, graph, &options, 1, NULL), EFFNET_ERR_ARGUMENT);
    options.batch = SIZE_MAX / 1000;
    assert_int_equal(train_step_bytes(&bytes, graph, &options, 1, &error), EFFNET_ERR_MEMORY);
    assert_non_null(strstr(error.message, "more memory than can be counted"));
    assert_int_equal(train_step_create(&step, graph, &options, NULL), EFFNET_ERR_MEMORY);
    net_graph_free(graph);
}

/* Whichever allocation fails, nothing is left behind. */
static void test_out_of_memory(void **state)
{
    (void)state;
    if (!HEAP_CAN_FAIL) skip();
    net_graph *graph = train_net_graph(&train_nets[0]);
    const train_step_options options = {.batch = 1};
    effnet_status status = EFFNET_ERR_MEMORY;
    for (size_t allocations = 0; status == EFFNET_ERR_MEMORY; allocations++) {
        train_step *step;
        assert_true(allocations < 20);
        heap_mark();
        heap_fail_after(allocations);
        status = train_step_create(&step, graph, &options, NULL);
        heap_fail_after(SIZE_MAX);
        assert_true((step != NULL) == (status == EFFNET_OK));
        train_step_free(step);
        assert_int_equal(heap_kept(), 0);
    }
    assert_int_equal(status, EFFNET_OK);
    net_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_derivatives),
        cmocka_unit_test(test_frozen_tensors),
        cmocka_unit_test(test_evaluation),
        cmocka_unit_test(test_running_statistics),
        cmocka_unit_test(test_frozen_statistics),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_step),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
