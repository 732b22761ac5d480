# SPDX-License-Identifier: Apache-2.0
#
# Several processes that train together, by mpirun: what is said and written, and by whom; the same bits again; a signal to one, an
# error of one, one that is killed and one that is stopped. And where Open MPI is not there.
echo "-- without Open MPI"
: > libmpi.so.40
t env LD_LIBRARY_PATH=. OMPI_COMM_WORLD_SIZE=2 effnet train --data data -o run
t env LD_LIBRARY_PATH=. SLURM_STEP_NUM_TASKS=8 effnet finetune --data data -o run
rm libmpi.so.40

use_mpirun
FILTER='s/[0-9.e-]+ images\/s/N images\/s/; s/(train|val|average|loss) +[0-9.]+/\1 N/g; s/N +[0-9.]+ %/N P/g; s/[0-9]+ MiB/M MiB/; s/  best$//; s/ on [^ ]+ has/ on HOST has/'

# Of several ranks the first one's words; mpirun's own go to `launcher`.
ranks() { # number command...
    number=$1
    shift
    mpirun -n "$number" "$@" 2> launcher
    code=$?
    grep '^effnet:' launcher >&2
    return $code
}

# Sends a signal to process number $2 of those that mpirun starts (0: mpirun) when the first epoch is done.
disturbed() { # signal process number command...
    signal=$1 process=$2
    shift 2
    rm -f out
    ranks "$@" > out &
    while [ ! -s out ]; do sleep 0.02; done
    for launcher in $(cat /proc/$!/task/$!/children); do
        children=$(cat "/proc/$launcher/task/$launcher/children")
        set -- $launcher $children
        shift "$process"
        [ -z "$children" ] || kill -"$signal" "$1"
    done
    { wait $!; } 2> /dev/null
}

tiny_network > tiny.json
two_classes
options="--data data --arch tiny.json --batch 3 --epochs 3 --val-split 0.25 --size 32 --lr 0.01 --rank-timeout 5"

echo "-- several"
t ranks 2 effnet train $options -o run
ls -A run | grep -v curves
wc -l < run/log.csv
t ranks 2 effnet train --config run/config.json -o again -q
cmp run/best.safetensors again/best.safetensors && echo "the same bits"
t ranks 4 effnet train --config run/config.json --batch 1 -o four
t ranks 2 effnet finetune -m run/best.safetensors --data data -o fine --epochs 1 --head-epochs 1 --batch 3

echo "-- a signal to one, or by mpirun to all"
t disturbed TERM 2 2 effnet train --config run/config.json -o cut --epochs 2000
t disturbed USR1 0 2 effnet train -o cut --resume
t effnet train -o cut --resume -q

echo "-- an error of one"
t ranks 2 effnet train $options -o none/none -q
t ranks 2 sh -c '[ "$OMPI_COMM_WORLD_RANK" = 1 ] || exec effnet train '"$options"' -o none -q; exec effnet train '"$options"' -o none -q --data nothing'

echo "-- killed, stopped"
t disturbed KILL 2 2 effnet train --config run/config.json -o killed --epochs 2000 -q
grep -o 'process rank 1 .* exited on signal 9' launcher | sed 's/ with .* exited/ exited/'
t disturbed STOP 2 2 effnet train --config run/config.json -o stopped --epochs 2000 -q
t disturbed STOP 1 2 effnet train --config run/config.json -o stopped0 --epochs 2000 -q
sed -nE 's/^effnet\[1\]: (rank 0).*(has not been heard of).*/\1 \2/p' launcher
for run in killed stopped stopped0; do t disturbed USR1 0 2 effnet train -o $run --resume -q; done
