/* SPDX-License-Identifier: Apache-2.0
 *
 * What a network's outputs mean, through the public API: it is learned from a table, kept in the file, and
 * followed when pictures are classified.
 */
#define _GNU_SOURCE
#include "data_test.h"

#include <math.h>

#include "effnet.h"

enum { PICTURES = 24, SIDE = 32 };

static const char network_json[] =
    "{\"name\":\"tiny\",\"blocks\":[\"r1_k3_s11_e1_i8_o8_se0.25\",\"r1_k3_s22_e2_i8_o16\"],\"size\":32,"
    "\"stem\":{\"filters\":8},\"head\":{\"filters\":24},\"num_classes\":2}";

static char data_path[128], model_path[128], picture_path[128];

static int red_of(int i)
{
    return i * 97 % PICTURES * 255 / (PICTURES - 1);
}

static int green_of(int i)
{
    return i % 2 ? 220 : 20;
}

/* In units that could not be more different. */
static double red_value(int i)
{
    return 5000 + 1000 * red_of(i) / 255.0;
}

static double green_value(int i)
{
    return 0.01 * green_of(i) / 255.0;
}

/* Pictures in all mixtures of red and green, and the table that tells how much of each there is. */
static int make_tables(void **state)
{
    if (make_tree(state)) return -1;
    char values[PICTURES * 64] = "file,red,green\n", labels[PICTURES * 64] = "file,labels\n";
    for (int i = 0; i < PICTURES; i++) {
        char name[16], row[64];
        const int red = red_of(i), green = green_of(i);
        snprintf(name, sizeof name, "%d.png", i);
        put_picture(name, SIDE, SIDE, red, green, 10);
        snprintf(row, sizeof row, "%s,%.4f,%.6f\n", name, red_value(i), green_value(i));
        strcat(values, row);
        snprintf(row, sizeof row, "%s,%s;%s\n", name, red > 127 ? "red" : "", green > 127 ? "green" : "");
        strcat(labels, row);
    }
    put_text("values.csv", values);
    put_text("labels.csv", labels);
    put_text("tiny.json", network_json);
    snprintf(model_path, sizeof model_path, "%s/model.safetensors", tree);
    return 0;
}

static effnet_trainer_options usual(void)
{
    return (effnet_trainer_options){.epochs = 40,
                                    .batch = 8,
                                    .optimizer = EFFNET_ADAMW,
                                    .learning_rate = 0.02,
                                    .schedule = EFFNET_COSINE,
                                    .label_smoothing = -1,
                                    .averaging = -1,
                                    .augment = "none",
                                    .threads = 1};
}

/* What training of `start` with the table ends with; *last is the last epoch's progress. */
static effnet_model *train(const effnet_model *start, const char *table,
                           const effnet_trainer_options *options, effnet_progress *last)
{
    effnet_error error = {.code = EFFNET_OK};
    effnet_model *trained = NULL;
    effnet_dataset *data = NULL;
    effnet_trainer *trainer = NULL;
    *last = (effnet_progress){0};
    snprintf(data_path, sizeof data_path, "%s/%s", tree, table);
    if (effnet_dataset_open(&data, data_path, NULL, &error) ||
        effnet_trainer_create(&trainer, start, data, options, &error))
        fail_msg("%s", error.message);
    while (!last->done)
        if (effnet_trainer_step(trainer, last, &error)) fail_msg("%s", error.message);
    if (effnet_trainer_get_model(trainer, false, &trained, &error)) fail_msg("%s", error.message);
    effnet_trainer_free(trainer);
    effnet_dataset_free(data);
    return trained;
}

/* A model of tiny.json that has learned the table; saved and loaded again. */
static effnet_model *learn(const char *table, const effnet_model_options *load)
{
    effnet_error error = {.code = EFFNET_OK};
    effnet_network *network;
    effnet_model *start = NULL, *loaded = NULL;
    effnet_progress p;
    const effnet_network_options plain = {.dropout = -1, .drop_connect = -1, .variant = "same,momentum=0.3"};
    const effnet_trainer_options options = usual();
    if (effnet_network_create(&network, in_tree("tiny.json"), &plain, &error) ||
        effnet_model_create(&start, network, NULL, &error))
        fail_msg("%s", error.message);
    effnet_model *trained = train(start, table, &options, &p);
    if (effnet_model_save(trained, model_path, NULL, &error) ||
        effnet_model_load(&loaded, model_path, load, &error))
        fail_msg("%s", error.message);
    effnet_model_free(trained);
    effnet_model_free(start);
    effnet_network_free(network);
    return loaded;
}

static void classify(const effnet_model *model, int picture, effnet_prediction out[3])
{
    effnet_error error;
    effnet_session *session;
    snprintf(picture_path, sizeof picture_path, "%s/%d.png", tree, picture);
    if (effnet_session_create(&session, model, NULL, &error) ||
        effnet_session_classify_file(session, picture_path, NULL, 3, out, NULL, &error))
        fail_msg("%s", error.message);
    effnet_session_free(session);
}

static void values_are_learned(void **state)
{
    (void)state;
    effnet_model *model = learn("values.csv", NULL);
    assert_int_equal(effnet_model_get_task(model), EFFNET_TASK_VALUES);
    double squares = 0;
    for (int i = 0; i < PICTURES; i++) {
        effnet_prediction p[3];
        classify(model, i, p);
        assert_string_equal(p[0].label, "red");
        assert_string_equal(p[1].label, "green");
        assert_true(p[0].class_index == 0 && p[1].class_index == 1 && p[2].class_index == -1);
        assert_true(isnan(p[0].probability));
        squares += pow(((double)p[0].logit - red_value(i)) / 1000, 2) / PICTURES;
        squares += pow(((double)p[1].logit - green_value(i)) / 0.01, 2) / PICTURES;
    }
    /* The values' variance is 0.09 + 0.15. */
    if (!(squares < 0.03)) fail_msg("mean squared error %g", squares);
    /* A run that begins with it knows what it knew, and tells the error as a share of the variance. */
    effnet_trainer_options still = usual();
    effnet_progress p;
    still.epochs = 1;
    still.learning_rate = 1e-9;
    still.freeze_norms = true;
    effnet_model *same = train(model, "values.csv", &still, &p);
    if (!(p.train_loss < 0.15)) fail_msg("a loss of %g", p.train_loss);
    assert_true(isnan(p.train_top1));
    effnet_model_free(same);
    effnet_model_free(model);
}

static void labels_are_learned(void **state)
{
    (void)state;
    effnet_model *model = learn("labels.csv", NULL);
    assert_int_equal(effnet_model_get_task(model), EFFNET_TASK_LABELS);
    int right = 0;
    for (int i = 0; i < PICTURES; i++) {
        effnet_prediction p[3];
        classify(model, i, p);
        for (int k = 0; k < 2; k++) {
            const bool shows = strcmp(p[k].label, "red") == 0 ? red_of(i) > 127 : green_of(i) > 127;
            const double sigmoid = 1 / (1 + exp(-(double)p[k].logit));
            assert_true(fabs((double)p[k].probability - sigmoid) < 1e-6);
            right += shows == (p[k].probability > 0.5F);
        }
        assert_true(p[0].probability >= p[1].probability && p[2].class_index == -1);
    }
    if (right < 2 * PICTURES - 4) fail_msg("%d of %d right", right, 2 * PICTURES);
    effnet_model_free(model);
}

static void the_caller_may_say_otherwise(void **state)
{
    (void)state;
    effnet_error error;
    effnet_model *model;
    const effnet_model_options classes = {.task = EFFNET_TASK_CLASSES}, fresh = {.num_classes = 5};
    const effnet_model_options none = {.task = (effnet_task)9};
    assert_int_equal(effnet_model_load(&model, model_path, &classes, &error), EFFNET_OK);
    assert_int_equal(effnet_model_get_task(model), EFFNET_TASK_CLASSES);
    effnet_model_free(model);
    assert_int_equal(effnet_model_load(&model, model_path, &fresh, &error), EFFNET_OK);
    assert_int_equal(effnet_model_get_task(model), EFFNET_TASK_CLASSES);
    effnet_model_free(model);
    assert_int_equal(effnet_model_load(&model, model_path, &none, &error), EFFNET_ERR_ARGUMENT);
    assert_string_equal(effnet_task_name(EFFNET_TASK_LABELS), "labels");
    assert_string_equal(effnet_task_name((effnet_task)9), "any");
}

/* The metadata's text is changed in place, to a word of the same length. */
static void an_unknown_task_is_refused(void **state)
{
    (void)state;
    effnet_error error;
    effnet_model *model;
    bytes file = read_file(model_path);
    uint8_t *word = memmem(file.data, file.size, "\"labels\"", 8);
    assert_non_null(word);
    memcpy(word, "\"colors\"", 8);
    assert_int_equal(effnet_model_load_memory(&model, file.data, file.size, "changed", NULL, &error),
                     EFFNET_ERR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "effnet.task is \"colors\""));
    bytes_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_learned),
        cmocka_unit_test(labels_are_learned),
        cmocka_unit_test(the_caller_may_say_otherwise), /* of the model that the last one saved */
        cmocka_unit_test(an_unknown_task_is_refused),
    };
    return cmocka_run_group_tests(tests, make_tables, remove_tree);
}
