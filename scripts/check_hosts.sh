#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Two ranks on two hosts, which are two network namespaces with a cable between them: the same bits as on one host; bytes on the
# cable as docs/cluster.md counts them; and when the cable is cut, both ends leave within a minute and name the other one.
#
#   check_hosts.sh EFFNET
#
# Wants root, iproute2 and Open MPI; exit status 77 where one is missing.
set -euo pipefail
effnet=$(realpath "$1") here=$(dirname "$(realpath "$0")")
PHOTOS=$here/../examples/photos
. "$here/small_runs.sh"
skip() { echo "skipped: $1"; exit 77; }
[ "$(id -u)" = 0 ] || skip "not root"
for tool in ip unshare mpirun; do command -v $tool > /dev/null || skip "$tool is not here"; done
"$effnet" info | grep -qE '^ +openmpi +[0-9]' || skip "effnet was built without Open MPI"

work=$(mktemp -d) a=effnet-a-$$ b=effnet-b-$$ cable=effa$$
cleanup() {
    for host in $a $b; do kill -9 $(ip netns pids $host 2> /dev/null) 2> /dev/null || true; done
    ip netns del $a 2> /dev/null || true
    ip netns del $b 2> /dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
ip netns add $a 2> /dev/null || skip "network namespaces cannot be made here"
ip netns add $b
ip link add $cable netns $a type veth peer name $cable netns $b
ip -n $a addr add 10.217.9.1/24 dev $cable
ip -n $b addr add 10.217.9.2/24 dev $cable
for host in $a $b; do ip -n $host link set $cable up; ip -n $host link set lo up; done
cd "$work"

# What mpirun calls in place of ssh: agent HOST COMMAND...
cat > agent << END
#!/bin/sh
shift
exec ip netns exec $b unshare --uts sh -c 'hostname effnet-b; exec sh -c "\$*"' sh "\$@"
END
chmod +x agent
printf '10.217.9.1 slots=1\n10.217.9.2 slots=1\n' > hosts
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
on_two() { # command...
    ip netns exec $a unshare --uts sh -c 'hostname effnet-a; exec "$@"' sh timeout -k 5 90 mpirun -n 2 --hostfile hosts --bind-to none \
        --mca plm_rsh_agent "$work/agent" --mca btl tcp,self --mca btl_tcp_if_include 10.217.9.0/24 \
        --mca oob_tcp_if_include 10.217.9.0/24 "$@"
}
sent() { ip netns exec $a cat /sys/class/net/$cable/statistics/tx_bytes; }

two_classes
run="$effnet train --data data --arch efficientnet-lite0 --size 32 --batch 4 --val-split 0 --threads 1 --rank-timeout 5"

# Four epochs of two steps.
before=$(sent)
on_two $run --epochs 4 -o two > two.log 2>&1 || { cat two.log; exit 1; }
bytes=$(($(sent) - before))
mpirun -n 2 --oversubscribe $run --epochs 4 -o one > one.log 2>&1 || { cat one.log; exit 1; }
cmp one/best.safetensors two/best.safetensors
echo "two hosts give the bits of one"

# A rank of two sends half of the gradients, and half of the sums, so one float for each parameter; statistics and words are little.
floats=$("$effnet" summary efficientnet-lite0 --num-classes 2 | sed -nE 's/^total +([0-9,]+) .*/\1/p' | tr -d ,)
echo "$((bytes / 8)) bytes a step on the cable from one host, $((4 * floats)) of them gradients"
[ $bytes -gt $((32 * floats)) ] && [ $bytes -lt $((36 * floats)) ]

on_two $run --epochs 5000 -o cut > cut.log 2>&1 &
until grep -q '^ *2 ' cut.log 2> /dev/null; do
    kill -0 $! 2> /dev/null || { cat cut.log; exit 1; }
    sleep 0.1
done
launcher=$! began=$SECONDS
ip -n $a link set $cable down
# The ranks leave; mpirun waits for word from the other host until TCP gives up, and is ended here.
until ! pgrep -f -- "^$effnet .*-o cut" > /dev/null; do
    [ $((SECONDS - began)) -le 60 ] || { cat cut.log; echo "there are ranks after a minute"; exit 1; }
    sleep 0.1
done
took=$((SECONDS - began))
kill -9 $(ip netns pids $a) 2> /dev/null || true
wait $launcher 2> /dev/null || true
grep -E '^effnet.* rank [01] on effnet-[ab] has not been heard of' cut.log || { cat cut.log; exit 1; }
echo "both hosts have left $took seconds after the cable was cut"
mpirun -n 2 --oversubscribe $run --epochs 5000 --resume -o cut > resumed.log 2>&1 &
until grep -qE '^ *[0-9]+ +train' resumed.log 2> /dev/null; do
    kill -0 $! 2> /dev/null || { cat resumed.log; exit 1; }
    sleep 0.1
done
kill -USR1 $!
wait $! || true
grep -q 'cut: saved' resumed.log || { cat resumed.log; exit 1; }
echo "and the run goes on from its checkpoint"
