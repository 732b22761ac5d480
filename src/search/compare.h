/* SPDX-License-Identifier: Apache-2.0
 *
 * Can two networks be told apart by what they got right of the same pictures? A paired bootstrap (Efron and
 * Tibshirani, An Introduction to the Bootstrap, 1993, chapters 13 and 16): pictures are drawn with
 * replacement, and so are the seeds of each network where there are several, and the difference of the mean
 * accuracies is looked at each time. With one seed nothing is known of what another would have given; that a
 * few seeds show less than all of their spread is true as well. Where one network is held against many,
 * Holm's correction (Scandinavian Journal of Statistics 6, 1979) keeps the chance of any false difference at
 * its level.
 */
#ifndef SEARCH_COMPARE_H
#define SEARCH_COMPARE_H

#include "base/error.h"

enum { SEARCH_DRAWS = 2000 };
#define SEARCH_LEVEL 0.05

typedef struct search_verdict {
    bool compared;
    bool apart;        /* told from the best, after Holm's correction */
    double difference; /* of the best's mean accuracy over this one's */
    double low, high;  /* 95 % of the drawn differences */
    double p;          /* that a difference as large comes of chance; two-sided */
} search_verdict;

/* One network's results: for each seed the bits of search_result.hits. */
typedef struct search_answers {
    const uint8_t *const *hits; /* [seeds][(images + 7) / 8] */
    size_t seeds;
} search_answers;

/* `a` against `b` over `images` pictures; not yet `apart`. The same bits for the same key. */
effnet_status search_compare(search_verdict *out, const search_answers *a, const search_answers *b,
                             size_t images, uint64_t key, effnet_error *error);

/* Sets `apart` of the `count` verdicts that were compared. */
void search_correct(search_verdict *verdicts, size_t count);

#endif
