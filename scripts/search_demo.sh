#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A complete search for alpha, beta and gamma in minutes: a tiny baseline on the first 8,000 and 4,000 pictures of Fashion-MNIST's two
# parts, all candidates of the usual grid, successive halving. What was interrupted goes on when it is run again.
#
#   search_demo.sh EFFNET FOLDER [OPTION...]     options of effnet search, in place of those below
set -euo pipefail
effnet=$1 folder=$2
shift 2
pictures=/usr/share/datasets/fashion-mnist
here=$(dirname "$(realpath "$0")")

big_endian() { # number: its four bytes
    printf '%b' "$(printf '\\x%02x' $(($1 >> 24)) $(($1 >> 16 & 255)) $(($1 >> 8 & 255)) $(($1 & 255)))"
}

# The first items of an IDX file: magic number, how many, the rest of the header, the items.
cut_idx() { # file items header-bytes item-bytes
    gzip -dc "$pictures/$1.gz" > "$folder/whole"
    {
        head -c 4 "$folder/whole"
        big_endian "$2"
        head -c $(($3 + $2 * $4)) "$folder/whole" | tail -c +9
    } > "$folder/data/$1"
    rm "$folder/whole"
}

mkdir -p "$folder/data"
if [ ! -e "$folder/data/done" ]; then
    cut_idx train-images-idx3-ubyte 8000 16 784
    cut_idx train-labels-idx1-ubyte 8000 8 1
    cut_idx t10k-images-idx3-ubyte 4000 16 784
    cut_idx t10k-labels-idx1-ubyte 4000 8 1
    touch "$folder/data/done"
fi

if [ -e "$folder/run/search.log" ]; then
    "$effnet" search -o "$folder/run" --resume "$@"
else
    "$effnet" search --data "$folder/data" --arch "$here/../examples/small.json" -o "$folder/run" --epochs 9 --halving \
        --optimizer sgd --lr 0.05 --schedule cosine "$@"
fi
echo
echo "$folder/run/report.html"
