/* SPDX-License-Identifier: Apache-2.0
 *
 * A config.json of any bytes, and a labels file of any text, is read or refused; what is read is within its
 * limits and can be written.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/config.h"
#include "model/labels.h"

static void require(bool condition)
{
    if (!condition) abort();
}

static void fuzz_labels(const char *text)
{
    char **labels, *json;
    size_t count;
    if (labels_parse(&labels, &count, text, NULL) != EFFNET_OK) return;
    require(count > 0);
    require(labels_format(&json, labels, count, NULL) == EFFNET_OK);
    free(json);
    labels_free(labels, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text) return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    config c;
    effnet_error error;
    if (config_parse(&c, text, size, &error) == EFFNET_OK) {
        require(c.architecture[0] == '\0' || strlen(c.architecture) < sizeof c.architecture);
        require(!c.has_recipe ||
                (c.recipe.height >= NET_MIN_SIZE && c.recipe.width <= NET_MAX_SIZE && c.recipe.resize > 0));
        for (int i = 0; c.has_recipe && i < 3; i++)
            require(isfinite(c.recipe.mean[i]) && c.recipe.deviation[i] > 0);
    } else {
        require(memchr(error.message, '\0', sizeof error.message) != NULL);
    }
    config_free(&c);
    fuzz_labels(text);
    free(text);
    return 0;
}
