/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet: EfficientNet and MobileNetV2 on ordinary CPUs. The whole public API.
 *
 * A complete program: the best label for one photo.
 *
 *     #include <effnet.h>
 *     #include <stdio.h>
 *
 *     int main(int argc, char **argv)
 *     {
 *         effnet_error error;
 *         effnet_model *model = NULL;
 *         effnet_session *session = NULL;
 *         effnet_prediction best;
 *         if (argc != 3 || effnet_model_load(&model, argv[1], NULL, &error) ||
 *             effnet_session_create(&session, model, NULL, &error) ||
 *             effnet_session_classify_file(session, argv[2], NULL, 1, &best, NULL, &error))
 *             return fprintf(stderr, "%s\n", argc == 3 ? error.message : "usage: label MODEL PHOTO"), 1;
 *         printf("%s %.1f %%\n", best.label, 100 * best.probability);
 *         effnet_session_free(session);
 *         effnet_model_free(model);
 *         return 0;
 *     }
 *
 * Conventions
 *   - An effnet_network is a description without weights. An effnet_model owns weights, recipe and labels,
 * never changes once made, and may be used by any number of threads at once. An effnet_session holds the
 * scratch memory and the worker threads of one caller; use each session from one thread at a time.
 *   - Every call that can fail returns an effnet_status. Out-parameters come first and are set to NULL on
 * failure. `error` may be NULL. free(NULL) does nothing. Option structs may be NULL; all bytes zero means the
 * defaults.
 *   - Strings and arrays handed in are not kept after the call. Strings handed out belong to the handle they
 * came from and live as long as it does.
 *   - The library never prints, exits, aborts, reads the environment, changes signal handlers or keeps global
 * state.
 *   - Tensors are float32, row-major; images are NHWC: [n][height][width][channels].
 */
#ifndef EFFNET_H
#define EFFNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EFFNET_VERSION_MAJOR 0
#define EFFNET_VERSION_MINOR 1
#define EFFNET_VERSION_PATCH 0
#define EFFNET_VERSION       "0.1.0"

#if defined(__GNUC__)
#define EFFNET_API __attribute__((visibility("default")))
#else
#define EFFNET_API
#endif

/* ---- Errors
 * ------------------------------------------------------------------------------------------------- */

/** What went wrong, by whose fault it is. The numbers are stable. */
typedef enum effnet_status {
    EFFNET_OK = 0,
    EFFNET_ERR_ARGUMENT =
        1, /**< the caller asked for something that cannot be: a bad option, name, size or phi */
    EFFNET_ERR_FORMAT = 2,      /**< a file breaks the rules of its format, or is cut short */
    EFFNET_ERR_LIMIT = 3,       /**< a file is beyond a limit (pixels, bytes, tensors, depth) */
    EFFNET_ERR_UNSUPPORTED = 4, /**< a legal file uses what effnet does not read */
    EFFNET_ERR_MISMATCH = 5,    /**< tensors do not fit the network: missing, unexpected or mis-shaped */
    EFFNET_ERR_AMBIGUOUS = 6,   /**< the file alone does not settle the network; say which */
    EFFNET_ERR_NOT_FOUND = 7,   /**< no such file, or no network, model or endpoint of that name */
    EFFNET_ERR_MISSING = 8,     /**< built without the library that this needs */
    EFFNET_ERR_MEMORY = 9,      /**< out of memory */
    EFFNET_ERR_OS = 10,         /**< a thread or another resource of the system could not be had */
    EFFNET_ERR_CREATE = 11,     /**< the output cannot be created */
    EFFNET_ERR_IO = 12,         /**< reading or writing failed */
    EFFNET_ERR_INTERNAL = 13,   /**< a bug in effnet */
} effnet_status;

enum { EFFNET_MESSAGE_SIZE = 288 };

/** The whole story of a failure, owned by the caller. */
typedef struct effnet_error {
    effnet_status code;
    uint64_t offset; /**< byte in the file at which the rule was broken; 0 where there is none */
    char message[EFFNET_MESSAGE_SIZE]; /**< one line: file, place, what was found and what was wanted;
                                          printable ASCII or UTF-8, hostile bytes escaped */
} effnet_error;

/** A short name for `status`, like "bad format". Never NULL. */
EFFNET_API const char *effnet_status_name(effnet_status status);

#ifdef __cplusplus
}
#endif
#endif
