# SPDX-License-Identifier: Apache-2.0
#
# Wrong command lines: 64, one line, a guess where one is near.
t effnet --version
t effnet clasify x.jpg
t effnet xyzzyx
t effnet help summry
t effnet classify
t effnet classify --labls names.txt x.jpg
t effnet classify --l
t effnet classify -z x.jpg
t effnet classify x.jpg -k
t effnet classify x.jpg --top
t effnet classify --json=yes x.jpg
t effnet classify -k 0 x.jpg
t effnet classify -k 5x x.jpg
t effnet classify --threads -1 x.jpg
t effnet classify --batch 99999999999999999999 x.jpg
FILTER='s/these can:.*/these can: .../'
t effnet classify --cpu z80 x.jpg
t env EFFNET_CPU=z80 effnet classify x.jpg
FILTER=
t effnet summary
t effnet summary efficientnet-b0 efficientnet-b1
t effnet summary efficientnet-b0 --size 31
t effnet summary efficientnet-b0 --size 224y224
t effnet summary efficientnet-b9
t effnet features x.jpg
t effnet features x.jpg -o y.txt
t effnet features x.jpg -o y.npy --at pooled,logits
t effnet features x.jpg -o y.npz --at pooled,pooled
t effnet features x.jpg -o y.npz --at ,
t effnet run --input x.npy
t effnet run -o y.npy
t effnet run --input x.npy -o y.npy --layout hwc
t effnet run --input x.npy -o y.npy z.npy
t effnet init efficientnet-b0
t effnet init -o x.safetensors
t effnet init efficientnet-b0 -o x.pth
t effnet convert a.pth
t effnet convert a.pth -o b.safetensors --dtype f64
t effnet convert a.pth -o b.safetensors --to keras
t effnet info extra
t effnet pull
t effnet pull --url ftp://example.org/x
t effnet pull --sha256 xyz --url http://example.org/x
ls
