#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A run of `effnet train` that is killed, interrupted and left without room on its disk at random moments, again and again: each time it
# goes on from a checkpoint not older than the last epoch that it had told of, and it ends with the bits of a run that nobody disturbed.
#
#   check_run_faults.sh EFFNET [KILLS [SIGNALS [FULL [SEED]]]]
#
# How often it is killed (SIGKILL), told to end (SIGTERM or SIGINT) and gets no more room (a file system of its own, filled up; none
# where this user may not mount one).
set -euo pipefail
# What is mounted is seen, and lives, only here.
if [ -z "${own_mounts-}" ]; then
    for how in -m -rm; do
        if unshare $how true 2> /dev/null; then
            export own_mounts=1
            exec unshare $how "$0" "$@"
        fi
    done
fi
effnet=$(realpath "$1") kills=${2:-20} signals=${3:-5} full=${4:-5} here=$(dirname "$(realpath "$0")")
RANDOM=${5:-1} PHOTOS=$here/../examples/photos
. "$here/small_runs.sh"

work=$(mktemp -d) child=
finish() {
    [ -z "$child" ] || kill -KILL "$child" 2> /dev/null || true
    umount "$work/run" 2> /dev/null || true
    rm -rf "$work"
}
trap finish EXIT
cd "$work"
two_blocks > tiny.json
two_classes
options="--data data --arch tiny.json --batch 4 --val-split 0.25 --optimizer sgd --lr 0.05"
mkdir run
if [ "$full" -gt 0 ] && ! mount -t tmpfs -o size=2m none run 2> /dev/null; then
    echo "no file system may be mounted here: not tried on a full one"
    full=0
fi
options="$options --epochs $(((kills + signals + full) * 60)) -q"

# Whatever number of threads goes on, the bits stay the same.
begin() {
    if [ -e run/last.ckpt ]; then set -- --resume; else set -- $options; fi
    "$effnet" train -o run --threads $((RANDOM % 2 + 1)) --json "$@" > out 2> err &
    child=$!
}
# Waits for the run; its exit status is in $status then.
await() {
    status=0
    wait "$child" 2> /dev/null || status=$?
    child=
}
fail() {
    cat err
    echo "after $kills_done kills, $signals_done signals, $full_done times without room: $1"
    exit 1
}
epochs_logged() { if [ -e run/log.csv ]; then tail -n +2 run/log.csv | wc -l; else echo 0; fi; }

kills_done=0 signals_done=0 full_done=0
while :; do
    logged=$(epochs_logged)
    begin
    sleep 0.0$((RANDOM % 90 + 10))
    [ $((RANDOM % 3)) -gt 0 ] || sleep 0.$((RANDOM % 400 + 100))
    left=$((kills - kills_done + signals - signals_done + full - full_done))
    if [ $left -eq 0 ] || ! kill -0 "$child" 2> /dev/null; then break; fi
    draw=$((RANDOM % left))
    if [ $draw -lt $((kills - kills_done)) ]; then
        kill -KILL "$child"
        await
        kills_done=$((kills_done + 1))
    elif [ $draw -lt $((kills - kills_done + signals - signals_done)) ]; then
        signal=$([ $((RANDOM % 2)) = 0 ] && echo INT || echo TERM)
        kill -$signal "$child"
        await
        [ $status -eq 130 ] || [ $status -eq 143 ] || fail "$signal ends it with $status"
        signals_done=$((signals_done + 1))
    else
        head -c 4M /dev/zero > run/filler 2> /dev/null || true
        await
        [ $status -ne 0 ] || fail "the disk is full, and the run says nothing"
        grep -q "No space left" err || fail "the disk is full, and the error does not say so"
        rm run/filler
        full_done=$((full_done + 1))
    fi
    [ "$(epochs_logged)" -ge "$logged" ] || fail "$logged epochs were logged, now $(epochs_logged)"
done
await
[ $status -eq 0 ] || fail "the last run ends with $status"
"$effnet" train -o whole $options --threads 1 > out
same_runs run whole
echo "killed $kills_done times, told to end $signals_done times, without room $full_done times: the run ended with the bits of an undisturbed one"
