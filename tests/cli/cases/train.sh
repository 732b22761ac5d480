# SPDX-License-Identifier: Apache-2.0
#
# Training and evaluating a tiny network: what is said, what is written, what is refused; a run that is ended by a signal goes on and
# ends like one that was not.
FILTER='s/[0-9.e-]+ images\/s/N images\/s/; s/(train|val|average|loss) +[0-9.]+/\1 N/g; s/N +[0-9.]+ %/N P/g; s/(top-[15]|error) [0-9.]+ %/\1 P/g; s/^ +[0-9.]+% +[0-9.]+% +[0-9.]+%/P P P/; s/[0-9.]+ MiB/M MiB/; s/  best$//'
tiny_network > tiny.json
two_classes
options="--data data --arch tiny.json --batch 4 --epochs 3 --val-split 0.25 --size 32 --lr 0.01"
t effnet train $options -o run
ls -A run | grep -v curves.png # which needs cairo
head -1 run/log.csv
wc -l < run/log.csv
t effnet train $options -o run
t effnet train -o run --resume
t effnet train -o run --resume --lr 0.02
t effnet train --config run/config.json -o again -q
cmp run/best.safetensors again/best.safetensors && echo "the same bits"
t effnet train --config run/config.json -o json -q --json --epochs 1 > /dev/null
effnet train --config run/config.json -o json2 -q --json --epochs 1 | json_shape

echo "-- augmented, and pictures that cannot be read"
cp -r data bad && head -c 3000 "$PHOTOS/chelsea.png" > bad/cat/3.png
t effnet train $options -o loud --augment none,mixup=0.2,erase=0.5 --verify-data --cache 1M
grep augment loud/config.json
t effnet train --data bad --arch tiny.json --batch 4 --epochs 1 --val-split 0.25 --size 32 -o bad_run
t effnet train --data bad --arch tiny.json --batch 4 --epochs 1 --val-split 0.25 --size 32 -o bad_run --verify-data

echo "-- interrupted"
interrupted() { # signal command...
    signal=$1
    shift
    env --default-signal "$@" > out &
    child=$!
    while [ ! -s out ] && kill -0 $child 2> /dev/null; do sleep 0.02; done
    kill -"$signal" $child
    { wait $child; } 2> /dev/null
}
t interrupted TERM effnet train --config run/config.json -o cut --epochs 2000
t interrupted INT effnet train -o cut --resume -q

echo "-- eval"
t effnet eval --data data -m run/best.safetensors
t effnet eval --data data -m run/best.safetensors --val-split 0.25 --part train --min-accuracy 0
effnet eval --data data -m run/best.safetensors --json | json_shape
t effnet eval --data data -m run/best.safetensors --part val
mkdir -p more/dog more/cat && cp "$PHOTOS/chelsea.png" more/dog && cp "$PHOTOS/chelsea.png" more/cat
t effnet eval --data more -m run/best.safetensors

echo "-- finetune"
t effnet finetune -m run/best.safetensors --data more -o fine --epochs 1 --head-epochs 1 --val-split 0
t effnet finetune -m run/best.safetensors --data data -o fine2 --freeze body --head-epochs 1 --batch 4 --val-split 0.25 -q

echo "-- refused"
t effnet train --data data -o
t effnet train --data data
t effnet train -o nothing --resume
t effnet train --data nothing -o none
t effnet train $options -o none/none
t effnet train $options -o none --max-memory 1k
t effnet train $options -o none --lr -1
t effnet train $options -o none --optimizer adam
t effnet train $options -o none --recipe size=48
t effnet train $options -o none --augment mirror=2
echo '{"options": {"colour": "red"}}' > config.json
t effnet train --config config.json -o none
echo '{"options": ' > config.json
t effnet train --config config.json -o none
t effnet eval -m run/best.safetensors
