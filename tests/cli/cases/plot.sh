# SPDX-License-Identifier: Apache-2.0
#
# Pictures as files: both formats at once, from a network and from a model; what cannot be written.
tiny_network > tiny.json
effnet init tiny.json --seed 1 -q -o tiny.safetensors
effnet summary tiny.json --svg tiny.svg --png tiny.png | tail -1
head -c 38 tiny.svg; echo
tail -c 7 tiny.svg
effnet summary tiny.safetensors --json --svg model.svg | grep -o '"name":"tiny"'
cmp tiny.svg model.svg && echo same
# The tests' PNG is a picture that effnet itself can read.
effnet classify -m tiny.safetensors -k 1 tiny.png | head -1
# One block, from inside.
effnet summary tiny.json --block 2 --svg block.svg | head -1
cmp -s tiny.svg block.svg || echo different
t effnet summary tiny.json --block 3 --svg none.svg
t effnet summary tiny.json --block 2
t effnet summary tiny.json --svg tiny.pdf
t effnet summary tiny.json --svg none/tiny.svg
t effnet summary tiny.json --png /dev/full
t effnet summary none.json --svg none.svg
ls
