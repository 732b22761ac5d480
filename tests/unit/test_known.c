/* SPDX-License-Identifier: Apache-2.0
 *
 * Published checkpoints recognised: by their SHA-256, before their names. The files are not here, so a file
 * of the same tensors stands in, and the hash is what each test says it is (the linker puts it in place of
 * digest_sha256).
 */
#include "unit/model_test.h"
#include "unit/torch_files.h"

#include "base/digest.h"

static const char *told_hash; /* the leading digits, zeros follow */

effnet_status __wrap_digest_sha256(char out[EFFNET_SHA256_SIZE], const source *s, effnet_error *error);

effnet_status __wrap_digest_sha256(char out[EFFNET_SHA256_SIZE], const source *s, effnet_error *error)
{
    (void)s;
    (void)error;
    memset(out, '0', EFFNET_SHA256_SIZE - 1);
    out[EFFNET_SHA256_SIZE - 1] = '\0';
    memcpy(out, told_hash, strlen(told_hash));
    return EFFNET_OK;
}

/* A pickle of all tensors of a network, each a view of the beginning of one storage of `count` floats. */
static bytes pickle_network(const net_graph *graph, dialect d, int64_t count)
{
    bytes p = {0};
    put_text(&p, "\x80\x02}");
    for (size_t i = 0; i < net_tensor_count(graph); i++) {
        const net_tensor tensor = net_tensor_at(graph, i);
        char name[DIALECT_NAME_SIZE];
        view v = {.rank = (size_t)tensor.rank};
        int64_t stride = 1;
        for (int r = tensor.rank; r-- > 0;) {
            v.shape[r] = (int64_t)tensor.shape[r];
            v.stride[r] = stride;
            stride *= v.shape[r];
        }
        dialect_tensor_name(name, d, graph, &tensor);
        op_text(&p, name);
        op_tensor(&p, "torch FloatStorage", "0", count, v);
        put_text(&p, "s");
    }
    put_text(&p, ".");
    return p;
}

/* A PyTorch file of this network, all ones. */
static bytes make_file(const char *arch_name, dialect d)
{
    const net_arch arch = named_arch(arch_name);
    net_graph *graph;
    size_t count = 0;
    assert_int_equal(net_graph_create(&graph, &arch, NULL, 0, 0, NULL), EFFNET_OK);
    for (size_t i = 0; i < net_tensor_count(graph); i++)
        if (net_tensor_at(graph, i).count > count) count = net_tensor_at(graph, i).count;
    float *ones = malloc(count * sizeof *ones);
    assert_non_null(ones);
    for (size_t i = 0; i < count; i++)
        ones[i] = 1;
    bytes pickle = pickle_network(graph, d, (int64_t)count);
    zip_maker z = torch_zip(&pickle, ones, count * sizeof *ones);
    free(z.directory.data);
    free(pickle.data);
    free(ones);
    net_graph_free(graph);
    return z.file;
}

static effnet_status open_named(model **out, const bytes *file, const char *name, const char *hash,
                                effnet_error *error)
{
    state_dict *dict = accepted(file);
    told_hash = hash;
    return model_open_state(out, dict, name, NULL, error);
}

/* What timm's names leave open is settled: the same tensors under the same file name are one checkpoint or
 * another by their hash alone. */
static void by_hash(void **state)
{
    (void)state;
    static const struct {
        const char *hash, *origin;
        net_padding padding;
    } cases[] = {
        {"3dd342df", "efficientnet_b0.ra_in1k (timm), sha256 3dd342df0000", NET_PAD_SYMMETRIC},
        {"0af12548", "tf_efficientnet_b0.in1k (timm), sha256 0af125480000", NET_PAD_SAME},
        {"c0e6a31c", "tf_efficientnet_b0.ns_jft_in1k (timm), sha256 c0e6a31c", NET_PAD_SAME},
    };
    bytes file = make_file("efficientnet-b0", DIALECT_TIMM);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        effnet_error error;
        model *m;
        if (open_named(&m, &file, "weights.pth", cases[i].hash, &error)) fail_msg("%s", error.message);
        assert_int_equal(m->graph->variant.padding, cases[i].padding);
        assert_has(m->origin, cases[i].origin);
        assert_string_equal(m->notice, "");
        model_free(m);
    }
    /* A hash that nobody published settles nothing. */
    effnet_error error;
    model *m;
    assert_int_equal(open_named(&m, &file, "weights.pth", "ffffffff", &error), EFFNET_ERR_AMBIGUOUS);
    assert_null(m);
    free(file.data);
}

/* Somebody trained on and kept the file's name: it is believed, and told. The hash of another wins over it.
 */
static void by_name_only_after_the_hash(void **state)
{
    (void)state;
    bytes file = make_file("efficientnet-b0", DIALECT_TIMM);
    effnet_error error;
    model *m;
    if (open_named(&m, &file, "tf_efficientnet_b0-0af12548.pth", "ffffffff", &error))
        fail_msg("%s", error.message);
    assert_int_equal(m->graph->variant.padding, NET_PAD_SAME);
    assert_has(m->origin, "tf_efficientnet_b0.in1k (timm), by name");
    assert_has(m->notice, "whose SHA-256 it has not (ffffffff00000000...)");
    model_free(m);
    if (open_named(&m, &file, "tf_efficientnet_b0-0af12548.pth", "3dd342df", &error))
        fail_msg("%s", error.message);
    assert_int_equal(m->graph->variant.padding, NET_PAD_SYMMETRIC);
    assert_string_equal(m->notice, "");
    model_free(m);
    free(file.data);
}

/* A hash of a checkpoint of other tensors is a coincidence of eight digits, and means nothing. */
static void tensors_must_fit(void **state)
{
    (void)state;
    bytes file = make_file("mobilenet-v2", DIALECT_TORCHVISION);
    effnet_error error;
    model *m;
    if (open_named(&m, &file, "weights.pth", "3dd342df", &error)) fail_msg("%s", error.message);
    assert_int_equal(m->graph->variant.padding, NET_PAD_SYMMETRIC);
    assert_has(m->origin, "sha256 3dd342df");
    assert_null(strstr(m->origin, "efficientnet"));
    model_free(m);
    free(file.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hash),
        cmocka_unit_test(by_name_only_after_the_hash),
        cmocka_unit_test(tensors_must_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
