# SPDX-License-Identifier: Apache-2.0
#
# The bar of a run: on terminals, not with -q, not in a pipe.
script -qec true /dev/null < /dev/null > /dev/null 2>&1 || { echo "no pseudo-terminals here"; exit 77; }
tiny_network > tiny.json
mkdir -p one/cat one/dog
for i in 0 1 2 3 4 5 6 7 8 9 10 11; do ln -s "$PHOTOS/chelsea.png" "one/cat/$i.png"; ln -s "$PHOTOS/coffee.png" "one/dog/$i.png"; done
options="--arch tiny.json --batch 64 --epochs 1 --size 32"
on_terminal() { script -qec "$1" /dev/null < /dev/null | tr '\r' '\n' | sed 's/\x1b\[K//g'; }
on_terminal "effnet train --data one -o bar_run $options --batch 2 --val-split 0.1" | grep -aoE '\[[#.]{30}\] +[0-9]+ %  [0-9]+ of [0-9]+ epoch [0-9]+ of [0-9]+, loss [0-9.]+, [0-9]+ images/s, [0-9:]+ left' | head -1 | sed 's/loss.*/LOSS, SPEED, TIME/; s/^[^%]*%/BAR/'
on_terminal "effnet train --data one -o quiet_run -q $options --val-split 0" | grep -ac '\[[#.]'
effnet train --data one -o pipe_run $options --val-split 0 2>&1 | grep -ac '\[[#.]'
