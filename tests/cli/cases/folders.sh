# SPDX-License-Identifier: Apache-2.0
#
# Folders: sorted, recursive, pictures only, links that form a loop, names meant to harm.
tiny_network > tiny.json
effnet init tiny.json -q -o tiny.safetensors
export EFFNET_MODELS="$PWD"
mkdir -p tree/b/deep tree/a tree/empty void
cp "$PHOTOS/chelsea.png" tree/b/deep/2.png
cp "$PHOTOS/chelsea.png" tree/a/10.PNG
cp "$PHOTOS/chelsea.png" tree/a/9.png
cp "$PHOTOS/chelsea.png" tree/a/by_content
echo notes > tree/a/notes.txt
echo notes > tree/.DS_Store
echo AppleDouble > tree/a/._9.png
mkdir tree/.thumbnails && cp "$PHOTOS/chelsea.png" tree/.thumbnails
mkfifo tree/a/pipe.jpg
ln -s ../.. tree/b/deep/up
ln -s ../a/9.png tree/b/link.png
paths() { effnet classify -m tiny -k 1 "$@" | grep -v %; }
paths tree
echo "again, one by one"
paths tree/b/ tree/a/9.png tree/a
t effnet classify -m tiny void
echo GIF89a > tree/a/old.gif
FILTER='s/[0-9.]+ %/N %/; s/class [0-9]/class N/' t effnet classify -m tiny -k 1 tree/a
ln -s nowhere void/gone.jpg
t effnet classify -m tiny void
t effnet classify -m tiny tree/a/pipe.jpg

# Line feed, escape, a byte that is no UTF-8, a comma and quotes, a leading dash.
mkdir hostile
for name in "$(printf 'line\nfeed.png')" "$(printf 'red\033[31m.png')" "$(printf 'byte\377.png')" 'comma, "quote".png' \
    'grüße.png' -k.png; do
    cp "$PHOTOS/chelsea.png" "./hostile/$name"
done
paths hostile
effnet classify -m tiny --json -k 1 hostile | grep -o '"path":"\([^"\\]\|\\.\)*"'
effnet classify -m tiny --json -k 1 hostile | json_shape | sort -u
effnet classify -m tiny --csv -k 1 hostile | grep -a comma | cut -d, -f1-3
(cd hostile && effnet classify -m tiny -k 1 -- -k.png | head -1)
rm hostile/*
for name in "$(printf 'line\nfeed.png')" "$(printf 'red\033[31m.png')" "$(printf 'byte\377.png')"; do
    echo bad > "hostile/$name"
done
t effnet classify -m tiny hostile
t effnet classify -m tiny --json hostile
