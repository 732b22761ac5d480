/* SPDX-License-Identifier: Apache-2.0
 *
 * See thumbnail.h.
 */
#include "evaluation/thumbnail.h"

#include <stdlib.h>
#include <string.h>

#include "html.h"
#include "report.h"

/* A 14-byte file header and the 40 bytes of a BITMAPINFOHEADER (Microsoft, Bitmap Storage). */
enum { HEADER = 54, BMP_SIZE = HEADER + THUMBNAIL_SIDE * THUMBNAIL_SIDE * 3 };

_Static_assert(THUMBNAIL_SIDE % 4 == 0, "rows of a BMP are padded to whole words");

effnet_status thumbnails_open(thumbnails *t, effnet_error *error)
{
    /* The shorter side is brought to the thumbnail's, and the middle is taken, as most recipes do. */
    const effnet_network_options side = {.height = THUMBNAIL_SIDE, .width = THUMBNAIL_SIDE};
    const effnet_model_options plain = {.recipe = "crop=1,interpolation=area,scale=1,mean=0,std=1"};
    effnet_network *network;
    *t = (thumbnails){.model = NULL};
    effnet_status status = effnet_network_create(&network, "efficientnet-lite0", &side, error);
    if (status != EFFNET_OK) return status;
    status = effnet_model_create(&t->model, network, &plain, error);
    effnet_network_free(network);
    if (status != EFFNET_OK) return status;
    t->pixels = malloc(sizeof *t->pixels * THUMBNAIL_SIDE * THUMBNAIL_SIDE * 3);
    if (t->pixels) return EFFNET_OK;
    report_set(error, EFFNET_ERR_MEMORY, "out of memory");
    return EFFNET_ERR_MEMORY;
}

void thumbnails_close(thumbnails *t)
{
    effnet_model_free(t->model);
    free(t->pixels);
}

static void put_number(unsigned char *to, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        to[i] = (unsigned char)(number >> 8 * i);
}

/* Rows from the bottom up, blue first. */
static void make_bmp(unsigned char out[BMP_SIZE], const float *pixels)
{
    memset(out, 0, HEADER);
    out[0] = 'B', out[1] = 'M';
    put_number(out + 2, BMP_SIZE);
    put_number(out + 10, HEADER);
    put_number(out + 14, HEADER - 14);
    put_number(out + 18, THUMBNAIL_SIDE);
    put_number(out + 22, THUMBNAIL_SIDE);
    out[26] = 1;  /* plane */
    out[28] = 24; /* bits of a pixel */
    unsigned char *to = out + HEADER;
    for (int y = THUMBNAIL_SIDE; y-- > 0;)
        for (int x = 0; x < THUMBNAIL_SIDE; x++)
            for (int c = 3; c-- > 0;) {
                const float value = pixels[(y * THUMBNAIL_SIDE + x) * 3 + c];
                *to++ = (unsigned char)(value > 0 ? value < 255 ? value + 0.5F : 255 : 0);
            }
}

/* RFC 4648, section 4; `size` is a multiple of 3. */
bool thumbnail_put(FILE *out, const thumbnails *t, const effnet_dataset *data, effnet_part part, size_t item,
                   const effnet_image_options *images)
{
    static const char address[] = "data:image/bmp;base64,";
    unsigned char bmp[BMP_SIZE];
    if (effnet_dataset_prepare(data, part, item, t->model, images, t->pixels, NULL, NULL) != EFFNET_OK)
        return false;
    make_bmp(bmp, t->pixels);
    fputs(address, out);
    html_base64(out, bmp, sizeof bmp);
    return true;
}
