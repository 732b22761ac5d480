/* SPDX-License-Identifier: Apache-2.0
 *
 * The layers that checkkern puts before the kernels: small ones with every odd size, and the real ones of the
 * catalogue.
 */
#ifndef CHECKKERN_CASES_H
#define CHECKKERN_CASES_H

#include "kernels/kernels.h"

typedef enum check_operation {
    CHECK_CONVOLUTION,
    CHECK_POINTWISE,
    CHECK_DEPTHWISE,
    CHECK_LINEAR,
    CHECK_POOL
} check_operation;

typedef struct check_case {
    check_operation operation;
    kernel_filter filter;
    kernel_plane plane;
    bool scaled, residual;
} check_case;

typedef void (*check_visitor)(void *context, const check_case *c);

/* Calls `visit` with small layers of odd sizes. */
void cases_odd(check_visitor visit, void *context);

/* Calls `visit` once with every different filter of the catalogue's networks, on a small plane. */
void cases_catalogue(check_visitor visit, void *context);

/* Calls `visit` with every layer of one network at its own size, repeats included; false if there is no such
 * network. */
bool cases_network(const char *name, check_visitor visit, void *context);

/* Parts that the kernel counts, and floats of the layer's tensors. */
size_t case_units(const check_case *c);
size_t case_input_size(const check_case *c);
size_t case_weights_size(const check_case *c); /* in PyTorch's layout */
size_t case_output_size(const check_case *c);
double case_macs(const check_case *c);

const char *case_activation_name(kernel_activation a);

enum { CASE_TEXT_SIZE = 96 }; /* enough for case_describe */

/* "24->144 k1 s1 56x56 swish +scale +residual". */
void case_describe(char *out, size_t capacity, const check_case *c);

#endif
