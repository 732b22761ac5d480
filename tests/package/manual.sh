#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The manual pages are well-formed mdoc.
set -euo pipefail
command -v mandoc > /dev/null || { echo "mandoc is not here"; exit 77; }
mandoc -T lint -W warning man/effnet.1 man/effnet.3
