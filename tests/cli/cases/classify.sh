# SPDX-License-Identifier: Apache-2.0
#
# Labels in all forms of output. The tiny network's answers mean nothing; that they agree with each other does.
FILTER='s/[0-9]+\.[0-9]+ %/N %/; s/"ms":\{[^}]*\}/"ms":{}/; s/"(probability|logit)":[^,}]*/"\1":N/g; s/,[0-9.e-]+,[0-9.e-]+$/,N,N/; s/[0-9.]+ ms/N ms/g'
tiny_network > tiny.json
effnet init tiny.json -q --seed 3 -o tiny.safetensors
printf 'ant\nbee\ncat, the animal\ndog\n"elk"\nfox\ngnu\n' > names.txt
cp "$PHOTOS/coffee.png" "$PHOTOS/chelsea.png" .
effnet classify -m tiny.safetensors -k 7 coffee.png | sed -n 's/.*  class //p' | sort
t effnet classify -m tiny.safetensors -k 1 --labels names.txt coffee.png chelsea.png
t effnet classify chelsea.png -k 2 -m tiny.safetensors --labels names.txt --csv -- coffee.png
t effnet classify -m tiny.safetensors -k 2 --json coffee.png
effnet classify -m tiny.safetensors --json coffee.png chelsea.png | json_shape
t effnet classify -m tiny.safetensors -k 1 -v coffee.png
effnet classify -m tiny.safetensors -k 1 - < coffee.png | head -1

# More classes asked for than there are; CSV agrees with text; batches, threads and mirror images change nothing they should not.
effnet classify -m tiny.safetensors -k 100 --csv coffee.png | wc -l
effnet classify -m tiny.safetensors -k 7 --csv coffee.png chelsea.png > one
effnet classify -m tiny.safetensors -k 7 --csv coffee.png chelsea.png --batch 2 --threads 1 | cmp - one
effnet classify -m tiny.safetensors -k 7 --csv coffee.png chelsea.png --batch 3 --threads 3 | cmp - one
effnet classify -m tiny.safetensors -k 7 --csv coffee.png chelsea.png --tta > mirrored
cmp -s one mirrored || echo "--tta changes the logits"
effnet classify -m tiny.safetensors -k 7 --csv coffee.png chelsea.png --tta --batch 2 | cmp - mirrored

# One bad picture: reported, the others done, the exit code tells.
printf 'no picture' > text.png
head -c 2000 coffee.png > cut.png
t effnet classify -m tiny.safetensors -k 1 text.png coffee.png missing.png cut.png
t effnet classify -m tiny.safetensors -k 1 --json missing.png coffee.png
t effnet classify -m tiny.safetensors --csv text.png
t effnet classify -m tiny.safetensors --max-pixels 1000 coffee.png
t effnet classify -m tiny.safetensors --max-side 500 coffee.png
: > empty.jpg
t effnet classify -m tiny.safetensors empty.jpg
t effnet classify -m tiny.safetensors -

# A model without classifier, a recipe changed, labels that do not fit.
effnet init tiny.json -q --num-classes 0 -o headless.safetensors
t effnet classify -m headless.safetensors coffee.png
t effnet classify -m tiny.safetensors -k 1 --recipe interpolation=bilinear,crop=1 coffee.png
t effnet classify -m tiny.safetensors --recipe colour=red coffee.png
t effnet classify -m tiny.safetensors --labels coffee.png coffee.png
printf 'one\ntwo\n' > few.txt
t effnet classify -m tiny.safetensors --labels few.txt coffee.png

# Any number of threads and any batch: the same lines in the same order, failures in their places.
mkdir many
for i in $(seq 100 130); do ln -s ../coffee.png many/$i.png; ln -s ../chelsea.png many/$i.b.png; done
ln -sf ../text.png many/103.png
ln -sf ../cut.png many/117.png
ln -sf ../missing.png many/130.png
effnet classify -m tiny.safetensors -k 2 --csv --threads 1 many > one 2> one.err
echo "$? with $(wc -l < one) lines"
cut -d: -f2 one.err
for options in "--threads 2" "--threads 5" "--threads 3 --batch 7"; do
    effnet classify -m tiny.safetensors -k 2 --csv $options many > some 2> some.err
    echo "$?"
    cmp some one && cmp some.err one.err
done
