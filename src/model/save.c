/* SPDX-License-Identifier: Apache-2.0
 *
 * A model as safetensors, in any dialect, with everything about it that tensors cannot say as metadata.
 * docs/model-format.md describes the file.
 */
#include "model/model.h"

#include <stdlib.h>
#include <string.h>

#include "model/labels.h"
#include "model/settle.h"
#include "model/task.h"
#include "model/variant.h"

enum { MAX_TEXTS = 8, RECIPE_TEXT = 512 };

/* What to write for each output tensor: tensor number `source` of the graph, or a counter of zero. */
typedef struct item {
    bool counter;
    size_t source;
    char name[DIALECT_NAME_SIZE];
} item;

typedef struct saving {
    const model *m;
    item *items;
    state_output *outputs;
    size_t count;
    state_text texts[MAX_TEXTS];
    size_t text_count;
    char *owned[MAX_TEXTS]; /* of texts, to be freed */
    size_t owned_count;
    char recipe[RECIPE_TEXT], variant[VARIANT_TEXT];
} saving;

static void add_tensor(saving *s, size_t number, dialect d, state_dtype dtype)
{
    const net_tensor tensor = net_tensor_at(s->m->graph, number);
    const bool statistic = tensor.field == NET_MEAN || tensor.field == NET_VARIANCE;
    item *i = &s->items[s->count];
    state_output *o = &s->outputs[s->count++];
    i->source = number;
    dialect_tensor_name(i->name, d, s->m->graph, &tensor);
    *o = (state_output){.name = i->name, .dtype = statistic ? STATE_F32 : dtype, .rank = tensor.rank};
    memcpy(o->shape, tensor.shape, sizeof tensor.shape);
    if (tensor.field != NET_VARIANCE || d == DIALECT_EFFNET) return;
    /* PyTorch's batch norm also has a counter, without which load_state_dict(strict=True) fails. */
    i = &s->items[s->count];
    o = &s->outputs[s->count++];
    i->counter = true;
    dialect_counter_name(i->name, d, s->m->graph, &tensor);
    *o = (state_output){.name = i->name, .dtype = STATE_I64, .rank = 0};
}

static effnet_status list_tensors(saving *s, dialect d, state_dtype dtype, effnet_error *error)
{
    const size_t count = net_tensor_count(s->m->graph);
    s->items = calloc(2 * count, sizeof *s->items);
    s->outputs = calloc(2 * count, sizeof *s->outputs);
    if (!s->items || !s->outputs) return error_memory(error);
    for (size_t i = 0; i < count; i++)
        add_tensor(s, i, d, dtype);
    return EFFNET_OK;
}

static void add_text(saving *s, const char *key, const char *value)
{
    s->texts[s->text_count++] = (state_text){key, value};
}

static void add_owned(saving *s, const char *key, char *value)
{
    s->owned[s->owned_count++] = value;
    add_text(s, key, value);
}

static effnet_status list_texts(saving *s, dialect d, effnet_error *error)
{
    const model *m = s->m;
    char *text;
    if (d != DIALECT_EFFNET) add_text(s, "format", "pt"); /* what the Hugging Face libraries look for */
    add_text(s, METADATA_FORMAT, METADATA_VERSION);
    TRY(net_arch_format(&text, &m->graph->arch, error));
    add_owned(s, METADATA_NETWORK, text);
    variant_format(s->variant, &m->graph->variant);
    add_text(s, METADATA_VARIANT, s->variant);
    recipe_format(s->recipe, sizeof s->recipe, &m->recipe);
    add_text(s, METADATA_RECIPE, s->recipe);
    if (m->task != EFFNET_TASK_CLASSES) add_text(s, METADATA_TASK, task_name(m->task));
    if (m->labels) {
        TRY(labels_format(&text, m->labels, m->label_count, error));
        add_owned(s, METADATA_LABELS, text);
    }
    if (*m->origin) add_text(s, METADATA_ORIGIN, m->origin);
    return EFFNET_OK;
}

static effnet_status produce(void *context, size_t index, float *out, effnet_error *error)
{
    const saving *s = context;
    if (s->items[index].counter) {
        *out = 0;
        return EFFNET_OK;
    }
    const net_tensor tensor = net_tensor_at(s->m->graph, s->items[index].source);
    return model_read((void *)(uintptr_t)s->m, &tensor, out, error);
}

effnet_status model_save(const model *m, const char *path, dialect d, state_dtype dtype, effnet_error *error)
{
    saving s = {.m = m};
    effnet_status status = list_tensors(&s, d, dtype, error);
    if (status == EFFNET_OK) status = list_texts(&s, d, error);
    if (status == EFFNET_OK)
        status = state_write(path, s.outputs, s.count, s.texts, s.text_count, produce, &s, error);
    for (size_t i = 0; i < s.owned_count; i++)
        free(s.owned[i]);
    free(s.items);
    free(s.outputs);
    return status;
}
