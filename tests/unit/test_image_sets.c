/* SPDX-License-Identifier: Apache-2.0
 *
 * Collections of pictures that lie beside the project, where they are: PngSuite, the reference and the crash
 * files of image-rs/jpeg-decoder, subsampling variants, photos in every EXIF orientation. Skipped elsewhere.
 */
#define _POSIX_C_SOURCE 200809L
#include "image_test.h"

#include <glob.h>
#include <libgen.h>
#include <sys/stat.h>

#define SETS SOURCE_ROOT "/../shared/data/"

/* The files of a pattern; skips the test where there are none. */
static glob_t files_of(const char *pattern)
{
    glob_t found;
    if (glob(pattern, 0, NULL, &found) != 0) {
        print_message("%s: not here\n", pattern);
        skip();
    }
    return found;
}

static effnet_status decode_file(image *out, const char *path, const image_options *options,
                                 effnet_error *error)
{
    bytes file = read_file(path);
    assert_non_null(file.data);
    const effnet_status status = image_decode(out, file.data, file.size, options, error);
    bytes_free(&file);
    return status;
}

static image decoded(const char *path, bool exif)
{
    image out;
    effnet_error error;
    if (decode_file(&out, path, &(image_options){.exif = exif}, &error) != EFFNET_OK)
        fail_msg("%s: %s", path, error.message);
    return out;
}

/* Largest and mean absolute difference. */
static double difference(const image *a, const image *b, int *largest)
{
    double sum = 0;
    *largest = 0;
    assert_int_equal(a->height, b->height);
    assert_int_equal(a->width, b->width);
    for (size_t i = 0; i < pixels_size(a); i++) {
        const int d = abs(a->pixels[i] - b->pixels[i]);
        sum += d;
        if (d > *largest) *largest = d;
    }
    return sum / (double)pixels_size(a);
}

static void assert_close(const char *path, const char *reference_path, int tolerance)
{
    image picture = decoded(path, false), reference = decoded(reference_path, false);
    int largest;
    difference(&picture, &reference, &largest);
    if (largest > tolerance) fail_msg("%s: differs by %d", path, largest);
    image_free(&picture);
    image_free(&reference);
}

static void png_suite_references(void **state)
{
    (void)state;
    glob_t found = files_of(SETS "png/tests/pngsuite/primary/*.png");
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char reference[512], name[512];
        snprintf(name, sizeof name, "%s", found.gl_pathv[i]);
        snprintf(reference, sizeof reference, SETS "png/tests/pngsuite/primary_check/%s", basename(name));
        assert_close(found.gl_pathv[i], reference, 0);
    }
    assert_true(found.gl_pathc > 70);
    globfree(&found);
}

static void png_suite_is_read(void **state)
{
    (void)state;
    static const char *const patterns[] = {SETS "png/tests/pngsuite/16bit/*.png",
                                           SETS "png/tests/pngsuite/unused/*.png"};
    for (int p = 0; p < 2; p++) {
        glob_t found = files_of(patterns[p]);
        for (size_t i = 0; i < found.gl_pathc; i++) {
            image picture = decoded(found.gl_pathv[i], false);
            image_free(&picture);
        }
        globfree(&found);
    }
}

static void refuse_all(const char *pattern, effnet_status wanted)
{
    glob_t found = files_of(pattern);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        image picture;
        effnet_error error;
        const effnet_status status = decode_file(&picture, found.gl_pathv[i], NULL, &error);
        const bool no_png = status == EFFNET_ERR_UNSUPPORTED && wanted == EFFNET_ERR_FORMAT &&
                            strstr(error.message, "not a known picture format"); /* its signature is broken */
        if (status != wanted && !no_png) fail_msg("%s: %s", found.gl_pathv[i], error.message);
    }
    globfree(&found);
}

static void broken_files_are_refused(void **state)
{
    (void)state;
    refuse_all(SETS "png/tests/pngsuite/corrupt/*.png", EFFNET_ERR_FORMAT);
    refuse_all(SETS "png/tests/pngsuite/iphone/*.png", EFFNET_ERR_UNSUPPORTED);
    refuse_all(SETS "jpeg/reftest/images/lossless/*/*.jpg", EFFNET_ERR_UNSUPPORTED);
}

/* Pictures with scans missing: read by some, refused here unless damage is allowed. */
static bool is_incomplete(const char *path)
{
    return strstr(path, "partial_progressive") || strstr(path, "progressive-missing-dc");
}

static void jpeg_references(void **state)
{
    (void)state;
    static const char *const patterns[] = {SETS "jpeg/reftest/images/*.jpg",
                                           SETS "jpeg/reftest/images/mozilla/*.jpg"};
    for (int p = 0; p < 2; p++) {
        glob_t found = files_of(patterns[p]);
        for (size_t i = 0; i < found.gl_pathc; i++) {
            char reference[512];
            const char *path = found.gl_pathv[i];
            snprintf(reference, sizeof reference, "%.*spng", (int)strlen(path) - 3, path);
            image picture;
            effnet_error error;
            /* The references are another decoder's, with an IDCT of its own. */
            if (!is_incomplete(path)) assert_close(path, reference, 3);
            if (is_incomplete(path))
                assert_int_equal(decode_file(&picture, path, NULL, &error), EFFNET_ERR_FORMAT);
        }
        globfree(&found);
    }
}

static void crash_files(void **state)
{
    (void)state;
    glob_t found = files_of(SETS "jpeg/crash/*.jpg");
    size_t refused = 0;
    for (size_t i = 0; i < found.gl_pathc; i++)
        for (int allowed = 0; allowed < 2; allowed++) {
            image picture;
            effnet_error error;
            const image_options options = {.allow_truncated = allowed, .exif = true};
            const effnet_status status = decode_file(&picture, found.gl_pathv[i], &options, &error);
            if (status != EFFNET_OK) {
                refused++;
                assert_true(strlen(error.message) > 5);
            } else {
                crc_of(picture.pixels, pixels_size(&picture));
                image_free(&picture);
            }
        }
    assert_in_range(refused, found.gl_pathc, 2 * found.gl_pathc);
    globfree(&found);
}

/* One picture in every subsampling looks the same. */
static void sampling(void **state)
{
    (void)state;
    glob_t found = files_of(SETS "jpeg/sampling/flower_small*.jpg");
    image reference = decoded(SETS "jpeg/sampling/flower_small.q85_444_non_interleaved.jpg", false);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        int largest;
        image picture = decoded(found.gl_pathv[i], false);
        if (difference(&picture, &reference, &largest) > 3) fail_msg("%s", found.gl_pathv[i]);
        image_free(&picture);
    }
    image_free(&reference);
    globfree(&found);
    found = files_of(SETS "jpeg/sampling/flower.png*.jpg");
    for (size_t i = 0; i < found.gl_pathc; i++) {
        image picture = decoded(found.gl_pathv[i], false);
        assert_int_equal(picture.width, 2268);
        image_free(&picture);
    }
    globfree(&found);
}

static void orientations(void **state)
{
    (void)state;
    static const char *const kinds[] = {"Landscape", "Portrait"};
    glob_t found = files_of(SETS "exif/*_1.jpg");
    globfree(&found);
    for (int k = 0; k < 2; k++) {
        char path[512];
        snprintf(path, sizeof path, SETS "exif/%s_1.jpg", kinds[k]);
        image upright = decoded(path, true);
        for (int i = 2; i <= 8; i++) {
            int largest;
            snprintf(path, sizeof path, SETS "exif/%s_%d.jpg", kinds[k], i);
            image picture = decoded(path, true);
            assert_int_equal(picture.orientation, i);
            if (difference(&picture, &upright, &largest) > 5) fail_msg("%s is not upright", path);
            image_free(&picture);
        }
        image_free(&upright);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(png_suite_references),
        cmocka_unit_test(png_suite_is_read),
        cmocka_unit_test(broken_files_are_refused),
        cmocka_unit_test(jpeg_references),
        cmocka_unit_test(crash_files),
        cmocka_unit_test(sampling),
        cmocka_unit_test(orientations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
