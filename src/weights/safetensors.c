/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads the index of a safetensors file (huggingface/safetensors, README.md, "Format"):
 *
 *     u64 N | N bytes of JSON, padded with spaces | data
 *     {"__metadata__": {"key": "text"}, "NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
 *
 * Offsets count from the start of the data; the tensors must cover the data without hole or overlap, so that
 * nothing can hide in the file. Every file accepted here is one that the reference reader accepts.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/sizes.h"
#include "base/text.h"
#include "weights/dtype.h"
#include "weights/formats.h"
#include "weights/json_scan.h"

/* Far above EfficientNet-L2's 0.3 MiB; the reference takes 100 MB. */
enum { LENGTH_SIZE = 8, HEADER_LIMIT = 8 * 1024 * 1024 };

typedef struct header {
    scan text;
    state_dict *dict;
    uint64_t data_start, data_size;
} header;

/* One tensor's object, and which of its fields were there. */
typedef struct entry {
    scan_text dtype;
    size_t shape[STATE_MAX_RANK];
    size_t rank;
    uint64_t begin, end;
    bool has_dtype, has_shape, has_offsets;
} entry;

static void read_shape(scan *s, entry *e)
{
    scan_expect(s, '[', "the shape must be a list");
    for (bool first = true; scan_more(s, ']', &first);) {
        const uint64_t size = scan_unsigned(s);
        if (e->rank == STATE_MAX_RANK)
            reader_fail(&s->in, "more than 8 dimensions");
        else if (size > SIZE_MAX)
            reader_fail(&s->in, "a dimension is too large");
        else
            e->shape[e->rank++] = (size_t)size;
    }
}

static void read_offsets(scan *s, entry *e)
{
    scan_expect(s, '[', "data_offsets must be a list of two");
    e->begin = scan_unsigned(s);
    scan_expect(s, ',', "data_offsets must be a list of two");
    e->end = scan_unsigned(s);
    scan_expect(s, ']', "data_offsets must be a list of two");
}

/* Notes that a field was seen, which it may be once. */
static void see(scan *s, bool *seen)
{
    if (*seen) reader_fail(&s->in, "duplicate field");
    *seen = true;
}

static void read_entry(scan *s, entry *e)
{
    scan_expect(s, '{', "a tensor must be an object of dtype, shape and data_offsets");
    for (bool first = true; scan_more(s, '}', &first);) {
        const scan_text field = scan_key(s);
        if (scan_text_is(field, "dtype")) {
            see(s, &e->has_dtype);
            e->dtype = scan_string(s);
        } else if (scan_text_is(field, "shape")) {
            see(s, &e->has_shape);
            read_shape(s, e);
        } else if (scan_text_is(field, "data_offsets")) {
            see(s, &e->has_offsets);
            read_offsets(s, e);
        } else {
            scan_skip(s);
        }
    }
    if (!e->has_dtype) reader_fail(&s->in, "dtype is missing");
    if (!e->has_shape) reader_fail(&s->in, "shape is missing");
    if (!e->has_offsets) reader_fail(&s->in, "data_offsets is missing");
}

/* The rules that a tensor must keep by itself. */
static effnet_status fill_tensor(header *h, state_tensor *t, const entry *e, uint64_t at, effnet_error *error)
{
    if (!dtype_parse(e->dtype.bytes, e->dtype.size, &t->dtype))
        return dict_fail(error, EFFNET_ERR_UNSUPPORTED, at, t->name, "unsupported dtype %.*s",
                         (int)(e->dtype.size < 32 ? e->dtype.size : 32), e->dtype.bytes);
    t->rank = (int)e->rank;
    for (size_t i = 0; i < e->rank; i++)
        t->shape[i] = e->shape[i];
    size_t bytes;
    TRY(dict_set_geometry(t, &bytes, at, error));
    if (e->begin > e->end)
        return dict_fail(error, EFFNET_ERR_FORMAT, at, t->name,
                         "data_offsets end at %" PRIu64 ", before their begin at %" PRIu64, e->end, e->begin);
    if (bytes != e->end - e->begin)
        return dict_fail(error, EFFNET_ERR_FORMAT, at, t->name,
                         "size mismatch: shape and dtype make %zu bytes, data_offsets %" PRIu64, bytes,
                         e->end - e->begin);
    if (e->end > h->data_size)
        return dict_fail(error, EFFNET_ERR_FORMAT, at, t->name,
                         "truncated: data_offsets end at %" PRIu64 ", the data at %" PRIu64, e->end,
                         h->data_size);
    t->offset = h->data_start + e->begin;
    return EFFNET_OK;
}

static effnet_status read_tensor(header *h, scan_text key, uint64_t at, effnet_error *error)
{
    const char *name;
    state_tensor *tensor;
    entry e = {0};
    TRY(dict_name(h->dict, key.bytes, key.size, at, &name, error));
    TRY(dict_add(h->dict, "", name, &tensor, error));
    read_entry(&h->text, &e);
    const reader *in = &h->text.in;
    if (!reader_ok(in)) return dict_fail(error, EFFNET_ERR_FORMAT, in->failed_at, name, "%s", in->failure);
    return fill_tensor(h, tensor, &e, at, error);
}

static effnet_status read_metadata(header *h, effnet_error *error)
{
    scan *s = &h->text;
    arena *memory = &h->dict->memory;
    scan_expect(s, '{', "__metadata__ must be an object of strings");
    for (bool first = true; scan_more(s, '}', &first);) {
        const scan_text key = scan_key(s);
        if (reader_ok(&s->in) && scan_peek(s) != '"')
            reader_fail(&s->in, "__metadata__ must hold nothing but strings");
        const scan_text value = scan_string(s);
        TRY(reader_status(&s->in, error));
        const char *key_copy = arena_string(memory, key.bytes, key.size);
        if (!key_copy) return dict_no_room(memory, key.size, error);
        const char *value_copy = arena_string(memory, value.bytes, value.size);
        if (!value_copy) return dict_no_room(memory, value.size, error);
        TRY(dict_add_text(h->dict, key_copy, value_copy, error));
    }
    return reader_status(&s->in, error);
}

static effnet_status read_entries(header *h, effnet_error *error)
{
    scan *s = &h->text;
    bool metadata = false;
    scan_expect(s, '{', "the header must be a JSON object");
    for (bool first = true; scan_more(s, '}', &first);) {
        scan_peek(s);
        const uint64_t at = s->in.base + s->in.position;
        const scan_text key = scan_key(s);
        TRY(reader_status(&s->in, error));
        if (!scan_text_is(key, "__metadata__")) {
            TRY(read_tensor(h, key, at, error));
            continue;
        }
        if (metadata) return error_set_at(error, EFFNET_ERR_FORMAT, at, "duplicate key __metadata__");
        metadata = true;
        TRY(read_metadata(h, error));
    }
    scan_end(s);
    return reader_status(&s->in, error);
}

static uint64_t bytes_of(const state_tensor *t)
{
    return (uint64_t)t->count * state_dtype_size(t->dtype);
}

static int compare_places(const void *a, const void *b)
{
    const state_tensor *const *x = a, *const *y = b;
    if ((*x)->offset != (*y)->offset) return (*x)->offset < (*y)->offset ? -1 : 1;
    const uint64_t p = bytes_of(*x), q = bytes_of(*y);
    return p < q ? -1 : p > q;
}

/* The rule that the tensors keep together: they tile the data. `sorted` is by place. */
static effnet_status check_tiling(const header *h, const state_tensor *const *sorted, size_t count,
                                  effnet_error *error)
{
    uint64_t end = h->data_start;
    for (size_t i = 0; i < count; i++) {
        const state_tensor *t = sorted[i];
        if (t->offset < end)
            return dict_fail(error, EFFNET_ERR_FORMAT, t->offset, t->name,
                             "overlap: its data begins %" PRIu64 " bytes before the end of %.64s",
                             end - t->offset, sorted[i - 1]->name);
        if (t->offset > end)
            return dict_fail(error, EFFNET_ERR_FORMAT, end, t->name,
                             "%" PRIu64 " unused bytes before its data", t->offset - end);
        end += bytes_of(t);
    }
    const uint64_t data_end = h->data_start + h->data_size;
    if (end != data_end)
        return error_set_at(error, EFFNET_ERR_FORMAT, end, "%" PRIu64 " bytes that belong to no tensor",
                            data_end - end);
    return EFFNET_OK;
}

static effnet_status check_places(const header *h, effnet_error *error)
{
    const size_t count = h->dict->count;
    const state_tensor **sorted = calloc(count + 1, sizeof *sorted);
    if (!sorted) return error_memory(error);
    for (size_t i = 0; i < count; i++)
        sorted[i] = state_at(h->dict, i);
    qsort(sorted, count, sizeof *sorted, compare_places);
    const effnet_status status = check_tiling(h, sorted, count, error);
    free(sorted);
    return status;
}

static effnet_status check_utf8(const char *text, size_t size, effnet_error *error)
{
    for (size_t i = 0; i < size;) {
        const size_t length = text_utf8_length(text + i, size - i);
        if (length == 0)
            return error_set_at(error, EFFNET_ERR_FORMAT, LENGTH_SIZE + i, "the header is not valid UTF-8");
        i += length;
    }
    return EFFNET_OK;
}

static effnet_status index_header(state_dict *dict, char *text, size_t size, effnet_error *error)
{
    header h = {.dict = dict, .data_start = LENGTH_SIZE + size};
    h.data_size = source_size(dict->source) - h.data_start;
    h.text = scan_over(text, size, LENGTH_SIZE);
    TRY(check_utf8(text, size, error));
    TRY(read_entries(&h, error));
    return check_places(&h, error);
}

static effnet_status header_size(const source *s, size_t *out, effnet_error *error)
{
    uint8_t length[LENGTH_SIZE];
    TRY(source_read(s, 0, length, sizeof length, error));
    reader in = reader_over(length, sizeof length, 0);
    const uint64_t size = reader_u64(&in), left = source_size(s) - LENGTH_SIZE;
    if (size > HEADER_LIMIT)
        return error_set(error, EFFNET_ERR_LIMIT,
                         "safetensors header too large: %" PRIu64 " bytes, the limit is %d", size,
                         HEADER_LIMIT);
    if (size < 2)
        return error_set(error, EFFNET_ERR_FORMAT, "safetensors header too small: %" PRIu64 " bytes", size);
    if (size > left)
        return error_set(error, EFFNET_ERR_FORMAT,
                         "truncated: the safetensors header takes %" PRIu64 " bytes, %" PRIu64 " are left",
                         size, left);
    *out = (size_t)size;
    return EFFNET_OK;
}

effnet_status safetensors_index(state_dict *dict, effnet_error *error)
{
    size_t size = 0;
    TRY(header_size(dict->source, &size, error));
    char *text = malloc(size);
    if (!text) return error_memory(error);
    effnet_status status = source_read(dict->source, LENGTH_SIZE, text, size, error);
    if (status == EFFNET_OK) status = index_header(dict, text, size, error);
    free(text);
    return status;
}
