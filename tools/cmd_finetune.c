/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet finetune: a trained model for other classes. First the new classifier alone, for it is random and
 * would spoil the rest; then everything, at a lower rate.
 */
#include <stdlib.h>

#include "commands.h"
#include "report.h"
#include "training.h"

/* For 16 pictures of one rank; in proportion to all ranks' pictures, as in effnet train. */
static const double RATE = 0.001;

static const option_spec specs[] = {
    TRAINING_DATA_OPTIONS,
    MODEL_OPTIONS,
    {OPTION_HEAD_EPOCHS, "head-epochs", "N", "with the new classifier alone (default: 3)"},
    {OPTION_HEAD_LR, "head-lr", "F", "learning rate of these (default: ten times --lr)"},
    {OPTION_FREEZE, "freeze", "WHAT",
     "none, norms (batch norm's statistics, the default), body (all but the classifier)"},
    TRAINING_OPTIONS,
    PICTURE_OPTIONS,
    RUN_OPTIONS,
    {OPTION_NONE, NULL, NULL, NULL},
};

static int load_start(training *t, const effnet_dataset *data, effnet_model **out)
{
    effnet_dataset_info info;
    effnet_dataset_get_info(data, &info);
    t->choice.options.num_classes = (int)info.outputs;
    t->choice.options.seed = t->options.seed;
    return model_choice_load(&t->choice, out);
}

static void tell_choice(const training *t)
{
    const effnet_trainer_options *o = &t->options;
    report_note("from %s: %d epochs with the classifier alone, then %d with all weights%s",
                t->choice.name ? t->choice.name : DEFAULT_MODEL, o->head_epochs,
                o->epochs < 0 ? 0 : o->epochs, o->freeze_norms ? "; batch norm keeps its statistics" : "");
}

static int run(int argc, char **argv)
{
    training t = {.command = &cmd_finetune,
                  .dataset = {.validation = 0.2},
                  .options = {TRAINING_DEFAULTS, .augment = "photos,area=0.35:1", .epochs = 5,
                              .head_epochs = 3, .batch = 16, .optimizer = EFFNET_SGD,
                              .schedule = EFFNET_COSINE, .warmup_epochs = 1, .averaging = 0.99,
                              .freeze_norms = true}};
    effnet_dataset *data = NULL;
    effnet_model *start = NULL;
    int code = training_read(&t, argc, argv);
    if (t.options.learning_rate == 0) t.options.learning_rate = RATE * effnet_ranks_count(t.ranks);
    if (code == EXIT_DONE) code = training_open_data(&t, &data);
    if (code == EXIT_DONE) code = load_start(&t, data, &start);
    if (code == EXIT_DONE) {
        tell_choice(&t);
        code = training_run(&t, start, data);
    }
    effnet_model_free(start);
    effnet_dataset_free(data);
    training_free(&t, code);
    return code;
}

const command cmd_finetune = {
    .name = "finetune",
    .arguments = "[OPTIONS] --data DIR -o RUN",
    .summary = "Teach a trained model your own classes",
    .text =
        "The defaults are for a few hundred photos: SGD at 0.001 for 16 pictures a step, 3 epochs for the "
        "classifier\n"
        "alone, then 5 for all weights along a cosine, batch norm's statistics as they are; random parts of "
        "at least\n"
        "0.35 of a picture. RUN is as in effnet train.\n\n"
        "Examples:\n"
        "  effnet finetune --data photos/ -o run\n"
        "  effnet classify -m run/best.safetensors photo.jpg\n"
        "  effnet finetune --data photos/ -o run -m efficientnet-b0.pth --epochs 30\n",
    .options = specs,
    .run = run,
};
