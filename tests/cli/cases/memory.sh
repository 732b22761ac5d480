# SPDX-License-Identifier: Apache-2.0
#
# Without enough memory: 71 and a word. Not under sanitizers, which take address space without end.
tiny_network > tiny.json
effnet init tiny.json -q -o tiny.safetensors
limited() { (ulimit -v 400000 && exec "$@"); }
t limited effnet classify -q -m tiny.safetensors --batch 64 --recipe size=2048 "$PHOTOS/coffee.png"
t limited effnet features -q -m tiny.safetensors --batch 1024 --at reduction_1 --recipe size=512 -o x.npy "$PHOTOS/coffee.png"
ls
