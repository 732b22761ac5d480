# SPDX-License-Identifier: Apache-2.0
#
# eval --report and curves.png: what is in the folders, that nothing hostile gets into the page, and what happens where files cannot
# be written or pictures not be drawn.
FILTER='s/[0-9.]+ (%|MiB)/N \1/g; s/(loss|error) [0-9.]+/\1 N/g; s/ +[0-9.]+% +[0-9.]+% +[0-9.]+%/ N N N/; s/N N N +[0-9.]+%/N N N N/'
tiny_network > tiny.json
hostile='<script>"a"&b'
for class in cat "$hostile"; do mkdir -p "data/$class"; done
for i in 1 2 3; do cp "$PHOTOS/chelsea.png" "data/cat/$i.png"; cp "$PHOTOS/coffee.png" "data/$hostile/<i>$i.png"; done
(echo "file,labels"; echo "cat/1.png,fur;ears"; echo "cat/2.png,fur"; echo "cat/3.png,") > data/labels.csv
(echo "file,warmth,ears"; echo "cat/1.png,37.5,2"; echo "cat/2.png,12,2") > data/values.csv
options="--arch tiny.json --batch 4 --epochs 2 --size 32 --lr 0.01 --val-split 0 -q"
effnet train --data data -o run $options > log
effnet train --data data/labels.csv -o labels $options > log
effnet train --data data/values.csv -o values $options > log
is_png() { head -c 4 "$1" | tail -c 3; echo " $1"; }
ls -A run
is_png run/curves.png
env --default-signal effnet train --config run/config.json -o cut -q --epochs 2000 > said &
while [ ! -s said ] && kill -0 $! 2> /dev/null; do sleep 0.02; done
kill $!
{ wait $!; } 2> /dev/null
is_png cut/curves.png

echo "-- classes"
t effnet eval -m run/best.safetensors --data data --report all/of/it
ls -A all/of/it
is_png all/of/it/confusion.png
is_png all/of/it/reliability.png
head -1 all/of/it/confusion.csv
cut -d , -f 1,2 all/of/it/classes.csv
head -1 all/of/it/pictures.csv
wc -l < all/of/it/pictures.csv
wc -l < all/of/it/calibration.csv
json_shape < all/of/it/report.json
grep -c 'data:image/bmp;base64,Qk0' all/of/it/report.html
grep -o '&lt;script&gt;&quot;a&quot;&amp;b' all/of/it/report.html | sort -u
grep -o 'data/[^<]*&lt;i&gt;2.png' all/of/it/report.html
grep -ciE '<script|https?:|<link|<i>|@import|url\(' all/of/it/report.html

echo "-- a picture that cannot be read"
mkdir -p bad/cat && head -c 3000 "$PHOTOS/chelsea.png" > bad/cat/1.png && cp "$PHOTOS/chelsea.png" bad/cat/2.png
t effnet eval -m run/best.safetensors --data bad --report bad_report
wc -l < bad_report/pictures.csv
grep -o '1 pictures; 1 could not be read' bad_report/report.html

echo "-- labels and values"
t effnet eval -m labels/best.safetensors --data data/labels.csv --report labels_report
ls -A labels_report
t effnet eval -m values/best.safetensors --data data/values.csv --report values_report --json -q > log
ls -A values_report
cut -d , -f 1,2 values_report/pictures.csv | sort
is_png values_report/values.png

echo "-- again, over a file, over nothing that can be written, without room"
echo mine > all/of/it/notes.txt
echo old > all/of/it/classes.csv
effnet eval -m run/best.safetensors --data data --report all/of/it > log && head -1 all/of/it/classes.csv && cat all/of/it/notes.txt
t effnet eval -m run/best.safetensors --data data --report tiny.json
t effnet eval -m run/best.safetensors --data data --report tiny.json/report
sum=$(cksum < all/of/it/report.html)
limited() { (ulimit -f 8; trap '' XFSZ; exec "$@"); }
t limited effnet eval -m run/best.safetensors --data data --report all/of/it
[ "$sum" = "$(cksum < all/of/it/report.html)" ] && ls -A all/of/it | wc -l

echo "-- without cairo"
t effnet_without eval -m run/best.safetensors --data data --report plain
ls -A plain
t effnet_without train --data data -o plain_run --arch tiny.json --epochs 1 --size 32 --val-split 0.4 --json > log
sed -n 's/^! //p' log
ls -A plain_run
