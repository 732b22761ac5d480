#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Every source file is laid out as .clang-format says. `make format` mends it.
set -euo pipefail
cd "$(dirname "$0")/.."
find src include tools tests fuzz bench -name '*.[ch]' | xargs clang-format --dry-run --Werror
