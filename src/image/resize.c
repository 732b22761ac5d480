/* SPDX-License-Identifier: Apache-2.0
 *
 * Resampling that gives the bits of Pillow's Image.resize for RGB pictures. What makes the bits, as found in
 * Pillow's src/libImaging/Resample.c and Geometry.c: weights in double, normalised to a sum of 1, rounded to
 * 22 fractional bits; sums in 32-bit integers; a horizontal pass rounded to 8 bits, then a vertical one; a
 * pass that would change nothing is left out; box corners are floats; "nearest" steps through the source by
 * adding.
 */
#include "image/resize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/sizes.h"
#include "image/resample.h"

enum { CHANNELS = RESAMPLE_CHANNELS };

static double triangle(double x)
{
    x = fabs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

/* Keys' cubic convolution (1981) with a = -1/2, in Pillow's order of operations. */
static double cubic(double x)
{
    const double a = -0.5;
    x = fabs(x);
    if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
    if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
    return 0.0;
}

static double flat(double x)
{
    return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
}

/* A filter and how far it reaches from its centre. */
typedef struct kernel {
    double (*weight)(double);
    double support;
} kernel;

static kernel kernel_of(image_filter filter)
{
    if (filter == IMAGE_BICUBIC) return (kernel){cubic, 2.0};
    if (filter == IMAGE_AREA) return (kernel){flat, 0.5};
    return (kernel){triangle, 1.0};
}

static void axis_free(axis *a)
{
    free(a->first);
    free(a->count);
    free(a->weights);
    free(a->pairs);
    free(a->exact);
}

static effnet_status axis_allocate(axis *a, int size, double support, effnet_error *error)
{
    a->size = size;
    a->taps = (int)ceil(support) * 2 + 2; /* Pillow's ceil(support) * 2 + 1, made even */
    size_t weights;
    if (!size_mul(&weights, (size_t)size, (size_t)a->taps)) return error_memory(error);
    a->first = calloc((size_t)size, sizeof *a->first);
    a->count = calloc((size_t)size, sizeof *a->count);
    a->weights = calloc(weights, sizeof *a->weights);
    a->pairs = calloc(weights, sizeof *a->pairs);
    a->exact = calloc((size_t)a->taps, sizeof *a->exact);
    return a->first && a->count && a->weights && a->pairs && a->exact ? EFFNET_OK : error_memory(error);
}

static int32_t to_fixed(double weight)
{
    const double scaled = weight * (1 << RESAMPLE_FRACTION);
    return (int32_t)(weight < 0 ? scaled - 0.5 : scaled + 0.5);
}

/* Weights for elements start .. start + size of `whole` that [from, to) of a source of `length` becomes. */
static effnet_status axis_make(axis *a, int length, float from, float to, int whole, int start, int size,
                               const resize_request *request, effnet_error *error)
{
    const kernel filter = kernel_of(request->filter);
    const double scale = (double)(to - from) / whole;
    const double stretch = request->antialias && scale > 1.0 ? scale : 1.0;
    const double support = filter.support * stretch;
    TRY(axis_allocate(a, size, support, error));
    for (int i = 0; i < size; i++) {
        const double center = from + (start + i + 0.5) * scale;
        int first = (int)(center - support + 0.5), end = (int)(center + support + 0.5);
        if (first < 0) first = 0;
        if (end > length) end = length;
        double sum = 0.0;
        for (int k = 0; k < end - first; k++) {
            a->exact[k] = filter.weight((k + first - center + 0.5) * (1.0 / stretch));
            sum += a->exact[k];
        }
        int32_t *weights = a->weights + (size_t)i * (size_t)a->taps;
        for (int k = 0; k < end - first; k++)
            weights[k] = to_fixed(sum != 0.0 ? a->exact[k] / sum : a->exact[k]);
        a->first[i] = first;
        a->count[i] = end - first;
    }
    resample_prepare(a);
    return EFFNET_OK;
}

static effnet_status image_allocate(image *out, int height, int width, effnet_error *error)
{
    size_t size;
    const size_t factors[3] = {(size_t)height, (size_t)width, CHANNELS};
    *out = (image){.height = height, .width = width, .orientation = 1};
    if (size_product(&size, factors, 3)) out->pixels = malloc(size);
    return out->pixels ? EFFNET_OK : error_memory(error);
}

/* Pixels of a part of a picture that begins at column `left` and row `top` of it. */
typedef struct view {
    const uint8_t *pixels;
    size_t stride, size; /* bytes of a row, and to the picture's end */
    int left, top;
} view;

static view view_of(const image *in, int left, int top)
{
    const size_t stride = (size_t)in->width * CHANNELS;
    const size_t before = (size_t)top * stride + (size_t)left * CHANNELS;
    return (view){in->pixels + before, stride, (size_t)in->height * stride - before, left, top};
}

static effnet_status horizontal_pass(image *out, const view *in, int rows, const axis *a, effnet_error *error)
{
    TRY(image_allocate(out, rows, a->size, error));
    for (int y = 0; y < rows; y++) {
        const size_t before = (size_t)y * in->stride;
        resample_horizontal(out->pixels + (size_t)y * (size_t)a->size * CHANNELS, in->pixels + before,
                            in->size - before, in->left, a);
    }
    return EFFNET_OK;
}

static effnet_status vertical_pass(image *out, const view *in, int columns, const axis *a,
                                   effnet_error *error)
{
    TRY(image_allocate(out, a->size, columns, error));
    const size_t size = (size_t)columns * CHANNELS;
    for (int y = 0; y < a->size; y++)
        resample_vertical(out->pixels + (size_t)y * size,
                          in->pixels + (size_t)(a->first[y] - in->top) * in->stride, in->stride, size, a, y);
    return EFFNET_OK;
}

static effnet_status copy_pass(image *out, const view *in, int rows, int columns, effnet_error *error)
{
    TRY(image_allocate(out, rows, columns, error));
    const size_t size = (size_t)columns * CHANNELS;
    for (int y = 0; y < rows; y++)
        memcpy(out->pixels + (size_t)y * size, in->pixels + (size_t)y * in->stride, size);
    return EFFNET_OK;
}

/* How much of the source the axis needs, from first[0]. */
static int axis_reach(const axis *a)
{
    return a->first[a->size - 1] + a->count[a->size - 1] - a->first[0];
}

/* Pillow 13 shrinks rows first where that spares most of the work; 12 and older never did. */
static bool vertical_first(const image *in, const resize_request *request)
{
    const int64_t shorter = in->height - request->height, narrower = in->width - request->width;
    return shorter > 0 && shorter > 2 * narrower;
}

static effnet_status both_passes(image *out, const view *source, const axis *across, const axis *down,
                                 bool down_first, effnet_error *error)
{
    image between = {0};
    effnet_status status = down_first ? vertical_pass(&between, source, axis_reach(across), down, error)
                                      : horizontal_pass(&between, source, axis_reach(down), across, error);
    view middle = view_of(&between, 0, 0);
    if (down_first)
        middle.left = source->left;
    else
        middle.top = source->top;
    if (status == EFFNET_OK)
        status = down_first ? horizontal_pass(out, &middle, down->size, across, error)
                            : vertical_pass(out, &middle, across->size, down, error);
    image_free(&between);
    return status;
}

/* The passes that are needed; an axis that is NULL has nothing to do. */
static effnet_status run_passes(image *out, const image *in, const resize_request *request,
                                const axis *across, const axis *down, effnet_error *error)
{
    const view source =
        view_of(in, across ? across->first[0] : request->left, down ? down->first[0] : request->top);
    if (!across && !down) return copy_pass(out, &source, request->rows, request->columns, error);
    if (!across) return vertical_pass(out, &source, request->columns, down, error);
    if (!down) return horizontal_pass(out, &source, request->rows, across, error);
    return both_passes(out, &source, across, down, vertical_first(in, request), error);
}

static effnet_status resample(image *out, const image *in, const resize_request *request, effnet_error *error)
{
    const float left = (float)request->box[0], top = (float)request->box[1];
    const float right = (float)request->box[2], bottom = (float)request->box[3];
    const bool wide = request->width != in->width || left != 0.0f || right != (float)in->width;
    const bool high = request->height != in->height || top != 0.0f || bottom != (float)in->height;
    axis across = {0}, down = {0};
    effnet_status status = EFFNET_OK;
    if (wide)
        status = axis_make(&across, in->width, left, right, request->width, request->left, request->columns,
                           request, error);
    if (status == EFFNET_OK && high)
        status = axis_make(&down, in->height, top, bottom, request->height, request->top, request->rows,
                           request, error);
    if (status == EFFNET_OK)
        status = run_passes(out, in, request, wide ? &across : NULL, high ? &down : NULL, error);
    axis_free(&across);
    axis_free(&down);
    return status;
}

/* The source index of elements start .. start + size, found by adding steps as Pillow does. */
static int *nearest_indices(int length, double from, double to, int whole, int start, int size)
{
    int *indices = calloc((size_t)size, sizeof *indices);
    const double step = (to - from) / whole;
    double at = from + step * 0.5;
    for (int i = 0; indices && i < start + size; i++, at += step)
        if (i >= start) indices[i - start] = at < length ? (int)at : length - 1;
    return indices;
}

static effnet_status nearest(image *out, const image *in, const resize_request *request, effnet_error *error)
{
    const float box[4] = {(float)request->box[0], (float)request->box[1], (float)request->box[2],
                          (float)request->box[3]};
    int *columns = nearest_indices(in->width, (double)box[0], (double)box[2], request->width, request->left,
                                   request->columns);
    int *rows = nearest_indices(in->height, (double)box[1], (double)box[3], request->height, request->top,
                                request->rows);
    effnet_status status =
        columns && rows ? image_allocate(out, request->rows, request->columns, error) : error_memory(error);
    for (int y = 0; status == EFFNET_OK && y < request->rows; y++) {
        const uint8_t *source = in->pixels + (size_t)rows[y] * (size_t)in->width * CHANNELS;
        uint8_t *target = out->pixels + (size_t)y * (size_t)request->columns * CHANNELS;
        for (int x = 0; x < request->columns; x++)
            memcpy(target + (size_t)x * CHANNELS, source + (size_t)columns[x] * CHANNELS, CHANNELS);
    }
    free(columns);
    free(rows);
    return status;
}

effnet_status resize_part(image *out, const image *in, const resize_request *request, effnet_error *error)
{
    *out = (image){0};
    const effnet_status status = request->filter == IMAGE_NEAREST ? nearest(out, in, request, error)
                                                                  : resample(out, in, request, error);
    if (status != EFFNET_OK)
        image_free(out);
    else
        out->format = in->format;
    return status;
}

effnet_status image_resize(image *out, const image *in, int height, int width, image_filter filter,
                           bool antialias, const double box[4], effnet_error *error)
{
    *out = (image){0};
    if (height < 1 || width < 1)
        return error_set(error, EFFNET_ERR_ARGUMENT, "cannot resize to %d x %d", width, height);
    resize_request request = {.height = height,
                              .width = width,
                              .filter = filter,
                              .antialias = antialias,
                              .box = {0, 0, in->width, in->height},
                              .rows = height,
                              .columns = width};
    if (box) memcpy(request.box, box, sizeof request.box);
    const double *b = request.box;
    /* In floats, as the corners are used: a box may not become empty or stick out by rounding. */
    if (!(b[0] >= 0 && b[1] >= 0 && (float)b[2] <= (float)in->width && (float)b[3] <= (float)in->height &&
          (float)b[0] < (float)b[2] && (float)b[1] < (float)b[3]))
        return error_set(error, EFFNET_ERR_ARGUMENT, "box %g, %g, %g, %g is empty or not within %d x %d",
                         b[0], b[1], b[2], b[3], in->width, in->height);
    return resize_part(out, in, &request, error);
}
