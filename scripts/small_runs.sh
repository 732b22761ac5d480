# SPDX-License-Identifier: Apache-2.0
#
# For tests and checks that train, to be read by them: pictures and a network so small that a step takes no time, and what two runs
# must have in common. PHOTOS is where examples/photos is.

# Pictures to train with, in data/: eight each of two classes.
two_classes() {
    mkdir -p data/cat data/coffee
    for i in 1 2 3 4 5 6 7 8; do cp "$PHOTOS/chelsea.png" "data/cat/$i.png"; cp "$PHOTOS/coffee.png" "data/coffee/$i.png"; done
}

# A network for them, for runs of many epochs.
two_blocks() {
    cat << 'END'
{"name": "tiny", "blocks": ["r1_k3_s11_e1_i8_o8_se0.25", "r1_k3_s22_e4_i8_o16_se0.25"],
 "size": 32, "stem": {"filters": 8}, "head": {"filters": 32}, "num_classes": 2}
END
}

# That two runs have the same bits, times aside.
same_runs() { # folder folder
    cmp "$1/best.safetensors" "$2/best.safetensors"
    for run in "$1" "$2"; do cut -d, -f1-9 "$run/log.csv" > "$run/log-without-times.csv"; done
    cmp "$1/log-without-times.csv" "$2/log-without-times.csv"
}
