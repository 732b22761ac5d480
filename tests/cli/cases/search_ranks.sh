# SPDX-License-Identifier: Apache-2.0
#
# A search divided among processes by mpirun: the ranking of one process; a signal to all; a rank that is killed.
use_mpirun

# Of several ranks the first one's words; mpirun's own go to `launcher`.
ranks() { # number command...
    number=$1
    shift
    mpirun -n "$number" "$@" > out 2> launcher
    code=$?
    grep '^effnet:' launcher >&2
    return $code
}

two_classes
small_network > small.json
options="--data data --arch small.json --alpha 2 --beta 1 --gamma 1 --batch 4 --val-split 0.5 -q"
t effnet search $options --epochs 2 -o one > /dev/null
t ranks 3 effnet search $options --epochs 2 -o several
grep -c '^ *[1-5] ' out
for run in one several; do sed '1d' $run/ranking.csv | cut -d, -f-19 > $run.csv; done # without times
cmp one.csv several.csv && echo "the same ranking"
t ranks 1 effnet search -o one --resume -q

echo "-- in groups"
t ranks 3 effnet search $options --epochs 2 --group 2 -o pairs
t ranks 5 effnet search $options --epochs 2 --group 2 -o more_pairs
for run in pairs more_pairs; do sed '1d' $run/ranking.csv | cut -d, -f-19 > $run.csv; done
cmp pairs.csv more_pairs.csv && echo "the same ranking"
t ranks 3 effnet search -o pairs --resume
t ranks 4 effnet search $options --group 2 -o none
t ranks 3 effnet search $options --group 3 -o none
t effnet search $options --group 2 -o none

echo "-- interrupted"
disturbed() { # command...
    rm -rf cut.out
    ranks 3 "$@" &
    while [ ! -d cut/candidates ]; do sleep 0.02; done
    for launcher in $(cat /proc/$!/task/$!/children); do kill -USR1 "$launcher"; done
    { wait $!; } 2> /dev/null
}
t disturbed effnet search $options --epochs 3000 -o cut
t effnet search $options -o cut
