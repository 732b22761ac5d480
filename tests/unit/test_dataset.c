/* SPDX-License-Identifier: Apache-2.0
 *
 * Data sets: every layout, what is refused and with which words, the split, the scan of all pictures.
 */
#define _GNU_SOURCE
#include "data_test.h"

#include "train/data/dataset.h"

static effnet_error error;

static dataset *open_ok(const char *path, const effnet_dataset_options *options)
{
    dataset *d;
    if (dataset_open(&d, path, options, &error) != EFFNET_OK) fail_msg("%s", error.message);
    return d;
}

static void refuse(const char *path, const effnet_dataset_options *options, effnet_status status,
                   const char *part)
{
    dataset *d;
    assert_int_equal(dataset_open(&d, path, options, &error), status);
    assert_null(d);
    if (!strstr(error.message, part)) fail_msg("no \"%s\" in: %s", part, error.message);
}

static void expect_counts(const dataset *d, effnet_part part, const size_t *expected)
{
    size_t counts[16];
    assert_true(d->outputs <= 16);
    dataset_count(counts, d, part);
    for (size_t i = 0; i < d->outputs; i++)
        assert_int_equal(counts[i], expected[i]);
}

/* ---- Folders ---- */

static void class_folders(void **state)
{
    (void)state;
    put_pictures("train/b", 3);
    put_pictures("train/a", 2);
    put_pictures("train/a/deep/er", 1);
    put_pictures("train/Z", 1);
    put_text("train/b/notes.txt", "no picture");
    put_pictures("train/b/.thumbnails", 2);
    put_pictures("train/.hidden", 2);
    put_picture("train/stray.png", 1, 1, 0, 0, 0);
    put_picture("train/b/nameless", 1, 1, 0, 0, 0); /* told by content */
    put_text("train/b/broken.gif", "GIF89a");
    mkdir(in_tree("train/empty"), 0777);
    put_pictures("val/b", 2);
    dataset *d = open_ok(tree, NULL);
    assert_int_equal(d->task, EFFNET_TASK_CLASSES);
    assert_int_equal(d->outputs, 4);
    assert_string_equal(d->labels[0], "Z"); /* by bytes: capitals first */
    assert_string_equal(d->labels[1], "a");
    assert_string_equal(d->labels[3], "empty");
    assert_true(d->own_validation);
    assert_int_equal(d->strays, 1);
    assert_non_null(strstr(d->stray, "stray.png"));
    expect_counts(d, EFFNET_TRAINING, (const size_t[]){1, 3, 5, 0});
    expect_counts(d, EFFNET_VALIDATION, (const size_t[]){0, 0, 2, 0});
    assert_string_equal(d->parts[0].items[1].path, in_tree("train/a/0.png"));
    assert_string_equal(d->parts[0].items[3].path, in_tree("train/a/deep/er/0.png"));
    dataset_free(d);
    d = open_ok(in_tree("val"), NULL); /* a folder of classes without parts */
    assert_int_equal(d->outputs, 1);
    assert_int_equal(d->parts[0].count, 2);
    assert_false(d->own_validation);
    dataset_free(d);
}

static void folders_refused(void **state)
{
    (void)state;
    refuse(in_tree("nowhere"), NULL, EFFNET_ERR_NOT_FOUND, "No such file");
    refuse(tree, NULL, EFFNET_ERR_NOT_FOUND, "no class folders");
    mkdir(in_tree("a"), 0777);
    refuse(tree, NULL, EFFNET_ERR_NOT_FOUND, "no pictures");
    put_pictures("a", 1);
    refuse(tree, &(effnet_dataset_options){.validation = 1}, EFFNET_ERR_ARGUMENT, "below 1");
    refuse(tree, &(effnet_dataset_options){.validation = NAN}, EFFNET_ERR_ARGUMENT, "below 1");
    refuse(tree, &(effnet_dataset_options){.task = EFFNET_TASK_VALUES}, EFFNET_ERR_ARGUMENT, "table");
    put_pictures("train/x", 1);
    put_pictures("test/y", 1);
    refuse(tree, NULL, EFFNET_ERR_FORMAT, "no class \"y\" in the training part");
    put_pictures("bad/\xff", 1);
    refuse(in_tree("bad"), NULL, EFFNET_ERR_FORMAT, "UTF-8");
}

static void links(void **state)
{
    (void)state;
    put_pictures("real", 2);
    put_pictures("data/a", 1);
    assert_int_equal(symlink(in_tree("real"), in_tree("data/b")), 0);
    assert_int_equal(symlink(in_tree("data"), in_tree("data/a/loop")), 0);
    assert_int_equal(symlink("nothing", in_tree("data/a/dead.png")), 0);
    dataset *d = open_ok(in_tree("data"), NULL);
    expect_counts(d, EFFNET_TRAINING, (const size_t[]){2, 2});
    dataset_free(d);
}

/* ---- Split ---- */

static void split(void **state)
{
    (void)state;
    put_pictures("a", 10);
    put_pictures("b", 1);
    put_pictures("c", 2);
    put_pictures("d", 41);
    const effnet_dataset_options options = {.validation = 0.2, .seed = 3};
    dataset *d = open_ok(tree, &options), *again = open_ok(tree, &options);
    expect_counts(d, EFFNET_TRAINING, (const size_t[]){8, 1, 1, 33});
    expect_counts(d, EFFNET_VALIDATION, (const size_t[]){2, 0, 1, 8});
    assert_false(d->own_validation);
    for (size_t i = 0; i < d->parts[1].count; i++)
        assert_string_equal(d->parts[1].items[i].path, again->parts[1].items[i].path);
    dataset *other = open_ok(tree, &(effnet_dataset_options){.validation = 0.2, .seed = 4});
    size_t same = 0;
    for (size_t i = 0; i < d->parts[1].count; i++)
        same += strcmp(d->parts[1].items[i].path, other->parts[1].items[i].path) == 0;
    assert_true(same < d->parts[1].count);
    dataset_free(d);
    dataset_free(again);
    dataset_free(other);
    put_pictures("val/a", 1); /* a class of that name without train/: an ordinary class */
    d = open_ok(tree, NULL);
    assert_int_equal(d->outputs, 5);
    dataset_free(d);
}

/* ---- Tables ---- */

static void table_of_classes(void **state)
{
    (void)state;
    put_text("train.csv",
             "\xEF\xBB\xBF"
             "File,Class\r\np/1.png,dog\r\n\"p/2,\"\"x\"\".png\",\"big\ncat\"\r\n\r\n/abs/3.png,10\n4.png,9");
    put_text("val.csv", "1.png,dog\n");
    dataset *d = open_ok(tree, NULL);
    assert_int_equal(d->task, EFFNET_TASK_CLASSES);
    assert_int_equal(d->outputs, 4);
    assert_string_equal(d->labels[0], "10");
    assert_string_equal(d->labels[1], "9");
    assert_string_equal(d->labels[2], "big\ncat");
    assert_string_equal(d->parts[0].items[0].path, in_tree("p/1.png"));
    assert_string_equal(d->parts[0].items[1].path, in_tree("p/2,\"x\".png"));
    assert_string_equal(d->parts[0].items[2].path, "/abs/3.png");
    assert_int_equal(d->parts[0].items[3].class_index, 1);
    assert_int_equal(d->parts[1].items[0].class_index, 3);
    float targets[4];
    dataset_targets(targets, d, &d->parts[1].items[0]);
    assert_true(targets[3] == 1.0f && targets[0] == 0.0f);
    dataset_free(d);
    d = open_ok(in_tree("train.csv"), &(effnet_dataset_options){.validation = 0.5});
    assert_int_equal(d->parts[0].count, 4); /* one of each class: none to spare */
    dataset_free(d);
}

static void table_of_labels(void **state)
{
    (void)state;
    put_text("train.csv", "a.png,red; round;red\nb.png,\nc.png,green\n");
    dataset *d = open_ok(in_tree("train.csv"), NULL);
    assert_int_equal(d->task, EFFNET_TASK_LABELS);
    assert_int_equal(d->outputs, 3);
    expect_counts(d, EFFNET_TRAINING, (const size_t[]){1, 1, 1});
    float targets[3];
    dataset_targets(targets, d, &d->parts[0].items[0]);
    assert_true(targets[0] == 0.0f && targets[1] == 1.0f && targets[2] == 1.0f);
    dataset_targets(targets, d, &d->parts[0].items[1]);
    assert_true(targets[0] == 0.0f && targets[1] == 0.0f && targets[2] == 0.0f);
    dataset_free(d);
    put_text("named.csv", "file,labels\na.png,red\n");
    d = open_ok(in_tree("named.csv"), NULL);
    assert_int_equal(d->task, EFFNET_TASK_LABELS);
    dataset_free(d);
}

static void table_of_values(void **state)
{
    (void)state;
    put_text("train.csv", "path,age,height\na.png,3,-1.5e1\nb.png,+4.25,0\n");
    dataset *d = open_ok(in_tree("train.csv"), NULL);
    assert_int_equal(d->task, EFFNET_TASK_VALUES);
    assert_int_equal(d->outputs, 2);
    assert_string_equal(d->labels[1], "height");
    float values[2];
    dataset_targets(values, d, &d->parts[0].items[0]);
    assert_true(values[0] == 3.0f && values[1] == -15.0f);
    expect_counts(d, EFFNET_TRAINING, (const size_t[]){0, 0});
    dataset_free(d);
    put_text("plain.csv", "a.png,3\n");
    d = open_ok(in_tree("plain.csv"), NULL); /* a name that happens to be a number */
    assert_int_equal(d->task, EFFNET_TASK_CLASSES);
    dataset_free(d);
    d = open_ok(in_tree("plain.csv"), &(effnet_dataset_options){.task = EFFNET_TASK_VALUES});
    assert_int_equal(d->task, EFFNET_TASK_VALUES);
    assert_string_equal(d->labels[0], "");
    dataset_free(d);
}

static void tables_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
        effnet_status status;
    } cases[] = {
        {"", "empty table", EFFNET_ERR_NOT_FOUND},
        {"\n\r\n\n", "empty table", EFFNET_ERR_NOT_FOUND},
        {"file,class\n", "no pictures", EFFNET_ERR_NOT_FOUND},
        {"file,labels\na.png,\n", "no labels", EFFNET_ERR_NOT_FOUND},
        {"a.png\n", "line 1: only one field", EFFNET_ERR_FORMAT},
        {"a.png,x\n\nb.png,x,y\n", "line 3: 3 fields, the first row has 2", EFFNET_ERR_FORMAT},
        {"a.png,x\n,x\n", "line 2: no file", EFFNET_ERR_FORMAT},
        {"a.png,x\nb.png,\n", "line 2: no class", EFFNET_ERR_FORMAT},
        {"a.png,\"x\n", "line 1: a quoted field has no end", EFFNET_ERR_FORMAT},
        {"a.png,\"x\"y\n", "line 1: text after", EFFNET_ERR_FORMAT},
        {"a.png,x\"y\n", "line 1: a quote", EFFNET_ERR_FORMAT},
        {"a.png,\"l\n\nl\"\nb.png,x\"\n", "line 4: a quote", EFFNET_ERR_FORMAT},
        {"a.png,1,2\nb.png,1,two\n", "line 2: \"two\" is not a number", EFFNET_ERR_FORMAT},
        {"a.png,1,inf\n", "\"inf\" is not", EFFNET_ERR_FORMAT},
        {"a.png,1,1e99\n", "\"1e99\" is not", EFFNET_ERR_FORMAT},
        {"a.png,1,0x1\n", "\"0x1\" is not", EFFNET_ERR_FORMAT},
        {"a.png,1,\n", "\"\" is not", EFFNET_ERR_FORMAT},
        {"a.png,\xff\n", "UTF-8", EFFNET_ERR_FORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_text("t.csv", cases[i].text);
        refuse(in_tree("t.csv"), NULL, cases[i].status, cases[i].part);
    }
    put_file("t.csv", "a.png,x\0y\n", 10);
    refuse(in_tree("t.csv"), NULL, EFFNET_ERR_FORMAT, "zero byte");
    bytes wide = {0};
    put_repeated(&wide, ',', 5000);
    put_file("t.csv", wide.data, wide.size);
    refuse(in_tree("t.csv"), NULL, EFFNET_ERR_LIMIT, "fields");
    bytes_free(&wide);
    put_text("train.csv", "a.png,x\n");
    put_text("val.csv", "a.png,y\n");
    refuse(tree, NULL, EFFNET_ERR_FORMAT, "\"y\", of");
    put_text("train.csv", "a.png,1,2\n");
    put_text("val.csv", "a.png,1,2,3\n");
    refuse(tree, NULL, EFFNET_ERR_FORMAT, "3 values for a picture, the training part has 2");
    refuse(in_tree("train.csv"), &(effnet_dataset_options){.task = EFFNET_TASK_CLASSES}, EFFNET_ERR_FORMAT,
           "more than two fields");
    mkdir(in_tree("fifo"), 0777);
    assert_int_equal(mkfifo(in_tree("fifo/train.csv"), 0666), 0);
    refuse(in_tree("fifo/train.csv"), NULL, EFFNET_ERR_FORMAT, "not a regular file");
}

/* ---- IDX ---- */

static void idx_files(void **state)
{
    (void)state;
    put_idx_part("train", 20, 4, 5, 10, true);
    put_idx_part("t10k", 6, 4, 5, 3, false);
    dataset *d = open_ok(tree, NULL);
    assert_int_equal(d->outputs, 10);
    assert_string_equal(d->labels[9], "9");
    assert_int_equal(d->parts[0].count, 20);
    assert_int_equal(d->parts[1].count, 6);
    image p;
    assert_int_equal(dataset_read(&p, &d->parts[0].items[13], NULL, NULL), EFFNET_OK);
    assert_int_equal(p.height, 4);
    assert_int_equal(p.width, 5);
    for (size_t i = 0; i < pixels_size(&p); i++)
        assert_int_equal(p.pixels[i], 13 * 7);
    image_free(&p);
    dataset_free(d);
    put_text("labels.txt", "a\r\nb\nc\nd\ne\nf\ng\nh\ni\nShoe");
    d = open_ok(tree, NULL);
    assert_string_equal(d->labels[0], "a");
    assert_string_equal(d->labels[9], "Shoe");
    dataset_free(d);
    put_text("labels.txt", "a\nb");
    refuse(tree, NULL, EFFNET_ERR_FORMAT, "2 names for 10 classes");
    assert_int_equal(unlink(in_tree("t10k-images-idx3-ubyte")), 0);
    assert_int_equal(unlink(in_tree("labels.txt")), 0);
    d = open_ok(tree, &(effnet_dataset_options){.validation = 0.5});
    expect_counts(d, EFFNET_VALIDATION, (const size_t[]){1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
    dataset_free(d);
}

static void idx_colour(void **state)
{
    (void)state;
    const uint8_t pixels[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    bytes file = make_idx(8, 4, (const uint32_t[]){2, 1, 2, 3}, pixels, 12);
    bytes labels = make_idx(8, 1, (const uint32_t[]){2}, "\0\1", 2);
    put_file("train-images.idx4-ubyte", file.data, file.size);
    refuse(tree, NULL, EFFNET_ERR_NOT_FOUND, "no labels");
    put_file("train-labels.idx1-ubyte", labels.data, labels.size);
    dataset *d = open_ok(tree, NULL);
    image p;
    assert_int_equal(dataset_read(&p, &d->parts[0].items[1], NULL, NULL), EFFNET_OK);
    assert_memory_equal(p.pixels, pixels + 6, 6);
    image_free(&p);
    dataset_free(d);
    bytes_free(&labels);
    labels = make_idx(8, 1, (const uint32_t[]){3}, "\0\1\0", 3);
    put_file("train-labels.idx1-ubyte", labels.data, labels.size);
    refuse(tree, NULL, EFFNET_ERR_FORMAT, "3 classes for 2 pictures");
    put_file("train-labels.idx1-ubyte", file.data, file.size);
    refuse(tree, NULL, EFFNET_ERR_FORMAT, "classes are [n]");
    bytes_free(&file);
    file = make_idx(8, 4, (const uint32_t[]){2, 1, 2, 2}, pixels, 8);
    put_file("train-images.idx4-ubyte", file.data, file.size);
    refuse(tree, NULL, EFFNET_ERR_FORMAT, "pictures are [n][height][width]");
    bytes_free(&file);
    bytes_free(&labels);
}

static void idx_case(const bytes *b, size_t limit, effnet_status status, const char *part)
{
    idx_array a;
    assert_int_equal(idx_parse(&a, b->data, b->size, limit, &error), status);
    if (status == EFFNET_OK) {
        idx_free(&a);
        return;
    }
    assert_null(a.bytes);
    if (!strstr(error.message, part)) fail_msg("no \"%s\" in: %s", part, error.message);
}

static void idx_hostile(void **state)
{
    (void)state;
    static const struct {
        int type, rank;
        uint32_t shape[4];
        size_t size;
        effnet_status status;
        const char *part;
    } cases[] = {
        {8, 3, {2, 2, 2}, 8, EFFNET_OK, ""},
        {8, 3, {2, 2, 2}, 7, EFFNET_ERR_FORMAT, "truncated"},
        {8, 3, {2, 2, 2}, 9, EFFNET_ERR_FORMAT, "more data"},
        {13, 3, {2, 2, 2}, 8, EFFNET_ERR_UNSUPPORTED, "type 0x0d"},
        {8, 0, {0}, 0, EFFNET_ERR_UNSUPPORTED, "0 dimensions"},
        {8, 3, {0, 2, 2}, 0, EFFNET_ERR_FORMAT, "without elements"},
        {8, 4, {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, 8, EFFNET_ERR_FORMAT, "more than a file"},
        {8, 4, {0x80000000, 0x80000000, 4, 1}, 0, EFFNET_ERR_FORMAT, "more than a file"}, /* 2^64 */
        {8, 1, {0xffffffff}, 100, EFFNET_ERR_FORMAT, "more than a file"},
        {8, 1, {2000}, 2000, EFFNET_ERR_LIMIT, "the limit is 1000"},
    };
    uint8_t data[2000] = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bytes plain = make_idx(cases[i].type, cases[i].rank, cases[i].shape, data, cases[i].size);
        bytes gzip = make_gzip(&plain);
        idx_case(&gzip, 1000, cases[i].status, cases[i].part);
        /* As plain bytes, a length that the file cannot have is noticed before anything is read. */
        const char *part = strcmp(cases[i].part, "truncated") ? cases[i].part : "";
        idx_case(&plain, 1000, cases[i].status, part);
        /* One of them has a byte too much. */
        for (size_t cut = 0; cut < plain.size - 1 && plain.size < 64; cut++) {
            idx_array a;
            assert_int_not_equal(idx_parse(&a, plain.data, cut, 1000, NULL), EFFNET_OK);
        }
        for (size_t cut = 0; cut < gzip.size; cut++) {
            idx_array a;
            assert_int_not_equal(idx_parse(&a, gzip.data, cut, 1000, NULL), EFFNET_OK);
        }
        put_byte(&gzip, 0);
        if (cases[i].status == EFFNET_OK) {
            idx_case(&gzip, 1000, EFFNET_ERR_FORMAT, "after the gzip stream");
            gzip.data[gzip.size - 5] ^= 1; /* of the CRC or the length */
            idx_case(&gzip, 1000, EFFNET_ERR_FORMAT, "gzip");
        }
        bytes_free(&plain);
        bytes_free(&gzip);
    }
}

static void fashion_mnist(void **state)
{
    (void)state;
    static const char path[] = "/usr/share/datasets/fashion-mnist";
    if (access(path, R_OK) != 0) skip();
    dataset *d = open_ok(path, NULL);
    size_t expected[10];
    for (int i = 0; i < 10; i++)
        expected[i] = 6000;
    expect_counts(d, EFFNET_TRAINING, expected);
    for (int i = 0; i < 10; i++)
        expected[i] = 1000;
    expect_counts(d, EFFNET_VALIDATION, expected);
    assert_int_equal(d->pictures[0].shape[1], 28);
    dataset_free(d);
}

/* ---- Verify, and the public calls ---- */

typedef struct found {
    char paths[8][512], messages[8][EFFNET_MESSAGE_SIZE];
    size_t count;
} found;

static void note(void *context, const char *path, const char *message)
{
    found *f = context;
    assert_true(f->count < 8);
    snprintf(f->paths[f->count], sizeof f->paths[0], "%s", path);
    snprintf(f->messages[f->count++], sizeof f->messages[0], "%s", message);
}

static void verify(void **state)
{
    (void)state;
    put_pictures("a", 30);
    put_text("a/5.png", "text");
    put_text("b/empty.jpg", "");
    assert_int_equal(symlink("nothing", in_tree("b/gone.jpg")), 0);
    for (int threads = 1; threads <= 3; threads++) {
        effnet_dataset *d;
        found f = {.count = 0};
        size_t bad;
        assert_int_equal(effnet_dataset_open(&d, tree, NULL, &error), EFFNET_OK);
        assert_int_equal(effnet_dataset_verify(d, EFFNET_TRAINING, threads, NULL, note, &f, &bad, &error),
                         EFFNET_OK);
        assert_int_equal(bad, 3);
        assert_int_equal(f.count, 3);
        assert_string_equal(f.paths[0], in_tree("a/5.png"));
        assert_non_null(strstr(f.messages[0], "text"));
        assert_string_equal(f.messages[1], "empty file");
        assert_string_equal(f.messages[2], "No such file or directory");
        effnet_dataset_free(d);
    }
}

static void public_calls(void **state)
{
    (void)state;
    put_pictures("a", 2);
    put_text("b/bad.png", "");
    effnet_dataset *d;
    effnet_dataset_item item;
    effnet_dataset_info info;
    size_t counts[2];
    assert_int_equal(effnet_dataset_open(NULL, tree, NULL, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_dataset_open(&d, NULL, NULL, &error), EFFNET_ERR_ARGUMENT);
    assert_int_equal(effnet_dataset_open(&d, in_tree("none"), NULL, &error), EFFNET_ERR_NOT_FOUND);
    assert_null(d);
    effnet_dataset_free(d);
    assert_int_equal(effnet_dataset_open(&d, tree, NULL, &error), EFFNET_OK);
    effnet_dataset_get_info(d, &info);
    assert_int_equal(info.outputs, 2);
    assert_int_equal(info.count[EFFNET_TRAINING], 3);
    assert_int_equal(info.count[EFFNET_VALIDATION], 0);
    assert_string_equal(effnet_dataset_get_label(d, 1), "b");
    assert_string_equal(effnet_dataset_get_label(d, 2), "");
    effnet_dataset_count(d, EFFNET_TRAINING, counts);
    assert_int_equal(counts[0], 2);
    assert_true(effnet_dataset_get_item(d, EFFNET_TRAINING, 2, &item));
    assert_int_equal(item.class_index, 1);
    assert_string_equal(item.path, in_tree("b/bad.png"));
    assert_false(effnet_dataset_get_item(d, EFFNET_TRAINING, 3, &item));

    effnet_network *network;
    effnet_model *model;
    const effnet_network_options small = {.height = 32, .width = 32, .num_classes = 2};
    assert_int_equal(effnet_network_create(&network, "mobilenet-v2-0.35", &small, &error), EFFNET_OK);
    assert_int_equal(effnet_model_create(&model, network, NULL, &error), EFFNET_OK);
    static float values[32 * 32 * 3], direct[32 * 32 * 3];
    effnet_image_info picture;
    assert_int_equal(effnet_dataset_prepare(d, EFFNET_TRAINING, 1, model, NULL, values, &picture, &error),
                     EFFNET_OK);
    assert_int_equal(picture.width, 3);
    bytes file = read_file(in_tree("a/1.png"));
    assert_int_equal(effnet_model_prepare_image(model, file.data, file.size, NULL, direct, NULL, &error),
                     EFFNET_OK);
    assert_memory_equal(values, direct, sizeof values);
    bytes_free(&file);
    assert_int_equal(effnet_dataset_prepare(d, EFFNET_TRAINING, 2, model, NULL, values, NULL, &error),
                     EFFNET_ERR_FORMAT);
    assert_non_null(strstr(error.message, "b/bad.png: empty file"));
    assert_int_equal(effnet_dataset_prepare(d, EFFNET_TRAINING, 3, model, NULL, values, NULL, &error),
                     EFFNET_ERR_ARGUMENT);
    effnet_model_free(model);
    effnet_network_free(network);
    effnet_dataset_free(d);
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, make_tree, remove_tree)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_TREE(class_folders),   IN_TREE(folders_refused),      IN_TREE(links),
        IN_TREE(split),           IN_TREE(table_of_classes),     IN_TREE(table_of_labels),
        IN_TREE(table_of_values), IN_TREE(tables_refused),       IN_TREE(idx_files),
        IN_TREE(idx_colour),      cmocka_unit_test(idx_hostile), cmocka_unit_test(fashion_mnist),
        IN_TREE(verify),          IN_TREE(public_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
