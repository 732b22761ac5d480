/* SPDX-License-Identifier: Apache-2.0
 *
 * The loader: the same bits for any number of threads, caches and ranks, and after any stop; pictures that
 * cannot be read; the smallest data sets; each task's targets.
 */
#define _GNU_SOURCE
#include "data_test.h"

#include "train/data/loader.h"

enum { SIDE = 16 };

static effnet_error error;

static dataset *open_tree(void)
{
    dataset *d;
    if (dataset_open(&d, tree, NULL, &error) != EFFNET_OK) fail_msg("%s", error.message);
    return d;
}

static const augment_options full = {.crop = AUGMENT_RANDOM,
                                     .scale = {0.2, 1},
                                     .ratio = {0.75, 1.33},
                                     .mirror = 0.5,
                                     .brightness = 0.3,
                                     .hue = 0.1,
                                     .operations = 2,
                                     .magnitude = 7,
                                     .erase = 0.3,
                                     .erase_noise = true,
                                     .mixup = 0.4,
                                     .cutmix = 1};

static loader *make(const dataset *d, const recipe *r, loader_options o)
{
    loader *l;
    o.recipe = r;
    if (loader_create(&l, d, EFFNET_TRAINING, &o, &error) != EFFNET_OK) fail_msg("%s", error.message);
    return l;
}

static loader_batch next(loader *l)
{
    loader_batch b;
    if (loader_next(l, &b, &error) != EFFNET_OK) fail_msg("%s", error.message);
    return b;
}

/* A checksum of all that a batch says. */
static uint32_t sum_of(const loader_batch *b, size_t channels)
{
    const uint32_t parts[] = {
        crc_of(b->images, b->count * SIDE * SIDE * channels * sizeof(float)),
        crc_of(b->items, b->count * sizeof *b->items),
        b->targets.classes ? crc_of(b->targets.classes, b->count * sizeof(int)) : 0,
        b->targets.others ? crc_of(b->targets.others, b->count * sizeof(int)) : 0,
        b->targets.shares ? crc_of(b->targets.shares, b->count * sizeof(float)) : 0,
        (uint32_t)b->epoch,
        (uint32_t)b->step,
        (uint32_t)b->count,
    };
    return crc_of(parts, sizeof parts);
}

/* Photos of several sizes in two classes. */
static void put_photos(int count)
{
    char name[64];
    for (int i = 0; i < count; i++) {
        image p = formula_picture(20 + i % 7, 18 + i % 5);
        p.pixels[0] = (uint8_t)i;
        bytes file = i % 2 ? make_png(&p, NULL) : make_jpeg(&p, i % 3 == 0, NULL);
        snprintf(name, sizeof name, "%c/%03d.jpg", i % 3 ? 'a' : 'b', i);
        put_file(name, file.data, file.size);
        bytes_free(&file);
        image_free(&p);
    }
}

static void same_bits(void **state)
{
    (void)state;
    enum { BATCHES = 13 };
    put_photos(23);
    dataset *d = open_tree();
    const recipe r = recipe_default(SIDE, SIDE);
    uint32_t first[BATCHES] = {0};
    static const loader_options cases[] = {{.threads = 0},
                                           {.threads = 0, .ahead = 1, .cache = 1 << 20},
                                           {.threads = 1},
                                           {.threads = 3, .ahead = 5},
                                           {.threads = 2, .cache = 4000},
                                           {.threads = 4, .ahead = 1, .cache = 1 << 20}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        loader_options o = cases[k];
        o.batch = 5;
        o.seed = 11;
        o.augment = &full;
        loader *l = make(d, &r, o);
        assert_int_equal(loader_steps(l), 4);
        for (int i = 0; i < BATCHES; i++) {
            if (i % 3 == 1) loader_help(l);
            const loader_batch b = next(l);
            assert_int_equal(b.epoch, i / 4);
            assert_int_equal(b.step, i % 4);
            assert_int_equal(b.count, 5);
            if (k == 0)
                first[i] = sum_of(&b, 3);
            else
                assert_int_equal(first[i], sum_of(&b, 3));
        }
        /* Resumed anywhere, also in the middle of what was made ahead. */
        for (int i = BATCHES - 1; i >= 0; i -= 4) {
            loader_seek(l, (uint64_t)i / 4, (size_t)i % 4);
            for (int j = i; j < BATCHES; j++) {
                const loader_batch b = next(l);
                assert_int_equal(first[j], sum_of(&b, 3));
            }
        }
        loader_free(l);
    }
    for (int i = 1; i < BATCHES; i++)
        assert_int_not_equal(first[i], first[i - 1]);
    dataset_free(d);
}

/* The pictures of all ranks are those of one rank with the batch of all. */
static void ranks(void **state)
{
    (void)state;
    put_photos(19);
    dataset *d = open_tree();
    const recipe r = recipe_default(SIDE, SIDE);
    const size_t size = SIDE * SIDE * 3;
    loader *whole = make(d, &r, (loader_options){.batch = 8, .seed = 3, .augment = &full});
    loader *parts[2];
    for (size_t i = 0; i < 2; i++)
        parts[i] =
            make(d, &r, (loader_options){.batch = 4, .seed = 3, .augment = &full, .rank = i, .ranks = 2});
    for (int step = 0; step < 5; step++) {
        const loader_batch all = next(whole);
        for (size_t i = 0; i < 2; i++) {
            const loader_batch b = next(parts[i]);
            assert_int_equal(b.count, 4);
            assert_memory_equal(b.images, all.images + 4 * i * size, 4 * size * sizeof(float));
            assert_memory_equal(b.targets.shares, all.targets.shares + 4 * i, 4 * sizeof(float));
            assert_memory_equal(b.targets.others, all.targets.others + 4 * i, 4 * sizeof(int));
        }
    }
    loader_free(whole);
    loader_free(parts[0]);
    loader_free(parts[1]);
    dataset_free(d);
}

static void evaluation(void **state)
{
    (void)state;
    put_photos(11);
    dataset *d = open_tree();
    for (int channels = 1; channels <= 3; channels += 2) {
        const recipe r = recipe_default(SIDE, SIDE);
        const size_t size = (size_t)(SIDE * SIDE * channels);
        loader *l = make(d, &r, (loader_options){.batch = 4, .threads = 2, .channels = channels});
        for (int round = 0; round < 2; round++) {
            size_t seen = 0;
            for (loader_batch b = next(l); b.count > 0; b = next(l)) {
                assert_null(b.targets.others);
                assert_null(b.targets.shares);
                for (size_t i = 0; i < b.count; i++, seen++) {
                    const dataset_item *item = &d->parts[0].items[seen];
                    image p;
                    float expected[SIDE * SIDE * 3];
                    assert_int_equal(b.items[i], seen);
                    assert_int_equal(b.targets.classes[i], item->class_index);
                    assert_int_equal(dataset_read(&p, item, NULL, NULL), EFFNET_OK);
                    assert_int_equal(recipe_apply(&r, &p, channels, expected, NULL), EFFNET_OK);
                    assert_memory_equal(b.images + i * size, expected, size * sizeof(float));
                    image_free(&p);
                }
            }
            assert_int_equal(seen, 11);
            assert_int_equal(next(l).count, 0);
            loader_seek(l, 0, 0);
        }
        loader_free(l);
    }
    dataset_free(d);
}

/* ---- Pictures that cannot be read ---- */

typedef struct noted {
    char paths[4][512], messages[4][EFFNET_MESSAGE_SIZE];
    size_t count;
} noted;

static void note(void *context, const char *path, const char *message)
{
    noted *n = context;
    assert_true(n->count < 4);
    snprintf(n->paths[n->count], sizeof n->paths[0], "%s", path);
    snprintf(n->messages[n->count++], sizeof n->messages[0], "%s", message);
}

static void put_numbered(int count)
{
    char name[64];
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "a/%03d.png", i);
        put_picture(name, 3, 3, i % 250, i / 250, 7);
    }
}

static void one_in_a_hundred(void **state)
{
    (void)state;
    put_numbered(200);
    put_text("a/017.png", "no picture");
    unlink(in_tree("a/150.png"));
    assert_int_equal(symlink("gone", in_tree("a/150.png")), 0);
    dataset *d = open_tree();
    assert_int_equal(d->parts[0].count, 200);
    const recipe r = recipe_default(SIDE, SIDE);
    uint32_t sums[2][20];
    for (size_t threads = 0; threads < 3; threads++) {
        noted n = {.count = 0};
        loader *l =
            make(d, &r,
                 (loader_options){
                     .batch = 20, .threads = threads, .augment = &full, .report = note, .context = &n});
        for (size_t i = 0; i < 20; i++) {
            const loader_batch b = next(l);
            sums[threads > 0][i] = sum_of(&b, 3);
            for (size_t k = 0; k < b.count; k++)
                assert_true(b.items[k] != 17 && b.items[k] != 150);
        }
        if (threads > 0) assert_memory_equal(sums[0], sums[1], sizeof sums[0]);
        assert_int_equal(n.count, 2); /* in two epochs, each once */
        assert_int_equal(loader_bad(l), 2);
        for (size_t i = 0; i < 2; i++)
            if (strstr(n.paths[i], "150"))
                assert_string_equal(n.messages[i], "No such file or directory");
            else
                assert_non_null(strstr(n.messages[i], "text"));
        loader_free(l);
    }
    dataset_free(d);
}

static void more_than_one_in_a_hundred(void **state)
{
    (void)state;
    put_numbered(200);
    for (int i = 0; i < 3; i++) {
        char name[64];
        snprintf(name, sizeof name, "a/%03d.png", i * 50);
        put_text(name, "");
    }
    dataset *d = open_tree();
    const recipe r = recipe_default(SIDE, SIDE);
    loader *l = make(d, &r, (loader_options){.batch = 200, .threads = 2, .augment = &full});
    loader_batch b;
    assert_int_equal(loader_next(l, &b, &error), EFFNET_ERR_FORMAT);
    assert_non_null(strstr(error.message, "3 of 200 pictures cannot be read, more than 1 %"));
    assert_non_null(strstr(error.message, ".png: empty file"));
    loader_free(l);
    dataset_free(d);
}

static void nothing_readable(void **state)
{
    (void)state;
    put_text("a/1.png", "");
    put_text("a/2.png", "");
    dataset *d = open_tree();
    const recipe r = recipe_default(SIDE, SIDE);
    loader *l = make(d, &r, (loader_options){.batch = 2});
    loader_batch b;
    assert_int_equal(loader_next(l, &b, &error), EFFNET_ERR_FORMAT);
    loader_free(l);
    dataset_free(d);
}

/* ---- Small sets, other tasks, bad options ---- */

static void smallest(void **state)
{
    (void)state;
    put_picture("a/1.png", 1, 1, 10, 20, 30);
    put_picture("b/2.png", 1, 300, 40, 50, 60);
    dataset *d = open_tree();
    const recipe r = recipe_default(SIDE, SIDE);
    for (size_t batch = 1; batch <= 16; batch *= 4) {
        loader *l = make(d, &r, (loader_options){.batch = batch, .threads = 1, .augment = &full});
        for (int i = 0; i < 6; i++) {
            const loader_batch b = next(l);
            assert_int_equal(b.count, batch == 1 ? 1 : 2);
            for (size_t k = 0; k < b.count * SIDE * SIDE * 3; k++)
                assert_true(isfinite(b.images[k]));
        }
        loader_free(l);
    }
    dataset_free(d);
}

static void values_and_labels(void **state)
{
    (void)state;
    put_pictures("p", 4);
    put_text("train.csv", "file,x,y\np/0.png,0,10\np/1.png,1,11\np/2.png,2,12\np/3.png,3,13\n");
    dataset *d = open_tree();
    const recipe r = recipe_default(SIDE, SIDE);
    const augment_options mixed = {.mixup = 1};
    loader *plain = make(d, &r, (loader_options){.batch = 4, .augment = &(augment_options){0}});
    loader *pairs = make(d, &r, (loader_options){.batch = 4, .augment = &mixed});
    const loader_batch a = next(plain), b = next(pairs);
    assert_null(a.targets.classes);
    assert_null(b.targets.shares);
    for (size_t i = 0; i < 4; i++) {
        assert_true(a.targets.values[2 * i] == (float)a.items[i]);
        assert_true(a.targets.values[2 * i + 1] == (float)a.items[i] + 10);
        assert_true(fabsf(b.targets.values[2 * i + 1] - b.targets.values[2 * i] - 10) < 1e-5f);
    }
    assert_true(b.targets.values[0] != a.targets.values[0]);
    assert_true(fabsf(b.targets.values[0] + b.targets.values[2] - a.targets.values[0] - a.targets.values[2]) <
                1e-5f);
    loader_free(plain);
    loader_free(pairs);
    dataset_free(d);
}

static void bad_options(void **state)
{
    (void)state;
    put_pictures("a", 3);
    dataset *d = open_tree();
    const recipe r = recipe_default(SIDE, SIDE);
    const augment_options wild = {.mirror = 2};
    loader *l;
    size_t memory;
    const loader_options cases[] = {{.recipe = &r},
                                    {.recipe = &r, .batch = 1, .channels = 2},
                                    {.recipe = &r, .batch = 1, .augment = &wild},
                                    {.recipe = &r, .batch = 1, .rank = 1},
                                    {.recipe = &r, .batch = SIZE_MAX / 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_not_equal(loader_create(&l, d, EFFNET_TRAINING, &cases[i], &error), EFFNET_OK);
        assert_null(l);
    }
    assert_int_equal(
        loader_create(&l, d, EFFNET_VALIDATION, &(loader_options){.recipe = &r, .batch = 1}, &error),
        EFFNET_ERR_ARGUMENT);
    assert_non_null(strstr(error.message, "no pictures"));
    assert_int_equal(loader_bytes(&memory, d, &cases[4], &error), EFFNET_ERR_LIMIT);
    const size_t images = 8 * SIDE * SIDE * 3 * sizeof(float);
    loader_options o = {.recipe = &r, .batch = 8, .ahead = 1};
    assert_int_equal(loader_bytes(&memory, d, &o, NULL), EFFNET_OK);
    assert_true(memory >= images && memory < 2 * images);
    o.threads = 1;
    assert_int_equal(loader_bytes(&memory, d, &o, NULL), EFFNET_OK);
    assert_true(memory >= 2 * images && memory < 3 * images);
    dataset_free(d);
}

/* IDX pictures for a network of one channel: the numbers in the file. */
static void grey(void **state)
{
    (void)state;
    put_idx_part("train", 12, SIDE, SIDE, 3, true);
    dataset *d = open_tree();
    recipe r = recipe_default(SIDE, SIDE);
    assert_int_equal(recipe_parse(&r, "scale=1,mean=0,std=1,resize=16", NULL), EFFNET_OK);
    loader *l = make(d, &r, (loader_options){.batch = 12, .channels = 1, .augment = &(augment_options){0}});
    const loader_batch b = next(l);
    for (size_t i = 0; i < 12 * SIDE * SIDE; i++)
        assert_true(b.images[i] == (float)(b.items[i / (SIDE * SIDE)] * 7));
    loader_free(l);
    dataset_free(d);
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, make_tree, remove_tree)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_TREE(same_bits),        IN_TREE(ranks),
        IN_TREE(evaluation),       IN_TREE(one_in_a_hundred),
        IN_TREE(nothing_readable), IN_TREE(more_than_one_in_a_hundred),
        IN_TREE(smallest),         IN_TREE(values_and_labels),
        IN_TREE(bad_options),      IN_TREE(grey),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
