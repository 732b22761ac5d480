/* SPDX-License-Identifier: Apache-2.0
 *
 * Tan and Le, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, arXiv 1905.11946v5.
 * MobileNetV1 and ResNet-50, which table 3 scales too, are not of this family.
 */
#include "net/paper.h"

static const net_paper_row rows[] = {
    {3, "mobilenet-v2", "baseline", {1, 1, 1}, "0.3", "72.0"},
    {3, "mobilenet-v2", "depth", {4, 1, 1}, "1.2", "76.8"},
    {3, "mobilenet-v2", "width", {1, 2, 1}, "1.1", "76.4"},
    {3, "mobilenet-v2", "resolution", {1, 1, 2}, "1.2", "74.8"},
    {3, "mobilenet-v2", "compound", {1.4, 1.2, 1.3}, "1.3", "77.4"},
    {7, "efficientnet-b0", "baseline", {1, 1, 1}, "0.4", "77.3"},
    {7, "efficientnet-b0", "depth", {4, 1, 1}, "1.8", "79.0"},
    {7, "efficientnet-b0", "width", {1, 2, 1}, "1.8", "78.9"},
    {7, "efficientnet-b0", "resolution", {1, 1, 2}, "1.9", "79.1"},
    {7, "efficientnet-b0", "compound", {1.4, 1.2, 1.3}, "1.8", "81.1"},
};

static const net_paper_network networks[] = {
    {"efficientnet-b0", "5.3", "0.39", "77.1"}, {"efficientnet-b1", "7.8", "0.70", "79.1"},
    {"efficientnet-b2", "9.2", "1.0", "80.1"},  {"efficientnet-b3", "12", "1.8", "81.6"},
    {"efficientnet-b4", "19", "4.2", "82.9"},   {"efficientnet-b5", "30", "9.9", "83.6"},
    {"efficientnet-b6", "43", "19", "84.0"},    {"efficientnet-b7", "66", "37", "84.3"},
};

bool net_paper_row_at(net_paper_row *out, size_t index)
{
    if (index >= sizeof rows / sizeof *rows) return false;
    *out = rows[index];
    return true;
}

bool net_paper_network_at(net_paper_network *out, size_t index)
{
    if (index >= sizeof networks / sizeof *networks) return false;
    *out = networks[index];
    return true;
}
