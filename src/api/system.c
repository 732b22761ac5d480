/* SPDX-License-Identifier: Apache-2.0
 *
 * What there is: levels and kernels of this processor, linked libraries, known checkpoints, the version.
 */
#include <jansson.h>
#include <stdio.h>
#include <jpeglib.h>
#include <spng.h>
#include <string.h>
#include <webp/decode.h>
#include <zlib.h>

#include "api/handles.h"
#include "engine/peak.h"
#include "kernels/kernels.h"
#include "model/known.h"

#define TEXT_OF(macro)    TEXT(macro)
#define TEXT(macro)       #macro
#define JPEG_VERSION_TEXT TEXT_OF(LIBJPEG_TURBO_VERSION)

const char *effnet_version(void)
{
    return EFFNET_VERSION;
}

/* The public levels in the order of effnet_level, without "best". */
static const cpu_level levels[] = {CPU_REF, CPU_AVX2, CPU_AVX512, CPU_NEON};
enum { LEVELS = sizeof levels / sizeof *levels };

bool api_level(cpu_level *out, effnet_level level)
{
    if (level == EFFNET_LEVEL_BEST) {
        *out = cpu_best_level();
        return true;
    }
    if (level < EFFNET_LEVEL_REF || level > EFFNET_LEVEL_NEON) return false;
    *out = levels[level - EFFNET_LEVEL_REF];
    return cpu_has_level(*out);
}

effnet_status api_check_level(cpu_level *out, effnet_level level, effnet_error *error)
{
    if (api_level(out, level)) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_ARGUMENT, "kernel level \"%s\": this processor has not got it",
                     effnet_level_name(level));
}

static effnet_level public_level(cpu_level level)
{
    for (int i = 0; i < LEVELS; i++)
        if (levels[i] == level) return (effnet_level)(EFFNET_LEVEL_REF + i);
    return EFFNET_LEVEL_REF;
}

void effnet_system_get(effnet_system *out)
{
    *out = (effnet_system){.level = public_level(cpu_best_level()), .cores = (int)cpu_usable_cores()};
    cpu_name(out->cpu, sizeof out->cpu);
}

const char *effnet_level_name(effnet_level level)
{
    if (level == EFFNET_LEVEL_BEST) return "best";
    if (level < EFFNET_LEVEL_REF || level > EFFNET_LEVEL_NEON) return "unknown";
    return cpu_level_name(levels[level - EFFNET_LEVEL_REF]);
}

bool effnet_level_parse(const char *name, effnet_level *out)
{
    cpu_level level;
    *out = EFFNET_LEVEL_BEST;
    if (strcmp(name, "best") == 0) return true;
    if (!cpu_level_parse(name, &level) || !cpu_has_level(level)) return false;
    *out = public_level(level);
    return true;
}

bool effnet_kernel_get(effnet_level level, size_t index, const char **operation, const char **kernel)
{
    cpu_level inner;
    if (!api_level(&inner, level)) return false;
    return kernels_describe(inner, index, operation, kernel);
}

effnet_status effnet_measure_peak(double *gflops, effnet_level level, int threads, effnet_error *error)
{
    if (!gflops) return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_measure_peak: gflops is NULL");
    *gflops = 0;
    cpu_level inner = CPU_REF;
    size_t members = 0;
    pool *team;
    TRY(api_check_level(&inner, level, error));
    TRY(api_threads(&members, threads, error));
    TRY(pool_create(&team, members, error));
    *gflops = engine_peak(inner, team);
    pool_free(team);
    return EFFNET_OK;
}

static effnet_library webp_library(void)
{
    effnet_library library = {.name = "libwebp"};
    const int version = WebPGetDecoderVersion(); /* a byte each for major, minor, revision */
    snprintf(library.version, sizeof library.version, "%d.%d.%d", version >> 16 & 0xFF, version >> 8 & 0xFF,
             version & 0xFF);
    return library;
}

static effnet_library named_library(const char *name, const char *version)
{
    effnet_library library = {.name = name};
    snprintf(library.version, sizeof library.version, "%s", version);
    return library;
}

bool effnet_library_get(size_t index, effnet_library *out)
{
    switch (index) {
    /* libjpeg's own interface cannot be asked at run time: this is the version compiled against. */
    case 0: *out = named_library("libjpeg-turbo", JPEG_VERSION_TEXT); return true;
    case 1: *out = named_library("libspng", spng_version_string()); return true;
    case 2: *out = webp_library(); return true;
    case 3: *out = named_library("zlib", zlibVersion()); return true;
    case 4: *out = named_library("jansson", jansson_version_str()); return true;
    default: return false;
    }
}

bool effnet_checkpoint_get(size_t index, effnet_checkpoint *out)
{
    if (index >= known_table_size) return false;
    const known_checkpoint *known = &known_table[index];
    *out = (effnet_checkpoint){.name = known->name,
                               .arch = known->arch,
                               .dialect = dialect_name(known->dialect),
                               .origin = known->origin,
                               .recipe = known->recipe};
    for (int i = 0; i < KNOWN_MAX_FILES && known->files[i].name; i++)
        out->files[i] =
            (effnet_checkpoint_file){known->files[i].name, known->files[i].url, known->files[i].sha256};
    return true;
}
