# SPDX-License-Identifier: Apache-2.0
#
# Figures differ from run to run, so that text is shown without them, JSON by its shape, and both by what must
# hold between the figures.
tiny_network > tiny.json
effnet init tiny.json -q -o tiny.safetensors
FILTER='s/ *[0-9]+\.[0-9]+/ N/g; s/^(processor +).*(, [a-z0-9]+, )/\1CPU\2/'
t effnet bench tiny.json --cpu ref --threads 1 --runs 3 --warmup 0
t effnet bench -q tiny.safetensors --cpu ref --threads 2 --runs 1 --batch 2 --size 33x97 --layers
FILTER='s/ *[+-]?[0-9]+\.[0-9]+/ N/g'
echo "-- predicted"
predicted() { effnet bench "$@" --runs 2 --warmup 0 -q | sed -n '/^predicted/,$p'; }
t predicted tiny.json --cpu ref --threads 1 --predict
t predicted tiny.json --cpu ref --threads 1 --predict --size 48
t predicted tiny.json --cpu ref --threads 1 --predict --size 48
t predicted tiny.json --cpu ref --threads 1 --afresh
times=$(echo "$HOME"/.cache/effnet/latency-*-ref-1-*.json)
printf '{"effnet":1}' > "$times"
effnet bench tiny.json --cpu ref --threads 1 --runs 1 --predict 2>&1 > none.txt | grep -o 'measured times.*replaced'
effnet bench tiny.json --cpu ref --threads 1 --runs 1 --predict -v 2>&1 > none.txt | grep -o 'measured times are in'
FILTER=
echo "-- JSON"
bench() { effnet bench -q --threads 1 --runs 7 --json "$@"; }
bench -m tiny.safetensors | json_shape
bench -m tiny.safetensors --layers | json_shape
bench tiny.json --predict --size 40 --cpu ref | json_shape
bench tiny.json --batch 3 --threads 2 --size 40x64 --cpu ref | grep -oE '"(model|network|size|batch|threads|isa|macs)":[^,]*'
effnet summary tiny.json --size 40x64 --json | grep -oE '"macs":[0-9]*' | head -1
echo "-- what must hold"
figure() { grep -oE "\"$1\":[0-9.]+" bench.json | head -1 | cut -d: -f2; }
bench tiny.json --layers > bench.json
sed -E 's/.*"times_ms":\[([^]]*)\].*/\1/' bench.json | tr , '\n' | sort -g > times
echo "runs $(wc -l < times)"
holds() { awk "BEGIN { print ($2) ? \"holds\" : \"DOES NOT HOLD\", \"$1\" }"; }
holds "least" "$(figure min_ms) == $(sed -n 1p times)"
holds "median" "$(figure median_ms) == $(sed -n 4p times)"
holds "p90" "$(figure p90_ms) == $(sed -n 7p times)"
holds "p99" "$(figure p99_ms) == $(sed -n 7p times)"
near() { echo "($1) / ($2) > 0.999 && ($1) / ($2) < 1.001"; }
holds "throughput" "$(near "$(figure images_per_second)" "1000 / $(figure median_ms)")"
holds "share" "$(near "$(figure fraction_of_peak)" "2e-6 * $(figure macs) / $(figure min_ms) / $(figure fma_peak_gflops)")"
holds "memory" "$(figure peak_rss_bytes) > 1e6"
holds "ready" "$(figure ready_ms) > 0"
sum() { grep -oE "\"$1\":[0-9.]+" bench.json | cut -d: -f2 | awk '{ s += $1 } END { print s }'; }
holds "layers together take the net" "$(near "$(sum fraction_of_network)" 1)"
holds "their multiply-adds are the net's" "$(sum macs) == 2 * $(figure macs)" # the net's own is one of those summed
echo "-- training"
FILTER='s/ *[0-9]+\.[0-9]+/ N/g; s/^(processor +).*(, [a-z0-9]+, )/\1CPU\2/'
t effnet bench tiny.json --train --cpu ref --threads 1 --runs 2 --warmup 0 --batch 3
FILTER='s/ *[0-9]+\.[0-9]+/ N/g; s/^(processor +).*,/\1CPU,/'
t effnet bench -q tiny.safetensors --train --recompute --optimizer sgd --threads 2 --runs 1 --batch 4 --passes 2 --size 33x97
FILTER=
bench tiny.json --train --batch 2 --optimizer adamw | json_shape
bench tiny.safetensors --train --batch 2 --size 40x64 --cpu ref > bench.json
grep -oE '"(size|batch|macs|optimizer|passes|recomputes|parameters)":[^,}]*' bench.json
holds "throughput" "$(near "$(figure images_per_second)" "2 * 1000 / $(figure median_ms)")"
holds "share" "$(near "$(figure fraction_of_peak)" "3 * 2 * 2e-6 * $(figure macs) / $(figure min_ms) / $(figure fma_peak_gflops)")"
holds "memory" "$(figure peak_rss_bytes) > $(figure planned_bytes) && $(figure planned_bytes) > 1e5"
echo "-- networks without weights, models without a classifier"
t effnet bench mobilenet-v2-0.35 --size 32 --runs 1 --warmup 0 --json -q --cpu z80
effnet bench mobilenet-v2-0.35 --size 32 --runs 1 --warmup 0 --threads 1 2>&1 | grep -E 'mobilenet|input'
effnet bench --arch efficientnet_b0 --size 32 --runs 1 --warmup 0 --threads 1 2>&1 | grep -E 'efficientnet|input'
effnet init tiny.json --num-classes 0 -q -o none.safetensors
bench none.safetensors --layers | grep -oE '"name":"[^"]*"'
echo "-- errors"
t effnet bench nothing
t effnet bench none.json
t effnet bench none.pth
t effnet bench tiny.json tiny.json
t effnet bench -m tiny.json tiny.json
t effnet bench tiny.json --runs 0
t effnet bench tiny.json --size 31
t effnet bench tiny.json --batch 0
t effnet bench tiny.json --train --layers
t effnet bench tiny.json --train --predict
t effnet bench tiny.json --recompute
t effnet bench tiny.json --train --optimizer adam
t effnet bench none.safetensors --train
t effnet bench tiny.json --train --batch 4 --max-memory 100k
