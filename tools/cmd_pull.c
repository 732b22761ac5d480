/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet pull: known published checkpoints, from where their publishers keep them, verified.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "download.h"
#include "folders.h"
#include "http.h"
#include "json.h"
#include "models.h"
#include "print.h"
#include "report.h"
#include "text.h"

enum { DEFAULT_TIMEOUT = 30, MAX_TIMEOUT = 3600, DEFAULT_RETRIES = 3, MAX_RETRIES = 100 };

typedef struct settings {
    const char *output, *url, *sha256;
    int timeout, retries;
    bool list, json;
} settings;

static const option_spec specs[] = {
    {OPTION_LIST, "list", NULL, "show what is known; with -v addresses and checksums too"},
    {'o', "output", "FILE|FOLDER", "where to put it (default: the user's data folder)"},
    {OPTION_URL, "url", "URL", "URL/ ending in a slash: a mirror; otherwise the address of the one file"},
    {OPTION_SHA256, "sha256", "HEX", "checksum of a file given by --url, whole or its first characters"},
    {OPTION_TIMEOUT, "timeout", "SECONDS", "give up after so long without a byte (default: 30)"},
    {OPTION_RETRIES, "retries", "N", "go on so often after a broken connection (default: 3)"},
    {OPTION_JSON, "json", NULL, "--list as JSON, one object a line"},
    {OPTION_NONE, NULL, NULL, NULL},
};

static const char *check_sha256(const option_parser *o)
{
    const size_t length = strlen(o->value);
    if (length < 8 || length > EFFNET_SHA256_SIZE - 1 || strspn(o->value, "0123456789abcdef") != length)
        report_usage(o->command->name, "--sha256 takes 8 to 64 digits of lower-case hexadecimal, not '%s'",
                     o->value);
    return o->value;
}

static settings read_options(option_parser *o)
{
    settings s = {.sha256 = "", .timeout = DEFAULT_TIMEOUT, .retries = DEFAULT_RETRIES};
    for (int id; (id = options_next(o)) != OPTION_NONE;) {
        switch (id) {
        case OPTION_LIST: s.list = true; break;
        case 'o': s.output = o->value; break;
        case OPTION_URL: s.url = o->value; break;
        case OPTION_SHA256: s.sha256 = check_sha256(o); break;
        case OPTION_TIMEOUT: s.timeout = options_number(o, 1, MAX_TIMEOUT); break;
        case OPTION_RETRIES: s.retries = options_number(o, 0, MAX_RETRIES); break;
        case OPTION_JSON: s.json = true; break;
        default: break;
        }
    }
    if (s.url && strncmp(s.url, "http://", 7) != 0 && strncmp(s.url, "https://", 8) != 0)
        report_usage(o->command->name,
                     "--url takes an address that begins with http:// or https://, not '%s'", s.url);
    return s;
}

/* ---- the table ---- */

static json_t *files_to_json(const effnet_checkpoint *c)
{
    json_t *files = json_array();
    for (size_t i = 0; i < EFFNET_CHECKPOINT_FILES && c->files[i].name; i++)
        json_array_append_new(files, json_pack("{s:s,s:s,s:s}", "name", c->files[i].name, "url",
                                               c->files[i].url, "sha256", c->files[i].sha256));
    return files;
}

static int list_as_json(void)
{
    effnet_checkpoint c;
    for (size_t i = 0; effnet_checkpoint_get(i, &c); i++)
        if (!json_print(json_pack("{s:s,s:s,s:s,s:s,s:s,s:o}", "name", c.name, "arch", c.arch, "dialect",
                                  c.dialect, "origin", c.origin, "recipe", c.recipe, "files",
                                  files_to_json(&c))))
            return EXIT_SYSTEM;
    return EXIT_DONE;
}

static int list_as_text(void)
{
    effnet_checkpoint c;
    print("%-44s %-20s %s\n", "name", "network", "published by");
    for (size_t i = 0; effnet_checkpoint_get(i, &c); i++) {
        print("%-44s %-20s %s\n", c.name, c.arch, c.origin);
        for (size_t f = 0; report_is_verbose() && f < EFFNET_CHECKPOINT_FILES && c.files[f].name; f++)
            print("    %s\n    sha256 %s\n", *c.files[f].url ? c.files[f].url : c.files[f].name,
                  *c.files[f].sha256 ? c.files[f].sha256 : "not published");
    }
    return EXIT_DONE;
}

static bool find_checkpoint(const char *name, effnet_checkpoint *out)
{
    for (size_t i = 0; effnet_checkpoint_get(i, out); i++)
        if (strcmp(out->name, name) == 0) return true;
    return false;
}

static int unknown(const char *name)
{
    enum { MAX_NAMES = 512 };
    const char *names[MAX_NAMES];
    size_t count = 0;
    effnet_checkpoint c;
    for (; count < MAX_NAMES && effnet_checkpoint_get(count, &c); count++)
        names[count] = c.name;
    const int nearest = text_nearest(name, names, count);
    if (nearest < 0)
        return report_failure(EXIT_NO_INPUT, "%s: not a known checkpoint (effnet pull --list)", name);
    return report_failure(EXIT_NO_INPUT, "%s: not a known checkpoint; did you mean '%s'?", name,
                          names[nearest]);
}

/* Under which licence the publisher's repository stands. */
static const char *licence_of(const char *origin)
{
    return strcmp(origin, "torchvision") == 0 ? "BSD-3-Clause" : "Apache-2.0";
}

/* ---- where it goes ---- */

/* Creates `folder` and what is missing above it. */
static int make_folders(char *folder)
{
    const int code = folders_make(folder);
    return code ? report_failure(EXIT_CREATE, "%s: %s", folder, strerror(code)) : EXIT_DONE;
}

static bool is_folder(const char *path)
{
    struct stat info;
    return text_ends_with(path, "/") || (stat(path, &info) == 0 && S_ISDIR(info.st_mode));
}

/* The path for `file` in a malloc'd string; NULL, with *code set, if there is no place for it. */
static char *place_for(const settings *s, const char *file, int *code)
{
    char *path = NULL, *folder = NULL;
    if (s->output && !is_folder(s->output)) return strdup(s->output);
    folder = s->output ? strdup(s->output) : models_user_folder();
    if (!folder) {
        *code = report_failure(EXIT_CREATE, "neither HOME nor XDG_DATA_HOME is set; say where with -o");
        return NULL;
    }
    *code = make_folders(folder);
    const size_t length = strlen(folder);
    if (*code == EXIT_DONE &&
        asprintf(&path, "%s%s%s", folder, folder[length - 1] == '/' ? "" : "/", file) < 0)
        path = NULL;
    free(folder);
    return path;
}

/* ---- one file ---- */

static int get_file(const settings *s, const char *url, const char *file, const char *sha256)
{
    int code = EXIT_SYSTEM;
    char *path = place_for(s, file, &code);
    if (!path) return code;
    effnet_error error;
    if (*sha256 && download_verify(path, sha256, &error) == EFFNET_OK) {
        report_note("%s: already here", path);
        code = EXIT_DONE;
    } else {
        code = download_run(&(download){url, path, sha256, s->timeout, s->retries});
    }
    if (code == EXIT_DONE) {
        print_text(path);
        print("\n");
        print_flush();
        if (!*sha256) report_note("%s: no checksum is known, so the content could not be verified", path);
    }
    free(path);
    return code;
}

/* The file to take: one that can be verified, if there is one. */
static const effnet_checkpoint_file *choose_file(const effnet_checkpoint *c, bool needs_url)
{
    const effnet_checkpoint_file *chosen = NULL;
    for (size_t i = 0; i < EFFNET_CHECKPOINT_FILES && c->files[i].name; i++) {
        const effnet_checkpoint_file *f = &c->files[i];
        if (needs_url && !*f->url) continue;
        if (!chosen || (!*chosen->sha256 && *f->sha256)) chosen = f;
    }
    return chosen;
}

static int get_checkpoint(const settings *s, const char *name)
{
    effnet_checkpoint c;
    if (!find_checkpoint(name, &c)) return unknown(name);
    const effnet_checkpoint_file *file = choose_file(&c, !s->url);
    if (!file)
        return report_failure(EXIT_UNAVAILABLE, "%s: comes in the %s and has no address of its own (--url?)",
                              name, c.origin);
    char *mirrored = NULL;
    if (s->url && text_ends_with(s->url, "/") && asprintf(&mirrored, "%s%s", s->url, file->name) < 0)
        return report_failure(EXIT_SYSTEM, "out of memory");
    const char *url = mirrored ? mirrored : s->url ? s->url : file->url;
    const int code = get_file(s, url, file->name, *file->sha256 ? file->sha256 : s->sha256);
    if (code == EXIT_DONE)
        report_note("%s: published by %s, whose code is under %s; trained on ImageNet", name, c.origin,
                    licence_of(c.origin));
    free(mirrored);
    return code;
}

/* A file that is no known checkpoint, called as its address ends. */
static int get_address(const settings *s)
{
    char *file = strdup(s->url);
    if (!file) return report_failure(EXIT_SYSTEM, "out of memory");
    file[strcspn(file, "?#")] = '\0';
    char *name = strrchr(file, '/') + 1;
    int code;
    if (!*name || name[0] == '.')
        code = report_failure(EXIT_USAGE, "%s: it names no file; give the name of a checkpoint too", s->url);
    else
        code = get_file(s, s->url, name, s->sha256);
    free(file);
    return code;
}

static int run(int argc, char **argv)
{
    option_parser o = options_over(&cmd_pull, argc, argv);
    const settings s = read_options(&o);
    size_t count;
    char **names = options_operands(&o, &count);
    if (s.list) return s.json ? list_as_json() : list_as_text();
    if (count == 0 && !s.url) report_usage(argv[0], "no checkpoint was named; --list shows them");
    if (count > 1 && s.url && !text_ends_with(s.url, "/"))
        report_usage(argv[0], "--url names one file, but %zu are wanted; a mirror ends in a slash", count);
    if (count > 1 && s.output && !is_folder(s.output))
        report_usage(argv[0], "-o names one file, but %zu are wanted; give a folder", count);
    if (!http_version())
        return report_failure(
            EXIT_UNAVAILABLE,
            "pull needs libcurl; install libcurl4-openssl-dev, and build effnet again if it was "
            "built without");
    signal(SIGPIPE, SIG_IGN); /* a server that hangs up is an error, not the end */
    int code = count == 0 ? get_address(&s) : EXIT_DONE;
    for (size_t i = 0; i < count; i++) {
        const int one = get_checkpoint(&s, names[i]);
        if (code == EXIT_DONE) code = one;
    }
    return code;
}

const command cmd_pull = {
    .name = "pull",
    .arguments = "[OPTIONS] NAME...",
    .summary = "Known upstream checkpoints, verified by sha256, resumable",
    .text = "The file goes to $XDG_DATA_HOME/effnet (~/.local/share/effnet), where every command finds it by "
            "NAME;\n"
            "its path is printed. A download that broke off goes on where it stopped. What does not fit its\n"
            "checksum is thrown away. Proxies are taken from http_proxy and https_proxy.\n\n"
            "Examples:\n"
            "  effnet pull --list\n"
            "  effnet pull efficientnet-b0.aa\n"
            "  effnet pull --url https://mirror.example.org/weights/ efficientnet-b0.aa\n"
            "  effnet pull --url https://example.org/mine.safetensors --sha256 0123456789abcdef -o models/\n",
    .options = specs,
    .run = run,
};
