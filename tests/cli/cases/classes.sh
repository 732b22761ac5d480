# SPDX-License-Identifier: Apache-2.0
#
# What is said of classes that are empty, small or far from equal.
FILTER='s/[0-9.e-]+ images\/s/N images\/s/; s/(train|val|average) +[0-9.]+/\1 N/g; s/N +[0-9.]+ %/N P/g; s/[0-9.]+ MiB/M MiB/; s/  best$//'
tiny_network > tiny.json
fill() { # folder count
    mkdir -p "$1"
    i=0
    while [ $i -lt "$2" ]; do ln -s "$PHOTOS/chelsea.png" "$1/$i.png"; i=$((i + 1)); done
}
options="--arch tiny.json --batch 64 --epochs 1 --size 32"
said() { "$@" 2>&1 > /dev/null | grep warning; }

echo "-- unbalanced, empty, a few"
fill one/many 22
fill one/few 2
fill one/none 0
said effnet train --data one -o one_run $options --val-split 0.1
said effnet train --data one -o one_run2 $options --val-split 0 --balance
t effnet train --data one -o one_run3 -q $options --val-split 0

echo "-- one class"
fill alone/cat 20
said effnet finetune --data alone -o alone_run --head-epochs 1 --freeze body -m one_run/best.safetensors --batch 20

echo "-- many that are small"
for class in a b c d e f g h; do fill "small/$class" 1; done
said effnet train --data small -o small_run $options

echo "-- labels"
(echo file,labels; echo "one/many/0.png,cat;dog"; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do echo "one/many/$i.png,cat"; done) > labels.csv
said effnet train --data labels.csv -o labels_run $options --val-split 0
