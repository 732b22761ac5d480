/* SPDX-License-Identifier: Apache-2.0
 *
 * JPEG through libjpeg-turbo, with the colours that Pillow's convert("RGB") gives. Adds what the library
 * leaves to its users: errors as values instead of exit(), a limit on scans, memory known before it is taken,
 * and the refusal of pictures whose data are damaged. The markers are walked here once more, because EXIF and
 * ICC blocks kept by libjpeg would cost memory without a limit.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "base/reader.h"
#include "image/decode.h"
#include "image/exif.h"

enum { MARKER_SOI = 0xd8, MARKER_EOI = 0xd9, MARKER_SOS = 0xda, MARKER_APP1 = 0xe1, MARKER_APP2 = 0xe2 };

/* One decoding. libjpeg calls back with a pointer to `info`, whose client_data leads here. */
typedef struct jpeg_job {
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr manager;
    struct jpeg_progress_mgr progress;
    jmp_buf escape; /* where error_exit goes; valid while a step runs */
    bool damaged;   /* a warning said that pixels are wrong or missing */
    char damage[JMSG_LENGTH_MAX];
    bool too_many_scans;

    const uint8_t *bytes;
    size_t size;
    const image_options *limits;
    image *out;
    uint8_t *cmyk_row; /* [width][4], only for pictures of four components */
} jpeg_job;

static jpeg_job *job_of(j_common_ptr info)
{
    return info->client_data;
}

__attribute__((noreturn)) static void on_error(j_common_ptr info)
{
    longjmp(job_of(info)->escape, 1);
}

/* Warnings that are about metadata or about bytes beside the picture leave every pixel as it should be. Files
 * with stray bytes before a marker are common, and peers read them. */
static bool is_harmless(int code)
{
    return code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR || code == JWRN_BOGUS_ICC ||
           code == JWRN_NOT_SEQUENTIAL || code == JWRN_EXTRANEOUS_DATA;
}

static void on_message(j_common_ptr info, int level)
{
    jpeg_job *job = job_of(info);
    if (level >= 0 || job->damaged || is_harmless(info->err->msg_code)) return;
    job->damaged = true;
    info->err->format_message(info, job->damage);
    if (!job->limits->allow_truncated) longjmp(job->escape, 1);
}

static void on_output(j_common_ptr info)
{
    (void)info;
}

static void on_progress(j_common_ptr info)
{
    jpeg_job *job = job_of(info);
    if (job->info.input_scan_number <= job->limits->max_scans) return;
    job->too_many_scans = true;
    longjmp(job->escape, 1);
}

/* Runs one step; false if libjpeg or a callback gave up in it. The only setjmp, in a function without locals
 * that could be clobbered. */
static bool guarded(jpeg_job *job, void (*step)(jpeg_job *))
{
    if (setjmp(job->escape)) return false;
    step(job);
    return true;
}

static void read_header(jpeg_job *job)
{
    jpeg_create_decompress(&job->info);
    job->info.progress = &job->progress;
    jpeg_mem_src(&job->info, job->bytes, job->size);
    jpeg_read_header(&job->info, TRUE);
}

/* `row` holds inverted CMYK as Adobe writes it, which is what Pillow assumes of every file of four
 * components: with c = 255 - byte, red = (255 - k) - c * (255 - k) / 255, rounded. */
static void cmyk_to_rgb(uint8_t *rgb, const uint8_t *row, size_t width)
{
    for (size_t x = 0; x < width; x++, rgb += 3, row += 4) {
        const int white = row[3]; /* 255 - k */
        for (int c = 0; c < 3; c++) {
            const int product = (255 - row[c]) * white + 128;
            rgb[c] = (uint8_t)(white - (((product >> 8) + product) >> 8));
        }
    }
}

static void read_pixels(jpeg_job *job)
{
    jpeg_start_decompress(&job->info);
    const size_t width = (size_t)job->out->width, row_size = 3 * width;
    while (job->info.output_scanline < job->info.output_height) {
        uint8_t *target = job->out->pixels + job->info.output_scanline * row_size;
        JSAMPROW row = job->cmyk_row ? job->cmyk_row : target;
        if (jpeg_read_scanlines(&job->info, &row, 1) == 1 && job->cmyk_row)
            cmyk_to_rgb(target, job->cmyk_row, width);
    }
    jpeg_finish_decompress(&job->info);
}

static effnet_status status_of(int code)
{
    switch (code) {
    case JERR_OUT_OF_MEMORY: return EFFNET_ERR_MEMORY;
    case JERR_IMAGE_TOO_BIG:
    case JERR_WIDTH_OVERFLOW: return EFFNET_ERR_LIMIT;
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_SOF_UNSUPPORTED: return EFFNET_ERR_UNSUPPORTED;
    default: return EFFNET_ERR_FORMAT;
    }
}

/* Why a step gave up. */
static effnet_status failure(jpeg_job *job, effnet_error *error)
{
    if (job->too_many_scans)
        return error_set(error, EFFNET_ERR_LIMIT, "JPEG with more than %d scans", job->limits->max_scans);
    const size_t left = job->info.src ? job->info.src->bytes_in_buffer : 0;
    const size_t position = left <= job->size ? job->size - left : 0;
    if (job->damaged)
        return error_set_at(error, EFFNET_ERR_FORMAT, position, "JPEG truncated or damaged: %s", job->damage);
    const effnet_status status = status_of(job->manager.msg_code);
    if (status == EFFNET_ERR_MEMORY) return error_memory(error);
    char message[JMSG_LENGTH_MAX];
    job->manager.format_message((j_common_ptr)&job->info, message);
    return error_set_at(error, status, position, "JPEG: %s", message);
}

/* What libjpeg takes beside the output, in bytes per pixel: pictures of several scans keep two bytes for
 * every coefficient of every component, here as if none were subsampled. */
static size_t codec_bytes(struct jpeg_decompress_struct *info)
{
    if (!jpeg_has_multiple_scans(info)) return 0;
    size_t bytes = 0;
    for (int c = 0; c < info->num_components; c++) {
        const jpeg_component_info *component = &info->comp_info[c];
        const int share = component->h_samp_factor * component->v_samp_factor;
        const int whole = info->max_h_samp_factor * info->max_v_samp_factor;
        /* In sixteenths of a pixel at most; rounded up over all components below. */
        bytes += (size_t)(2 * 16 * share / whole);
    }
    return (bytes + 15) / 16;
}

static effnet_status prepare(jpeg_job *job, effnet_error *error)
{
    struct jpeg_decompress_struct *info = &job->info;
    if (info->num_components != 1 && info->num_components != 3 && info->num_components != 4)
        return error_set(error, EFFNET_ERR_UNSUPPORTED, "JPEG with %d components", info->num_components);
    TRY(decode_allocate(job->out, info->image_width, info->image_height, codec_bytes(info), job->limits,
                        error));
    info->out_color_space = info->num_components == 4 ? JCS_CMYK : JCS_RGB;
    if (info->num_components != 4) return EFFNET_OK;
    job->cmyk_row = malloc(4 * (size_t)info->image_width);
    return job->cmyk_row ? EFFNET_OK : error_memory(error);
}

static effnet_status run(jpeg_job *job, effnet_error *error)
{
    job->info.err = jpeg_std_error(&job->manager);
    job->manager.error_exit = on_error;
    job->manager.emit_message = on_message;
    job->manager.output_message = on_output;
    job->progress.progress_monitor = on_progress;
    job->info.client_data = job;
    if (!guarded(job, read_header)) return failure(job, error);
    TRY(prepare(job, error));
    if (!guarded(job, read_pixels)) return failure(job, error);
    job->out->truncated = job->damaged;
    return EFFNET_OK;
}

/* Takes note of one APPn segment. Only the first EXIF block counts. */
static void read_segment(image *out, int marker, const uint8_t *bytes, size_t size, bool *exif_seen)
{
    if (marker == MARKER_APP1 && !*exif_seen && size >= 6 && memcmp(bytes, "Exif\0\0", 6) == 0) {
        *exif_seen = true;
        out->orientation = exif_orientation(bytes, size);
    }
    if (marker == MARKER_APP2 && size >= 12 && memcmp(bytes, "ICC_PROFILE\0", 12) == 0) out->has_icc = true;
}

/* Walks the segments before the first scan. A file that breaks the rules here just has no metadata; whether
 * it is a picture is for libjpeg to say. */
static void read_metadata(image *out, const uint8_t *bytes, size_t size)
{
    reader r = reader_over(bytes, size, 0);
    bool exif_seen = false;
    reader_bytes(&r, 2); /* SOI */
    while (reader_ok(&r)) {
        if (reader_u8(&r) != 0xff) continue; /* stray bytes between segments */
        uint8_t marker = 0xff;
        while (marker == 0xff && reader_ok(&r))
            marker = reader_u8(&r);
        if (marker == MARKER_SOS || marker == MARKER_EOI) return;
        if (marker == 0 || (marker >= 0xd0 && marker <= MARKER_SOI) || marker == 0x01)
            continue; /* no length */
        const uint16_t length = reader_u16_be(&r);
        if (length < 2) return;
        const uint8_t *segment = reader_bytes(&r, (size_t)length - 2);
        if (segment) read_segment(out, marker, segment, (size_t)length - 2, &exif_seen);
    }
}

effnet_status decode_jpeg(image *out, const uint8_t *bytes, size_t size, const image_options *limits,
                          effnet_error *error)
{
    jpeg_job *job = calloc(1, sizeof *job);
    if (!job) return error_memory(error);
    job->bytes = bytes;
    job->size = size;
    job->limits = limits;
    job->out = out;
    read_metadata(out, bytes, size);
    const effnet_status status = run(job, error);
    jpeg_destroy_decompress(&job->info);
    free(job->cmyk_row);
    free(job);
    return status;
}
