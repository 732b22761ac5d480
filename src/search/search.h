/* SPDX-License-Identifier: Apache-2.0
 *
 * A search for alpha, beta and gamma on somebody's data, from its candidates to its ranking: which networks
 * have to be trained, how long that will take, the real trainer behind the queue, and what the results say.
 */
#ifndef SEARCH_SEARCH_H
#define SEARCH_SEARCH_H

#include "cpu/cpu.h"
#include "search/candidates.h"
#include "search/cluster.h"
#include "search/compare.h"
#include "search/work.h"
#include "train/data/dataset.h"
#include "train/loop/trainer.h"

enum { SEARCH_USUAL_EPOCHS = 100 };

typedef struct search {
    search_candidates all;
    effnet_search_options options; /* with the defaults filled in; strings are the search's own */
    char *recipe, *augment;
    cpu_level level;
    image_options images;
    net_graph *base;
    const dataset *data; /* NULL: nothing can be trained */
    size_t jobs;
    size_t *job_of;       /* [all.count] */
    size_t *candidate_of; /* [jobs] */
    double *costs;        /* [jobs] multiply-adds */
    bool *kept;           /* [jobs] controls and the published */
    double *seconds;      /* [jobs] of one training in full; NaN until estimated */
    size_t rungs;
    uint32_t epochs[SEARCH_MAX_RUNGS]; /* done at the end of each */
    double budget[SEARCH_MAX_RUNGS];   /* seconds used at the end of each; INFINITY: epochs count */
    search_queue *queue;               /* NULL until it ran */
    size_t *order;                     /* [jobs] best first */
    bool judged;                       /* order and verdicts are of the results */
    search_verdict *verdicts;          /* [jobs] against the best; only of those in its rung */
    char notice[512];
    char *folder; /* of the run */
    size_t workers;
    ranks *together; /* that train a network with this process; NULL: it does alone */
} search;

/* `base` is copied, `data` must outlive the search. */
effnet_status search_create(search **out, const net_graph *base, const dataset *data,
                            const effnet_search_options *options, cpu_level level,
                            const image_options *images, effnet_error *error);
void search_free(search *s);

/* Measures two networks of the search with the data, and tells all others by their multiply-adds
 * (estimate.c). */
effnet_status search_estimate(search *s, effnet_error *error);

/* Seconds of one worker for the whole search, halving counted; NaN until estimated. */
double search_total_seconds(const search *s);

typedef struct search_run_options {
    const char *folder;
    bool resume;
    size_t workers;    /* processes on this machine */
    wire_opener *open; /* NULL: workers are made by fork */
    double patience;   /* 0: SEARCH_PATIENCE */
    search_stop *stop;
    search_watch *watch;
    void *context;
} search_run_options;

/* Opens or resumes the run in the folder, works, and ranks what there is; or serves, where this is a rank
 * that does. */
effnet_status search_work_on(search *s, const search_run_options *options, bool *stopped,
                             effnet_error *error);

/* ---- Between the files of this folder ---- */

/* Lines that say what the search is (describe.c). The caller frees them. */
effnet_status search_describe(char **out, const search *s, effnet_error *error);

/* The model that a candidate is trained from (training.c). */
effnet_status search_start(model **out, const search *s, size_t candidate, uint64_t seed,
                           effnet_error *error);

/* Images of a step, of all ranks of a group. */
size_t search_batch(const search *s);

/* What candidate and seed are trained with; threads and memory are a worker's. */
effnet_trainer_options search_training(const search *s, uint64_t seed);

/* The real trainer. Its context is the search. */
effnet_status search_train(void *context, const search_task *task, search_stop *stop, void *stop_context,
                           search_result *result, bool *stopped, effnet_error *error);
void search_forget(void *context, const search_task *task);

/* Fills order and verdicts. */
effnet_status search_judge(search *s, effnet_error *error);

#endif
