/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet convert: weights of any format that is read to safetensors, in effnet's names or a peer's; --check
 * reads the result back and compares what the two files compute.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "models.h"
#include "print.h"
#include "report.h"
#include "signals.h"

enum { MAX_CLASSES = 1000000, MAX_CHANNELS = 1024 };

typedef struct settings {
    model_choice choice;
    effnet_save_options save;
    const char *output;
    bool check;
} settings;

static const char *const dtypes[] = {"f32", "f16", "bf16"}; /* in the order of effnet_dtype */

static const option_spec specs[] = {
    {'o', "output", "FILE", "where to write; FILE ends in .safetensors"},
    {OPTION_DTYPE, "dtype", "TYPE", "of the weights written: f32 (default), f16, bf16"},
    {OPTION_TO, "to", "DIALECT", "names to write: effnet (default), efficientnet_pytorch, torchvision, timm"},
    {OPTION_CHECK, "check", NULL, "read the result back and compare its logits with the input's"},
    {OPTION_NUM_CLASSES, "num-classes", "N", "a fresh classifier if the file's differs; 0 drops it"},
    {OPTION_IN_CHANNELS, "in-channels", "N", "adapt the first convolution to this many channels"},
    {OPTION_SEED, "seed", "N", "of a fresh classifier (default: 0)"},
    FILE_OPTIONS,
    TASK_OPTION,
    RUN_OPTIONS,
    {OPTION_NONE, NULL, NULL, NULL},
};

static settings read_options(option_parser *o)
{
    settings s = {0};
    effnet_model_options *model = &s.choice.options;
    for (int id; (id = options_next(o)) != OPTION_NONE;) {
        if (model_choice_take(&s.choice, o)) continue;
        switch (id) {
        case 'o': s.output = options_file(o, ".safetensors"); break;
        case OPTION_DTYPE: s.save.dtype = (effnet_dtype)options_choice(o, dtypes, 3); break;
        case OPTION_TO: s.save.dialect = dialect_option(o); break;
        case OPTION_CHECK: s.check = true; break;
        case OPTION_NUM_CLASSES:
            model->num_classes = options_number(o, 0, MAX_CLASSES);
            if (model->num_classes == 0) model->num_classes = EFFNET_NO_CLASSIFIER;
            break;
        case OPTION_IN_CHANNELS: model->in_channels = options_number(o, 1, MAX_CHANNELS); break;
        case OPTION_SEED: model->seed = options_u64(o, UINT64_MAX); break;
        default: break;
        }
    }
    model_choice_finish(&s.choice, o->command->name);
    if (!s.output) report_usage(o->command->name, "-o FILE is missing");
    return s;
}

/* ---- --check ---- */

/* What a model computes: [count] values at its last endpoint. */
typedef struct answer {
    float *values;
    size_t count;
} answer;

/* Numbers in [-2, 2), about what a normalised picture has, and always the same ones. */
static void fill_input(float *x, size_t count)
{
    uint32_t state = 1;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u; /* Numerical Recipes, section 7.1 */
        x[i] = (float)(state >> 8) * 0x1p-22f - 2;
    }
}

static effnet_status run_once(answer *out, effnet_session *session, const effnet_network *network,
                              effnet_error *error)
{
    effnet_network_info info;
    effnet_network_get_info(network, &info);
    const size_t size = (size_t)info.height * (size_t)info.width * (size_t)info.channels;
    out->count = (size_t)(info.num_classes ? info.num_classes : info.features);
    out->values = calloc(out->count, sizeof *out->values);
    float *input = calloc(size, sizeof *input); /* [height][width][channels] */
    effnet_status status = EFFNET_OK;
    if (out->values && input) {
        const effnet_output output = {info.num_classes ? "logits" : "pooled", out->values};
        fill_input(input, size);
        status = effnet_session_run(session, input, 1, &output, 1, error);
    } else {
        status = EFFNET_ERR_MEMORY;
        report_set(error, status, "out of memory");
    }
    free(input);
    return status;
}

static effnet_status answer_of(answer *out, const effnet_model *model, int threads, effnet_error *error)
{
    effnet_session *session = NULL;
    const effnet_session_options options = {.threads = threads};
    effnet_status status = effnet_session_create(&session, model, &options, error);
    if (status == EFFNET_OK) status = run_once(out, session, effnet_model_get_network(model), error);
    effnet_session_free(session);
    return status;
}

/* As a share of the largest logit. float32 holds every value that is read, so not a bit may change. Rounding
 * to half precision moves a weight by up to u, 2^-11 in float16 and 2^-8 in bfloat16, and a logit by at most
 * 32 u with 45 sets of weights in both types: 14 networks of the catalogue with fresh weights of up to three
 * seeds, trained Lite0 to Lite2, and B0, B4 and MobileNetV2 as PyTorch's packages initialise them (fresh
 * Lite4 is the worst, trained ones stay below 14 u). Half as much again is allowed. */
static double tolerance(effnet_dtype dtype)
{
    switch (dtype) {
    case EFFNET_F16: return 48 * 0x1p-11;
    case EFFNET_BF16: return 48 * 0x1p-8;
    case EFFNET_F32: break;
    }
    return 0;
}

/* Prints the difference and judges it. */
static int compare(const answer *before, const answer *after, effnet_dtype dtype)
{
    double largest = 0, difference = 0;
    for (size_t i = 0; i < before->count; i++) {
        const double a = (double)before->values[i], b = (double)after->values[i];
        if (!isfinite(a) || !isfinite(b))
            return report_failure(
                EXIT_CHECK, "the check failed: logit %zu is not finite, there is nothing to compare", i);
        difference = fmax(difference, fabs(a - b));
        largest = fmax(largest, fabs(a));
    }
    const double limit = tolerance(dtype) * largest;
    print("max |difference| %.3g, max |logit| %.3g, allowed %.3g (%s)\n", difference, largest, limit,
          dtypes[dtype]);
    if (difference <= limit) return EXIT_DONE;
    return report_failure(EXIT_CHECK, "the check failed: the logits differ by %.3g, allowed %.3g", difference,
                          limit);
}

/* What is written as text must come back to the letter; NULL if it does, else what does not. */
static const char *changed_text(const effnet_model *before, const effnet_model *after)
{
    const effnet_network *a = effnet_model_get_network(before), *b = effnet_model_get_network(after);
    effnet_network_info x, y;
    effnet_network_get_info(a, &x);
    effnet_network_get_info(b, &y);
    if (strcmp(effnet_network_get_json(a), effnet_network_get_json(b)) != 0) return "network";
    if (strcmp(x.padding, y.padding) != 0) return "padding";
    if (x.bn_epsilon != y.bn_epsilon) return "epsilon";
    if (strcmp(effnet_model_get_recipe(before), effnet_model_get_recipe(after)) != 0) return "recipe";
    if (effnet_model_get_task(before) != effnet_model_get_task(after)) return "task";
    for (int i = 0; i < x.num_classes; i++)
        if (strcmp(effnet_model_get_label(before, i), effnet_model_get_label(after, i)) != 0) return "labels";
    return NULL;
}

static int check_models(const settings *s, const effnet_model *model, const effnet_model *written)
{
    const char *changed = changed_text(model, written);
    if (changed) return report_failure(EXIT_CHECK, "the check failed: %s: another %s", s->output, changed);
    answer before = {0}, after = {0};
    effnet_error error;
    effnet_status status = answer_of(&before, model, s->choice.threads, &error);
    if (status == EFFNET_OK) status = answer_of(&after, written, s->choice.threads, &error);
    const int code = status == EFFNET_OK ? compare(&before, &after, s->save.dtype) : report_error(&error);
    free(before.values);
    free(after.values);
    return code;
}

static int check(const settings *s, const effnet_model *model)
{
    effnet_model *written = NULL;
    effnet_error error;
    const effnet_model_options options = {.level = s->choice.options.level};
    const effnet_status status = effnet_model_load(&written, s->output, &options, &error);
    const int code = status == EFFNET_OK ? check_models(s, model, written) : report_error(&error);
    effnet_model_free(written);
    return code;
}

static int convert(const settings *s)
{
    effnet_model *model = NULL;
    effnet_error error;
    int code = model_choice_load(&s->choice, &model);
    if (code == EXIT_DONE) {
        const size_t told = strlen(effnet_model_get_notice(model));
        signals_hold();
        if (effnet_model_save(model, s->output, &s->save, &error) != EFFNET_OK) code = report_error(&error);
        signals_release();
        model_choice_tell(&s->choice, model, told);
    }
    if (code == EXIT_DONE && s->check) code = check(s, model);
    effnet_model_free(model);
    return code;
}

static int run(int argc, char **argv)
{
    option_parser o = options_over(&cmd_convert, argc, argv);
    settings s = read_options(&o);
    size_t operands;
    char **operand = options_operands(&o, &operands);
    if (operands != 1) report_usage(argv[0], "wanted one file or model to convert");
    s.choice.name = operand[0];
    return convert(&s);
}

const command cmd_convert = {
    .name = "convert",
    .arguments = "[OPTIONS] IN -o OUT",
    .summary = "Weights of any readable format to safetensors",
    .text =
        "IN is safetensors, a PyTorch .pth (zip or legacy; nothing in it is executed), a Hugging Face "
        "folder,\n"
        "or the name of a model. OUT carries network, recipe and labels. An existing file is replaced; "
        "OUT may\n"
        "be IN. --check wants the same network, recipe and labels back, and the logits of one input: every "
        "bit\n"
        "of them in f32, within 2.4 % of the largest in f16 and 19 % in bf16, half as much again as "
        "rounding\n"
        "was seen to do.\n\n"
        "Examples:\n"
        "  effnet convert efficientnet-b0-355c32eb.pth -o b0.safetensors --dtype f16 --check\n"
        "  effnet convert checkpoint.pth.tar --ema --labels names.txt -o mine.safetensors\n"
        "  effnet convert mine.safetensors --to timm -o for_timm.safetensors\n",
    .options = specs,
    .run = run,
};
