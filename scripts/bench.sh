#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What a photo costs with the default model: the network alone (median of many passes in one process), and the whole command from
# start to printed label, with its peak memory; on one thread and on all. Prints processor, kernels and date beside the figures.
#
#   bench.sh BUILD
set -euo pipefail

effnet=$1/bin/effnet measure=$1/bench/measure
photo=examples/photos/coffee.png
passes=20

echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) processors, $(date +%F), $("$effnet" --version)"
mapfile -t copies < <(yes "$photo" | head -n $passes)
for threads in 1 $(nproc); do
    network=$("$effnet" classify --json --threads "$threads" "${copies[@]}" \
        | sed -nE 's/.*"network": *([0-9.]+).*/\1/p' | sort -n | sed -n "$((passes / 2))p" | xargs printf %.1f)
    echo "$threads thread(s): network alone $network ms (median of $passes); whole command, $(
        "$measure" -r 10 "$effnet" classify --threads "$threads" "$photo")"
done
