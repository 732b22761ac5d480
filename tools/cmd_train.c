/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet train: a network from fresh weights, or a run that goes on.
 */
#include <stdlib.h>

#include "commands.h"
#include "report.h"
#include "training.h"

static const option_spec specs[] = {
    TRAINING_DATA_OPTIONS,
    {OPTION_ARCH, "arch", "NAME|FILE.json", "the network (default: efficientnet-b0)"},
    {OPTION_SIZE, "size", "HxW", "of the input (default: the network's own)"},
    {OPTION_RECIPE, "recipe", "KEY=VALUE,...", "how pictures become the input (resize, fit, mean, ...)"},
    TRAINING_NETWORK_OPTIONS,
    TRAINING_OPTIONS,
    PICTURE_OPTIONS,
    RUN_OPTIONS,
    {OPTION_NONE, NULL, NULL, NULL},
};

static int make_model(const training *t, const effnet_dataset *data, effnet_model **out)
{
    effnet_error error;
    effnet_network *network = NULL;
    const effnet_model_options fresh = {.seed = t->options.seed, .recipe = t->choice.options.recipe};
    effnet_status status = training_network(t, "efficientnet-b0", data, &network, &error);
    if (status == EFFNET_OK) status = effnet_model_create(out, network, &fresh, &error);
    effnet_network_free(network);
    return status == EFFNET_OK ? EXIT_DONE : report_error(&error);
}

static int run(int argc, char **argv)
{
    training t = {.command = &cmd_train, .dataset = {.validation = 0.2}, .options = {TRAINING_DEFAULTS}};
    effnet_dataset *data = NULL;
    effnet_model *start = NULL;
    int code = training_read(&t, argc, argv);
    if (code == EXIT_DONE) code = training_open_data(&t, &data);
    if (code == EXIT_DONE) code = make_model(&t, data, &start);
    if (code == EXIT_DONE) code = training_run(&t, start, data);
    effnet_model_free(start);
    effnet_dataset_free(data);
    training_free(&t, code);
    return code;
}

const command cmd_train = {
    .name = "train",
    .arguments = "[OPTIONS] --data DIR -o RUN",
    .summary = "Train a network on your own pictures, from scratch",
    .text = "RUN gets log.csv, a line for each epoch; best.safetensors, ready for effnet classify -m; the "
            "last two\n"
            "checkpoints; and config.json, from which --config repeats the run. SIGINT and SIGTERM save and "
            "end it\n"
            "with 130 and 143; --resume goes on with the same bits as if it had never ended. What is not "
            "said is as\n"
            "in the paper: RMSprop, 0.016 for each 256 pictures of a step, times 0.97 every 2.4 epochs;\n"
            "but batch norm follows the weights faster (momentum 0.1), as short runs want it.\n\n"
            "Examples:\n"
            "  effnet train --data photos/ -o run --arch efficientnet-lite0\n"
            "  effnet train --data /usr/share/datasets/fashion-mnist -o run --arch net.json --in-channels 1\n"
            "  effnet train -o run --resume\n",
    .options = specs,
    .run = run,
};
