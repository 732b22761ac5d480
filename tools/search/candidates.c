/* SPDX-License-Identifier: Apache-2.0
 *
 * Candidates as they are listed before anything is trained. See results.h.
 */
#include <math.h>
#include <stdio.h>

#include "json.h"
#include "print.h"
#include "search/results.h"
#include "text.h"

enum { NUMBER = 28 };

const char *search_time(char out[SEARCH_TIME], double seconds)
{
    const double minutes = floor(seconds / 60);
    if (isnan(seconds))
        snprintf(out, SEARCH_TIME, "-");
    else if (seconds < 60)
        snprintf(out, SEARCH_TIME, "%.3g s", seconds);
    else if (minutes < 60)
        snprintf(out, SEARCH_TIME, "%.0f min %.0f s", minutes, fmod(seconds, 60));
    else
        snprintf(out, SEARCH_TIME, "%.0f h %.0f min", floor(minutes / 60), fmod(minutes, 60));
    return out;
}

static void print_candidate(size_t index, const effnet_candidate *c)
{
    char input[32], parameters[NUMBER], macs[NUMBER], time[SEARCH_TIME];
    snprintf(input, sizeof input, "%d x %d", c->height, c->width);
    print("%4zu %-9s %-10s %6.4g %6.4g %6.4g %8.4g %7.3f %13s %13s %16s", index,
          effnet_candidate_kind_name(c->kind), c->strategy, c->alpha, c->beta, c->gamma, c->product,
          c->growth, input, text_grouped(parameters, sizeof parameters, c->parameters),
          text_grouped(macs, sizeof macs, c->macs));
    if (!isnan(c->estimated_seconds)) print(" %12s", search_time(time, c->estimated_seconds));
    if (c->same_as != index) print("  = %zu", c->same_as);
    print("\n");
}

void search_print_candidates(const effnet_search *search)
{
    effnet_search_info info;
    effnet_candidate c;
    char time[SEARCH_TIME];
    effnet_search_get_info(search, &info);
    print("%4s %-9s %-10s %6s %6s %6s %8s %7s %13s %13s %16s%s\n", "", "kind", "strategy", "alpha", "beta",
          "gamma", "product", "growth", "input", "parameters", "multiply-adds",
          isnan(info.estimated_seconds) ? "" : "         time");
    for (size_t i = 0; effnet_search_get_candidate(search, i, &c); i++)
        print_candidate(i, &c);
    print("\n%zu points, of which %zu survive; %zu candidates, %zu networks to train\n", info.points,
          info.survivors, info.candidates, info.networks);
    if (!isnan(info.estimated_seconds))
        print("about %s on one core: %d epochs, %d seed%s, %zu rung%s\n",
              search_time(time, info.estimated_seconds), info.epochs, info.seeds, info.seeds > 1 ? "s" : "",
              info.rungs, info.rungs > 1 ? "s" : "");
    print("product: alpha beta^2 gamma^2; growth: multiply-adds over the baseline's; = N: the same network "
          "as N\n");
}

static json_t *candidate_json(const effnet_candidate *c)
{
    return json_pack("{s:s,s:s,s:f,s:f,s:f,s:f,s:f,s:I,s:I,s:i,s:i,s:i,s:I,s:o}", "kind",
                     effnet_candidate_kind_name(c->kind), "strategy", c->strategy, "alpha", c->alpha, "beta",
                     c->beta, "gamma", c->gamma, "product", c->product, "growth", c->growth, "macs",
                     (json_int_t)c->macs, "parameters", (json_int_t)c->parameters, "resolution",
                     c->height > c->width ? c->height : c->width, "height", c->height, "width", c->width,
                     "same_as", (json_int_t)c->same_as, "estimated_seconds",
                     json_number(c->estimated_seconds));
}

json_t *search_candidates_json(const effnet_search *search)
{
    effnet_search_info info;
    effnet_candidate c;
    json_t *list = json_array();
    effnet_search_get_info(search, &info);
    for (size_t i = 0; effnet_search_get_candidate(search, i, &c); i++)
        json_array_append_new(list, candidate_json(&c));
    return json_pack("{s:I,s:I,s:I,s:o,s:o}", "points", (json_int_t)info.points, "survivors",
                     (json_int_t)info.survivors, "networks", (json_int_t)info.networks, "estimated_seconds",
                     json_number(info.estimated_seconds), "candidates", list);
}
