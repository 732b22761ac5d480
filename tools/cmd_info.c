/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet info: what this machine and this build offer.
 */
#include <stdlib.h>

#include "commands.h"
#include "http.h"
#include "json.h"
#include "models.h"
#include "plot/render.h"
#include "print.h"
#include "report.h"

static const option_spec specs[] = {
    {OPTION_JSON, "json", NULL, "one JSON document"},
    {OPTION_CPU, "cpu", "LEVEL", "show the kernels of this level"},
    {OPTION_NONE, NULL, NULL, NULL},
};

/* A library that some commands can do without. */
typedef struct optional_library {
    const char *name;
    const char *version; /* NULL: effnet was built without it */
    const char *missing; /* what to say then */
} optional_library;

static bool get_optional(size_t index, optional_library *out)
{
    static char mpi[32];
    if (!*mpi) effnet_ranks_version(mpi, sizeof mpi);
    const optional_library all[] = {
        {"libcurl", http_version(), "missing; effnet pull needs it (package libcurl4-openssl-dev)"},
        {"cairo", render_version(), "missing; plots need it (package libcairo2-dev)"},
        {"openmpi", *mpi ? mpi : NULL,
         "missing; training on several machines needs it (package libopenmpi-dev)"},
    };
    if (index >= sizeof all / sizeof *all) return false;
    *out = all[index];
    return true;
}

/* ---- text ---- */

static void print_system(const effnet_system *system, effnet_level level)
{
    print("effnet     %s\n", effnet_version());
    print("processor  ");
    print_text(system->cpu);
    print("\nkernels    %s\nthreads    %d\n", effnet_level_name(level), system->cores);
}

static void print_kernels(effnet_level level)
{
    const char *operation, *kernel;
    print("\nkernels in use\n");
    for (size_t i = 0; effnet_kernel_get(level, i, &operation, &kernel); i++)
        print("  %-18s %s\n", operation, kernel);
}

static void print_libraries(void)
{
    effnet_library library;
    print("\nlibraries\n");
    for (size_t i = 0; effnet_library_get(i, &library); i++)
        print("  %-18s %s\n", library.name, library.version);
    optional_library optional;
    for (size_t i = 0; get_optional(i, &optional); i++)
        print("  %-18s %s\n", optional.name, optional.version ? optional.version : optional.missing);
}

static void print_models(void)
{
    char *folder;
    print("\nmodels are looked for in\n");
    for (size_t i = 0; (folder = models_folder(i)) != NULL; i++) {
        print("  ");
        print_text(folder);
        print("\n");
        free(folder);
    }
    effnet_error error;
    char *path = models_find(NULL, &error);
    print("default model\n  ");
    print_text(path ? path : error.message);
    print("\n");
    free(path);
}

/* ---- JSON ---- */

static json_t *kernels_to_json(effnet_level level)
{
    json_t *kernels = json_object();
    const char *operation, *kernel;
    for (size_t i = 0; effnet_kernel_get(level, i, &operation, &kernel); i++)
        json_object_set_new(kernels, operation, json_text(kernel));
    return kernels;
}

static json_t *libraries_to_json(void)
{
    json_t *libraries = json_object();
    effnet_library library;
    for (size_t i = 0; effnet_library_get(i, &library); i++)
        json_object_set_new(libraries, library.name, json_text(library.version));
    optional_library optional;
    for (size_t i = 0; get_optional(i, &optional); i++)
        if (optional.version) json_object_set_new(libraries, optional.name, json_text(optional.version));
    return libraries;
}

static json_t *models_to_json(void)
{
    json_t *folders = json_array();
    char *folder;
    for (size_t i = 0; (folder = models_folder(i)) != NULL; i++) {
        json_array_append_new(folders, json_text(folder));
        free(folder);
    }
    return folders;
}

static int print_as_json(const effnet_system *system, effnet_level level)
{
    json_t *missing = json_array();
    optional_library optional;
    for (size_t i = 0; get_optional(i, &optional); i++)
        if (!optional.version) json_array_append_new(missing, json_text(optional.name));
    effnet_error error;
    char *path = models_find(NULL, &error);
    json_t *document =
        json_pack("{s:s,s:o,s:s,s:i,s:o,s:o,s:o,s:o,s:o}", "version", effnet_version(), "cpu",
                  json_text(system->cpu), "level", effnet_level_name(level), "threads", system->cores,
                  "kernels", kernels_to_json(level), "libraries", libraries_to_json(), "missing", missing,
                  "model_folders", models_to_json(), "default_model", path ? json_text(path) : json_null());
    free(path);
    return json_print(document) ? EXIT_DONE : EXIT_SYSTEM;
}

static int run(int argc, char **argv)
{
    option_parser o = options_over(&cmd_info, argc, argv);
    model_choice choice = {0};
    bool json = false;
    for (int id; (id = options_next(&o)) != OPTION_NONE;)
        if (!model_choice_take(&choice, &o) && id == OPTION_JSON) json = true;
    model_choice_finish(&choice, argv[0]);
    size_t operands;
    char **operand = options_operands(&o, &operands);
    if (operands) report_usage(argv[0], "'%s' is not an option", operand[0]);
    effnet_system system;
    effnet_system_get(&system);
    const effnet_level level = choice.options.level ? choice.options.level : system.level;
    if (json) return print_as_json(&system, level);
    print_system(&system, level);
    print_kernels(level);
    print_libraries();
    print_models();
    return EXIT_DONE;
}

const command cmd_info = {
    .name = "info",
    .arguments = "[OPTIONS]",
    .summary = "Processor, kernels, threads, libraries, models, and what is missing",
    .text = "EFFNET_CPU=ref|avx2|avx512|neon in the environment chooses the kernels of every command, as "
            "--cpu does;\n"
            "EFFNET_MODELS is a list of folders, separated by colons, where models are looked for first.\n\n"
            "Examples:\n"
            "  effnet info\n"
            "  effnet info --json\n",
    .options = specs,
    .run = run,
};
