/* SPDX-License-Identifier: Apache-2.0
 *
 * How work is cut, by the shape of a layer and the batch alone.
 */
#include "train/blocked/plan.h"

size_t pieces_count(const pieces *p, size_t images)
{
    return p->image.parts > 1 ? images * p->image.parts : (images + p->images - 1) / p->images;
}

piece piece_at(const pieces *p, size_t images, size_t index)
{
    const size_t pixels = p->image.items, width = p->image.width;
    if (p->image.parts > 1) {
        const size_t image = index / p->image.parts, part = index % p->image.parts;
        size_t first, end;
        division_part(&p->image, part, &first, &end);
        return (piece){.image = image,
                       .images = 1,
                       .part = part,
                       .first = (image * pixels + first) * width,
                       .pixels = (end - first) * width,
                       .each = (end - first) * width};
    }
    const size_t first = index * p->images, left = images - first,
                 taken = left < p->images ? left : p->images;
    return (piece){.image = first,
                   .images = taken,
                   .first = first * pixels * width,
                   .pixels = taken * pixels * width,
                   .each = pixels * width};
}

size_t slots_count(size_t count, size_t weights)
{
    enum { FEWEST = 8, MOST = 64, FLOATS = 1 << 20 };
    const size_t some = FLOATS / weights, slots = some < FEWEST ? FEWEST : some > MOST ? MOST : some;
    return count < slots ? count : slots;
}

strip_sums strip_sums_of(const unit *expand, const net_conv *depthwise, size_t vector)
{
    const size_t in = (size_t)expand->conv->in;
    strip_sums l = {.step = expand->vectors * vector, .inputs = vectors_of(in, vector) * vector};
    l.square = in * l.step;
    l.total = l.square + in * l.inputs;
    l.taps = l.total + l.inputs;
    l.size = l.taps + expand->vectors * vector * (size_t)(depthwise->kernel * depthwise->kernel);
    return l;
}

size_t strips_of(size_t rows, size_t row_floats)
{
    enum { STRIP_FLOATS = 24 << 10 }; /* 96 KiB */
    const size_t strips = 1 + rows * row_floats / STRIP_FLOATS;
    return strips < rows ? strips : rows;
}
