/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet init: fresh weights, as the source initialises them for training.
 */
#include "commands.h"
#include "report.h"
#include "signals.h"
#include "text.h"

enum { MAX_CLASSES = 1000000, MAX_CHANNELS = 1024 };

typedef struct settings {
    effnet_network_options network;
    uint64_t seed;
    const char *output;
} settings;

static const option_spec specs[] = {
    {'o', "output", "FILE", "where to write; FILE ends in .safetensors"},
    {OPTION_SEED, "seed", "N", "of the random numbers (default: 0); the same seed gives the same bytes"},
    {OPTION_NUM_CLASSES, "num-classes", "N", "of the classifier; 0 for none (default: the network's own)"},
    {OPTION_IN_CHANNELS, "in-channels", "N", "of the input (default: 3)"},
    {OPTION_SIZE, "size", "HxW", "of the input (default: the network's own)"},
    {OPTION_VARIANT, "variant", "NAME",
     "padding and epsilon: same (TensorFlow, the default), symmetric (PyTorch)"},
    {OPTION_NONE, NULL, NULL, NULL},
};

static settings read_options(option_parser *o)
{
    settings s = {0};
    for (int id; (id = options_next(o)) != OPTION_NONE;) {
        switch (id) {
        case 'o': s.output = options_file(o, ".safetensors"); break;
        case OPTION_SEED: s.seed = options_u64(o, UINT64_MAX); break;
        case OPTION_NUM_CLASSES:
            s.network.num_classes = options_number(o, 0, MAX_CLASSES);
            if (s.network.num_classes == 0) s.network.num_classes = EFFNET_NO_CLASSIFIER;
            break;
        case OPTION_IN_CHANNELS: s.network.in_channels = options_number(o, 1, MAX_CHANNELS); break;
        case OPTION_SIZE: options_size(o, &s.network.height, &s.network.width); break;
        case OPTION_VARIANT: s.network.variant = o->value; break;
        default: break;
        }
    }
    if (!s.output) report_usage(o->command->name, "-o FILE is missing");
    return s;
}

static effnet_status write_model(const settings *s, const effnet_network *network, effnet_error *error)
{
    effnet_model *model = NULL;
    const effnet_model_options options = {.seed = s->seed};
    effnet_status status = effnet_model_create(&model, network, &options, error);
    signals_hold();
    if (status == EFFNET_OK) status = effnet_model_save(model, s->output, NULL, error);
    signals_release();
    effnet_model_free(model);
    return status;
}

static int run(int argc, char **argv)
{
    option_parser o = options_over(&cmd_init, argc, argv);
    const settings s = read_options(&o);
    size_t operands;
    char **operand = options_operands(&o, &operands);
    if (operands != 1) report_usage(argv[0], "wanted one network");
    effnet_network *network = NULL;
    effnet_error error;
    effnet_status status = effnet_network_create(&network, operand[0], &s.network, &error);
    if (status == EFFNET_OK) status = write_model(&s, network, &error);
    if (status == EFFNET_OK) {
        effnet_network_info info;
        char parameters[28];
        effnet_network_get_info(network, &info);
        report_note("%s: %s, %d classes, %s parameters", s.output, info.name, info.num_classes,
                    text_grouped(parameters, sizeof parameters, info.parameters));
    }
    effnet_network_free(network);
    return status == EFFNET_OK ? EXIT_DONE : report_error(&error);
}

const command cmd_init = {
    .name = "init",
    .arguments = "[OPTIONS] ARCH -o FILE",
    .summary = "Fresh weights for a network, as the source trains it from",
    .text = "ARCH is a name like efficientnet-b0 or FILE.json. An existing file is replaced.\n\n"
            "Examples:\n"
            "  effnet init efficientnet-b0 --num-classes 10 --seed 1 -o start.safetensors\n"
            "  effnet init net.json --size 96x128 -o net.safetensors\n",
    .options = specs,
    .run = run,
};
