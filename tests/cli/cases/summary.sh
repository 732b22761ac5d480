# SPDX-License-Identifier: Apache-2.0
#
# A network from its name, from a file, at other sizes; JSON as interface and scripts know it.
t effnet summary efficientnet-b0
tiny_network > tiny.json
t effnet summary tiny.json
t effnet summary tiny.json --size 33x97 --batch 3 --num-classes 0 --in-channels 1
t effnet summary tiny.json --variant symmetric
t effnet summary tf_efficientnet_b0 -q --json
effnet summary mobilenetv2_140 --json | json_shape
effnet summary tiny.json --batch 2 --json | grep -o '"activation_bytes_peak":[0-9]*'
t effnet summary tiny.json --memory --batch 4 --cpu ref --threads 2 --optimizer sgd --recompute
t effnet summary tiny.json --memory --num-classes 0 --cpu ref --threads 1
effnet summary tiny.json --memory --json | json_shape
t effnet summary tiny.json --passes 2
t effnet init tiny.json --seed 1 -q -o tiny.safetensors
t effnet summary tiny.safetensors
effnet summary tiny.safetensors --json | json_shape
effnet summary -m tiny.safetensors --json --size 64x96 | grep -o '"input":[^}]*}'
t effnet summary none.json
t effnet summary none.safetensors
echo '{"name": "x", "blocks": ["r1_k3_s11_e1_i8_o8"], "colour": 1}' > bad.json
t effnet summary bad.json
