/* SPDX-License-Identifier: Apache-2.0
 *
 * See bench_run.h. Everything that lasts is allocated before the first run that counts.
 */
#include "bench_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "report.h"
#include "times.h"

/* Unless the number of runs is given. */
enum { LEAST_RUNS = 10, MOST_RUNS = 1000 };
static const double wanted_ms = 2000;

typedef struct bench { /* what runs read and write */
    bench_result *result;
    bool layers;
    float *input, *output;
    size_t own_bytes; /* of these two */
    double *run_ms;   /* [parts], of one run */
    effnet_output tap;
    size_t batch;
} bench;

/* ---- Memory ---- */

/* From /proc: what getrusage calls so includes the program that this process
 * was before exec. */
uint64_t bench_resident_bytes(void)
{
    unsigned long long kibibytes = 0;
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    if (!status) return 0;
    while (fgets(line, sizeof line, status) && sscanf(line, "VmHWM: %llu kB", &kibibytes) != 1)
        ;
    fclose(status);
    return kibibytes * 1024;
}

/* ---- Input and output ---- */

/* Random numbers from -2 to 2, about what normalised pixels are, the same in each run of the command
 * (xorshift, Marsaglia 2003). */
void bench_fill(float *input, size_t count)
{
    uint32_t state = 2463534242u;
    for (size_t i = 0; i < count; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        input[i] = (float)(int32_t)state * 0x1p-30f;
    }
}

static int prepare(bench *b, bench_result *r, const bench_plan *plan)
{
    b->result = r;
    b->layers = plan->layers;
    effnet_shape shape;
    effnet_error error;
    b->tap.endpoint = r->network.num_classes ? "logits" : "pooled";
    if (effnet_session_get_shape(r->session, b->tap.endpoint, &shape, &error) != EFFNET_OK)
        return report_error(&error);
    const size_t image = (size_t)r->network.height * (size_t)r->network.width * (size_t)r->network.channels;
    b->batch = plan->batch;
    b->own_bytes = plan->batch * (image + (size_t)shape.channels) * sizeof(float);
    b->input = calloc(plan->batch, image * sizeof *b->input);
    b->output = calloc(plan->batch, (size_t)shape.channels * sizeof *b->output);
    b->run_ms = calloc(r->network.part_count, sizeof *b->run_ms);
    b->tap.data = b->output;
    if (plan->layers) r->part_ms = calloc(r->network.part_count, sizeof *r->part_ms);
    if (!b->input || !b->output || !b->run_ms || (plan->layers && !r->part_ms))
        return report_failure(EXIT_SYSTEM, "out of memory");
    bench_fill(b->input, plan->batch * image);
    return EXIT_DONE;
}

static void bench_free(bench *b)
{
    free(b->input);
    free(b->output);
    free(b->run_ms);
}

/* ---- Runs ---- */

static void keep_least(bench_result *r, const double *run_ms)
{
    for (size_t i = 0; i < r->network.part_count; i++)
        if (r->part_ms[i] == 0 || run_ms[i] < r->part_ms[i]) r->part_ms[i] = run_ms[i];
}

/* Cannot fail: the only error is an endpoint that is not there. */
static int infer(void *context, double *ms)
{
    bench *b = context;
    bench_result *r = b->result;
    memset(b->run_ms, 0, r->network.part_count * sizeof *b->run_ms);
    const double start = clock_ms();
    effnet_session_run(r->session, b->input, b->batch, &b->tap, 1, NULL);
    *ms = clock_ms() - start;
    if (b->layers) keep_least(r, b->run_ms);
    return EXIT_DONE;
}

static size_t runs_worth(double run_ms)
{
    const double runs = wanted_ms / (run_ms > 1e-3 ? run_ms : 1e-3);
    return runs < LEAST_RUNS ? LEAST_RUNS : runs > MOST_RUNS ? MOST_RUNS : (size_t)runs;
}

static int by_number(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int bench_measure(bench_result *r, const bench_plan *plan, bench_pass *pass, void *context)
{
    double last_ms;
    int code = pass(context, &last_ms);
    r->ready_ms = clock_ms() - plan->process_start_ms;
    for (size_t i = 0; code == EXIT_DONE && i < plan->warmup; i++)
        code = pass(context, &last_ms);
    if (code != EXIT_DONE) return code;
    r->runs = plan->runs ? plan->runs : runs_worth(last_ms);
    r->times_ms = calloc(r->runs, sizeof *r->times_ms);
    r->sorted_ms = calloc(r->runs, sizeof *r->sorted_ms);
    if (!r->times_ms || !r->sorted_ms) return report_failure(EXIT_SYSTEM, "out of memory");
    for (size_t i = 0; code == EXIT_DONE && i < r->runs; i++)
        code = pass(context, &r->times_ms[i]);
    r->peak_bytes = bench_resident_bytes();
    memcpy(r->sorted_ms, r->times_ms, r->runs * sizeof *r->sorted_ms);
    qsort(r->sorted_ms, r->runs, sizeof *r->sorted_ms, by_number);
    return code;
}

uint64_t bench_grown_bytes(const bench_result *r, uint64_t before, size_t own)
{
    return r->peak_bytes > before + own ? r->peak_bytes - before - own : 0;
}

/* After the runs, since measuring takes memory and the processor. */
static int predict(bench_result *r, const bench_plan *plan)
{
    effnet_latency *times;
    effnet_error error;
    const effnet_network *network = effnet_session_get_network(r->session);
    const int threads = r->threads, code = times_open(&times, plan->level, threads, plan->afresh);
    if (code != EXIT_DONE) return code;
    effnet_latency_predict(times, network, &r->likeness, NULL, NULL);
    effnet_status status = effnet_latency_measure(times, network, &error);
    if (status == EFFNET_OK) status = effnet_latency_predict(times, network, &r->figure, NULL, &error);
    if (status == EFFNET_OK)
        status = effnet_network_get_memory(network, plan->level, threads, &r->memory, &error);
    r->told_bytes = r->memory.total + (r->batch >= (size_t)threads ? r->memory.batch : 0);
    times_close(times);
    return status == EFFNET_OK ? EXIT_DONE : report_error(&error);
}

static int run_inference(bench_result *out, const bench_plan *plan, const effnet_model *model)
{
    effnet_error error;
    const uint64_t before = bench_resident_bytes();
    if (effnet_session_create(&out->session, model, &plan->session, &error) != EFFNET_OK)
        return report_error(&error);
    effnet_network_get_info(effnet_session_get_network(out->session), &out->network);
    out->threads = effnet_session_get_threads(out->session);
    bench b = {0};
    int code = prepare(&b, out, plan);
    if (code == EXIT_DONE && plan->layers) effnet_session_profile(out->session, b.run_ms);
    if (code == EXIT_DONE) code = bench_measure(out, plan, infer, &b);
    effnet_session_profile(out->session, NULL);
    out->grown_bytes = bench_grown_bytes(out, before, b.own_bytes);
    bench_free(&b);
    return code == EXIT_DONE && plan->predict ? predict(out, plan) : code;
}

int bench_run(bench_result *out, const bench_plan *plan, const effnet_model *model)
{
    *out = (bench_result){.batch = plan->batch};
    effnet_error error;
    const int code = (plan->train ? bench_train : run_inference)(out, plan, model);
    if (code != EXIT_DONE) return code;
    if (effnet_measure_peak(&out->peak_gflops, plan->level, out->threads, &error) != EFFNET_OK)
        return report_error(&error);
    const double macs = (double)out->network.macs * (plan->train ? 3 : 1);
    out->gflops = 2e-6 * macs * (double)plan->batch / out->sorted_ms[0];
    return EXIT_DONE;
}

void bench_result_free(bench_result *result)
{
    effnet_session_free(result->session);
    effnet_trainer_free(result->trainer);
    free(result->times_ms);
    free(result->sorted_ms);
    free(result->part_ms);
}

double bench_percentile(const bench_result *result, double percent)
{
    const size_t rank = (size_t)ceil(percent / 100 * (double)result->runs);
    return result->sorted_ms[rank > 0 ? rank - 1 : 0];
}
