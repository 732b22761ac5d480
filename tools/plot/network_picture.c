/* SPDX-License-Identifier: Apache-2.0
 *
 * See network_picture.h. Equal blocks that follow each other are one slot, with one text.
 */
#include "plot/network_picture.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot/picture.h"
#include "plot/stages.h"
#include "plot/style.h"
#include "text.h"

#define WHITE      CANVAS_RGB(0xFFFFFF)
#define GREY       CANVAS_RGB(0xD0D0D0)
#define DARK_GREY  CANVAS_RGB(0x555555)
#define LIGHT_BLUE CANVAS_RGB(0xC0CEDB)
#define BLUE       CANVAS_RGB(0x6D8CA8)
#define DARK_BLUE  CANVAS_RGB(0x1F4E79)

static const double NETWORK_LENGTH = 1300, BLOCK_LENGTH = 520; /* of all boxes */

static canvas_colour kernel_colour(int kernel)
{
    return kernel <= 3 ? LIGHT_BLUE : kernel <= 5 ? BLUE : DARK_BLUE;
}

static canvas_colour part_colour(const effnet_part_info *p)
{
    if (strcmp(p->kind, "linear") == 0) return DARK_GREY;
    return strcmp(p->kind, "conv") == 0 ? GREY : kernel_colour(p->kernel);
}

static picture_slot make_slot(int height, int width, int channels, canvas_colour colour, const char *heading)
{
    picture_slot s = {.height = height, .width = width, .channels = channels, .colour = colour, .count = 1};
    snprintf(s.text[0], PICTURE_TEXT_SIZE, "%s", heading);
    snprintf(s.text[1], PICTURE_TEXT_SIZE, "%d x %d x %d", height, width, channels);
    return s;
}

/* ---- a whole network ---- */

static picture_slot part_slot(const effnet_part_info *p)
{
    char heading[PICTURE_TEXT_SIZE] = "classifier";
    if (stage_is_block(p))
        snprintf(heading, sizeof heading, "MBConv%d %dx%d", p->expand, p->kernel, p->kernel);
    else if (p->kernel)
        snprintf(heading, sizeof heading, "conv %dx%d", p->kernel, p->kernel);
    picture_slot s = make_slot(p->height, p->width, p->out_channels, part_colour(p), heading);
    s.count = 0;
    snprintf(s.text[2], PICTURE_TEXT_SIZE, "%s%s%s", p->stride > 1 ? "stride 2" : "",
             p->stride > 1 && p->squeeze ? ", " : "", p->squeeze ? "SE" : "");
    return s;
}

/* Returns how many. */
static size_t network_slots(picture_slot *slots, const effnet_network *network,
                            const effnet_network_info *info)
{
    size_t count = 0;
    slots[count++] = make_slot(info->height, info->width, info->channels, WHITE, "input");
    effnet_part_info part, last = {0};
    for (size_t i = 0; effnet_network_get_part(network, i, &part); i++) {
        if (!stage_continues(&part, &last)) slots[count++] = part_slot(&part);
        picture_slot *s = &slots[count - 1];
        s->arches += part.residual;
        if (++s->count > 1) snprintf(s->text[3], PICTURE_TEXT_SIZE, "%zu blocks", s->count);
        last = part;
    }
    return count;
}

canvas *network_picture(const effnet_network *network)
{
    static const picture_key keys[] = {
        {"convolution", GREY, PICTURE_COLOUR},
        {"depthwise kernel 3x3", LIGHT_BLUE, PICTURE_COLOUR},
        {"5x5", BLUE, PICTURE_COLOUR},
        {"7x7 or larger", DARK_BLUE, PICTURE_COLOUR},
        {"linear layer", DARK_GREY, PICTURE_COLOUR},
        {"the block's input is added to its output", 0, PICTURE_ARCH},
        {"height and depth: rows and columns, length: channels, to scale", 0, PICTURE_TEXT},
    };
    effnet_network_info info;
    effnet_network_get_info(network, &info);
    picture_slot *slots = calloc(info.part_count + 1, sizeof *slots);
    if (!slots) return NULL;
    char subtitle[160], parameters[28], macs[28];
    snprintf(subtitle, sizeof subtitle, "%s parameters, %s multiply-adds, %s",
             text_grouped(parameters, sizeof parameters, info.parameters),
             text_grouped(macs, sizeof macs, info.macs), info.activation);
    canvas *c = picture_draw(&(picture){.title = info.name,
                                        .subtitle = subtitle,
                                        .slots = slots,
                                        .count = network_slots(slots, network, &info),
                                        .keys = keys,
                                        .key_count = sizeof keys / sizeof *keys,
                                        .length = NETWORK_LENGTH});
    free(slots);
    return c;
}

/* ---- the inside of a block ---- */

enum { BLOCK_SLOTS = 7 };

/* The tensors from a block's input of height x width to its output. */
static size_t block_slots(picture_slot *slots, const effnet_part_info *p, int height, int width,
                          const char *activation)
{
    char heading[PICTURE_TEXT_SIZE];
    size_t count = 0;
    const int hidden = p->in_channels * p->expand;
    slots[count++] = make_slot(height, width, p->in_channels, WHITE, "input");
    if (p->expand > 1) {
        slots[count] = make_slot(height, width, hidden, GREY, "expand 1x1");
        snprintf(slots[count++].text[2], PICTURE_TEXT_SIZE, "%s", activation);
    }
    snprintf(heading, sizeof heading, "depthwise %dx%d", p->kernel, p->kernel);
    slots[count] = make_slot(p->height, p->width, hidden, kernel_colour(p->kernel), heading);
    snprintf(slots[count++].text[2], PICTURE_TEXT_SIZE, "%s%s", p->stride > 1 ? "stride 2, " : "",
             activation);
    if (p->squeeze) {
        slots[count] = make_slot(1, 1, p->squeeze, DARK_GREY, "squeeze");
        snprintf(slots[count++].text[2], PICTURE_TEXT_SIZE, "mean, 1x1, %s", activation);
        slots[count] = make_slot(1, 1, hidden, DARK_GREY, "excite");
        snprintf(slots[count++].text[2], PICTURE_TEXT_SIZE, "1x1, sigmoid");
        slots[count] = make_slot(p->height, p->width, hidden, kernel_colour(p->kernel), "scale");
        slots[count].bridge = 3;
        slots[count].is_bridge_dashed = true;
        snprintf(slots[count++].text[2], PICTURE_TEXT_SIZE, "times the gate");
    }
    slots[count] = make_slot(p->height, p->width, p->out_channels, GREY, "project 1x1");
    snprintf(slots[count].text[2], PICTURE_TEXT_SIZE, "%s", p->residual ? "plus the input" : "linear");
    if (p->residual) slots[count].bridge = count;
    return count + 1;
}

canvas *block_picture(const effnet_network *network, size_t part)
{
    static const picture_key keys[] = {
        {"1x1 convolution", GREY, PICTURE_COLOUR},
        {"depthwise convolution", LIGHT_BLUE, PICTURE_COLOUR},
        {"depthwise convolution", BLUE, PICTURE_COLOUR},
        {"depthwise convolution", DARK_BLUE, PICTURE_COLOUR},
        {"squeeze-and-excitation", DARK_GREY, PICTURE_COLOUR},
        {"multiplied, channel by channel", 0, PICTURE_DASHED_ARCH},
        {"added", 0, PICTURE_ARCH},
        {"height and depth: rows and columns, length: channels, to scale", 0, PICTURE_TEXT},
    };
    effnet_network_info info;
    effnet_part_info p, before = {0};
    effnet_network_get_info(network, &info);
    before.height = info.height, before.width = info.width;
    if (part) effnet_network_get_part(network, part - 1, &before);
    const bool exists = effnet_network_get_part(network, part, &p);
    assert(exists && stage_is_block(&p));
    (void)exists;
    char title[128], subtitle[160], parameters[28], macs[28];
    snprintf(title, sizeof title, "%s, %s: MBConv%d", info.name, p.name, p.expand);
    snprintf(subtitle, sizeof subtitle, "%s parameters, %s multiply-adds",
             text_grouped(parameters, sizeof parameters, p.parameters),
             text_grouped(macs, sizeof macs, p.macs));
    picture_slot slots[BLOCK_SLOTS];
    return picture_draw(
        &(picture){.title = title,
                   .subtitle = subtitle,
                   .slots = slots,
                   .count = block_slots(slots, &p, before.height, before.width, info.activation),
                   .keys = keys,
                   .key_count = sizeof keys / sizeof *keys,
                   .length = BLOCK_LENGTH});
}
