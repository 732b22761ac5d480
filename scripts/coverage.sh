#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds with gcov's counters, runs every test, and prints which share of the lines of src/ was reached; the page for each file
# is build/coverage/html/index.html.
set -euo pipefail

build=build/coverage
cmake --preset coverage > /dev/null
cmake --build --preset coverage
find "$build" -name '*.gcda' -delete
scripts/run_tests.sh "$build"
mkdir -p "$build/html"
gcovr --root . --filter src/ --object-directory "$build" --exclude-unreachable-branches \
    --html-details "$build/html/index.html" --txt "$build/coverage.txt" --print-summary
