/* SPDX-License-Identifier: Apache-2.0
 *
 * The public API as a program uses it: networks, models, sessions and pictures, with the errors that each
 * call promises.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "effnet.h"
#include "unit/folder.h"

/* Small enough to run in no time, with every kind of layer. */
static const char network_json[] =
    "{\"name\":\"tiny\",\"blocks\":[\"r1_k3_s11_e1_i16_o8_se0.25\",\"r2_k5_s22_e4_i8_o16_se0.25\","
    "\"r1_k3_s22_e3_i16_o24\"],\"stem\":{\"filters\":16,\"kernel\":3,\"stride\":2,"
    "\"scaling\":\"scaled\"},\"head\":{\"filters\":40,\"scaling\":\"scaled\"},"
    "\"num_classes\":7,\"size\":48}";

static char network_path[64], model_path[64];

static int set_up(void **state)
{
    if (make_folder(state)) return -1;
    snprintf(network_path, sizeof network_path, "%s/tiny.json", folder);
    snprintf(model_path, sizeof model_path, "%s/tiny.safetensors", folder);
    effnet_error error;
    effnet_network *network;
    effnet_model *model;
    if (effnet_file_write(network_path, network_json, strlen(network_json), &error) ||
        effnet_network_create(&network, network_path, NULL, &error) ||
        effnet_model_create(&model, network, &(effnet_model_options){.seed = 5}, &error) ||
        effnet_model_save(model, model_path, NULL, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return -1;
    }
    effnet_model_free(model);
    effnet_network_free(network);
    return 0;
}

static int tear_down(void **state)
{
    unlink(network_path);
    unlink(model_path);
    return remove_folder(state);
}

static effnet_model *load(const effnet_model_options *options)
{
    effnet_error error;
    effnet_model *model = NULL;
    if (effnet_model_load(&model, model_path, options, &error)) fail_msg("%s", error.message);
    return model;
}

static effnet_session *session_of(const effnet_model *model, int threads, int height, int width)
{
    effnet_error error;
    effnet_session *session = NULL;
    const effnet_session_options options = {.threads = threads, .height = height, .width = width};
    if (effnet_session_create(&session, model, &options, &error)) fail_msg("%s", error.message);
    return session;
}

static void network_parts_add_up(void **state)
{
    (void)state;
    effnet_network *network;
    effnet_network_info info;
    effnet_part_info part;
    assert_int_equal(effnet_network_create(&network, "efficientnet_b0", NULL, NULL), EFFNET_OK);
    effnet_network_get_info(network, &info);
    assert_string_equal(info.name, "efficientnet-b0");
    assert_string_equal(info.activation, "swish");
    assert_string_equal(info.padding, "same");
    assert_int_equal(info.parameters, 5288548);
    assert_int_equal(info.features, 1280);
    assert_int_equal(info.part_count, 19);
    uint64_t parameters = 0, macs = 0;
    for (size_t i = 0; effnet_network_get_part(network, i, &part); i++)
        parameters += part.parameters, macs += part.macs;
    assert_int_equal(parameters, info.parameters);
    assert_int_equal(macs, info.macs);
    assert_true(effnet_network_get_part(network, 2, &part));
    assert_string_equal(part.name, "block:1");
    assert_string_equal(part.kind, "mbconv");
    assert_int_equal(part.expand, 6);
    assert_int_equal(part.squeeze, 4);
    assert_true(effnet_network_get_part(network, 18, &part));
    assert_string_equal(part.kind, "linear");
    assert_int_equal(part.out_channels, 1000);
    effnet_shape shape;
    assert_int_equal(effnet_network_get_shape(network, "reduction_5", &shape, NULL), EFFNET_OK);
    assert_int_equal(shape.height, 7);
    assert_int_equal(shape.channels, 320);
    assert_int_not_equal(effnet_network_get_shape(network, "reduction_9", &shape, NULL), EFFNET_OK);
    assert_non_null(strstr(effnet_network_get_json(network), "efficientnet-b0"));
    effnet_network_free(network);
    effnet_network_free(NULL);
}

static void network_options_override(void **state)
{
    (void)state;
    const effnet_network_options options = {.height = 97,
                                            .width = 131,
                                            .num_classes = EFFNET_NO_CLASSIFIER,
                                            .in_channels = 4,
                                            .dropout = -1,
                                            .drop_connect = 0.3,
                                            .variant = "symmetric"};
    effnet_network *network;
    effnet_network_info info;
    assert_int_equal(effnet_network_create(&network, "mobilenet_v2", &options, NULL), EFFNET_OK);
    effnet_network_get_info(network, &info);
    assert_int_equal(info.height, 97);
    assert_int_equal(info.width, 131);
    assert_int_equal(info.num_classes, 0);
    assert_int_equal(info.channels, 4);
    assert_string_equal(info.padding, "symmetric");
    assert_true(info.bn_epsilon == 1e-5);
    effnet_part_info part;
    assert_true(effnet_network_get_part(network, info.part_count - 1, &part));
    assert_string_equal(part.name, "head");
    assert_false(effnet_network_get_part(network, info.part_count, &part));
    effnet_network_free(network);

    effnet_error error;
    assert_int_equal(effnet_network_create(&network, "efficientnet-b00", NULL, &error), EFFNET_ERR_NOT_FOUND);
    assert_null(network);
    assert_int_equal(effnet_network_create(&network, "/none/x.json", NULL, &error), EFFNET_ERR_NOT_FOUND);
    assert_int_equal(effnet_network_create(&network, NULL, NULL, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_network_create(NULL, "x", NULL, &error), EFFNET_ERR_ARGUMENT);
    const effnet_network_options small = {.height = 31}, wrong = {.variant = "diagonal"};
    assert_int_equal(effnet_network_create(&network, "efficientnet-b0", &small, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_network_create(&network, "efficientnet-b0", &wrong, &error), EFFNET_ERR_ARGUMENT);
    char name[EFFNET_NAME_SIZE];
    size_t count = 0;
    while (effnet_catalogue_get(count, name))
        count++;
    assert_true(count >= 23);
}

static void model_tells_about_itself(void **state)
{
    (void)state;
    effnet_model *model = load(
        &(effnet_model_options){.labels = "a\nb\nc\nd\ne\nf\ng\n", .recipe = "size=48,resize=54,inception"});
    effnet_network_info info;
    effnet_network_get_info(effnet_model_get_network(model), &info);
    assert_string_equal(info.name, "tiny");
    assert_int_equal(info.num_classes, 7);
    assert_string_equal(effnet_model_get_label(model, 6), "g");
    assert_string_equal(effnet_model_get_label(model, 7), "");
    assert_string_equal(effnet_model_get_label(model, -1), "");
    assert_non_null(strstr(effnet_model_get_recipe(model), "resize=54"));
    assert_string_equal(effnet_model_get_dialect(model), "effnet");
    assert_non_null(effnet_model_get_origin(model));
    assert_non_null(effnet_model_get_notice(model));
    effnet_model_free(model);
    effnet_model_free(NULL);
}

static void model_errors(void **state)
{
    (void)state;
    effnet_error error;
    effnet_model *model;
    assert_int_equal(effnet_model_load(&model, "/none/x", NULL, &error), EFFNET_ERR_NOT_FOUND);
    assert_null(model);
    assert_int_equal(effnet_model_load(&model, NULL, NULL, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_model_load(NULL, "x", NULL, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_model_load(&model, network_path, NULL, &error), EFFNET_ERR_FORMAT);
    assert_non_null(strstr(error.message, network_path));
    assert_int_equal(effnet_model_load_memory(&model, NULL, 3, "x", NULL, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_model_load_memory(&model, "abc", 3, "bytes", NULL, &error), EFFNET_ERR_FORMAT);
    assert_int_equal(effnet_model_create(&model, NULL, NULL, &error), EFFNET_ERR_ARGUMENT);

    char *report = NULL;
    const effnet_model_options other = {.arch = "efficientnet-b0", .report = &report};
    assert_int_equal(effnet_model_load(&model, model_path, &other, &error), EFFNET_ERR_MISMATCH);
    assert_non_null(report);
    free(report);

    const effnet_model_options level = {.level = EFFNET_LEVEL_NEON};
    if (!effnet_level_parse("neon", &(effnet_level){0}))
        assert_int_equal(effnet_model_load(&model, model_path, &level, &error), EFFNET_ERR_ARGUMENT);

    model = load(NULL);
    assert_int_equal(effnet_model_save(model, "/none/x", NULL, &error), EFFNET_ERR_CREATE);
    const effnet_save_options no_dialect = {.dialect = "esperanto"};
    assert_int_equal(effnet_model_save(model, model_path, &no_dialect, &error), EFFNET_ERR_ARGUMENT);
    const effnet_save_options no_dtype = {.dtype = (effnet_dtype)9};
    assert_int_equal(effnet_model_save(model, model_path, &no_dtype, &error), EFFNET_ERR_ARGUMENT);
    effnet_session *session;
    const effnet_session_options threads = {.threads = -1}, size = {.height = 5};
    assert_int_equal(effnet_session_create(&session, model, &threads, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_session_create(&session, model, &size, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_session_create(&session, NULL, NULL, &error), EFFNET_ERR_ARGUMENT);
    assert_null(session);
    effnet_model_free(model);
}

enum { CLASSES = 7, SIDE = 48 };

static void fill(float *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        x[i] = sinf((float)i * 0.37f);
}

static void runs_give_the_same_bits(void **state)
{
    (void)state;
    enum { IMAGES = 3 };
    static float input[IMAGES * SIDE * SIDE * 3];
    float want[IMAGES * CLASSES], got[CLASSES], maps[12 * 12 * 16];
    fill(input, sizeof input / sizeof *input);
    effnet_model *model = load(NULL);
    effnet_session *session = session_of(model, 1, 0, 0);
    assert_int_equal(effnet_session_get_threads(session), 1);
    const effnet_output all = {"logits", want};
    assert_int_equal(effnet_session_run(session, input, IMAGES, &all, 1, NULL), EFFNET_OK);
    effnet_session_free(session);
    assert_true(fabsf(want[0]) > 0);
    for (int threads = 1; threads <= 3; threads++) {
        session = session_of(model, threads, 0, 0);
        for (int i = 0; i < IMAGES; i++) {
            const effnet_output outputs[] = {{"block:2", maps}, {"logits", got}};
            assert_int_equal(effnet_session_run(session, input + i * SIDE * SIDE * 3, 1, outputs, 2, NULL),
                             EFFNET_OK);
            assert_memory_equal(got, want + i * CLASSES, sizeof got);
        }
        effnet_shape shape;
        assert_int_equal(effnet_session_get_shape(session, "block:2", &shape, NULL), EFFNET_OK);
        assert_int_equal(shape.height * shape.width * shape.channels, sizeof maps / sizeof *maps);
        effnet_error error;
        const effnet_output wrong = {"reduction_x", maps};
        assert_int_not_equal(effnet_session_run(session, input, 1, &wrong, 1, &error), EFFNET_OK);
        assert_int_equal(effnet_session_run(session, NULL, 1, &wrong, 1, &error), EFFNET_ERR_ARGUMENT);
        const effnet_output nowhere = {"pooled", NULL}, nameless = {NULL, maps};
        assert_int_equal(effnet_session_run(session, input, 1, &nowhere, 1, &error), EFFNET_ERR_ARGUMENT);
        assert_int_equal(effnet_session_run(session, input, 1, &nameless, 1, &error), EFFNET_ERR_ARGUMENT);
        assert_int_equal(effnet_session_get_shape(session, NULL, &shape, &error), EFFNET_ERR_ARGUMENT);
        effnet_session_free(session);
    }
    effnet_model_free(model);
}

typedef struct caller {
    const effnet_model *model;
    const float *input;
    float logits[CLASSES];
} caller;

static void *call(void *argument)
{
    caller *c = argument;
    effnet_session *session = NULL;
    const effnet_session_options options = {.threads = 2};
    const effnet_output output = {"logits", c->logits};
    if (effnet_session_create(&session, c->model, &options, NULL) == EFFNET_OK)
        for (int i = 0; i < 5; i++)
            effnet_session_run(session, c->input, 1, &output, 1, NULL);
    effnet_session_free(session);
    return NULL;
}

static void threads_share_a_model(void **state)
{
    (void)state;
    enum { CALLERS = 4 };
    static float input[SIDE * SIDE * 3];
    fill(input, sizeof input / sizeof *input);
    effnet_model *model = load(NULL);
    caller callers[CALLERS];
    pthread_t threads[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (caller){.model = model, .input = input};
        assert_int_equal(pthread_create(&threads[i], NULL, call, &callers[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++)
        pthread_join(threads[i], NULL);
    assert_true(fabsf(callers[0].logits[0]) > 0);
    for (int i = 1; i < CALLERS; i++)
        assert_memory_equal(callers[i].logits, callers[0].logits, sizeof callers[0].logits);
    effnet_model_free(model);
}

static void pictures_are_classified(void **state)
{
    (void)state;
    effnet_error error;
    effnet_image_info info;
    effnet_prediction best[9];
    effnet_model *model =
        load(&(effnet_model_options){.labels = "[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\"]"});
    effnet_session *session = session_of(model, 2, 0, 0);
    const char *path = TEST_DATA "/image/jpeg_420.jpg";
    assert_int_equal(effnet_session_classify_file(session, path, NULL, 9, best, &info, &error), EFFNET_OK);
    assert_string_equal(info.format, "jpeg");
    assert_true(info.height > 0 && info.decode_ms >= 0 && info.network_ms > 0);
    double sum = 0;
    for (int i = 0; i < CLASSES; i++) {
        sum += (double)best[i].probability;
        assert_int_equal(best[i].label[0], 'a' + best[i].class_index);
        if (i) assert_true(best[i].logit <= best[i - 1].logit);
    }
    assert_true(fabs(sum - 1) < 1e-6);
    assert_int_equal(best[7].class_index, -1);
    assert_int_equal(best[8].class_index, -1);
    assert_int_equal(effnet_session_classify_file(session, network_path, NULL, 1, best, NULL, &error),
                     EFFNET_ERR_UNSUPPORTED);
    assert_non_null(strstr(error.message, network_path));
    assert_int_equal(effnet_session_classify_file(session, "/none", NULL, 1, best, NULL, &error),
                     EFFNET_ERR_NOT_FOUND);
    assert_int_equal(effnet_session_classify_file(session, NULL, NULL, 1, best, NULL, &error),
                     EFFNET_ERR_ARGUMENT);
    const effnet_image_options tight = {.max_bytes = 10}, narrow = {.max_side = 4};
    assert_int_equal(effnet_session_classify_file(session, path, &tight, 1, best, NULL, &error),
                     EFFNET_ERR_LIMIT);
    assert_int_equal(effnet_session_classify_file(session, path, &narrow, 1, best, NULL, &error),
                     EFFNET_ERR_LIMIT);
    assert_int_equal(effnet_session_classify(session, NULL, 0, NULL, 1, best, NULL, &error),
                     EFFNET_ERR_ARGUMENT);
    effnet_session_free(session);

    session = session_of(model, 1, 64, 64);
    assert_int_equal(effnet_session_classify_file(session, path, NULL, 1, best, NULL, &error),
                     EFFNET_ERR_ARGUMENT);
    effnet_session_free(session);
    effnet_model_free(model);

    model = load(&(effnet_model_options){.num_classes = EFFNET_NO_CLASSIFIER});
    session = session_of(model, 1, 0, 0);
    assert_int_equal(effnet_session_classify_file(session, path, NULL, 1, best, NULL, &error),
                     EFFNET_ERR_ARGUMENT);
    effnet_session_free(session);
    effnet_model_free(model);
}

static void equal_logits_go_by_class(void **state)
{
    (void)state;
    effnet_model *model = load(NULL);
    const float logits[CLASSES] = {1, 3, 2, 3, -INFINITY, 2, 0};
    const int order[CLASSES] = {1, 3, 2, 5, 0, 6, 4};
    effnet_prediction best[CLASSES];
    effnet_model_top(model, logits, CLASSES, best);
    for (int i = 0; i < CLASSES; i++)
        assert_int_equal(best[i].class_index, order[i]);
    assert_true(best[6].probability == 0);
    effnet_model_free(model);
}

static void files_and_arrays(void **state)
{
    (void)state;
    effnet_error error;
    char path[80], digest[EFFNET_SHA256_SIZE];
    snprintf(path, sizeof path, "%s/array.npy", folder);
    float values[] = {1, 2, 3, 4, 5, 6};
    const effnet_array array = {.name = "x", .rank = 2, .shape = {2, 3}, .data = values};
    assert_int_equal(effnet_array_save(path, &array, 1, &error), EFFNET_OK);
    effnet_array back;
    assert_int_equal(effnet_array_load(&back, path, &error), EFFNET_OK);
    assert_int_equal(back.rank, 2);
    assert_memory_equal(back.data, values, sizeof values);
    effnet_array_free(&back);
    assert_int_equal(effnet_file_sha256(digest, path, &error), EFFNET_OK);
    assert_int_equal(strlen(digest), 64);
    void *bytes;
    size_t size;
    assert_int_equal(effnet_file_read(&bytes, &size, path, 10, &error), EFFNET_ERR_LIMIT);
    assert_int_equal(effnet_file_read(&bytes, &size, path, 100000, &error), EFFNET_OK);
    assert_true(size > sizeof values);
    free(bytes);
    unlink(path);
    assert_int_equal(effnet_file_read(&bytes, &size, path, 10, &error), EFFNET_ERR_NOT_FOUND);
    assert_int_equal(effnet_file_sha256(digest, path, &error), EFFNET_ERR_NOT_FOUND);
    assert_int_equal(effnet_file_read(NULL, &size, path, 10, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_file_write(NULL, NULL, 0, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_file_sha256(NULL, path, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_array_load(NULL, path, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_array_save(NULL, &array, 1, &error), EFFNET_ERR_ARGUMENT);
}

static void arrays_row_by_row(void **state)
{
    (void)state;
    effnet_error error;
    char path[80];
    snprintf(path, sizeof path, "%s/rows.npy", folder);
    const effnet_array shape = {.name = "x", .rank = 2, .shape = {0, 3}};
    const float values[] = {1, 2, 3, 4, 5, 6}, *const first[] = {values}, *const second[] = {values + 3};
    effnet_array_writer *writer;
    assert_int_equal(effnet_array_writer_create(&writer, path, &shape, 1, &error), EFFNET_OK);
    assert_int_equal(effnet_array_writer_append(writer, first, 1, &error), EFFNET_OK);
    assert_int_equal(effnet_array_writer_append(writer, second, 1, &error), EFFNET_OK);
    assert_int_equal(effnet_array_writer_append(writer, NULL, 1, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_array_writer_save(writer, &error), EFFNET_OK);
    effnet_array_writer_free(writer);
    effnet_array back;
    assert_int_equal(effnet_array_load(&back, path, &error), EFFNET_OK);
    assert_int_equal(back.shape[0], 2);
    assert_memory_equal(back.data, values, sizeof values);
    effnet_array_free(&back);
    unlink(path);
    assert_int_equal(effnet_array_writer_create(&writer, NULL, &shape, 1, &error), EFFNET_ERR_ARGUMENT);
    assert_null(writer);
    assert_int_equal(effnet_array_writer_append(NULL, first, 1, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_array_writer_save(NULL, &error), EFFNET_ERR_ARGUMENT);
}

static void what_there_is(void **state)
{
    (void)state;
    effnet_system system;
    effnet_system_get(&system);
    assert_true(system.cores >= 1 && system.cpu[0]);
    assert_string_equal(effnet_version(), EFFNET_VERSION);
    effnet_level level;
    assert_true(effnet_level_parse("ref", &level));
    assert_int_equal(level, EFFNET_LEVEL_REF);
    assert_true(effnet_level_parse("best", &level));
    assert_false(effnet_level_parse("abacus", &level));
    assert_string_equal(effnet_level_name(EFFNET_LEVEL_REF), "ref");
    assert_string_equal(effnet_level_name((effnet_level)77), "unknown");
    const char *operation, *kernel;
    size_t kernels = 0;
    while (effnet_kernel_get(EFFNET_LEVEL_REF, kernels, &operation, &kernel))
        kernels++;
    assert_true(kernels >= 4);
    effnet_library library;
    size_t libraries = 0;
    while (effnet_library_get(libraries, &library)) {
        assert_true(library.version[0] >= '0' && library.version[0] <= '9');
        libraries++;
    }
    assert_true(libraries >= 5);
    effnet_checkpoint checkpoint;
    size_t checkpoints = 0;
    while (effnet_checkpoint_get(checkpoints, &checkpoint)) {
        assert_non_null(checkpoint.files[0].name);
        checkpoints++;
    }
    assert_true(checkpoints > 50);
}

static void profile_and_peak(void **state)
{
    (void)state;
    effnet_error error;
    effnet_model *model = load(NULL);
    effnet_session *session = session_of(model, 2, SIDE, 2 * SIDE);
    effnet_network_info own, info;
    effnet_network_get_info(effnet_model_get_network(model), &own);
    effnet_network_get_info(effnet_session_get_network(session), &info);
    assert_int_equal(info.height, SIDE);
    assert_int_equal(info.width, 2 * SIDE);
    assert_true(info.macs > own.macs);
    assert_int_equal(info.part_count, own.part_count);
    static float input[2 * SIDE * SIDE * 3], logits[CLASSES];
    const effnet_output output = {"logits", logits};
    double *ms = calloc(info.part_count, sizeof *ms);
    assert_non_null(ms);
    effnet_session_profile(session, ms);
    assert_int_equal(effnet_session_run(session, input, 1, &output, 1, &error), EFFNET_OK);
    for (size_t i = 1; i < info.part_count; i++) /* the first block may take in the stem, part 0 */
        assert_true(ms[i] > 0);
    effnet_session_profile(session, NULL);
    free(ms);
    effnet_session_free(session);
    effnet_model_free(model);

    double gflops;
    assert_int_equal(effnet_measure_peak(&gflops, EFFNET_LEVEL_BEST, 1, &error), EFFNET_OK);
    assert_true(gflops > 0);
    assert_int_equal(effnet_measure_peak(&gflops, EFFNET_LEVEL_REF, 2, NULL), EFFNET_OK);
    assert_true(gflops > 0);
    assert_int_equal(effnet_measure_peak(&gflops, EFFNET_LEVEL_REF, -1, &error), EFFNET_ERR_ARGUMENT);
    assert_true(gflops == 0.0);
    assert_int_equal(effnet_measure_peak(&gflops, (effnet_level)77, 1, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_measure_peak(NULL, EFFNET_LEVEL_REF, 1, &error), EFFNET_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(network_parts_add_up),
        cmocka_unit_test(network_options_override),
        cmocka_unit_test(model_tells_about_itself),
        cmocka_unit_test(model_errors),
        cmocka_unit_test(runs_give_the_same_bits),
        cmocka_unit_test(threads_share_a_model),
        cmocka_unit_test(pictures_are_classified),
        cmocka_unit_test(equal_logits_go_by_class),
        cmocka_unit_test(files_and_arrays),
        cmocka_unit_test(arrays_row_by_row),
        cmocka_unit_test(what_there_is),
        cmocka_unit_test(profile_and_peak),
    };
    return cmocka_run_group_tests_name("api", tests, set_up, tear_down);
}
