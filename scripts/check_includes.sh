#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Who may include whom. Each room of src/ lists the rooms it may look into; base and effnet.h are open to all. The command sees
# effnet.h alone. Prints each breach as FILE:LINE. The same table stands in ARCHITECTURE.md.
set -euo pipefail
cd "$(dirname "$0")/.."

allowed() { # room: the rooms it may include besides itself and base
    case $1 in
        base | cpu | net | weights) ;;
        kernels) echo cpu ;;
        image) echo kernels ;;
        model) echo net weights image ;;
        engine) echo net kernels cpu ;;
        train) echo cpu kernels net weights image model ;;
        search) echo cpu kernels net weights image model train ;;
        api) echo cpu kernels net weights image model engine train search ;;
        *) echo "unknown room $1" ;;
    esac
}

breach=0
complain() { # file:line included
    echo "$1: must not include $2"
    breach=1
}

while IFS=: read -r file line text; do
    [[ $text =~ \"([^\"]+)\" ]] || continue
    included=${BASH_REMATCH[1]}
    room=${file#src/}
    room=${room%%/*}
    target=${included%%/*}
    [ "$included" != effnet.h ] || continue
    [[ " $room base $(allowed "$room") " = *" $target "* ]] || complain "$file:$line" "$included"
done < <(grep -rnE --include='*.[ch]' '^ *# *include *"' src)

while IFS=: read -r file line text; do
    [[ $text =~ \"([^\"]+)\" ]] || continue
    included=${BASH_REMATCH[1]}
    [[ $included =~ ^((evaluation|plot|search)/)?[a-z_]+\.h$ && -f tools/$included ]] || [ "$included" = effnet.h ] || complain "$file:$line" "$included"
done < <(grep -rnE --include='*.[ch]' '^ *# *include *"' tools)
exit $breach
