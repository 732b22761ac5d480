#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds checkkern for AArch64 with a cross compiler and tests the NEON kernels under qemu. Needs no library for AArch64 but C's
# own. Where the compiler or qemu is missing, says so and ends with 77: skipped.
#
#   check_neon.sh BUILD [gcc|clang]        BUILD: the folder to build in
set -euo pipefail

build=$1
compiler=${2:-gcc}
[ "$compiler" = clang ] || compiler=aarch64-linux-gnu-gcc
cd "$(dirname "$0")/.."

for command in "$compiler" aarch64-linux-gnu-gcc qemu-aarch64; do
    command -v "$command" > /dev/null && continue
    echo "check_neon: skipped, no $command here (scripts/install_deps.sh cross)"
    exit 77
done

cmake -S tests/checkkern/alone -B "$build" -G Ninja --toolchain "$PWD/cmake/aarch64-linux-gnu.cmake" \
    -DCMAKE_C_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Release -DEFFNET_WERROR=ON > /dev/null
cmake --build "$build" > "$build/build.log" || { cat "$build/build.log"; exit 1; }
ctest --test-dir "$build" --output-on-failure --no-tests=error
