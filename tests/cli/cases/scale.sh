# SPDX-License-Identifier: Apache-2.0
#
# Networks planned: by phi, by factors, to budgets; the published table; strategies compared; the file that comes of it
# in the other commands; every way to ask for what cannot be.
t effnet scale --phi 2
t effnet scale mobilenet-v2 --depth 1.4 --width 1.2 --resolution 1.3 --multiple 32
t effnet scale --max-macs 1G --max-params 8M
t effnet scale --max-macs 1e9 --alpha 2 --beta 1 --gamma 1
t effnet scale --published
t effnet scale --published --alpha 1 --csv
effnet scale --published --json | sed 's/"paper_top1":null/"paper_top1":0.5/g' | json_shape
t effnet scale mobilenet-v2 --compare
t effnet scale --compare
t effnet scale mobilenet-v2 --compare --max-macs 1.2G --csv
effnet scale --compare --phi 1 --json | grep -oE '"(strategy|macs|paper_top1|top1)":[^,}]*'
printf 'network,top1\r\nbaseline,71.5\n"depth",75\nmobilenet-v2-d1.4-w1.2-r1.3,76.25,best\n\n' > own.csv
t effnet scale mobilenet-v2 --compare --accuracy own.csv

echo "-- the file"
tiny_network > tiny.json
t effnet scale tiny.json --phi 1.5 -q --json -o scaled.json
cat scaled.json; echo
effnet summary scaled.json | grep -E '^(network|total)'
t effnet init scaled.json -q -o scaled.safetensors
effnet bench --arch scaled.json -q --runs 1 --warmup 0 | grep '^network'
mkdir -p data/a data/b
for n in 1 2; do
    cp "$PHOTOS/chelsea.png" "data/a/$n.png" && cp "$PHOTOS/coffee.png" "data/b/$n.png"
done
effnet train --arch scaled.json --data data -o run --epochs 1 --batch 2 --val-split 0 -q > none.txt && effnet summary run/best.safetensors | grep '^network'
t effnet scale scaled.json --phi 0 --size 64x96 -q
effnet scale tiny.json --phi 0,1,2 --json | json_shape
effnet scale tiny.json --phi 0,1,2 -q | grep -E '^(scaling|together)'

echo "-- memory and latency"
effnet scale tiny.json --max-memory 4MiB --threads 1 -q | grep -E '^memory, bytes +4,194,304 .* binds$' > /dev/null && echo "memory binds"
effnet scale tiny.json --max-latency 2 --threads 1 --json -q | json_shape
effnet scale tiny.json --max-macs 20M --max-latency 200 --cpu ref --threads 1 -q | grep -cE '^latency, ms +200.000 '
t effnet scale tiny.json --max-macs 20M --max-training-memory 40MiB --batch 4 --optimizer sgd --cpu ref --threads 1
effnet scale tiny.json --max-macs 20M --max-training-memory 400MiB --cpu ref --threads 1 --json -q | json_shape
t effnet scale tiny.json --max-training-memory 10k
t effnet scale --phi 1 --recompute

echo "-- refused"
t effnet scale
t effnet scale --phi nan
t effnet scale --phi 1,x
t effnet scale --phi 60
t effnet scale --phi 1 --max-macs 1G
t effnet scale --phi 1 --depth 2
t effnet scale --alpha 0 --phi 1
t effnet scale --alpha 1 --beta 1 --gamma 1 --max-macs 1G
t effnet scale --max-macs 1000
t effnet scale --max-macs 4.2Q
t effnet scale --max-macs 0
t effnet scale --max-latency 0
t effnet scale --width 0.05
t effnet scale --resolution 0.1
t effnet scale --width 101
t effnet scale --resolution 1e30
t effnet scale --depth 2 --resolution 2 --width 90
t effnet scale --published --phi 1
t effnet scale --compare --phi 1,2
t effnet scale --phi 1 --csv
t effnet scale --phi 1 --accuracy own.csv
t effnet scale --phi 1,2 -o x.json
t effnet scale --phi 1 -o x.txt
t effnet scale --phi 1 -o none/x.json
t effnet scale none.json --phi 1
printf 'a,1\nb,x\n' > bad.csv
t effnet scale --compare --accuracy bad.csv
t effnet scale --compare --accuracy none.csv

echo "-- warned of"
t effnet scale tiny.json --phi 1 --alpha 1.5 --json -o x.json
t effnet scale tiny.json --resolution 0.9 --json -o x.json
