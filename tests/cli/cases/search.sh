# SPDX-License-Identifier: Apache-2.0
#
# The search for alpha, beta and gamma: its candidates; grids that leave nothing.
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
