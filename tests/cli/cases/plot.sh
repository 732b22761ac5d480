# SPDX-License-Identifier: Apache-2.0
#
# Pictures and charts as files: both formats at once, from a network and from a model; what cannot be written.
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
# Costs: each command prints what it prints without a picture.
same_text() { # command...: and writes chart.svg
    rm -f chart.svg
    effnet "$@" -q > plain
    effnet "$@" -q --svg chart.svg | cmp - plain && tail -c 7 chart.svg
}
same_text cost tiny.json
same_text cost tiny.json --json
same_text scale --published
same_text scale tiny.json --phi 0.5,1
same_text scale tiny.json --max-macs 2M
same_text scale mobilenet-v2 --compare --csv
same_text scale tiny.json --compare
t effnet cost --svg cost.svg
t effnet scale tiny.json --depth 2 --svg depth.svg
t effnet scale tiny.json --phi 1 --svg none/x.svg
t effnet scale --published --png none/x.png
t effnet cost tiny.json --png none/x.png
t effnet summary tiny.json --svg tiny.pdf
t effnet summary tiny.json --svg none/tiny.svg
t effnet summary tiny.json --png /dev/full
t effnet summary none.json --svg none.svg
rm -f plain
ls
