#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What the documents show is what happens: each ```console block is a command after "$ " and its whole output, and is run again;
# each relative link leads to a file. Models have the sha256 that models/README.md says.
#
#   documents.sh EFFNET
set -euo pipefail
PATH=$(dirname "$(realpath "$1")"):$PATH

fail=0
check_block() { # document block
    local command=${2%%$'\n'*}
    [[ $command = '$ '* ]] || { echo "$1: a console block without a command: $command"; fail=1; return; }
    diff -u --label "$1: $command" <(tail -n +2 <<< "$2") --label "now" <(bash -c "${command#\$ }" 2> /dev/null) || fail=1
}

blocks=0
mapfile -t documents < <(find . \( -path ./.git -o -path ./build \) -prune -o -name '*.md' -print)
for document in "${documents[@]}"; do
    while IFS= read -r -d $'\f' block; do
        check_block "$document" "$block"
        blocks=$((blocks + 1))
    done < <(awk '/^```console$/ { inside = 1; text = ""; next }
                  /^```$/ { if (inside) printf "%s\f", substr(text, 2); inside = 0 }
                  inside { text = text "\n" $0 }' "$document")
    for link in $(grep -oE '\]\([^)]+\)' "$document" | sed -E 's/^\]\(//; s/\)$//; s/#.*//' | grep -v '://'); do
        [ -e "$(dirname "$document")/$link" ] || { echo "$document: nothing at $link"; fail=1; }
    done
done
[ $blocks -gt 0 ] || { echo "no console blocks were found"; exit 1; }

model=models/efficientnet-lite0.safetensors
grep -qF "$(sha256sum $model | cut -d' ' -f1)" models/README.md || { echo "models/README.md has another sha256 for $model"; fail=1; }
exit $fail
