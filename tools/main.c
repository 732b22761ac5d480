/* SPDX-License-Identifier: Apache-2.0
 *
 * The command's entry: finds the sub-command and calls it. The sub-commands are in cmd_<name>.c, one each.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "print.h"
#include "report.h"
#include "text.h"

static const command *const commands[] = {
    &cmd_classify, &cmd_features, &cmd_run,     &cmd_train, &cmd_finetune,
    &cmd_eval,     &cmd_search,   &cmd_summary, &cmd_cost,  &cmd_scale,
    &cmd_init,     &cmd_convert,  &cmd_bench,   &cmd_info,  &cmd_pull,
};

enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static const command *find_command(const char *name)
{
    const char *names[COMMAND_COUNT];
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
        names[i] = commands[i]->name;
    }
    const int nearest = text_nearest(name, names, COMMAND_COUNT);
    if (nearest < 0) report_usage(NULL, "there is no command '%s'", name);
    report_usage(NULL, "there is no command '%s'; did you mean '%s'?", name, names[nearest]);
}

static int print_overview(void)
{
    print("effnet %s: EfficientNet and MobileNetV2 on ordinary CPUs\n\n"
          "Usage: effnet COMMAND [OPTIONS] ARGUMENTS...\n\nCommands:\n",
          effnet_version());
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        print("  %-10s %s\n", commands[i]->name, commands[i]->summary);
    print("\neffnet help COMMAND shows its options and examples. A first try:\n"
          "  effnet classify photo.jpg\n\n"
          "Exit codes: 0 done, 1 a check failed, 64 wrong command line, 65 bad data, 66 no such input,\n"
          "69 a library or server is missing, 70 a bug in effnet, 71 out of memory, 73 cannot create the\n"
          "output, 74 reading or writing failed, 130 and 143 interrupted.\n");
    return EXIT_DONE;
}

static int help(int argc, char **argv)
{
    if (argc < 2) return print_overview();
    options_print_help(find_command(argv[1]));
    return EXIT_DONE;
}

static bool is_one_of(const char *word, const char *a, const char *b)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) return print_overview();
    if (strcmp(argv[1], "help") == 0 || is_one_of(argv[1], "--help", "-h")) return help(argc - 1, argv + 1);
    if (is_one_of(argv[1], "--version", "-V")) {
        print("effnet %s\n", effnet_version());
        return EXIT_DONE;
    }
    return find_command(argv[1])->run(argc - 1, argv + 1);
}

/* If we were started with one of the standard descriptors closed, the next file opened would take its number,
 * and what is printed would go into it. A read-only one in its place makes such printing fail. */
static void hold_standard_descriptors(void)
{
    int descriptor;
    do
        descriptor = open("/dev/null", O_RDONLY);
    while (descriptor >= 0 && descriptor <= STDERR_FILENO);
    if (descriptor >= 0) close(descriptor);
}

int main(int argc, char **argv)
{
    hold_standard_descriptors();
    return print_finish(dispatch(argc, argv));
}
