#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs into a staging folder and uses what lies there as a stranger would: the command finds its model, and the program in
# the head of effnet.h, taken from there, is built by pkg-config (shared and static) and by CMake (both), and run.
#
#   install.sh BUILD CC
set -euo pipefail

build=$1 cc=$2
work=$build/package-test
stage=$work/stage
prefix=$stage/usr/local
photo=$PWD/examples/photos/coffee.png
rm -rf "$work"
mkdir -p "$work"

say() { printf '%s\n' "$*"; }
must_exist() {
    for path in "$@"; do
        compgen -G "$prefix/$path" > /dev/null || { say "not installed: $path"; exit 1; }
    done
}

DESTDIR=$stage cmake --install "$build" --prefix /usr/local > "$work/install.log"
libdir=$(cd "$prefix" && dirname "$(find . -name libeffnet.a)")
must_exist bin/effnet include/effnet.h "$libdir"/libeffnet.{a,so,so.0} "$libdir"/pkgconfig/effnet.pc \
    "$libdir"/cmake/effnet/effnetConfig.cmake share/effnet/models/README.md share/man/man1/effnet.1 \
    share/man/man3/effnet.3 share/bash-completion/completions/effnet share/doc/effnet/{LICENSE,NOTICE}
if grep -rlF "$PWD" "$prefix" --include='*.pc' --include='*.cmake'; then
    say "the files above name the source folder"
    exit 1
fi
say "installed files: $(find "$prefix" -type f | wc -l)"

# The program between the indented lines of the header's first comment.
sed -nE '/^ \*     #include <effnet.h>/,/^ \*     \}$/s/^ \*(     )?//p' "$prefix/include/effnet.h" > "$work/label.c"
grep -q 'int main' "$work/label.c" || { say "no program in effnet.h"; exit 1; }
sed -n '/^```c$/,/^```$/{/^```/!p}' README.md | diff -u "$work/label.c" - || { say "README.md has another program"; exit 1; }

check_program() { # name command...
    local name=$1 output
    shift
    if "$@" > /dev/null 2>&1; then
        say "$name: no arguments, but no complaint"
        exit 1
    fi
    if [ -f models/efficientnet-lite0.safetensors ]; then
        output=$("$@" "$prefix/share/effnet/models/efficientnet-lite0.safetensors" "$photo")
        [[ $output =~ ^[a-z].*\ [0-9.]+\ %$ ]] || { say "$name printed: $output"; exit 1; }
        say "$name: $output"
    fi
}

export PKG_CONFIG_PATH=$prefix/$libdir/pkgconfig
warnings=(-std=c11 -Wall -Wextra -Werror)
# shellcheck disable=SC2046 # flags are words
"$cc" "${warnings[@]}" -o "$work/label" "$work/label.c" $(pkg-config --cflags --libs effnet)
check_program "pkg-config, shared" env LD_LIBRARY_PATH="$prefix/$libdir" "$work/label"
mkdir "$work/static"
cp "$prefix/$libdir/libeffnet.a" "$work/static/" # alone, so that -leffnet can only mean the archive
# shellcheck disable=SC2046
"$cc" "${warnings[@]}" -o "$work/label-static" "$work/label.c" -L"$work/static" $(pkg-config --static --cflags --libs effnet)
check_program "pkg-config, static" "$work/label-static"

cmake -S tests/package/consumer -B "$work/consumer" -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$prefix" \
    -DPROGRAM="$work/label.c" > "$work/consumer.log"
cmake --build "$work/consumer" >> "$work/consumer.log"
check_program "CMake, shared" "$work/consumer/with_shared"
check_program "CMake, static" "$work/consumer/with_static"

if [ -f models/efficientnet-lite0.safetensors ]; then
    say "command: $(env -i "$prefix/bin/effnet" classify -k 1 "$photo")"
fi
