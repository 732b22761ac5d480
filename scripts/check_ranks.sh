#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Ranks that are killed and stopped at random moments, again and again: the others leave within a minute, the error names the rank,
# a usable checkpoint stays, and the run that goes on from it each time ends with the bits of one that nobody has disturbed.
#
#   check_ranks.sh EFFNET [TIMES [RANKS [SEED]]]
#
# Exit status 77 where Open MPI is missing.
set -euo pipefail
effnet=$(realpath "$1") times=${2:-10} ranks=${3:-2} here=$(dirname "$(realpath "$0")")
RANDOM=${4:-1} PHOTOS=$here/../examples/photos
. "$here/small_runs.sh"
command -v mpirun > /dev/null && "$effnet" info | grep -qE '^ +openmpi +[0-9]' || { echo "skipped: no Open MPI"; exit 77; }
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_plm_rsh_agent=sh

work=$(mktemp -d) launcher=
trap '[ -z "$launcher" ] || kill "$launcher" 2> /dev/null || true; rm -rf "$work"' EXIT
cd "$work"
two_blocks > tiny.json
two_classes
run="$effnet train --data data --arch tiny.json --size 32 --batch 2 --epochs $((times * 150)) --threads 1 --rank-timeout 3 -q"

begin() { # folder options...
    folder=$1
    shift
    rm -f out err
    mpirun -n "$ranks" --oversubscribe $run -o "$folder" "$@" > out 2> err &
    launcher=$!
}
running() { kill -0 "$launcher" 2> /dev/null; }
# The process of rank number $1, by what Open MPI has told it.
process_of() {
    for pid in $(cat "/proc/$launcher/task/$launcher/children" 2> /dev/null); do
        if tr '\0' '\n' 2> /dev/null < "/proc/$pid/environ" | grep -qx "OMPI_COMM_WORLD_RANK=$1"; then echo "$pid"; fi
    done
}

longest=0 fault=0
while [ $fault -lt "$times" ]; do
    [ -e run/last.ckpt ] && begin run --resume || begin run
    until [ -s out ]; do
        running || { cat err; echo "fault $fault: the run does not start"; exit 1; }
        sleep 0.02
    done
    sleep $((RANDOM % 2)).$((RANDOM % 900 + 100))
    if ! running; then break; fi
    victim=$((RANDOM % ranks)) signal=$([ $((RANDOM % 2)) = 0 ] && echo KILL || echo STOP)
    kill -$signal "$(process_of $victim)"
    began=$(date +%s%N)
    wait "$launcher" || true
    took=$((($(date +%s%N) - began) / 1000000))
    [ $took -le $longest ] || longest=$took
    [ $took -le 60000 ] || { echo "fault $fault: it took $took ms to leave"; exit 1; }
    grep -qE "process rank $victim .*exited on signal 9|rank $victim on .* has not been heard of" err ||
        { cat err; echo "fault $fault: $signal of rank $victim is not named"; exit 1; }
    fault=$((fault + 1))
done
begin run --resume
wait "$launcher" || { cat err; exit 1; }
begin whole
wait "$launcher" || { cat err; exit 1; }
same_runs run whole
echo "$fault faults among $ranks ranks, each named, all left within $longest ms; the run ended with the bits of an undisturbed one"
