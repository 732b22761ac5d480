/* SPDX-License-Identifier: Apache-2.0
 *
 * See options.h. getopt_long does the parsing: options may follow arguments and "--" ends them.
 */
#define _GNU_SOURCE
#include "options.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "report.h"
#include "text.h"

enum { MAX_OPTIONS = 64 };

static const option_spec common[] = {
    {'q', "quiet", NULL, "say nothing but errors"},
    {'v', "verbose", NULL, "say more"},
    {'h', "help", NULL, "show this"},
    {OPTION_NONE, NULL, NULL, NULL},
};

/* Option number `index` of a command, its own ones first; NULL past the end. */
static const option_spec *spec_at(const command *c, size_t index)
{
    size_t own = 0;
    while (c->options[own].name)
        own++;
    const option_spec *spec = index < own ? &c->options[index] : &common[index - own];
    return spec->name ? spec : NULL;
}

static const option_spec *spec_by_id(const command *c, int id)
{
    const option_spec *spec;
    for (size_t i = 0; (spec = spec_at(c, i)) != NULL; i++)
        if (spec->id == id) return spec;
    return NULL;
}

option_parser options_over(const command *c, int argc, char **argv)
{
    optind = 0; /* makes glibc start anew */
    opterr = 0;
    return (option_parser){.command = c, .argc = argc, .argv = argv};
}

/* Says what is wrong with an option that the command does not have. */
static _Noreturn void unknown_option(const option_parser *o)
{
    /* getopt leaves in optopt: a letter that it does not know, or the id of a long option that was given a
     * value it does not take, or 0 for a long option that it does not know or that is cut too short. */
    const option_spec *known = spec_by_id(o->command, optopt);
    if (known) report_usage(o->command->name, "option '--%s' takes no value", known->name);
    if (optopt) report_usage(o->command->name, "there is no option '-%c'", optopt);
    const char *typed = o->argv[optind - 1];
    char name[64];
    snprintf(name, sizeof name, "%s", typed + 2);
    name[strcspn(name, "=")] = '\0';
    const char *names[MAX_OPTIONS];
    size_t count = 0;
    for (const option_spec *spec; (spec = spec_at(o->command, count)) != NULL; count++)
        names[count] = spec->name;
    const int nearest = text_nearest(name, names, count);
    if (nearest < 0) report_usage(o->command->name, "there is no option '--%s'", name);
    report_usage(o->command->name, "there is no option '--%s'; did you mean '--%s'?", name, names[nearest]);
}

static _Noreturn void missing_value(const option_parser *o)
{
    const option_spec *spec = spec_by_id(o->command, optopt);
    assert(spec);
    report_usage(o->command->name, "option '--%s' needs a value: %s", spec->name, spec->argument);
}

/* One call of getopt_long with tables made from the command's. */
static int call_getopt(const option_parser *o)
{
    struct option longs[MAX_OPTIONS + 1] = {{NULL, 0, NULL, 0}};
    char shorts[2 * MAX_OPTIONS + 2] = ":";
    size_t letters = 1, count = 0;
    for (const option_spec *spec; (spec = spec_at(o->command, count)) != NULL; count++) {
        assert(count < MAX_OPTIONS);
        longs[count] =
            (struct option){spec->name, spec->argument ? required_argument : no_argument, NULL, spec->id};
        if (spec->id > 255) continue;
        shorts[letters++] = (char)spec->id;
        if (spec->argument) shorts[letters++] = ':';
    }
    return getopt_long(o->argc, o->argv, shorts, longs, NULL);
}

int options_next(option_parser *o)
{
    for (;;) {
        const int id = call_getopt(o);
        if (id == -1) return OPTION_NONE;
        if (id == '?') unknown_option(o);
        if (id == ':') missing_value(o);
        o->value = optarg;
        o->option = spec_by_id(o->command, id);
        if (id == 'q')
            report_set_quiet();
        else if (id == 'v')
            report_set_verbose();
        else if (id == 'h') {
            options_print_help(o->command);
            exit(print_finish(EXIT_DONE));
        } else
            return id;
    }
}

char **options_operands(const option_parser *o, size_t *count)
{
    *count = (size_t)(o->argc - optind);
    return o->argv + optind;
}

/* Digits only: no sign, no space, nothing after. False too if it is over `most`. */
static bool parse_number(const char *text, const char **end, uint64_t most, uint64_t *out)
{
    char *stop;
    errno = 0;
    if (!isdigit((unsigned char)text[0])) return false;
    *out = strtoull(text, &stop, 10);
    *end = stop;
    return errno == 0 && *out <= most;
}

uint64_t options_u64(const option_parser *o, uint64_t most)
{
    const char *end;
    uint64_t number;
    if (!parse_number(o->value, &end, most, &number) || *end)
        report_usage(o->command->name, "--%s takes a whole number from 0 to %llu, not '%s'", o->option->name,
                     (unsigned long long)most, o->value);
    return number;
}

int options_number(const option_parser *o, int least, int most)
{
    const char *end;
    uint64_t number;
    if (!parse_number(o->value, &end, (uint64_t)most, &number) || *end || (int)number < least)
        report_usage(o->command->name, "--%s takes a whole number from %d to %d, not '%s'", o->option->name,
                     least, most, o->value);
    return (int)number;
}

double options_real(const option_parser *o)
{
    char *end;
    const double number = strtod(o->value, &end);
    if (end == o->value || *end)
        report_usage(o->command->name, "--%s takes a number, not '%s'", o->option->name, o->value);
    return number;
}

double options_real_within(const option_parser *o, double least, double most)
{
    char *end;
    const double number = strtod(o->value, &end);
    const bool plain = isdigit((unsigned char)*o->value) || *o->value == '.';
    if (!plain || *end || !(number >= least && number <= most))
        report_usage(o->command->name, "--%s takes a number from %g to %g, not '%s'", o->option->name, least,
                     most, o->value);
    return number;
}

void options_range(const option_parser *o, double least, double most, double *from, double *to)
{
    char *end;
    *from = *to = strtod(o->value, &end);
    const char *second = end + 1;
    bool plain = isdigit((unsigned char)*o->value);
    if (plain && *end == ',') {
        plain = isdigit((unsigned char)*second);
        *to = strtod(second, &end);
    }
    if (!plain || *end || !(*from >= least && *from <= *to && *to <= most))
        report_usage(o->command->name,
                     "--%s takes X,Y or X: numbers from %g to %g, the smaller first, not '%s'",
                     o->option->name, least, most, o->value);
}

/* The power that a suffix stands for; 0 if it stands for none. */
static double suffix_power(const char *suffix)
{
    static const char letters[] = "kMGT";
    double power = 1;
    const char *letter = *suffix ? strchr(letters, *suffix == 'K' ? 'k' : *suffix) : NULL;
    if (letter) {
        const double step = suffix[1] == 'i' ? 1024 : 1000;
        for (const char *p = letters; p <= letter; p++)
            power *= step;
        suffix += suffix[1] == 'i' ? 2 : 1;
    }
    if (*suffix == 'B') suffix++;
    return *suffix ? 0 : power;
}

uint64_t options_quantity(const option_parser *o)
{
    char *end;
    double number = strtod(o->value, &end);
    number *= end == o->value ? 0 : suffix_power(end);
    if (!(number >= 1 && number < 0x1p63)) /* false for NaN */
        report_usage(o->command->name,
                     "--%s takes a number from 1 to 2^63 like 400M, 1.5G or 64MiB, not '%s'", o->option->name,
                     o->value);
    return (uint64_t)number;
}

void options_sides(const option_parser *o, int *height, int *width, int least)
{
    const char *end;
    uint64_t h, w;
    bool ok = parse_number(o->value, &end, MAX_SIDE, &h);
    if (ok && *end == 'x')
        ok = parse_number(end + 1, &end, MAX_SIDE, &w);
    else
        w = ok ? h : 0;
    if (!ok || *end || h < (uint64_t)least || w < (uint64_t)least)
        report_usage(o->command->name, "--%s takes HEIGHTxWIDTH, each from %d to %d, not '%s'",
                     o->option->name, least, MAX_SIDE, o->value);
    *height = (int)h;
    *width = (int)w;
}

void options_size(const option_parser *o, int *height, int *width)
{
    options_sides(o, height, width, MIN_SIDE);
}

int options_choice(const option_parser *o, const char *const *names, size_t count)
{
    char list[256] = "";
    for (size_t i = 0; i < count; i++) {
        if (strcmp(o->value, names[i]) == 0) return (int)i;
        const size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", names[i]);
    }
    report_usage(o->command->name, "--%s takes one of %s, not '%s'", o->option->name, list, o->value);
}

const char *options_file(const option_parser *o, const char *suffix)
{
    if (text_ends_with(o->value, suffix)) return o->value;
    report_usage(o->command->name, "--%s takes a name ending in %s, not '%s'", o->option->name, suffix,
                 o->value);
}

static void print_option(const option_spec *spec)
{
    char left[64];
    const int letters = spec->id > 255 ? snprintf(left, sizeof left, "      --%s", spec->name)
                                       : snprintf(left, sizeof left, "  -%c, --%s", spec->id, spec->name);
    if (spec->argument) snprintf(left + letters, sizeof left - (size_t)letters, " %s", spec->argument);
    if (strlen(left) > 30)
        print("%s\n%31s%s\n", left, "", spec->help);
    else
        print("%-31s%s\n", left, spec->help);
}

void options_print_help(const command *c)
{
    print("Usage: effnet %s %s\n\n%s\n\nOptions:\n", c->name, c->arguments, c->summary);
    const option_spec *spec;
    for (size_t i = 0; (spec = spec_at(c, i)) != NULL; i++)
        print_option(spec);
    print("\n%s", c->text);
}
