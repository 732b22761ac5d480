#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The manual pages are well-formed mdoc, and effnet(1) has every command and every long option that --help shows.
#
#   manual.sh EFFNET
set -euo pipefail
command -v mandoc > /dev/null || { echo "mandoc is not here"; exit 77; }
mandoc -T lint -W warning man/effnet.1 man/effnet.3

page=$(mandoc -T ascii man/effnet.1 | sed 's/.\x08//g')
commands=$("$1" help | sed -nE '/^Commands:/,/^$/s/^  ([a-z]+) .*/\1/p')
[ -n "$commands" ] || { echo "$1 help lists no commands"; exit 1; }
fail=0
for command in $commands; do
    for word in "effnet $command" $("$1" "$command" --help | grep -oE -- '--[a-z][a-z0-9-]+' | sort -u); do
        grep -qwF -- "$word" <<< "$page" || { echo "effnet(1) does not have '$word' of $command"; fail=1; }
    done
done
exit $fail
