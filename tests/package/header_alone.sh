#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# effnet.h needs no other header before it, in C99, C11 and C++, and gives no warning in a program that asks for all of them.
#
#   header_alone.sh CC
set -euo pipefail

warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wundef -Wshadow -Werror -fsyntax-only -Iinclude)
program='#include <effnet.h>
#include <effnet.h>
int main(void) { effnet_error error; error.code = EFFNET_OK; return error.code != EFFNET_OK; }'
for standard in c99 c11 c17; do
    "$1" -x c -std=$standard -Wstrict-prototypes "${warnings[@]}" - <<< "$program"
done
for standard in c++11 c++20; do
    c++ -x c++ -std=$standard -Wold-style-cast "${warnings[@]}" - <<< "$program"
done
