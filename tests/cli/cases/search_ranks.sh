# SPDX-License-Identifier: Apache-2.0
#
# A search divided among processes by mpirun: the ranking of one process; a signal to all; a rank that is killed.
command -v mpirun > /dev/null && effnet info | grep -qE '^ +openmpi +[0-9]' || { echo "mpirun is not here"; exit 77; }
export OMPI_MCA_plm_rsh_agent=sh OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export ASAN_OPTIONS=detect_leaks=0 # Open MPI keeps much to the end

# Of several ranks the first one's words; mpirun's own go to `launcher`.
ranks() { # number command...
    number=$1
    shift
    mpirun -n "$number" "$@" > out 2> launcher
    code=$?
    grep '^effnet:' launcher >&2
    return $code
}

for class in cat coffee; do mkdir -p "data/$class"; done
for i in 1 2 3 4 5 6 7 8; do cp "$PHOTOS/chelsea.png" "data/cat/$i.png"; cp "$PHOTOS/coffee.png" "data/coffee/$i.png"; done
cat > small.json << 'END'
{"name": "small", "blocks": ["r1_k3_s22_e1_i8_o8", "r1_k3_s22_e2_i8_o8"], "size": 32, "stem": {"filters": 8}, "head": {"filters": 16}}
END
options="--data data --arch small.json --alpha 2 --beta 1 --gamma 1 --batch 4 --val-split 0.5 -q"
t effnet search $options --epochs 2 -o one > /dev/null
t ranks 3 effnet search $options --epochs 2 -o several
grep -c '^ *[1-5] ' out
for run in one several; do sed '1d' $run/ranking.csv | cut -d, -f-19 > $run.csv; done # without times
cmp one.csv several.csv && echo "the same ranking"
t ranks 1 effnet search -o one --resume -q

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
