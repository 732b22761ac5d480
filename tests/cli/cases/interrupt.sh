# SPDX-License-Identifier: Apache-2.0
#
# SIGINT and SIGTERM end the command with 130 and 143, and no temporary file stays.
tiny_network > tiny.json
effnet init tiny.json -q -o tiny.safetensors
mkdir many
for i in $(seq 200); do ln -s "$PHOTOS/coffee.png" "many/$i.png"; done
interrupted() { # signal command...
    signal=$1
    shift
    rm -f out
    env --default-signal "$@" > out 2> err &
    child=$!
    while [ ! -s out ] && kill -0 $child 2> /dev/null; do sleep 0.02; done
    kill -"$signal" $child
    { wait $child; } 2> /dev/null
}
t interrupted INT effnet classify -m tiny.safetensors -k 1 many
[ "$(grep -c png out)" -lt 200 ] && echo "before the end"
[ "$(tail -c 1 out | od -An -c)" = "  \n" ] && echo "whole lines"
t interrupted TERM effnet classify -m tiny.safetensors --json many
json_shape < out | sort -u
ls -A
