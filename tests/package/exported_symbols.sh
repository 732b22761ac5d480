#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Both libraries give programs the names in tests/exported.txt and no others, and those are the functions of effnet.h.
# After a function was added: nm -D --defined-only build/release/libeffnet.so | awk '{ print $3 }' | sort > tests/exported.txt
#
#   exported_symbols.sh SHARED STATIC NM
set -euo pipefail
export LC_ALL=C

fail=0
compare() { # what
    diff -u --label tests/exported.txt tests/exported.txt --label "$1" - || fail=1
}

"$3" -D --defined-only "$1" | awk '{ print $3 }' | sort | compare "$1"
"$3" -g --defined-only "$2" | awk 'NF == 3 { print $3 }' | sort | compare "$2"
sed -nE 's/^EFFNET_API .*\b(effnet_[a-z0-9_]+)\(.*/\1/p' include/effnet.h | sort | compare include/effnet.h
exit $fail
