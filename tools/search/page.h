/* SPDX-License-Identifier: Apache-2.0
 *
 * The report of a search: report.html, one page that needs nothing else, and its charts as SVG beside it.
 */
#ifndef SEARCH_PAGE_H
#define SEARCH_PAGE_H

#include "search/results.h"

typedef struct search_page_facts {
    const char *data; /* as the user named them */
    const effnet_network *base;
    const effnet_trainer_options *training;
    bool halving, by_macs;
} search_page_facts;

/* Writes report.html, cost.svg, map.svg and curves.svg to `folder`; without cairo the page alone, without
 * charts. Returns an exit code, reported. */
int search_page_write(const search_results *r, const search_page_facts *facts, const char *folder);

#endif
