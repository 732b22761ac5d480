#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What the default model costs here: the network alone on one thread and on all, where its time goes, and the whole command from
# start to printed label. Prints processor, kernels and date beside the figures. docs/performance.md tells how to read them.
#
#   bench.sh BUILD
set -euo pipefail

effnet=$1/bin/effnet measure=$1/bench/measure
photo=examples/photos/coffee.png

echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) processors, $(date +%F), $("$effnet" --version)"
echo
"$effnet" bench --threads 1 --layers
[ "$(nproc)" = 1 ] || { echo; "$effnet" bench; }
echo
for threads in 1 $(nproc); do
    echo "a photo from start to label, $threads thread(s): $("$measure" -r 10 "$effnet" classify --threads "$threads" "$photo")"
done | uniq
