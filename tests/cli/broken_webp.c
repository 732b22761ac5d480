/* SPDX-License-Identifier: Apache-2.0
 *
 * A libwebp of another ABI, for LD_PRELOAD: what no input can bring about.
 */
#include <webp/decode.h>

int WebPInitDecoderConfigInternal(WebPDecoderConfig *config, int version)
{
    (void)config;
    (void)version;
    return 0;
}
