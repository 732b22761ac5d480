/* SPDX-License-Identifier: Apache-2.0
 *
 * What a search found, drawn. All give NULL out of memory.
 */
#ifndef SEARCH_CHARTS_H
#define SEARCH_CHARTS_H

#include "plot/canvas.h"
#include "search/results.h"

/* Accuracy over multiply-adds, each network once, named by its number, with the spread of its seeds. */
canvas *search_cost_chart(const search_results *r);

/* A map of the surface alpha beta^2 gamma^2 = 2: beta to the right, gamma upwards, alpha follows; accuracies
 * are written in, and thirds of the ranking have marks of their own. */
canvas *search_map_chart(const search_results *r);

/* Validation accuracy over epochs of the best networks and the baseline, from the log.csv of the first seed
 * of each under `folder`. Logs that cannot be read are left out. */
canvas *search_curves_chart(const search_results *r, const char *folder);

#endif
