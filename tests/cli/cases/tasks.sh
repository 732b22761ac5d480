# SPDX-License-Identifier: Apache-2.0
#
# Several labels for a picture, and values: learned from a table, kept in the model, followed by classify and eval.
FILTER='s/[0-9.e-]+ images\/s/N images\/s/; s/-?[0-9]+\.[0-9]+(e-?[0-9]+)?/N/g; s/error -?[0-9]+/error N/g; s/^ +-?[0-9]+  / N  /; s/N +%/N %/g; s/ +N/ N/g; s/  best$//; s/[0-9.]+ MiB/M MiB/'
tiny_network > tiny.json
cp "$PHOTOS/chelsea.png" "$PHOTOS/coffee.png" .
for i in 1 2 3 4; do echo "chelsea.png,fur;ears"; echo "coffee.png,cup"; done > rows
(echo "file,labels"; cat rows) > labels.csv
(echo "file,warmth,ears"; for i in 1 2 3 4; do echo "chelsea.png,37.5,2"; echo "coffee.png,60,0"; done) > values.csv
sed 1d values.csv | cut -d, -f1,2 > bare.csv
options="--arch tiny.json --batch 4 --epochs 2 --size 32 --lr 0.01 --val-split 0.25 -q"

echo "-- labels"
effnet train --data labels.csv -o labels $options > log && wc -l < log
effnet classify -m labels/best.safetensors chelsea.png | sed -E "$FILTER" | sort
effnet classify -m labels/best.safetensors --json -k 2 chelsea.png | json_shape
t effnet eval -m labels/best.safetensors --data labels.csv
t effnet convert labels/best.safetensors --check -o half.safetensors --dtype f16
effnet classify -m half.safetensors --csv chelsea.png | cut -d , -f 4 | sort

echo "-- values"
effnet train --data values.csv -o values $options > log && wc -l < log
t effnet classify -m values/best.safetensors chelsea.png coffee.png
t effnet classify -m values/best.safetensors -k 1 --csv chelsea.png
effnet classify -m values/best.safetensors --json chelsea.png | json_shape
t effnet eval -m values/best.safetensors --data values.csv
t effnet finetune -m labels/best.safetensors --data bare.csv --task values -o bare --head-epochs 1 --epochs 1 -q
t effnet classify -m bare/best.safetensors chelsea.png

echo "-- what does not fit"
mkdir -p folders/cup folders/fur && cp coffee.png folders/cup && cp chelsea.png folders/fur
t effnet eval -m labels/best.safetensors --data folders
t effnet eval -m values/best.safetensors --data labels.csv
t effnet eval -m values/best.safetensors --task classes --data values.csv
t effnet classify -m labels/best.safetensors --task value chelsea.png
