#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Looks for what a step of the build needs, says what is missing and what for, and installs it with apt-get.
# Where everything is there already, it does nothing and says nothing.
#
#   install_deps.sh [--check] GROUP...      groups: build, test, ci, cross, coverage, demo
#
# --check only looks: it lists what is missing and fails.
set -euo pipefail

# group, kind and name of what to look for, Debian package, what it is for. Kinds: command; library (by pkg-config);
# file; package (by name alone); option (what can be done without).
needs() {
    cat << 'END'
build     command  cc               gcc                   C compiler
build     file     /usr/include/stdio.h  libc6-dev        C library headers
build     command  cmake            cmake                 build description
build     command  ninja            ninja-build           runs the build
build     command  pkg-config       pkg-config            finds libraries
build     library  libjpeg          libjpeg62-turbo-dev   decodes JPEG
build     library  spng             libspng-dev           decodes PNG
build     library  libwebp          libwebp-dev           decodes WebP
build     library  zlib             zlib1g-dev            compressed parts of PNG and NumPy files
build     library  jansson          libjansson-dev        JSON: file headers, network descriptions, labels
build     library  nettle           nettle-dev            SHA-256 of checkpoints
build     option   libcurl          libcurl4-openssl-dev  downloads, for `effnet pull`
build     option   cairo            libcairo2-dev         plots
build     option   ompi-c           libopenmpi-dev        several processes and machines that train together
test      option   -                openmpi-bin           starts several processes in tests
test      library  cmocka           libcmocka-dev         unit tests
test      command  c++              g++                   checks that effnet.h is C++ too
test      command  mandoc           mandoc                checks the manual pages
ci        command  clang            clang                 second compiler, and libFuzzer
ci        package  -                libclang-rt-dev       libFuzzer and the sanitizers for clang
ci        command  clang-format     clang-format          layout of the source
cross     option   -                gcc-aarch64-linux-gnu  compiles the kernels for AArch64
cross     option   -                libc6-dev-arm64-cross  C library for AArch64
cross     option   -                qemu-user             runs what was compiled for AArch64
coverage  command  gcovr            gcovr                 counts the lines that tests reach
demo      file     /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz  dataset-fashion-mnist  pictures to search with
END
}

installed() { # package
    [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2> /dev/null)" = "ii " ]
}

present() { # kind name package
    case $1 in
        command) command -v "$2" > /dev/null ;;
        file) [ -e "$2" ] ;;
        package) installed "$3" ;;
        *) pkg-config --exists "$2" 2> /dev/null || installed "$3" ;;
    esac
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo > /dev/null; then
        sudo "$@"
    else
        echo "install_deps: not root, and no sudo here; as root, run: $*" >&2
        return 1
    fi
}

apt_install() { # package...
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends "$@" \
        < /dev/null > /dev/null
}

check_only=no
if [ "${1-}" = --check ]; then
    check_only=yes
    shift
fi
[ $# -gt 0 ] || { sed -n '3,10p' "$0"; exit 64; }

required=() optional=() report=
while read -r group kind name package why; do
    [[ " $* " = *" $group "* ]] || continue
    present "$kind" "$name" "$package" && continue
    report+=$(printf '  %-22s %s' "$package" "$why")$'\n'
    if [ "$kind" = option ]; then optional+=("$package"); else required+=("$package"); fi
done < <(needs)

if [ ${#required[@]} = 0 ] && { [ ${#optional[@]} = 0 ] || [ $check_only = yes ] || [ "$(id -u)" != 0 ]; }; then
    exit 0
fi
printf 'Missing here (Debian packages):\n%s' "$report"
if [ $check_only = yes ]; then
    echo "Install them with: make deps"
    exit 1
fi
if ! command -v apt-get > /dev/null; then
    echo "install_deps: no apt-get on this system; install the above with its own package manager" >&2
    exit 1
fi
echo "Installing with apt-get: ${required[*]} ${optional[*]}"
as_root apt-get update -qq < /dev/null || echo "install_deps: the package lists could not be renewed; trying with the old ones" >&2
[ ${#required[@]} = 0 ] || apt_install "${required[@]}"
[ ${#optional[@]} = 0 ] || apt_install "${optional[@]}" || echo "install_deps: going on without ${optional[*]}" >&2
