# SPDX-License-Identifier: Apache-2.0
#
# What convolutions cost: one layer at both strides, a block, a network; JSON as scripts know it; what is refused.
t effnet cost
t effnet cost --kernel 5 --in 40 --out 80 --size 14x7 --stride 2
t effnet cost --in 24 --out 24 --size 56 --expand 6 --se 0.25 --stride 1
tiny_network > tiny.json
t effnet cost tiny.json
t effnet cost tiny.json --size 33x97 --json
effnet cost --json | json_shape
effnet cost --expand 6 --json | json_shape
echo "-- measured"
FILTER='/^measured/,/^ratio/s/ *[0-9]+\.[0-9]+/ N/g; /^part|^block/s/([0-9.]{6})( +[0-9.]+){3}$/\1 N N N/'
t effnet cost --in 4 --out 8 --size 9x7 --stride 1 --measure --threads 1 --cpu ref
t effnet cost --in 4 --out 8 --size 9x7 --stride 2 --expand 2 --se 0.5 --measure --threads 1 --cpu ref
t effnet cost tiny.json --measure --threads 2
FILTER=
effnet cost --in 4 --out 4 --size 8 --measure --json | json_shape
effnet cost tiny.json --measure --json | json_shape
echo "-- refused"
t effnet cost --se 0.25
t effnet cost --expand 4 --se nan
t effnet cost --kernel 4
t effnet cost --in 60000 --expand 6
t effnet cost --in 0
t effnet cost tiny.json --kernel 5
t effnet cost tiny.json tiny.json
t effnet cost efficientnet-b9
