/* SPDX-License-Identifier: Apache-2.0
 *
 * How many pictures a second the loader makes of a data set on one thread, step by step: decoding alone, then
 * with one more kind of augmentation each time. The difference between two lines is what the step costs.
 *
 *     pictures DATA SIDE [ROUNDS [CACHE_MEGABYTES]]
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "train/data/loader.h"

typedef struct stage {
    const char *name;
    augment_options augment;
} stage;

static int fail(const effnet_error *error)
{
    fprintf(stderr, "pictures: %s\n", error->message);
    return 1;
}

/* Milliseconds of decoding every picture once; *count is their number, pictures that cannot be read left out.
 */
static double decode_all(const dataset *d, size_t *count)
{
    const double start = clock_ms();
    *count = 0;
    for (size_t i = 0; i < d->parts[EFFNET_TRAINING].count; i++) {
        image p;
        if (dataset_read(&p, &d->parts[EFFNET_TRAINING].items[i], NULL, NULL) == EFFNET_OK) ++*count;
        image_free(&p);
    }
    return clock_ms() - start;
}

static void print(const char *name, double ms, size_t count)
{
    printf("%-36s %8.3f ms a picture, %8.0f pictures/s\n", name, ms / (double)count,
           1000 * (double)count / ms);
}

/* The fastest of `rounds` epochs; the first one, which fills the cache, does not count. */
static effnet_status time_loader(const dataset *d, const recipe *r, const stage *s, int rounds, size_t cache,
                                 effnet_error *error)
{
    loader *l;
    const loader_options options = {
        .recipe = r, .augment = &s->augment, .batch = 16, .seed = 1, .cache = cache};
    TRY(loader_create(&l, d, EFFNET_TRAINING, &options, error));
    double best = 0;
    size_t count = 0;
    effnet_status status = EFFNET_OK;
    for (int round = 0; status == EFFNET_OK && round <= rounds; round++) {
        const double start = clock_ms();
        count = 0;
        for (size_t step = 0; status == EFFNET_OK && step < loader_steps(l); step++) {
            loader_batch b;
            status = loader_next(l, &b, error);
            count += b.count;
        }
        const double ms = clock_ms() - start;
        if (round == 1 || (round > 1 && ms < best)) best = ms;
    }
    loader_free(l);
    if (status == EFFNET_OK) print(s->name, best, count);
    return status;
}

int main(int argc, char **argv)
{
    effnet_error error;
    dataset *d;
    size_t count;
    if (argc < 3) {
        fprintf(stderr, "usage: pictures DATA SIDE [ROUNDS [CACHE_MEGABYTES]]\n");
        return 64;
    }
    const int side = atoi(argv[2]), rounds = argc > 3 ? atoi(argv[3]) : 3;
    const size_t cache = argc > 4 ? (size_t)atoi(argv[4]) * 1000000 : 0;
    if (side < 1 || rounds < 1) return 64;
    if (dataset_open(&d, argv[1], NULL, &error) != EFFNET_OK) return fail(&error);
    const recipe r = recipe_default(side, side);
    augment_options a = side < 96 ? augment_small(side) : augment_photos();
    stage stages[5] = {{"cropped and normalised", a}};
    stages[0].augment.mirror = 0;
    stages[1] = (stage){"+ mirrored", a};
    a.operations = 2;
    a.magnitude = 9;
    stages[2] = (stage){"+ RandAugment, 2 operations", a};
    a.brightness = a.contrast = a.saturation = 0.4;
    stages[3] = (stage){"+ brightness, contrast, saturation", a};
    a.erase = 0.25;
    a.erase_noise = true;
    a.mixup = 0.2;
    a.cutmix = 1;
    stages[4] = (stage){"+ erasing, mixup and CutMix", a};
    double decoding = decode_all(d, &count);
    for (int i = 0; i < rounds; i++) {
        const double again = decode_all(d, &count);
        if (again < decoding) decoding = again;
    }
    print("decoded", decoding, count);
    effnet_status status = EFFNET_OK;
    for (size_t i = 0; status == EFFNET_OK && i < sizeof stages / sizeof *stages; i++)
        status = time_loader(d, &r, &stages[i], rounds, cache, &error);
    dataset_free(d);
    return status == EFFNET_OK ? 0 : fail(&error);
}
