# SPDX-License-Identifier: Apache-2.0
#
# Fresh weights: the same seed gives the same bytes; nothing appears where something failed.
tiny_network > tiny.json
t effnet init tiny.json -o a.safetensors
t effnet init tiny.json -o b.safetensors --seed 0
t cmp a.safetensors b.safetensors
t effnet init tiny.json -q -o b.safetensors --seed 18446744073709551615
t cmp -s a.safetensors b.safetensors
t effnet init -o c.safetensors tiny.json --num-classes 0 --in-channels 4 --size 33x97
effnet summary c.safetensors | head -5
t effnet init tiny.json -o none/c.safetensors
t effnet init nonesuch -o d.safetensors
t effnet init tiny.json -o /dev/full.safetensors --seed -1
mkdir folder.safetensors
t effnet init tiny.json -o folder.safetensors
ls
