/* SPDX-License-Identifier: Apache-2.0
 *
 * A file of any bytes is taken for a model, or refused in one line; what is taken can be read tensor by
 * tensor. The seeds are small networks that effnet wrote, so that mutations reach the metadata, the names and
 * the shapes behind the format.
 */
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

enum { MOST_VALUES = 1 << 22 };

static void require(bool condition)
{
    if (!condition) abort();
}

static void read_all(model *m)
{
    for (size_t i = 0; i < net_tensor_count(m->graph); i++) {
        const net_tensor tensor = net_tensor_at(m->graph, i);
        if (tensor.count > MOST_VALUES) continue;
        float *values = malloc((tensor.count + 1) * sizeof *values);
        require(values != NULL);
        model_read(m, &tensor, values, NULL);
        free(values);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *report = NULL;
    const model_options options = {
        .variant = size % 2 ? "same" : NULL, .in_channels = size % 3 ? 0 : 1, .report = &report};
    model *m;
    effnet_error error = {.code = EFFNET_OK};
    if (model_open_memory(&m, data, size, "fuzz", &options, &error) == EFFNET_OK) {
        read_all(m);
        model_free(m);
    } else {
        require(m == NULL && strncmp(error.message, "fuzz: ", 6) == 0);
    }
    free(report);
    return 0;
}
