#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Rules of the source that need no compiler: a licence line and a purpose at the head of each file, no tabs, nothing left to do,
# no long file, no long function. Layout is clang-format's (check_format.sh). Prints each breach as FILE:LINE: rule, then the
# measure of all functions.
#
# Exempt from the limits on length are tables (files whose name has table, catalogue, golden or labels in it) and the public
# header, which is the manual too.
set -euo pipefail
cd "$(dirname "$0")/.."

max_lines=800 max_function=120
table='(table|catalogue|golden|labels|effnet[.]h)'
files() { # name pattern...: files of the project, wherever it was unpacked
    local name names=()
    for name in "$@"; do names+=(-o -name "$name"); done
    find . \( -path ./.git -o -path ./build \) -prune -o -type f \( "${names[@]:1}" \) -printf '%P\n' | sort
}
mapfile -t code < <(files '*.c' '*.h')
mapfile -t scripts < <(files '*.sh' '*.bash' '*.py' run)
mapfile -t text < <(files '*.c' '*.h' '*.sh' '*.bash' '*.py' run '*.cmake' CMakeLists.txt '*.md')
breaches=$(
    grep -L 'SPDX-License-Identifier: Apache-2.0' "${code[@]}" "${scripts[@]}" | sed 's/$/:1: no SPDX line/'
    awk -v max=$max_lines -v table="$table" '
        FNR == 3 && FILENAME ~ /[.][ch]$/ && !/^ [*] *[A-Za-z]/ {
            print FILENAME ":3: no word on what the file is for" }
        FNR == max + 1 && FILENAME !~ table { print FILENAME ":" FNR ": more than " max " lines" }
    ' "${code[@]}" "${scripts[@]}"
    grep -nHP '\t' "${text[@]}" | sed -E 's/^([^:]+:[0-9]+):.*/\1: tab/' || true
    grep -nHP ' +$' "${text[@]}" | sed -E 's/^([^:]+:[0-9]+):.*/\1: space at the end of the line/' || true
    grep -nHwE 'TODO|FIXME|XXX|HACK' "${text[@]}" | grep -v '^scripts/check_style.sh:' \
        | sed -E 's/^([^:]+:[0-9]+):.*/\1: left to do/' || true
    grep -nHE '^ *# *if +0' "${code[@]}" | sed -E 's/^([^:]+:[0-9]+):.*/\1: code switched off/' || true
)

# clang-format puts the braces of a function, and of nothing else that has statements, in column one.
functions=$(awk '
    FNR == 1 { open = 0 }
    /^[A-Za-z_].*\(/ { start = FNR }
    /^\{/ { open = start }
    /^\}/ { if (open) print FNR - open + 1, FILENAME ":" open; open = 0 }
' "${code[@]}" | sort -n)
long=$(awk -v max=$max_function -v table="$table" '$1 > max && $2 !~ table && $2 !~ /kernels\// {
    print $2 ": a function of " $1 " lines, at most " max }' <<< "$functions")
breaches=$(sed '/^$/d' <<< "$breaches"$'\n'"$long")

awk '{ lines[NR] = $1 } END {
    printf "%d functions: median %d lines, 90 %% at most %d, longest %d\n",
        NR, lines[int((NR + 1) / 2)], lines[int(NR * 0.9)], lines[NR] }' <<< "$functions"
if [ -n "$breaches" ]; then
    printf '%s\n' "$breaches"
    exit 1
fi
