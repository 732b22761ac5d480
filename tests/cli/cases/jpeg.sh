# SPDX-License-Identifier: Apache-2.0
#
# JPEG and WebP: told by content; one that ends early only on request; turned only on request.
FILTER='s/[0-9.]+ %/N %/; s/class [0-9]/class N/'
tiny_network > tiny.json
effnet init tiny.json -q -o tiny.safetensors
images=$here/../data/image
cp "$images/jpeg_420.jpg" photo.png
cp "$images/webp_lossy.webp" .
t effnet classify -m tiny.safetensors -k 1 photo.png webp_lossy.webp
effnet classify -m tiny.safetensors -k 1 --json photo.png webp_lossy.webp | grep -o '"format":"[a-z]*"'
head -c $(($(wc -c < photo.png) * 3 / 4)) photo.png > cut.jpg
t effnet classify -m tiny.safetensors -k 1 cut.jpg
t effnet classify -m tiny.safetensors -k 1 --allow-truncated cut.jpg

# The same picture with an EXIF block that asks for a quarter turn (orientation 6) after the start marker.
{
    printf '\377\330\377\341\0\042Exif\0\0MM\0\052\0\0\0\010\0\001\001\022\0\003\0\0\0\001\0\006\0\0\0\0\0\0'
    tail -c +3 photo.png
} > turned.jpg
shown() { effnet classify -m tiny.safetensors --json "$@" | grep -o '"width":[0-9]*,"height":[0-9]*\|"orientation":[0-9]'; }
shown photo.png
shown turned.jpg
shown turned.jpg --exif
logits() { effnet classify -m tiny.safetensors -k 7 --csv "$@" | cut -d, -f2-; }
[ "$(logits photo.png)" = "$(logits turned.jpg)" ] && echo "not turned: the same answer"
[ "$(logits photo.png)" = "$(logits turned.jpg --exif)" ] || echo "turned: another answer"
