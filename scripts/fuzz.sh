#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs every libFuzzer target of a build for some seconds each, one on every processor. Starts from fuzz/corpus/<topic> where
# there is one, keeps what it finds in BUILD/corpus/<topic>, and inputs that fail in BUILD/crashes. Fails if a target fails or
# if there is none.
#
#   fuzz.sh BUILD [SECONDS]
set -euo pipefail

build=$(realpath "$1")
export seconds=${2:-60} build

fuzz_one() { # target
    local topic=${1##*/fuzz_} log
    log=$build/$topic.log
    mkdir -p "$build/corpus/$topic" "$build/crashes"
    local seeds=()
    [ ! -d "fuzz/corpus/$topic" ] || seeds=("fuzz/corpus/$topic")
    # Limits: no input may take more than 5 s or make the parser ask for more than 64 MB at once.
    if "$1" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=768 -malloc_limit_mb=64 -max_len=65536 \
        -artifact_prefix="$build/crashes/$topic-" -print_final_stats=1 \
        "$build/corpus/$topic" "${seeds[@]}" > "$log" 2>&1 < /dev/null; then
        echo "fuzz $topic: passed, $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs in $seconds s"
    else
        echo "fuzz $topic: FAILED"
        tail -n 40 "$log"
        return 1
    fi
}
export -f fuzz_one

targets=$(find "$build/fuzz" -maxdepth 1 -type f -name 'fuzz_*' -executable | sort)
[ -n "$targets" ] || { echo "fuzz.sh: no fuzz targets in $build" >&2; exit 1; }
xargs -P "$(nproc)" -I{} bash -c 'fuzz_one {}' <<< "$targets"
