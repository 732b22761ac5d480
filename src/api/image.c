/* SPDX-License-Identifier: Apache-2.0
 *
 * From an encoded picture to predictions: src/image by the model's recipe, then the session, then the best
 * classes.
 */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>

#include "api/handles.h"
#include "base/clock.h"
#include "base/sizes.h"

const char *effnet_image_format(const void *bytes, size_t size)
{
    image_format format;
    return bytes && image_format_of(&format, bytes, size) ? image_format_name(format) : NULL;
}

image_options api_image_options(const effnet_image_options *options)
{
    if (!options) return (image_options){0};
    return (image_options){.max_pixels = options->max_pixels,
                           .max_side = options->max_side,
                           .max_bytes = options->max_bytes,
                           .exif = options->exif,
                           .allow_truncated = options->allow_truncated};
}

effnet_status api_prepare(const effnet_model *m, image *picture, double start, float *out,
                          effnet_image_info *info, effnet_error *error)
{
    const double decoded = clock_ms();
    const effnet_status status =
        recipe_apply(&m->checkpoint->recipe, picture, m->network.graph->arch.in_channels, out, error);
    if (info)
        *info = (effnet_image_info){.height = picture->height,
                                    .width = picture->width,
                                    .format = image_format_name(picture->format),
                                    .orientation = picture->orientation,
                                    .has_icc = picture->has_icc,
                                    .decode_ms = decoded - start,
                                    .preprocess_ms = clock_ms() - decoded};
    image_free(picture);
    return status;
}

effnet_status effnet_model_prepare_image(const effnet_model *m, const void *bytes, size_t size,
                                         const effnet_image_options *options, float *out,
                                         effnet_image_info *info, effnet_error *error)
{
    if (info) *info = (effnet_image_info){.format = ""};
    if (!m || !bytes || !out)
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "effnet_model_prepare_image: model, bytes or out is NULL");
    const image_options inner = api_image_options(options);
    image picture;
    const double start = clock_ms();
    TRY(image_decode(&picture, bytes, size, &inner, error));
    return api_prepare(m, &picture, start, out, info, error);
}

/* Number of the best class that comes after `last` in the order (logit falling, class rising); -1 if none is
 * left. */
static int next_best(const float *logits, int classes, int last)
{
    int best = -1;
    for (int c = 0; c < classes; c++) {
        const bool later = last < 0 || logits[c] < logits[last] || (logits[c] == logits[last] && c > last);
        if (later && (best < 0 || logits[c] > logits[best])) best = c;
    }
    return best;
}

/* Softmax over all outputs, best first. */
static void top_classes(const effnet_model *m, const float *logits, size_t k, effnet_prediction *out)
{
    const int classes = m->network.graph->arch.classes;
    double sum = 0;
    const int top = next_best(logits, classes, -1);
    for (int c = 0; c < classes && top >= 0; c++)
        sum += exp((double)logits[c] - (double)logits[top]);
    int last = -1;
    for (size_t i = 0; i < k; i++) {
        const int c = i == 0 ? top : last < 0 ? -1 : next_best(logits, classes, last);
        last = c;
        out[i] = (effnet_prediction){.class_index = c, .label = effnet_model_get_label(m, c)};
        if (c < 0) continue;
        out[i].logit = logits[c];
        out[i].probability = (float)(exp((double)logits[c] - (double)logits[top]) / sum);
    }
}

/* Each output for itself, best first. */
static void top_labels(const effnet_model *m, const float *logits, size_t k, effnet_prediction *out)
{
    top_classes(m, logits, k, out);
    for (size_t i = 0; i < k; i++)
        if (out[i].class_index >= 0) out[i].probability = (float)(1 / (1 + exp(-(double)out[i].logit)));
}

static void first_values(const effnet_model *m, const float *values, size_t k, effnet_prediction *out)
{
    const size_t count = (size_t)m->network.graph->arch.classes;
    for (size_t i = 0; i < k; i++) {
        const int output = i < count ? (int)i : -1;
        out[i] = (effnet_prediction){.class_index = output,
                                     .label = effnet_model_get_label(m, output),
                                     .probability = NAN,
                                     .logit = i < count ? values[i] : NAN};
    }
}

void effnet_model_top(const effnet_model *m, const float *logits, size_t k, effnet_prediction *out)
{
    switch (m->checkpoint->task) {
    case EFFNET_TASK_LABELS: top_labels(m, logits, k, out); break;
    case EFFNET_TASK_VALUES: first_values(m, logits, k, out); break;
    default: top_classes(m, logits, k, out); break;
    }
}

static bool has_recipe_size(const effnet_session *session)
{
    const net_graph *own = session->model->network.graph;
    return session->network.graph->height == own->height && session->network.graph->width == own->width;
}

static effnet_status session_input(effnet_session *session, effnet_error *error)
{
    const net_graph *graph = session->network.graph;
    if (graph->arch.classes == 0)
        return error_set(error, EFFNET_ERR_ARGUMENT, "the model has no classifier: nothing to classify with");
    if (!has_recipe_size(session))
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "the session is for %dx%d tensors, the model's recipe makes others", graph->height,
                         graph->width);
    if (session->input) return EFFNET_OK;
    const size_t sides[] = {(size_t)graph->height, (size_t)graph->width, (size_t)graph->arch.in_channels,
                            sizeof(float)};
    size_t bytes;
    if (!size_product(&bytes, sides, 4) || !(session->input = malloc(bytes))) return error_memory(error);
    return EFFNET_OK;
}

effnet_status effnet_session_classify(effnet_session *session, const void *bytes, size_t size,
                                      const effnet_image_options *options, size_t k, effnet_prediction *out,
                                      effnet_image_info *info, effnet_error *error)
{
    if (!session || !bytes || (k && !out))
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "effnet_session_classify: session, bytes or out is NULL");
    TRY(session_input(session, error));
    TRY(effnet_model_prepare_image(session->model, bytes, size, options, session->input, info, error));
    float *logits = malloc((size_t)session->network.graph->arch.classes * sizeof *logits);
    if (!logits) return error_memory(error);
    const effnet_output output = {.endpoint = "logits", .data = logits};
    const double start = clock_ms();
    const effnet_status status = effnet_session_run(session, session->input, 1, &output, 1, error);
    if (info) info->network_ms = clock_ms() - start;
    if (status == EFFNET_OK) effnet_model_top(session->model, logits, k, out);
    free(logits);
    return status;
}

effnet_status effnet_session_classify_file(effnet_session *session, const char *path,
                                           const effnet_image_options *options, size_t k,
                                           effnet_prediction *out, effnet_image_info *info,
                                           effnet_error *error)
{
    if (!path) return error_set(error, EFFNET_ERR_ARGUMENT, "effnet_session_classify_file: path is NULL");
    const size_t limit = options && options->max_bytes ? options->max_bytes : IMAGE_MAX_BYTES;
    void *bytes;
    size_t size;
    TRY(effnet_file_read(&bytes, &size, path, limit, error));
    const effnet_status status = effnet_session_classify(session, bytes, size, options, k, out, info, error);
    if (status != EFFNET_OK) error_prefix(error, status, path);
    free(bytes);
    return status;
}
