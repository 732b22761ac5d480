/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine against the naive forward pass, on small networks that have everything the family has; and its
 * promises: the same bits for any number of threads, any batch and any place in it, no leak when memory runs
 * out, and the floating-point mode as it was.
 */
#include "engine/engine.h"

#include "base/clock.h"
#include "base/rng.h"
#include "naive_net.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST_TAPS = 24 };

static uint64_t weights_seed = 11;
static cpu_level level; /* on trial; every test runs once for each that can run here */

/* ---- A network, its weights and an engine ---- */

typedef struct small_net {
    net_arch arch;
    net_padding padding;
    int height, width;
} small_net;

/* Every kind of block: without expansion, with residual, stride 2, large kernel, without skip. */
static small_net small_net_make(bool se)
{
    static const char *const with_se[] = {
        "r1_k3_s11_e1_i8_o6_se0.25",   "r2_k5_s22_e3_i6_o10_se0.25",         "r2_k3_s11_e4_i10_o13_se0.5",
        "r1_k7_s22_e2_i13_o13_se0.25", "r1_k3_s11_e6_i13_o13_se0.25_noskip",
    };
    static const char *const without_se[] = {
        "r1_k3_s11_e1_i8_o6",   "r2_k5_s22_e3_i6_o10",         "r2_k3_s11_e4_i10_o13",
        "r1_k7_s22_e2_i13_o13", "r1_k3_s11_e6_i13_o13_noskip",
    };
    small_net n = {.height = 37, .width = 45, .padding = NET_PAD_SAME};
    net_arch *a = &n.arch;
    *a = (net_arch){.name = "custom",
                    .stage_count = 5,
                    .width = 1,
                    .depth = 1,
                    .divisor = 1,
                    .size = 32,
                    .activation = NET_SWISH,
                    .stem = 8,
                    .stem_kernel = 3,
                    .stem_stride = 2,
                    .head = 29,
                    .classes = 11,
                    .in_channels = 3,
                    .stem_scaling = NET_FIXED,
                    .head_scaling = NET_FIXED};
    for (int i = 0; i < a->stage_count; i++)
        assert_int_equal(net_stage_parse(&a->stages[i], (se ? with_se : without_se)[i], NULL), EFFNET_OK);
    return n;
}

static net_graph *make_graph(const small_net *n)
{
    const net_variant variant = {.padding = n->padding, .bn_epsilon = 1e-3, .bn_momentum = 0.01};
    net_graph *graph = NULL;
    effnet_error error = {0};
    if (net_graph_create(&graph, &n->arch, &variant, n->height, n->width, &error))
        fail_msg("%s", error.message);
    return graph;
}

typedef struct machine {
    net_graph *graph;
    pool *team;
    engine_weights *weights;
    engine_scratch *scratch;
} machine;

static machine machine_make(const small_net *n, size_t threads)
{
    machine m = {.graph = make_graph(n)};
    assert_int_equal(pool_create(&m.team, threads, NULL), EFFNET_OK);
    assert_int_equal(
        engine_weights_create(&m.weights, m.graph, level, m.team, naive_net_tensor, &weights_seed, NULL),
        EFFNET_OK);
    assert_int_equal(engine_scratch_create(&m.scratch, m.graph, m.weights, m.team, NULL), EFFNET_OK);
    return m;
}

static void machine_free(machine *m)
{
    engine_scratch_free(m->scratch);
    engine_weights_free(m->weights);
    pool_free(m->team);
    net_graph_free(m->graph);
}

static float *floats(size_t count)
{
    float *values = calloc(count + 1, sizeof *values);
    assert_non_null(values);
    return values;
}

static float *make_images(const net_graph *g, size_t count)
{
    const size_t size = count * (size_t)g->height * (size_t)g->width * (size_t)g->arch.in_channels;
    float *images = floats(size);
    for (size_t i = 0; i < size; i++)
        images[i] = 2 * rng_normal(5, i);
    return images;
}

static size_t endpoint_size(const net_endpoint *at)
{
    return (size_t)at->channels * (size_t)at->height * (size_t)at->width;
}

/* Every endpoint that the network has, with room for `count` images. */
static size_t make_taps(engine_tap taps[MOST_TAPS], const net_graph *g, size_t count)
{
    static const char *const names[] = {"stem", "features", "pooled", "logits"};
    size_t tap_count = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        tap_count += net_endpoint_find(&taps[tap_count].at, g, names[i], NULL) == EFFNET_OK;
    for (int block = 0; block < g->block_count; block++) {
        char name[32];
        snprintf(name, sizeof name, "block:%d", block);
        assert_int_equal(net_endpoint_find(&taps[tap_count++].at, g, name, NULL), EFFNET_OK);
    }
    for (size_t i = 0; i < tap_count; i++)
        taps[i].out = floats(count * endpoint_size(&taps[i].at));
    return tap_count;
}

static void free_taps(engine_tap *taps, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(taps[i].out);
}

/* ---- Against the naive pass ---- */

static void assert_near(const float *got, const double *want, size_t count, const char *what)
{
    double largest = 0, error = 0;
    for (size_t i = 0; i < count; i++) {
        assert_true(isfinite(want[i]));
        largest = fmax(largest, fabs(want[i]));
        const double off = fabs(got[i] - want[i]);
        error = off > error || isnan(off) ? off : error;
    }
    if (!(error <= 2e-6 * largest)) fail_msg("%s: off by %g of %g", what, error, largest);
    assert_true(largest > 1e-3); /* a net that gives nothing but zeros proves nothing */
}

static void check_network(const small_net *n)
{
    machine m = machine_make(n, 2);
    float *image = make_images(m.graph, 1);
    naive_net naive = naive_net_run(m.graph, weights_seed, image);
    engine_tap taps[MOST_TAPS];
    const size_t count = make_taps(taps, m.graph, 1);
    assert_true(count >= 3 + (size_t)m.graph->block_count);
    engine_run(m.scratch, image, 1, taps, count);
    for (size_t i = 0; i < count; i++) {
        char what[32];
        snprintf(what, sizeof what, "endpoint %d of block %d", (int)taps[i].at.kind, taps[i].at.block);
        assert_near(taps[i].out, naive_net_at(&naive, &taps[i].at), endpoint_size(&taps[i].at), what);
    }
    naive_net_free(&naive);
    free_taps(taps, count);
    free(image);
    machine_free(&m);
}

static void every_activation(void **state)
{
    (void)state;
    for (net_activation a = NET_SWISH; a <= NET_HARD_SWISH; a++)
        for (int se = 0; se <= 1; se++) {
            small_net n = small_net_make(se);
            n.arch.activation = a;
            check_network(&n);
        }
}

static void sizes_and_padding(void **state)
{
    static const int sizes[][2] = {{32, 32}, {33, 64}, {41, 35}, {64, 33}};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (net_padding padding = NET_PAD_SAME; padding <= NET_PAD_SYMMETRIC; padding++) {
            small_net n = small_net_make(i % 2 == 0);
            n.height = sizes[i][0];
            n.width = sizes[i][1];
            n.padding = padding;
            check_network(&n);
        }
}

static void channels_and_stem(void **state)
{
    static const int channels[] = {1, 3, 4, 5};
    (void)state;
    for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++) {
        small_net n = small_net_make(true);
        n.arch.in_channels = channels[i];
        n.arch.stem_kernel = i % 2 ? 3 : 5;
        n.arch.stem_stride = i < 2 ? 1 : 2;
        check_network(&n);
    }
}

static void without_head_or_classifier(void **state)
{
    (void)state;
    for (int parts = 0; parts < 4; parts++) {
        small_net n = small_net_make(parts % 2);
        n.arch.head = parts & 1 ? 29 : 0;
        n.arch.classes = parts & 2 ? 11 : 0;
        check_network(&n);
    }
}

/* More channels than one tile of any kernel. */
static void wide_layers(void **state)
{
    (void)state;
    small_net n = small_net_make(true);
    n.arch.width = 4;
    n.arch.stem_scaling = NET_SCALED;
    n.arch.head = 130;
    n.arch.classes = 101;
    n.height = n.width = 32;
    check_network(&n);
}

/* ---- The same bits ---- */

static void same_bits(void **state)
{
    (void)state;
    enum { IMAGES = 4 };
    small_net n = small_net_make(true);
    machine one = machine_make(&n, 1);
    float *images = make_images(one.graph, IMAGES);
    engine_tap want[MOST_TAPS];
    const size_t count = make_taps(want, one.graph, IMAGES);
    engine_run(one.scratch, images, IMAGES, want, count);
    const size_t image = (size_t)n.height * (size_t)n.width * (size_t)n.arch.in_channels;
    for (size_t threads = 1; threads <= 5; threads++) {
        machine m = machine_make(&n, threads);
        engine_tap got[MOST_TAPS];
        make_taps(got, m.graph, IMAGES);
        for (size_t first = 0; first < IMAGES; first++)
            for (size_t batch = 1; first + batch <= IMAGES; batch++) {
                engine_run(m.scratch, images + first * image, batch, got, count);
                for (size_t i = 0; i < count; i++) {
                    const size_t size = endpoint_size(&got[i].at);
                    assert_memory_equal(got[i].out, want[i].out + first * size, batch * size * sizeof(float));
                }
            }
        free_taps(got, count);
        machine_free(&m);
    }
    free_taps(want, count);
    free(images);
    machine_free(&one);
}

/* Two taps at one place, a tap alone, and none. */
static void any_taps(void **state)
{
    (void)state;
    small_net n = small_net_make(false);
    machine m = machine_make(&n, 2);
    float *image = make_images(m.graph, 1);
    engine_tap all[MOST_TAPS];
    const size_t count = make_taps(all, m.graph, 1);
    engine_run(m.scratch, image, 1, all, count);
    for (size_t i = 0; i < count; i++) {
        const size_t size = endpoint_size(&all[i].at);
        const engine_tap twice[2] = {{all[i].at, floats(size)}, {all[i].at, floats(size)}};
        engine_run(m.scratch, image, 1, twice, 2);
        assert_memory_equal(twice[0].out, all[i].out, size * sizeof(float));
        assert_memory_equal(twice[1].out, all[i].out, size * sizeof(float));
        free(twice[0].out);
        free(twice[1].out);
    }
    engine_run(m.scratch, image, 1, NULL, 0);
    engine_run(m.scratch, image, 0, all, count);
    free_taps(all, count);
    free(image);
    machine_free(&m);
}

static double sum_of(const double *values, size_t first, size_t end)
{
    double sum = 0;
    for (size_t i = first; i < end; i++)
        sum += values[i];
    return sum;
}

/* The parts together take the time of the run; a part that was not run, or that another takes in, takes none.
 */
static void profile(void **state)
{
    (void)state;
    enum { IMAGES = 3 };
    for (int threads = 1; threads <= 2; threads++) {
        small_net n = small_net_make(true);
        machine m = machine_make(&n, (size_t)threads);
        const size_t parts = (size_t)m.graph->block_count + 3; /* and stem, head, classifier */
        float *images = make_images(m.graph, IMAGES);
        engine_tap taps[MOST_TAPS];
        double ms[MOST_TAPS] = {0};
        const size_t count = make_taps(taps, m.graph, IMAGES);
        engine_profile(m.scratch, ms);
        const double start = clock_ms();
        engine_run(m.scratch, images, IMAGES, taps, count);
        const double whole = clock_ms() - start;
        for (size_t i = 0; i < parts; i++)
            assert_true(ms[i] > 0);
        assert_true(sum_of(ms, 0, parts) <= whole);
        assert_true(ms[parts] == 0.0);

        memset(ms, 0, sizeof ms);
        engine_tap *block = NULL;
        for (size_t i = 0; i < count; i++)
            if (taps[i].at.kind == NET_AT_BLOCK && taps[i].at.block == 1) block = &taps[i];
        assert_non_null(block);
        engine_run(m.scratch, images, 1, block, 1);
        assert_true(ms[1] > 0 && ms[2] > 0);
        assert_true(sum_of(ms, 3, MOST_TAPS) == 0.0);

        engine_profile(m.scratch, NULL);
        memset(ms, 0, sizeof ms);
        engine_run(m.scratch, images, 1, taps, count);
        assert_true(sum_of(ms, 0, MOST_TAPS) == 0.0);
        free_taps(taps, count);
        free(images);
        machine_free(&m);
    }
}

/* One set of weights serves several sizes. */
static void weights_of_another_size(void **state)
{
    (void)state;
    small_net n = small_net_make(true);
    machine m = machine_make(&n, 1);
    n.height = 50;
    n.width = 33;
    machine other = machine_make(&n, 1);
    engine_scratch *shared = NULL;
    assert_int_equal(engine_scratch_create(&shared, other.graph, m.weights, m.team, NULL), EFFNET_OK);
    float *image = make_images(other.graph, 1);
    engine_tap want = {0}, got = {0};
    assert_int_equal(net_endpoint_find(&want.at, other.graph, "logits", NULL), EFFNET_OK);
    got.at = want.at;
    want.out = floats(endpoint_size(&want.at));
    got.out = floats(endpoint_size(&want.at));
    engine_run(other.scratch, image, 1, &want, 1);
    engine_run(shared, image, 1, &got, 1);
    assert_memory_equal(got.out, want.out, endpoint_size(&want.at) * sizeof(float));
    free(want.out);
    free(got.out);
    free(image);
    engine_scratch_free(shared);
    machine_free(&other);
    machine_free(&m);
}

/* ---- Floating-point mode ---- */

static bool denormals_live(void)
{
    volatile float tiny = FLT_MIN;
    tiny = tiny / 4;
    return tiny > 0;
}

/* A denormal weight counts as zero while the engine runs, and only then. */
static effnet_status denormal_tensor(void *context, const net_tensor *t, float *out, effnet_error *error)
{
    (void)context;
    (void)error;
    for (size_t i = 0; i < t->count; i++)
        out[i] = t->field == NET_VARIANCE || (t->field == NET_WEIGHT && t->rank == 1) ? 1 : 0;
    if (t->part == NET_CLASSIFIER)
        for (size_t i = 0; i < t->count; i++)
            out[i] = t->field == NET_BIAS ? 0 : 1e-40F;
    if (t->part == NET_HEAD_BN && t->field == NET_BIAS)
        for (size_t i = 0; i < t->count; i++)
            out[i] = 1e3F;
    return EFFNET_OK;
}

static void denormals(void **state)
{
    (void)state;
    small_net n = small_net_make(true);
    n.arch.activation = NET_RELU;
    machine m = machine_make(&n, 2);
    engine_scratch_free(m.scratch);
    engine_weights_free(m.weights);
    assert_int_equal(engine_weights_create(&m.weights, m.graph, level, m.team, denormal_tensor, NULL, NULL),
                     EFFNET_OK);
    assert_int_equal(engine_scratch_create(&m.scratch, m.graph, m.weights, m.team, NULL), EFFNET_OK);
    float *image = make_images(m.graph, 1), logits[11];
    engine_tap tap = {.out = logits};
    assert_int_equal(net_endpoint_find(&tap.at, m.graph, "logits", NULL), EFFNET_OK);
    assert_true(denormals_live());
    engine_run(m.scratch, image, 1, &tap, 1);
    assert_true(denormals_live());
#if defined(__SSE__) || defined(__aarch64__)
    for (int i = 0; i < 11; i++)
        assert_true(logits[i] == 0);
#endif
    free(image);
    machine_free(&m);
}

/* ---- Failures ---- */

/* Fails at call number `*left`. */
static effnet_status failing_reader(void *context, const net_tensor *t, float *out, effnet_error *error)
{
    size_t *left = context;
    if ((*left)-- == 0) return error_set(error, EFFNET_ERR_FORMAT, "broken");
    return naive_net_tensor(&weights_seed, t, out, error);
}

static void reader_fails(void **state)
{
    (void)state;
    small_net n = small_net_make(true);
    net_graph *graph = make_graph(&n);
    const size_t tensors = net_tensor_count(graph);
    for (size_t at = 0; at < tensors; at++) {
        size_t left = at;
        effnet_error error = {0};
        engine_weights *weights = (engine_weights *)&left;
        assert_int_equal(engine_weights_create(&weights, graph, level, NULL, failing_reader, &left, &error),
                         EFFNET_ERR_FORMAT);
        assert_null(weights);
        assert_string_equal(error.message, "broken");
    }
    net_graph_free(graph);
}

/* Fails wherever batch norm is, and says of which block. */
static effnet_status reader_without_norm(void *context, const net_tensor *tensor, float *out,
                                         effnet_error *error)
{
    if (tensor->field != NET_VARIANCE) return naive_net_tensor(context, tensor, out, error);
    return error_set(error, EFFNET_ERR_FORMAT, "part %d of block %d", (int)tensor->part, tensor->block);
}

/* However many members load, the same failure of several is told. */
static void readers_fail_together(void **state)
{
    (void)state;
    small_net n = small_net_make(true);
    net_graph *graph = make_graph(&n);
    effnet_error alone = {0};
    engine_weights *weights;
    assert_int_equal(
        engine_weights_create(&weights, graph, level, NULL, reader_without_norm, &weights_seed, &alone),
        EFFNET_ERR_FORMAT);
    for (size_t members = 1; members <= 4; members++) {
        pool *team = NULL;
        effnet_error error = {0};
        assert_int_equal(pool_create(&team, members, NULL), EFFNET_OK);
        assert_int_equal(
            engine_weights_create(&weights, graph, level, team, reader_without_norm, &weights_seed, &error),
            EFFNET_ERR_FORMAT);
        assert_null(weights);
        assert_string_equal(error.message, alone.message);
        pool_free(team);
    }
    net_graph_free(graph);
}

/* The linker sends every allocation of this program through these (see CMakeLists.txt). */
static atomic_size_t allocations_left = SIZE_MAX;

static bool may_allocate(void)
{
    size_t left = allocations_left;
    do {
        if (left == 0) return false;
    } while (!atomic_compare_exchange_weak(&allocations_left, &left, left - 1));
    return true;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    return may_allocate() ? __real_malloc(size) : NULL;
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
    return may_allocate() ? __real_calloc(count, size) : NULL;
}

void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return may_allocate() ? __real_aligned_alloc(alignment, size) : NULL;
}

static effnet_status create_both(const net_graph *graph, pool *team, effnet_error *error)
{
    engine_weights *weights = (engine_weights *)error; /* anything but NULL */
    engine_scratch *scratch = (engine_scratch *)error;
    effnet_status status =
        engine_weights_create(&weights, graph, level, NULL, naive_net_tensor, &weights_seed, error);
    if (status == EFFNET_OK) {
        status = engine_scratch_create(&scratch, graph, weights, team, error);
        if (status != EFFNET_OK)
            assert_null(scratch);
        else
            engine_scratch_free(scratch);
        engine_weights_free(weights);
    } else {
        assert_null(weights);
    }
    return status;
}

/* Memory runs out at the first allocation, at the second, and so on until there is enough. */
static void memory_runs_out(void **state)
{
    (void)state;
    small_net n = small_net_make(true);
    net_graph *graph = make_graph(&n);
    pool *team = NULL;
    assert_int_equal(pool_create(&team, 1, NULL), EFFNET_OK);
    size_t failures = 0;
    for (;; failures++) {
        effnet_error error = {0};
        allocations_left = failures;
        const effnet_status status = create_both(graph, team, &error);
        allocations_left = SIZE_MAX;
        if (status == EFFNET_OK) break;
        assert_int_equal(status, EFFNET_ERR_MEMORY);
        assert_int_equal(error.code, EFFNET_ERR_MEMORY);
        assert_string_equal(error.message, "out of memory");
    }
    assert_true(failures >= 8);
    pool_free(team);
    net_graph_free(graph);
}

/* Where memory runs out while members get scratch of their own for a batch, they run its images together. */
static void no_memory_for_a_batch(void **state)
{
    (void)state;
    enum { IMAGES = 3, THREADS = 2, MOST_FAILURES = 12 };
    small_net n = small_net_make(true);
    machine one = machine_make(&n, 1);
    float *images = make_images(one.graph, IMAGES);
    engine_tap want[MOST_TAPS], got[MOST_TAPS];
    const size_t count = make_taps(want, one.graph, IMAGES);
    make_taps(got, one.graph, IMAGES);
    engine_run(one.scratch, images, IMAGES, want, count);
    for (size_t failures = 0; failures < MOST_FAILURES; failures++) {
        machine m = machine_make(&n, THREADS);
        for (size_t i = 0; i < count; i++)
            memset(got[i].out, 0, IMAGES * endpoint_size(&got[i].at) * sizeof(float));
        allocations_left = failures;
        engine_run(m.scratch, images, IMAGES, got, count);
        allocations_left = 0;
        engine_run(m.scratch, images, IMAGES, got, count); /* not tried again, or there already */
        allocations_left = SIZE_MAX;
        for (size_t i = 0; i < count; i++)
            assert_memory_equal(got[i].out, want[i].out, IMAGES * endpoint_size(&got[i].at) * sizeof(float));
        machine_free(&m);
    }
    free_taps(got, count);
    free_taps(want, count);
    free(images);
    machine_free(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_activation),  cmocka_unit_test(sizes_and_padding),
        cmocka_unit_test(channels_and_stem), cmocka_unit_test(without_head_or_classifier),
        cmocka_unit_test(wide_layers),       cmocka_unit_test(same_bits),
        cmocka_unit_test(any_taps),          cmocka_unit_test(weights_of_another_size),
        cmocka_unit_test(profile),           cmocka_unit_test(denormals),
        cmocka_unit_test(reader_fails),      cmocka_unit_test(readers_fail_together),
        cmocka_unit_test(memory_runs_out),   cmocka_unit_test(no_memory_for_a_batch),
    };
    int failed = 0;
    for (level = CPU_REF; level <= CPU_NEON; level++) {
        if (!cpu_has_level(level)) continue;
        failed += cmocka_run_group_tests_name(cpu_level_name(level), tests, NULL, NULL);
    }
    return failed;
}
