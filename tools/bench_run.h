/* SPDX-License-Identifier: Apache-2.0
 *
 * Measuring for `effnet bench`: runs a model, or steps of training one, over and over and notes times and
 * memory. What is printed of it is cmd_bench.c's business.
 */
#ifndef TOOLS_BENCH_RUN_H
#define TOOLS_BENCH_RUN_H

#include <effnet.h>

enum { BENCH_MAX_RUNS = 1000000 };

/* What to do. */
typedef struct bench_plan {
    effnet_session_options session;
    effnet_trainer_options training; /* with `train` */
    effnet_level level;              /* that the model was loaded for */
    size_t batch;                    /* images in a run */
    size_t warmup;                   /* runs that do not count */
    size_t runs;                     /* runs that count; 0: two seconds' worth, 10 to 1000 */
    bool train;                      /* a run is one step of training: forward, backward, optimiser */
    bool layers;
    bool predict; /* what was told before, too */
    bool afresh;  /* without times that were measured before */
    double process_start_ms;
} bench_plan;

/* What came of it. */
typedef struct bench_result {
    effnet_session *session;     /* of inference */
    effnet_trainer *trainer;     /* of training */
    effnet_network_info network; /* at the size that runs */
    int threads;
    effnet_trainer_info training; /* with `train` */
    size_t batch, runs;
    double *times_ms;     /* [runs], as they came */
    double *sorted_ms;    /* [runs], shortest first */
    double *part_ms;      /* [network.part_count], the least of all runs; NULL without layers */
    double ready_ms;      /* from the start of the process to the first result */
    uint64_t peak_bytes;  /* resident memory of the process at its most, 0 where the system does not tell */
    uint64_t grown_bytes; /* by which loading and running or training the network raised that; the bench's own
                             input and output left out */
    effnet_memory memory; /* told before; zero without predict */
    uint64_t told_bytes;  /* of it, what runs of this batch take */
    effnet_latency_figure figure;   /* the same */
    effnet_latency_figure likeness; /* from parts of other networks alone, where some were not measured yet */
    double peak_gflops;             /* of multiply-adds alone, on as many threads */
    double gflops; /* in the fastest run; a step of training counts as three times the forward pass: backward
                      has a product of the same size for inputs and for weights */
} bench_result;

/* Runs or trains `model` by `plan`. Returns an exit code; the result is to be freed in any case. */
int bench_run(bench_result *out, const bench_plan *plan, const effnet_model *model);
void bench_result_free(bench_result *result);

/* The time that `percent` of the runs do not exceed, by nearest rank. */
double bench_percentile(const bench_result *result, double percent);

/* ---- Between bench_run.c and bench_train.c ---- */

/* One run, whose time goes to *ms. Returns an exit code. */
typedef int bench_pass(void *context, double *ms);

/* Runs `pass` as often as the plan says and fills in times and memory. */
int bench_measure(bench_result *r, const bench_plan *plan, bench_pass *pass, void *context);

/* As bench_run, with plan->train; all but the peak. */
int bench_train(bench_result *out, const bench_plan *plan, const effnet_model *model);

void bench_fill(float *input, size_t count);

/* The most that was ever resident; and by how much that is more than it was `before`, without `own` bytes. */
uint64_t bench_resident_bytes(void);
uint64_t bench_grown_bytes(const bench_result *r, uint64_t before, size_t own);

#endif
