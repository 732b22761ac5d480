# SPDX-License-Identifier: Apache-2.0
#
# Vectors and maps to all formats; rows in the order of pictures; the same values in both layouts.
tiny_network > tiny.json
effnet init tiny.json -q -o tiny.safetensors
mkdir pictures
cp "$PHOTOS/chelsea.png" pictures/b.png
cp "$PHOTOS/coffee.png" pictures/a.png
t effnet features -m tiny.safetensors pictures -o pooled.npy
npy_tool shape < pooled.npy
t effnet features -m tiny.safetensors pictures -o pooled2.npy --batch 2 --json
cmp pooled.npy pooled2.npy
t effnet features -m tiny.safetensors pictures/b.png pictures/a.png -q -o swapped.npy
cmp -s pooled.npy swapped.npy || echo "rows follow the command line"
for at in reduction_1 reduction_2 block:0 block:2 features logits; do
    effnet features -m tiny.safetensors pictures -q -o "$at.npy" --at "$at" > rows || echo failed
    effnet features -m tiny.safetensors pictures -q -o "$at.nhwc.npy" --at "$at" --layout nhwc > rows || echo failed
    echo "$at $(npy_tool shape < "$at.npy") $(npy_tool shape < "$at.nhwc.npy") $(npy_tool equal-turned "$at.npy" "$at.nhwc.npy")"
done
t effnet features -m tiny.safetensors pictures -o all.npz --at reduction_1,block:2,pooled,logits
t effnet features -m tiny.safetensors pictures -o all.safetensors --at reduction_1,block:2,pooled,logits
head -c 600 all.safetensors | tail -c +9 | grep -ao '"[a-z_:0-9]*":{"dtype":"F32","shape":\[[0-9,]*\]' | sort
grep -ao '[a-z_:0-9]*\.npy' all.npz | sort -u

# What fails leaves no file; a bad picture has no row.
t effnet features -m tiny.safetensors pictures -o x.npy --at reduction_9
t effnet features -m tiny.safetensors pictures -o none/x.npy
echo text > pictures/aa.png
t effnet features -m tiny.safetensors pictures -o rows.npy
npy_tool shape < rows.npy
t effnet features -m tiny.safetensors pictures/aa.png -o x.npy
ls
