#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs the tests of several build folders as one suite, so that there is one summary, at the end. Fails if nothing ran.
#
#   run_tests.sh BUILD...
set -euo pipefail

suite=build/check
mkdir -p "$suite"
for build in "$@"; do
    [ -f "$build/CTestTestfile.cmake" ] || { echo "run_tests: no tests were configured in $build" >&2; exit 1; }
    echo "subdirs(\"$(realpath "$build")\")"
done > "$suite/CTestTestfile.cmake"

exec ctest --test-dir "$suite" --output-on-failure --no-tests=error --no-label-summary --timeout 300 -j "$(nproc)"
