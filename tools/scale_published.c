/* SPDX-License-Identifier: Apache-2.0
 *
 * The published networks: how far each is from one phi, and what the paper's table 2 prints of it beside what
 * is counted.
 */
#include <math.h>
#include <stdio.h>

#include "plot/cost_charts.h"
#include "print.h"
#include "report.h"
#include "scale.h"
#include "text.h"

enum { NUMBER_SIZE = 28 };

static void print_phi(double phi)
{
    if (isnan(phi))
        print(" %7s", "-");
    else
        print(" %7.2f", phi);
}

static void print_counted(uint64_t counted, double unit, const char *printed, int width)
{
    char grouped[NUMBER_SIZE], off[SCALE_DIFFERENCE_SIZE];
    print(" %*s %6s %6s", width, text_grouped(grouped, sizeof grouped, counted), *printed ? printed : "-",
          scale_difference(off, printed, (double)counted / unit));
}

static void print_row(const effnet_published *p, const effnet_network_info *info)
{
    print("%-15s %6.2f %6.2f %5d", p->name, p->depth, p->width, p->resolution);
    print_phi(p->phi_depth);
    print_phi(p->phi_width);
    print_phi(p->phi_resolution);
    print_counted(info->parameters, 1e6, p->paper_parameters, 12);
    print_counted(info->macs, 1e9, p->paper_macs, 16);
    print(" %6s\n", *p->paper_top1 ? p->paper_top1 : "-");
}

static json_t *row_to_json(const effnet_published *p, const effnet_network_info *info)
{
    return json_pack("{s:s,s:f,s:f,s:i,s:o,s:o,s:o,s:I,s:I,s:s,s:s,s:o}", "name", p->name, "depth", p->depth,
                     "width", p->width, "resolution", p->resolution, "phi_depth", json_number(p->phi_depth),
                     "phi_width", json_number(p->phi_width), "phi_resolution", json_number(p->phi_resolution),
                     "parameters", (json_int_t)info->parameters, "macs", (json_int_t)info->macs,
                     "paper_parameters_millions", p->paper_parameters, "paper_macs_billions", p->paper_macs,
                     "paper_top1", json_number(*p->paper_top1 ? scale_printed(p->paper_top1) : NAN));
}

/* Nothing stands where there is no number. */
static void print_csv_phi(double phi)
{
    print(",");
    if (!isnan(phi)) print("%.6f", phi);
}

static void print_csv_row(const effnet_published *p, const effnet_network_info *info)
{
    print("%s,%g,%g,%d", p->name, p->depth, p->width, p->resolution);
    print_csv_phi(p->phi_depth);
    print_csv_phi(p->phi_width);
    print_csv_phi(p->phi_resolution);
    print(",%llu,%llu,%s,%s,%s\n", (unsigned long long)info->parameters, (unsigned long long)info->macs,
          p->paper_parameters, p->paper_macs, p->paper_top1);
}

static void print_head(const scale_request *r)
{
    if (r->csv)
        print("network,depth,width,resolution,phi_depth,phi_width,phi_resolution,parameters,macs,"
              "paper_parameters_millions,paper_macs_billions,paper_top1\n");
    if (r->json || r->csv) return;
    print(
        "phi(d), phi(w), phi(r): the phi at which alpha %g, beta %g, gamma %g give this depth, width, size.\n"
        "paper: table 2, in millions and billions; off: the count beside it, = where it rounds to the same\n"
        "digits; top-1: per cent of ImageNet's validation pictures, from that table, not measured here.\n\n",
        r->scaling.alpha, r->scaling.beta, r->scaling.gamma);
    print("%-15s %6s %6s %5s %7s %7s %7s %12s %6s %6s %16s %6s %6s %6s\n", "network", "depth", "width",
          "size", "phi(d)", "phi(w)", "phi(r)", "parameters", "paper", "off", "multiply-adds", "paper", "off",
          "top-1");
}

int scale_show_published(const scale_request *r)
{
    json_t *list = json_array();
    effnet_published p;
    if (plot_is_wanted(&r->plot)) {
        const int code = plot_save(&r->plot, family_charts());
        if (code != EXIT_DONE) {
            json_decref(list);
            return code;
        }
    }
    print_head(r);
    for (size_t i = 0; effnet_published_get(i, &r->scaling, &p); i++) {
        effnet_network *network;
        effnet_network_info info;
        effnet_error error;
        if (effnet_network_create(&network, p.name, NULL, &error) != EFFNET_OK) {
            json_decref(list);
            return report_error(&error);
        }
        effnet_network_get_info(network, &info);
        if (r->json)
            json_array_append_new(list, row_to_json(&p, &info));
        else
            (r->csv ? print_csv_row : print_row)(&p, &info);
        effnet_network_free(network);
    }
    if (r->json) return json_print(list) ? EXIT_DONE : EXIT_SYSTEM;
    json_decref(list);
    return EXIT_DONE;
}
