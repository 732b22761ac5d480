/* SPDX-License-Identifier: Apache-2.0
 *
 * What a search has found, for people and programs: the candidates by rank, what the data can tell apart, and
 * files in the folder of the run. Charts and the report are others' business.
 */
#ifndef SEARCH_RESULTS_H
#define SEARCH_RESULTS_H

#include <effnet.h>
#include <jansson.h>

typedef struct search_row {
    size_t index; /* of the candidate */
    effnet_candidate c;
} search_row;

enum { SEARCH_STATEMENT = 1024, SEARCH_PHIS = 8 };

typedef struct search_results {
    effnet_search_info info;
    search_row *rows; /* [count] by rank, those without one last */
    size_t count;
    size_t pictures;            /* that were validated with */
    const search_row *baseline; /* of rows */
    const search_row *best; /* of rows: the first that is not the baseline's network; NULL if all failed */
    const search_row *compound, *single; /* the best of several dimensions, and of one alone; or NULL */
    char statement[SEARCH_STATEMENT];    /* what the data can tell, in sentences */
} search_results;

/* False, reported, if memory ran out. */
bool search_results_make(search_results *out, const effnet_search *search, const effnet_dataset *data);
void search_results_clear(search_results *r);

/* ranking.csv, ranking.json and phi0.json to phi7.json, the baseline scaled by the best coefficients, to
 * `folder`. Returns an exit code. */
int search_results_write(const search_results *r, const effnet_network *base, int multiple,
                         const char *folder);

/* ranking.json's document. */
json_t *search_results_json(const search_results *r);

/* The table and the statement, on standard output. */
void search_results_print(const search_results *r);

/* The candidates as they are listed before anything is trained. */
void search_print_candidates(const effnet_search *search);
json_t *search_candidates_json(const effnet_search *search);

/* "3 h 20 min", "12 min 5 s", "8 s". */
enum { SEARCH_TIME = 32 };
const char *search_time(char out[SEARCH_TIME], double seconds);

#endif
