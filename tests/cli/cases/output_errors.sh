# SPDX-License-Identifier: Apache-2.0
#
# Output that cannot be written is never lost in silence.
tiny_network > tiny.json
effnet init tiny.json -q -o tiny.safetensors
to_full() { "$@" > /dev/full; }
to_closed() { "$@" >&-; }
t to_full effnet --version
t to_full effnet help classify
t to_full effnet summary tiny.json
t to_full effnet classify -m tiny.safetensors "$PHOTOS/coffee.png" "$PHOTOS/chelsea.png"
t to_full effnet info --json
t to_closed effnet summary tiny.json
t to_closed effnet classify -m tiny.safetensors --json "$PHOTOS/coffee.png"

# With standard output closed, the output file must not get what is printed.
t to_closed effnet features -m tiny.safetensors "$PHOTOS/coffee.png" -o closed.npy
npy_tool shape < closed.npy

# A reader that has gone: quietly, as any program.
for i in 1 2 3 4 5 6 7 8; do cp "$PHOTOS/chelsea.png" "$i.png"; done
effnet classify -m tiny.safetensors -k 1 ./*.png 2> said | head -1
cat said

# A file system that is full, and a file that may not grow: the old file stays, no temporary one is left.
echo old > old.safetensors
limited() { (ulimit -f 8; trap '' XFSZ; exec "$@"); }
t limited effnet init tiny.json -o old.safetensors
cat old.safetensors
t effnet init tiny.json -o /dev/full
t effnet features -m tiny.safetensors "$PHOTOS/coffee.png" -o none/x.npy
ls -A | grep -v png
