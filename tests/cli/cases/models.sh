# SPDX-License-Identifier: Apache-2.0
#
# Where a model that is given by name is looked for, and in what order.
tiny_network > tiny.json
mkdir -p one two "$HOME/.local/share/effnet" data/effnet hub/folder
for place in one two "$HOME/.local/share/effnet" data/effnet; do
    effnet init tiny.json -q -o "$place/mine.safetensors"
done
found() { effnet classify -v -k 1 "$@" "$PHOTOS/coffee.png" 2>&1 | sed -n "s|^effnet: model: ||p" | sed "s|$scratch|SCRATCH|"; }
found -m mine
XDG_DATA_HOME=$PWD/data found -m mine
XDG_DATA_HOME=relative found -m mine
EFFNET_MODELS=two:one found -m mine
EFFNET_MODELS=:none::one: found -m mine
cp one/mine.safetensors mine
found -m mine
found -m ./mine
found -m one/mine.safetensors
rm mine

# The default model, and names nobody knows.
cp one/mine.safetensors two/efficientnet-lite0.safetensors
EFFNET_MODELS=two found
t effnet classify -m yours "$PHOTOS/coffee.png"
t effnet classify -m efficientnet-b0.aa "$PHOTOS/coffee.png"
t effnet classify -m one/yours.safetensors "$PHOTOS/coffee.png"
t effnet classify -m one "$PHOTOS/coffee.png"

# A known checkpoint is found under the name of its file.
cp one/mine.safetensors two/efficientnet-b0-355c32eb.pth
EFFNET_MODELS=two t effnet summary efficientnet-b0.aa -q --json > known
tail -1 known

# Weights that are no numbers, and numbers that are too large: told once, and the pictures are done all the same.
{ head -c -4 one/mine.safetensors; printf '\000\000\300\177'; } > nan.safetensors
t effnet classify -m nan.safetensors -k 1 "$PHOTOS/coffee.png" "$PHOTOS/coffee.png"
t effnet features -m nan.safetensors -q -o x.npy "$PHOTOS/coffee.png"
t effnet features -m nan.safetensors -o x.npy "$PHOTOS/coffee.png"
t effnet classify -m nan.safetensors --strict "$PHOTOS/coffee.png"
