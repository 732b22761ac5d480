/* SPDX-License-Identifier: Apache-2.0
 *
 * The fields of timm's config.json, each checked. See config.h.
 *
 * Sources: timm 1.0 models/_hub.py (_parse_model_cfg, save_config_for_hf: the layout), data/config.py and
 * data/transforms_factory.py (what the preprocessing fields mean). The test size and test crop are taken
 * where there are some: they are the setting in which a checkpoint's accuracy is published.
 */
#define _POSIX_C_SOURCE 200809L
#include "model/config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "model/labels.h"

/* timm's DEFAULT_CROP_PCT. */
static const double default_crop = 0.875;

/* A field that is there and not null. */
static const json_t *field(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_null(value) ? NULL : value;
}

static effnet_status wrong(effnet_error *error, const char *key, const char *wanted)
{
    return error_set(error, EFFNET_ERR_FORMAT, "\"%s\" must be %s", key, wanted);
}

/* Sets `*out` if the field is there. */
static effnet_status read_string(const char **out, const json_t *object, const char *key, effnet_error *error)
{
    const json_t *value = field(object, key);
    if (!value) return EFFNET_OK;
    if (!json_is_string(value)) return wrong(error, key, "a string");
    *out = json_string_value(value);
    return EFFNET_OK;
}

static effnet_status read_integer(int *out, const json_t *object, const char *key, int low, int high,
                                  effnet_error *error)
{
    const json_t *value = field(object, key);
    if (!value) return EFFNET_OK;
    const json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < low || number > high)
        return error_set(error, EFFNET_ERR_FORMAT, "\"%s\" must be an integer from %d to %d", key, low, high);
    *out = (int)number;
    return EFFNET_OK;
}

static effnet_status read_crop(double *out, const json_t *object, const char *key, effnet_error *error)
{
    const json_t *value = field(object, key);
    if (!value) return EFFNET_OK;
    const double number = json_number_value(value);
    if (!json_is_number(value) || !(number >= 0.05 && number <= 1.0))
        return wrong(error, key, "a number from 0.05 to 1");
    *out = number;
    return EFFNET_OK;
}

/* [channels, height, width]; leaves the outputs alone if the field is not there. */
static effnet_status read_size(int *channels, recipe *r, const json_t *object, const char *key,
                               effnet_error *error)
{
    const json_t *value = field(object, key);
    if (!value) return EFFNET_OK;
    json_int_t sides[3] = {0, 0, 0};
    for (size_t i = 0; i < 3; i++)
        sides[i] = json_integer_value(json_array_get(value, i));
    if (json_array_size(value) != 3 || sides[0] < 1 || sides[0] > NET_MAX_CHANNELS ||
        sides[1] < NET_MIN_SIZE || sides[1] > NET_MAX_SIZE || sides[2] < NET_MIN_SIZE ||
        sides[2] > NET_MAX_SIZE)
        return error_set(error, EFFNET_ERR_FORMAT,
                         "\"%s\" must be [channels, height, width], sides from %d to %d", key, NET_MIN_SIZE,
                         NET_MAX_SIZE);
    *channels = (int)sides[0];
    r->height = (int)sides[1];
    r->width = (int)sides[2];
    return EFFNET_OK;
}

/* One number per channel; networks of one channel are prepared from grey, others from the first three. */
static effnet_status read_channels(float out[3], const json_t *object, const char *key, bool positive,
                                   effnet_error *error)
{
    const json_t *value = field(object, key);
    if (!value) return EFFNET_OK;
    const size_t count = json_array_size(value);
    if (count == 0 || count == 2) return wrong(error, key, "a list of one number per channel");
    for (size_t i = 0; i < 3; i++) {
        const json_t *item = json_array_get(value, count == 1 ? 0 : i);
        const double number = json_number_value(item);
        if (!json_is_number(item) || !(fabs(number) <= 1e6) || (positive && !(number >= 1e-6)))
            return wrong(error, key, positive ? "a list of positive numbers" : "a list of numbers");
        out[i] = (float)number;
    }
    return EFFNET_OK;
}

static effnet_status read_filter(recipe *r, const json_t *object, effnet_error *error)
{
    const char *name = "bicubic";
    TRY(read_string(&name, object, "interpolation", error));
    if (!strcmp(name, "bicubic"))
        r->filter = IMAGE_BICUBIC;
    else if (!strcmp(name, "bilinear"))
        r->filter = IMAGE_BILINEAR;
    else if (!strcmp(name, "nearest"))
        r->filter = IMAGE_NEAREST;
    else
        return error_set(error, EFFNET_ERR_UNSUPPORTED,
                         "interpolation \"%.40s\"; bicubic, bilinear and nearest are read", name);
    return EFFNET_OK;
}

/* Crop mode and fraction; the size must be known. */
static effnet_status read_fit(recipe *r, const json_t *object, bool test, effnet_error *error)
{
    const char *mode = "center";
    double crop = default_crop;
    TRY(read_string(&mode, object, "crop_mode", error));
    TRY(read_crop(&crop, object, "crop_pct", error));
    if (test) TRY(read_crop(&crop, object, "test_crop_pct", error));
    if (!strcmp(mode, "squash") && crop != 1.0)
        return error_set(error, EFFNET_ERR_UNSUPPORTED,
                         "crop_mode \"squash\" with a crop of %g; only 1 is read", crop);
    if (strcmp(mode, "squash") && strcmp(mode, "center"))
        return error_set(error, EFFNET_ERR_UNSUPPORTED, "crop_mode \"%.40s\"; center and squash are read",
                         mode);
    r->fit = strcmp(mode, "squash") ? RECIPE_CENTER : RECIPE_SQUASH;
    r->resize = recipe_resize_for(r->height, r->width, crop);
    return EFFNET_OK;
}

static effnet_status read_recipe(config *out, const json_t *pretrained, effnet_error *error)
{
    if (!field(pretrained, "input_size")) return EFFNET_OK;
    const bool test = field(pretrained, "test_input_size") != NULL;
    recipe r = recipe_default(224, 224);
    TRY(read_size(&out->in_channels, &r, pretrained, test ? "test_input_size" : "input_size", error));
    TRY(read_fit(&r, pretrained, test, error));
    TRY(read_filter(&r, pretrained, error));
    TRY(read_channels(r.mean, pretrained, "mean", false, error));
    TRY(read_channels(r.deviation, pretrained, "std", true, error));
    out->recipe = r;
    out->has_recipe = true;
    return EFFNET_OK;
}

/* Arguments that the network was built with. What changes it must be understood, or the answers would be
 * wrong. */
static effnet_status read_arguments(config *out, const json_t *root, effnet_error *error)
{
    static const char *const harmless[] = {"num_classes", "in_chans", "img_size", "drop_rate",
                                           "drop_path_rate"};
    const json_t *arguments = field(root, "model_args");
    if (!arguments) return EFFNET_OK;
    if (!json_is_object(arguments)) return wrong(error, "model_args", "an object");
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)arguments, key, value)
    {
        bool known =
            !strcmp(key, "global_pool") && json_is_string(value) && !strcmp(json_string_value(value), "avg");
        for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
            known |= !strcmp(key, harmless[i]);
        if (!known)
            return error_set(error, EFFNET_ERR_UNSUPPORTED, "model_args \"%.60s\" changes the network", key);
    }
    TRY(read_integer(&out->classes, arguments, "num_classes", 0, NET_MAX_CLASSES, error));
    return read_integer(&out->in_channels, arguments, "in_chans", 1, NET_MAX_CHANNELS, error);
}

/* Replaces names by what "label_descriptions" says of them. */
static effnet_status describe_labels(config *out, const json_t *descriptions, effnet_error *error)
{
    for (size_t i = 0; json_is_object(descriptions) && i < out->label_count; i++) {
        const char *text = json_string_value(json_object_get(descriptions, out->labels[i]));
        if (!text) continue;
        char *copy = strdup(text);
        if (!copy) return error_memory(error);
        free(out->labels[i]);
        out->labels[i] = copy;
    }
    return EFFNET_OK;
}

/* `pretrained` is `root` itself in old files. */
static effnet_status read_labels(config *out, const json_t *root, const json_t *pretrained,
                                 effnet_error *error)
{
    const json_t *names = field(root, "label_names"), *descriptions = field(root, "label_descriptions");
    if (!names) names = field(pretrained, "label_names");
    if (!names) names = field(root, "labels");
    if (!descriptions) descriptions = field(pretrained, "label_descriptions");
    if (!names) return EFFNET_OK;
    TRY(labels_from_json(&out->labels, &out->label_count, names, error));
    return describe_labels(out, descriptions, error);
}

static effnet_status read_architecture(config *out, const json_t *root, effnet_error *error)
{
    const char *name = NULL;
    TRY(read_string(&name, root, "architecture", error));
    if (!name && field(root, "architectures"))
        return error_set(error, EFFNET_ERR_UNSUPPORTED,
                         "a config.json of transformers; timm's has \"architecture\"");
    if (!name) return wrong(error, "architecture", "the name of a network, as timm writes it");
    if (strlen(name) >= sizeof out->architecture)
        return error_set(error, EFFNET_ERR_NOT_FOUND, "no network is called \"%.60s...\"", name);
    strcpy(out->architecture, name);
    return EFFNET_OK;
}

static effnet_status read_all(config *out, const json_t *root, effnet_error *error)
{
    if (!json_is_object(root)) return error_set(error, EFFNET_ERR_FORMAT, "config.json must hold an object");
    const json_t *pretrained = field(root, "pretrained_cfg");
    if (pretrained && !json_is_object(pretrained)) return wrong(error, "pretrained_cfg", "an object");
    if (!pretrained) pretrained = root;
    TRY(read_architecture(out, root, error));
    TRY(read_recipe(out, pretrained, error));
    TRY(read_integer(&out->classes, pretrained, "num_classes", 0, NET_MAX_CLASSES, error));
    TRY(read_integer(&out->classes, root, "num_classes", 0, NET_MAX_CLASSES, error));
    TRY(read_arguments(out, root, error));
    return read_labels(out, root, pretrained, error);
}

effnet_status config_parse(config *out, const char *text, size_t size, effnet_error *error)
{
    *out = (config){.classes = -1, .in_channels = -1};
    json_t *root;
    TRY(json_read(&root, text, size, error));
    const effnet_status status = read_all(out, root, error);
    json_decref(root);
    if (status != EFFNET_OK) config_free(out);
    return status;
}

void config_free(config *c)
{
    labels_free(c->labels, c->label_count);
    *c = (config){.classes = -1, .in_channels = -1};
}
