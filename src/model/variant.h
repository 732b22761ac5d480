/* SPDX-License-Identifier: Apache-2.0
 *
 * Padding and batch norm's epsilon as text, and which of them a library or a name stands for. They belong to
 * a checkpoint and cannot be seen in its tensors.
 */
#ifndef MODEL_VARIANT_H
#define MODEL_VARIANT_H

#include "model/dialect.h"

/* The variant that `d` builds the network `arch` with when it pads like `padding`. */
net_variant variant_usual(dialect d, const char *arch, net_padding padding);

/* True if networks called `arch` in dialect `d` always pad the same way; `padding` then says how. */
bool variant_is_certain(dialect d, const char *arch, net_padding *padding);

/* True if `name`, in timm's spelling, says how it pads: "tf_efficientnet_b0" against "efficientnet_b0". */
bool variant_of_name(const char *name, net_padding *padding);

/* Reads "same" or "symmetric", then in any number ",epsilon=X" and ",momentum=X" with X over 0, at most 1.
 * What is not said is as variant_usual has it. */
effnet_status variant_parse(net_variant *out, const char *text, dialect d, const char *arch,
                            effnet_error *error);

/* "same,epsilon=0.001,momentum=0.01". */
enum { VARIANT_TEXT = 96 };
void variant_format(char out[VARIANT_TEXT], const net_variant *variant);

#endif
