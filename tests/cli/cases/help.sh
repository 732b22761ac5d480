# SPDX-License-Identifier: Apache-2.0
#
# Every command has help with examples, the same by both ways, and bash completion knows its options.
t effnet
effnet > plain
effnet help | cmp - plain
effnet --help | cmp - plain
for command in $(effnet help | sed -n 's/^  \([a-z]*\)  .*/\1/p' | grep -v effnet); do
    echo "$command"
    effnet help "$command" > a && effnet "$command" --help > b && effnet "$command" -h > c || echo failed
    cmp a b && cmp a c
    grep -q '^Examples:' a || echo "no examples"
    [ "$(wc -L < a)" -le 120 ] || echo "a line is too long"
    bash "$here/complete.bash" "$command" -- | sort -u > completed
    sed -n 's/^ [ a-z,-]\{5\}\(--[a-z0-9-]*\).*/\1/p' a | sort -u | comm -3 - completed | sed 's/^/completed or in help, not both: /'
done
echo "-- completion"
bash "$here/complete.bash" cl
bash "$here/complete.bash" help su
bash "$here/complete.bash" summary efficientnet-lite
bash "$here/complete.bash" pull efficientnet-b8.
