# SPDX-License-Identifier: Apache-2.0
#
# A raw tensor through the network, in both layouts, at sizes of its own.
tiny_network > tiny.json
effnet init tiny.json -q -o tiny.safetensors
npy_tool make nchw 3 3 64 64 > x.npy
npy_tool make nhwc 3 3 64 64 > x.nhwc.npy
t effnet run -m tiny.safetensors --input x.npy -o y.npy
npy_tool shape < y.npy
t effnet run -m tiny.safetensors --input x.nhwc.npy -o y2.npy --layout nhwc --threads 2
cmp y.npy y2.npy
effnet run -m tiny.safetensors --input - -o y2.npy < x.npy
cmp y.npy y2.npy
effnet run -m tiny.safetensors --input x.npy -o map.npy --at reduction_2
effnet run -m tiny.safetensors --input x.nhwc.npy -o map.nhwc.npy --at reduction_2 --layout nhwc
npy_tool shape < map.npy
npy_tool equal-turned map.npy map.nhwc.npy

# Odd and rectangular; more images than one step takes, bit for bit the same.
npy_tool make nchw 1 3 33 97 > odd.npy
t effnet run -m tiny.safetensors --input odd.npy -o odd_map.npy --at features
npy_tool shape < odd_map.npy
npy_tool make nchw 11 3 64 64 > many.npy
effnet run -m tiny.safetensors --input many.npy -o many_y.npy
tail -c +129 y.npy > three
tail -c +129 many_y.npy | head -c "$(wc -c < three)" | cmp - three

# What does not fit.
npy_tool make nchw 1 4 64 64 > four.npy
t effnet run -m tiny.safetensors --input four.npy -o z.npy
t effnet run -m tiny.safetensors --input x.nhwc.npy -o z.npy
npy_tool make nchw 1 3 20 64 > small.npy
t effnet run -m tiny.safetensors --input small.npy -o z.npy
npy_tool make nchw 0 3 64 64 > nothing.npy
t effnet run -m tiny.safetensors --input nothing.npy -o z.npy
t effnet run -m tiny.safetensors --input y.npy -o z.npy
head -c 200 x.npy > cut.npy
t effnet run -m tiny.safetensors --input cut.npy -o z.npy
t effnet run -m tiny.safetensors --input tiny.json -o z.npy
t effnet run -m tiny.safetensors --input none.npy -o z.npy
sed 's/<f4/<f8/' x.npy > double.npy
t effnet run -m tiny.safetensors --input double.npy -o z.npy
t effnet run -m tiny.safetensors --input x.npy -o z.npy --at nowhere
t effnet run -m tiny.safetensors --input /dev/zero -o z.npy
ls z.npy
