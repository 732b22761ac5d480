# SPDX-License-Identifier: Apache-2.0
#
# Other types and names, checked; nothing is lost on the way back.
FILTER='s/[0-9.]+(e-?[0-9]+)?, max/N, max/; s/logit\| [0-9.e+-]+, allowed [0-9.e+-]+/logit| N, allowed N/'
tiny_network > tiny.json
effnet init tiny.json -q --seed 5 -o tiny.safetensors
printf 'ant\nbee\ncat\ndog\nelk\nfox\ngnu\n' > names.txt
t effnet convert tiny.safetensors -o same.safetensors --check
t cmp tiny.safetensors same.safetensors
t effnet convert tiny.safetensors -o half.safetensors --dtype f16 --check
t effnet convert tiny.safetensors -o brain.safetensors --dtype bf16 --check
ls -l tiny.safetensors half.safetensors | awk '{ print ($5 > 20000) ? "large" : "small" }'
for dialect in effnet efficientnet_pytorch torchvision timm; do
    t effnet convert tiny.safetensors -o "$dialect.safetensors" --to "$dialect" --check
    effnet convert "$dialect.safetensors" -q -o back.safetensors && cmp tiny.safetensors back.safetensors
done
t effnet convert tiny.safetensors -o named.safetensors --labels names.txt --recipe inception
effnet summary named.safetensors | grep recipe
effnet classify -m named.safetensors -k 7 "$PHOTOS/coffee.png" | sed -n 's/.*  //p' | sort | head -3
t effnet convert tiny.safetensors -o grey.safetensors --in-channels 1 --num-classes 3 --seed 9 --check
t effnet convert tiny.safetensors -o headless.safetensors --num-classes 0 --check
t effnet convert tiny.safetensors -o tiny.safetensors
cmp tiny.safetensors same.safetensors

# A weight that is no number, the last one of the file: there is nothing to compare.
{ head -c -4 tiny.safetensors; printf '\000\000\300\177'; } > nan.safetensors
t effnet convert nan.safetensors -q -o x.safetensors --check
rm x.safetensors

# What cannot be read, or written.
t effnet convert none.pth -o x.safetensors
echo 'version https://git-lfs.github.com/spec/v1' > pointer.pth
t effnet convert pointer.pth -o x.safetensors
head -c 1000 tiny.safetensors > cut.safetensors
t effnet convert cut.safetensors -o x.safetensors
t effnet convert tiny.safetensors -o none/x.safetensors
t effnet convert tiny.safetensors -o x.safetensors --arch efficientnet-b0
t effnet convert "$PHOTOS/coffee.png" -o x.safetensors
t effnet convert tiny.safetensors -o x.safetensors --ema
ls x.safetensors
