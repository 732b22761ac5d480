/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet cost: what a convolution costs in one piece and depthwise separable, an inverted residual beside a
 * residual bottleneck, and a network beside itself with standard convolutions. The library counts, and
 * measures with --measure; the formulas printed here are only shown with the numbers put in.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "json.h"
#include "models.h"
#include "plot/cost_charts.h"
#include "plot/save.h"
#include "print.h"
#include "report.h"
#include "text.h"
#include "times.h"

enum { MAX_KERNEL = 15, MAX_STRIDE = 2, MAX_CHANNELS = 65536, MAX_EXPAND = 64, NUMBER_SIZE = 28 };

typedef struct settings {
    effnet_layer layer;     /* stride 0: both; expand 0: a plain convolution */
    const char *of_a_layer; /* the last option that a network does not take */
    plot_choice plot;
    bool sized, json, measure;
    model_choice choice; /* threads and level to measure with */
} settings;

/* Two ways to do the same, and what they cost. */
typedef struct pair {
    const char *names[2]; /* as JSON has them */
    effnet_layer layers[2];
    effnet_cost costs[2];
    double ms[2]; /* 0: not measured */
} pair;

static const option_spec specs[] = {
    {OPTION_KERNEL, "kernel", "K", "side of the kernel, odd (default: 3)"},
    {OPTION_IN, "in", "N", "input channels (default: 32)"},
    {OPTION_OUT, "out", "N", "output channels (default: 64)"},
    {OPTION_SIZE, "size", "HxW", "of the input (default: 112)"},
    {OPTION_STRIDE, "stride", "S", "1 or 2 (default: both)"},
    {OPTION_EXPAND, "expand", "T", "an inverted residual of this expansion, beside a residual bottleneck"},
    {OPTION_SE, "se", "RATIO", "its squeeze-and-excitation, channels over input channels (default: none)"},
    PLOT_OPTIONS,
    {OPTION_MEASURE, "measure", NULL, "the time that both take on this machine"},
    RUN_OPTIONS,
    {OPTION_JSON, "json", NULL, "one JSON document"},
    {OPTION_NONE, NULL, NULL, NULL},
};

static settings read_options(option_parser *o)
{
    settings s = {.layer = {.kernel = 3, .in_channels = 32, .out_channels = 64, .height = 112, .width = 112}};
    for (int id; (id = options_next(o)) != OPTION_NONE;) {
        if (plot_choice_take(&s.plot, o)) continue;
        if (model_choice_take(&s.choice, o)) continue;
        switch (id) {
        case OPTION_KERNEL: s.layer.kernel = options_number(o, 1, MAX_KERNEL); break;
        case OPTION_IN: s.layer.in_channels = options_number(o, 1, MAX_CHANNELS); break;
        case OPTION_OUT: s.layer.out_channels = options_number(o, 1, MAX_CHANNELS); break;
        case OPTION_SIZE:
            options_sides(o, &s.layer.height, &s.layer.width, 1);
            s.sized = true;
            break;
        case OPTION_STRIDE: s.layer.stride = options_number(o, 1, MAX_STRIDE); break;
        case OPTION_EXPAND: s.layer.expand = options_number(o, 1, MAX_EXPAND); break;
        case OPTION_SE: s.layer.se = options_real(o); break;
        case OPTION_JSON: s.json = true; break;
        case OPTION_MEASURE: s.measure = true; break;
        default: break;
        }
        if (id != OPTION_SIZE && id != OPTION_JSON && id != OPTION_MEASURE) s.of_a_layer = o->option->name;
    }
    if (s.layer.se != 0 && !s.layer.expand) report_usage(o->command->name, "--se needs --expand");
    model_choice_finish(&s.choice, o->command->name);
    return s;
}

/* ---- the pairs ---- */

static effnet_status count(pair *p, effnet_error *error)
{
    effnet_status status = EFFNET_OK;
    for (int i = 0; i < 2 && status == EFFNET_OK; i++)
        status = effnet_layer_cost(&p->costs[i], &p->layers[i], error);
    return status;
}

static effnet_status count_convolution(pair *p, const effnet_layer *layer, effnet_error *error)
{
    *p = (pair){.names = {"standard", "separable"}, .layers = {*layer, *layer}};
    p->layers[0].kind = EFFNET_LAYER_STANDARD;
    p->layers[1].kind = EFFNET_LAYER_SEPARABLE;
    return count(p, error);
}

/* The same two widths turned inside out: wide, narrow, wide where the inverted residual is narrow, wide,
 * narrow. */
static effnet_status count_block(pair *p, const effnet_layer *layer, effnet_error *error)
{
    *p = (pair){.names = {"bottleneck", "inverted"}, .layers = {*layer, *layer}};
    p->layers[0].kind = EFFNET_LAYER_BOTTLENECK;
    p->layers[0].in_channels *= layer->expand;
    p->layers[0].out_channels *= layer->expand;
    p->layers[0].se = 0;
    p->layers[1].kind = EFFNET_LAYER_INVERTED;
    return count(p, error);
}

static effnet_status measure(pair *p, const settings *s, effnet_error *error)
{
    const effnet_latency_options options = {.level = s->choice.options.level, .threads = s->choice.threads};
    effnet_status status = EFFNET_OK;
    for (int i = 0; i < 2 && s->measure && status == EFFNET_OK; i++)
        status = effnet_measure_layer(&p->ms[i], &p->layers[i], &options, error);
    return status;
}

/* ---- text ---- */

static double ratio(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static void print_cost(const char *name, const effnet_cost *c)
{
    print("%-12s", name);
    print_number(c->macs, 17);
    print_number(c->parameters, 14);
    print_number(c->activation_bytes, 17);
    print_number(c->bytes_moved, 15);
    print(" %12.2f\n", c->intensity);
}

static void print_costs(const char *const names[2], const effnet_cost costs[2])
{
    print("\n%-12s %17s %14s %17s %15s %12s\n", "", "multiply-adds", "parameters", "activation bytes",
          "bytes moved", "op/byte");
    for (int i = 0; i < 2; i++)
        print_cost(names[i], &costs[i]);
    print("%-12s %17.4f %14.4f %17.4f %15.4f %12.4f\n", "ratio", ratio(costs[1].macs, costs[0].macs),
          ratio(costs[1].parameters, costs[0].parameters),
          ratio(costs[1].activation_bytes, costs[0].activation_bytes),
          ratio(costs[1].bytes_moved, costs[0].bytes_moved),
          costs[0].intensity > 0 ? costs[1].intensity / costs[0].intensity : 0);
}

static double gflops(const effnet_cost *cost, double ms)
{
    return 2e-6 * (double)cost->macs / ms;
}

/* What was measured, if it was. */
static void print_times(const char *const names[2], const effnet_cost costs[2], const double ms[2])
{
    if (ms[0] <= 0 || ms[1] <= 0) return;
    print("\n%-12s %10s %10s\n", "measured", "ms", "GFLOP/s");
    for (int i = 0; i < 2; i++)
        print("%-12s %10.3f %10.1f\n", names[i], ms[i], gflops(&costs[i], ms[i]));
    print("%-12s %10.4f %10.4f\n", "ratio", ms[1] / ms[0],
          gflops(&costs[1], ms[1]) / gflops(&costs[0], ms[0]));
}

static int output_side(int side, int stride)
{
    return (side + stride - 1) / stride; /* SAME padding */
}

static void print_convolution(const pair *p)
{
    const effnet_layer *l = &p->layers[0];
    const int k = l->kernel, di = l->in_channels, dj = l->out_channels;
    const int h = output_side(l->height, l->stride), w = output_side(l->width, l->stride);
    char macs[NUMBER_SIZE];
    print("%d x %d convolution, stride %d, %d to %d channels, %d x %d to %d x %d\n", k, k, l->stride, di, dj,
          l->height, l->width, h, w);
    print("  standard   k k di h w dj    = %d x %d x %d x %d x %d x %d = %s\n", k, k, di, h, w, dj,
          text_grouped(macs, sizeof macs, p->costs[0].macs));
    print("  separable  h w di (k k + dj) = %d x %d x %d x (%d x %d + %d) = %s\n", h, w, di, k, k, dj,
          text_grouped(macs, sizeof macs, p->costs[1].macs));
    print("  ratio      1/dj + 1/(k k)    = 1/%d + 1/%d = %.4f, %.2f times fewer\n", dj, k * k,
          ratio(p->costs[1].macs, p->costs[0].macs), ratio(p->costs[0].macs, p->costs[1].macs));
    print_costs(p->names, p->costs);
    print_times(p->names, p->costs, p->ms);
}

static void print_block(const pair *p)
{
    const effnet_layer *b = &p->layers[0], *i = &p->layers[1];
    const int h = output_side(i->height, i->stride), w = output_side(i->width, i->stride);
    print("inverted residual, %d x %d, stride %d, expansion %d, %d x %d to %d x %d\n", i->kernel, i->kernel,
          i->stride, i->expand, i->height, i->width, h, w);
    print("  bottleneck %d -> %d, %d x %d standard, -> %d channels\n", b->in_channels,
          b->out_channels / b->expand, b->kernel, b->kernel, b->out_channels);
    print("  inverted   %d -> %d, %d x %d depthwise", i->in_channels, i->in_channels * i->expand, i->kernel,
          i->kernel);
    if (i->se > 0) print(", squeeze-and-excitation %g", i->se);
    print(", -> %d channels\n", i->out_channels);
    print_costs(p->names, p->costs);
    print_times(p->names, p->costs, p->ms);
}

/* ---- JSON ---- */

static json_t *cost_to_json(const effnet_cost *c)
{
    return json_pack("{s:I,s:I,s:I,s:I,s:f}", "macs", (json_int_t)c->macs, "parameters",
                     (json_int_t)c->parameters, "activation_bytes", (json_int_t)c->activation_bytes,
                     "bytes_moved", (json_int_t)c->bytes_moved, "intensity", c->intensity);
}

/* `ratio`: multiply-adds of the second over the first. Times of 0 were not measured. */
static void add_pair(json_t *object, const char *const names[2], const effnet_cost costs[2],
                     const double ms[2])
{
    for (int i = 0; i < 2; i++) {
        json_t *cost = cost_to_json(&costs[i]);
        if (ms[i] > 0) json_object_set_new(cost, "ms", json_real(ms[i]));
        json_object_set_new(object, names[i], cost);
    }
    json_object_set_new(object, "ratio", json_real(ratio(costs[1].macs, costs[0].macs)));
}

static json_t *pair_to_json(const pair *p)
{
    const effnet_layer *l = &p->layers[1];
    json_t *object =
        json_pack("{s:i,s:i,s:i,s:i,s:i,s:i}", "kernel", l->kernel, "stride", l->stride, "in", l->in_channels,
                  "out", l->out_channels, "height", l->height, "width", l->width);
    if (l->expand) {
        json_object_set_new(object, "expand", json_integer(l->expand));
        json_object_set_new(object, "se", json_real(l->se));
    }
    add_pair(object, p->names, p->costs, p->ms);
    return object;
}

/* ---- what is asked ---- */

static int show_layers(const settings *s)
{
    json_t *list = s->json ? json_array() : NULL;
    const int first = s->layer.stride ? s->layer.stride : 1;
    const int last = s->layer.stride ? s->layer.stride : MAX_STRIDE;
    for (int stride = first; stride <= last; stride++) {
        pair p;
        effnet_error error;
        effnet_layer layer = s->layer;
        layer.stride = stride;
        if ((layer.expand ? count_block : count_convolution)(&p, &layer, &error) != EFFNET_OK ||
            measure(&p, s, &error) != EFFNET_OK) {
            json_decref(list);
            return report_error(&error);
        }
        if (s->json) {
            json_array_append_new(list, pair_to_json(&p));
            continue;
        }
        if (stride > first) print("\n");
        (layer.expand ? print_block : print_convolution)(&p);
    }
    if (!s->json) return EXIT_DONE;
    return json_print(json_pack("{s:o}", "layers", list)) ? EXIT_DONE : EXIT_SYSTEM;
}

static const char *const network_names[2] = {"standard", "separable"};

/* A network's times, of the standard kind first; NULL where not measured. */
typedef struct network_times {
    double *part_ms[2]; /* [part_count]; a part of the separable kind that is made inside the next has 0 */
    double ms[2];
} network_times;

static void free_times(network_times *t)
{
    free(t->part_ms[0]);
    free(t->part_ms[1]);
}

static int measure_network(network_times *t, const settings *s, const effnet_network *network)
{
    effnet_latency *times;
    effnet_latency_figure figure;
    effnet_network_info info;
    effnet_error error;
    effnet_network_get_info(network, &info);
    for (int i = 0; i < 2; i++)
        t->part_ms[i] = calloc(info.part_count, sizeof *t->part_ms[i]);
    if (!t->part_ms[0] || !t->part_ms[1]) return report_failure(EXIT_SYSTEM, "out of memory");
    const int code = times_open(&times, s->choice.options.level, s->choice.threads, false);
    if (code != EXIT_DONE) return code;
    effnet_status status = effnet_latency_measure_standard(times, network, &t->ms[0], t->part_ms[0], &error);
    if (status == EFFNET_OK) status = effnet_latency_predict(times, network, &figure, t->part_ms[1], &error);
    t->ms[1] = figure.ms;
    times_close(times);
    return status == EFFNET_OK ? EXIT_DONE : report_error(&error);
}

/* The times of the block that is part `index`, with the stem where that is made inside it. */
static void block_times(double ms[2], const network_times *t, size_t index)
{
    ms[0] = ms[1] = 0;
    if (!t->part_ms[0]) return;
    ms[0] = t->part_ms[0][index];
    ms[1] = t->part_ms[1][index];
    if (index == 1 && t->part_ms[1][0] <= 0) ms[0] += t->part_ms[0][0];
}

static void print_network_block(const effnet_network *network, const effnet_part_info *part, size_t index,
                                const network_times *t)
{
    effnet_cost costs[2];
    double ms[2];
    effnet_network_part_cost(network, index, &costs[1], &costs[0]);
    block_times(ms, t, index);
    print("%-10s %6d %6d %6d %6d", part->name, part->kernel, part->stride, part->in_channels * part->expand,
          part->out_channels);
    print_number(costs[0].macs, 17);
    print_number(costs[1].macs, 17);
    print(" %7.4f", ratio(costs[1].macs, costs[0].macs));
    if (ms[0] > 0) print(" %9.3f %9.3f %7.4f", ms[0], ms[1], ms[1] / ms[0]);
    print("\n");
}

static void print_network(const effnet_network *network, const network_times *t)
{
    effnet_network_info info;
    effnet_part_info part;
    effnet_cost costs[2];
    effnet_network_get_info(network, &info);
    print("network      ");
    print_text(info.name);
    print("\ninput        %d x %d x %d (height x width x channels)\n\n", info.height, info.width,
          info.channels);
    print("%-10s %6s %6s %6s %6s %17s %17s %7s", "part", "kernel", "stride", "hidden", "out", "standard MACs",
          "separable MACs", "ratio");
    if (t->part_ms[0]) print(" %9s %9s %7s", "std. ms", "sep. ms", "ratio");
    print("\n");
    for (size_t i = 0; effnet_network_get_part(network, i, &part); i++)
        if (strncmp(part.name, "block:", 6) == 0) print_network_block(network, &part, i, t);
    if (t->part_ms[0] && t->part_ms[1][0] <= 0)
        print("Times of block:0 are with the stem, which it is made with.\n");
    effnet_network_cost(network, &costs[1], &costs[0]);
    print_costs(network_names, costs);
    print_times(network_names, costs, t->ms);
}

static json_t *network_to_json(const effnet_network *network, const network_times *t)
{
    effnet_network_info info;
    effnet_part_info part;
    effnet_cost costs[2];
    effnet_network_get_info(network, &info);
    json_t *blocks = json_array();
    for (size_t i = 0; effnet_network_get_part(network, i, &part); i++) {
        if (strncmp(part.name, "block:", 6) != 0) continue;
        double ms[2];
        effnet_network_part_cost(network, i, &costs[1], &costs[0]);
        block_times(ms, t, i);
        json_t *block = json_pack("{s:s}", "name", part.name);
        add_pair(block, network_names, costs, ms);
        json_array_append_new(blocks, block);
    }
    json_t *document = json_pack("{s:s,s:{s:i,s:i,s:i}}", "name", info.name, "input", "height", info.height,
                                 "width", info.width, "channels", info.channels);
    effnet_network_cost(network, &costs[1], &costs[0]);
    add_pair(document, network_names, costs, t->ms);
    json_object_set_new(document, "blocks", blocks);
    return document;
}

static int show_network(const settings *s, const char *name)
{
    effnet_network *network;
    effnet_network_options options = {0};
    effnet_error error;
    int code = plot_check(&s->plot, cmd_cost.name);
    if (code != EXIT_DONE) return code;
    if (s->of_a_layer) report_usage(cmd_cost.name, "--%s is for a layer, not for a network", s->of_a_layer);
    if (s->sized) {
        options.height = s->layer.height;
        options.width = s->layer.width;
    }
    if (effnet_network_create(&network, name, &options, &error) != EFFNET_OK) return report_error(&error);
    if (plot_is_wanted(&s->plot)) code = plot_save(&s->plot, cost_charts(network));
    network_times times = {{NULL, NULL}, {0, 0}};
    if (code == EXIT_DONE && s->measure) code = measure_network(&times, s, network);
    if (code == EXIT_DONE && !s->json)
        print_network(network, &times);
    else if (code == EXIT_DONE && !json_print(network_to_json(network, &times)))
        code = EXIT_SYSTEM;
    free_times(&times);
    effnet_network_free(network);
    return code;
}

static int run(int argc, char **argv)
{
    option_parser o = options_over(&cmd_cost, argc, argv);
    const settings s = read_options(&o);
    size_t operands;
    char **operand = options_operands(&o, &operands);
    if (operands > 1) report_usage(argv[0], "wanted one network, or none for a layer");
    if (plot_is_wanted(&s.plot) && !operands) report_usage(argv[0], "--svg and --png draw a network's cost");
    return operands ? show_network(&s, operand[0]) : show_layers(&s);
}

const command cmd_cost = {
    .name = "cost",
    .arguments = "[OPTIONS] [NETWORK]",
    .summary = "What convolutions cost: standard beside depthwise separable",
    .text =
        "Without NETWORK, one k x k convolution of h x w x di to dj channels: k k di h w dj multiply-adds "
        "in\n"
        "one piece, h w di (k k + dj) as a depthwise convolution and a 1x1 one behind it. With --expand, an\n"
        "inverted residual beside a residual bottleneck of the same two widths, inside out. With NETWORK (a\n"
        "name or FILE.json), the network beside itself with a standard convolution in place of each\n"
        "depthwise one and the 1x1 one behind it.\n\n"
        "Parameters include batch norm's two per channel. Bytes moved are float32 inputs, outputs and\n"
        "parameters of each layer, one after the other; op/byte is two operations for each multiply-add "
        "over\n"
        "them.\n\n"
        "--measure adds the least times of a tenth of a second. Standard convolutions run through the same "
        "kernels\n"
        "as 1x1 ones; squeeze-and-excitation is not in the time of a network with them. A network's own "
        "times are\n"
        "kept in ${XDG_CACHE_HOME:-~/.cache}/effnet.\n\n"
        "Examples:\n"
        "  effnet cost --kernel 3 --in 32 --out 64 --size 112\n"
        "  effnet cost --in 24 --out 24 --size 56 --expand 6 --se 0.25 --stride 1\n"
        "  effnet cost efficientnet-b0 --measure --threads 1\n"
        "  effnet cost mobilenet-v2 --size 160 --json\n"
        "  effnet cost efficientnet-b0 --svg cost.svg\n",
    .options = specs,
    .run = run,
};
