/* SPDX-License-Identifier: Apache-2.0
 *
 * Makes and reads the .npy files of the tests, so that they need no numpy.
 *
 *     npy_tool make nchw|nhwc N C H W > FILE   values that depend on (n, c, y, x) alone, not on the layout
 *     npy_tool shape < FILE                    the header
 *     npy_tool equal-turned A B                whether B [n][h][w][c] is A [n][c][h][w]
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_VALUES = 1 << 20 };

/* In [-2, 2), about what a normalised picture has. */
static float value_at(size_t n, size_t c, size_t y, size_t x)
{
    uint32_t z = (uint32_t)(((n * 31 + c) * 1009 + y) * 1009 + x) * 2654435761u;
    z ^= z >> 15;
    z *= 2246822519u;
    return (float)(z >> 8) * 0x1p-22f - 2;
}

static int make(int nhwc, const size_t d[4])
{
    char head[128];
    const size_t shape[4] = {d[0], nhwc ? d[2] : d[1], nhwc ? d[3] : d[2], nhwc ? d[1] : d[3]};
    memset(head, ' ', sizeof head);
    memcpy(head, "\x93NUMPY\x01\x00\x76\x00", 10);
    const int size =
        sprintf(head + 10, "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu, %zu, %zu), }",
                shape[0], shape[1], shape[2], shape[3]);
    head[10 + size] = ' ';
    head[127] = '\n';
    fwrite(head, 1, sizeof head, stdout);
    size_t i[4];
    for (i[0] = 0; i[0] < shape[0]; i[0]++)
        for (i[1] = 0; i[1] < shape[1]; i[1]++)
            for (i[2] = 0; i[2] < shape[2]; i[2]++)
                for (i[3] = 0; i[3] < shape[3]; i[3]++) {
                    const float v =
                        nhwc ? value_at(i[0], i[3], i[1], i[2]) : value_at(i[0], i[1], i[2], i[3]);
                    fwrite(&v, sizeof v, 1, stdout);
                }
    return 0;
}

/* Reads the header; its shape to `d`, the number of dimensions returned. */
static int read_head(FILE *f, char text[256], size_t d[4])
{
    unsigned char start[10];
    if (!f || fread(start, 1, sizeof start, f) != sizeof start) return -1;
    const size_t size = (size_t)start[8] | (size_t)start[9] << 8;
    if (size >= 256 || fread(text, 1, size, f) != size) return -1;
    text[size] = '\0';
    text[strcspn(text, "\n")] = '\0';
    const char *shape = strstr(text, "'shape': (");
    return shape ? sscanf(shape, "'shape': (%zu, %zu, %zu, %zu)", &d[0], &d[1], &d[2], &d[3]) : -1;
}

/* The values of an array of at most MAX_VALUES into `out`. */
static bool read_values(float *out, FILE *f, const size_t d[4])
{
    const size_t count = d[0] * d[1] * d[2] * d[3];
    return count <= MAX_VALUES && fread(out, sizeof *out, count, f) == count;
}

static int equal_turned(const char *nchw, const char *nhwc)
{
    static float va[MAX_VALUES], vb[MAX_VALUES];
    char text[256];
    size_t a[4], b[4];
    FILE *fa = fopen(nchw, "rb"), *fb = fopen(nhwc, "rb");
    if (read_head(fa, text, a) != 4 || read_head(fb, text, b) != 4) return 2;
    if (a[0] != b[0] || a[1] != b[3] || a[2] != b[1] || a[3] != b[2]) return 1;
    if (!read_values(va, fa, a) || !read_values(vb, fb, b)) return 2;
    for (size_t i = 0; i < a[0] * a[1] * a[2] * a[3]; i++) {
        const size_t x = i % a[3], y = i / a[3] % a[2], c = i / a[3] / a[2] % a[1],
                     n = i / a[3] / a[2] / a[1];
        if (va[i] != vb[((n * a[2] + y) * a[3] + x) * a[1] + c]) return 1;
    }
    puts("equal");
    return 0;
}

int main(int argc, char **argv)
{
    char text[256];
    size_t d[4];
    if (argc == 7 && strcmp(argv[1], "make") == 0) {
        for (int i = 0; i < 4; i++)
            d[i] = strtoul(argv[3 + i], NULL, 10);
        return make(strcmp(argv[2], "nhwc") == 0, d);
    }
    if (argc == 2 && strcmp(argv[1], "shape") == 0) {
        if (read_head(stdin, text, d) < 0) return 2;
        text[strlen(text) - strspn(text, " ")] = '\0';
        printf("%.*s\n", (int)(strchr(text, '}') - text + 1), text);
        return 0;
    }
    if (argc == 4 && strcmp(argv[1], "equal-turned") == 0) return equal_turned(argv[2], argv[3]);
    return 64;
}
