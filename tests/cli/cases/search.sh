# SPDX-License-Identifier: Apache-2.0
#
# The search for alpha, beta and gamma: its candidates; what it writes; interrupted, resumed, refused.
tiny_network > tiny.json
t effnet search --dry-run --arch tiny.json
t effnet search --dry-run --arch tiny.json --by-macs --tolerance 0.05
effnet search --dry-run --arch tiny.json --json | json_shape
for step in 0.1 0.05; do
    effnet search --dry-run --step $step --json | grep -oE '"(points|survivors)":[0-9]+'
    effnet search --dry-run --step $step --json | grep -o '"kind":"[a-z]*"' | sort | uniq -c
done

echo "-- refused"
t effnet search --dry-run --alpha 2,1
t effnet search --dry-run --alpha 0.5,2
t effnet search --dry-run --gamma 1,x
t effnet search --dry-run --step 0
t effnet search --dry-run --tolerance 3
t effnet search --dry-run --alpha 1 --beta 1 --gamma 1,1.2
t effnet search --dry-run --step 0.0005
t effnet search --dry-run --arch tiny.json --size 16
t effnet search --dry-run --arch tiny.json --gamma 1,1.5 --multiple 0
t effnet search --dry-run extra
t effnet search --data data
t effnet search -o nothing --resume

echo "-- a whole one"
FILTER='s/about [0-9].*s on/about T on/; s/ +[0-9.]+ %.*$/ P/; s/[0-9.]+ %/P/g; s/( +[0-9.e+-]+ (s|min|h))+( +=|$)/ T\3/'
two_classes
small_network > small.json
options="--data data --arch small.json --alpha 2 --beta 1 --gamma 1 --batch 4 --val-split 0.5"
t effnet search $options --epochs 3 --halving --dry-run
effnet search $options --epochs 3 --halving -o found > out 2> err
echo "= $?"
grep -cE '^ +[0-9]+ ' out
ls found | grep -v 'phi[2-7]' # which of four pictures are recognised, and so what wins, differs between kernels
head -1 found/ranking.csv
wc -l < found/ranking.csv
tr '\n' ' ' < found/ranking.json | json_shape | head -c 300
echo
effnet summary found/phi1.json | grep -c '^total'
grep -cE 'src=.data:image/svg|http:|https:' found/report.html
sed -E 's/<[^>]*>//g' found/report.html | grep -c 'Search for alpha'
effnet search -o found --resume > again 2> err
tail -$(wc -l < again) out | cmp - again && echo "the same again"
t effnet search -o found --resume --epochs 4
t effnet search $options -o found --epochs 3 --halving
t effnet search -o data/cat/1.png $options
t effnet search -o small_memory $options --max-memory 1k -q
interrupted() { # command...
    env --default-signal "$@" > cut.out &
    child=$!
    while [ ! -d cut/candidates ] && kill -0 $child 2> /dev/null; do sleep 0.02; done
    kill -TERM $child
    { wait $child; } 2> /dev/null
}
t interrupted effnet search $options -o cut --epochs 200 --threads 2 -q
effnet_without search -o found --resume -q --json > /dev/null && echo "without cairo, too"
