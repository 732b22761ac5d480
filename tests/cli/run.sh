#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# One test of the command. The case is a shell script of `t COMMAND...` lines; what they print, say and return is written
# down as a transcript and compared, byte for byte, with CASE.expected beside it.
#
#     run.sh TOOLS CASE            compares; TOOLS is the folder with effnet and the helpers
#     run.sh TOOLS CASE --update   writes CASE.expected anew; read the difference before you commit it
#
# EFFNET_CPU chooses the kernels; exit code 77 if this machine has none of that name.
#
# In a transcript "$" is the command, "!" standard error, "=" the exit code.
set -u
tools=$(realpath "$1") case=$(realpath "$2") update=${3-}
here=$(dirname "$(realpath "$0")")

scratch=$(mktemp -d) || exit 1
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$scratch"' EXIT
mkdir "$scratch/home" "$scratch/work"
transcript=$scratch/transcript

# Nothing of the user's own surroundings: no models, no colours, no proxy, always the same language.
export HOME="$scratch/home" PATH="$tools:$PATH" LC_ALL=C TERM=dumb EFFNET_MODELS=
unset XDG_DATA_HOME XDG_CACHE_HOME NO_COLOR http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
PHOTOS=$(realpath "$here/../../examples/photos")
FILTER=
. "$here/../../scripts/small_runs.sh"

# Runs a command and writes down what came of it. FILTER is a sed -E script for what differs from run to run. A build that counts
# lines cannot write its counters where a case allows no files, and says so: that is not the command's voice.
t() {
    printf '$ %s\n' "$*" | sed -E "s|$scratch/work/?||g; s|$scratch|SCRATCH|g; s|$PHOTOS|PHOTOS|g; $FILTER"
    "$@" > "$scratch/stdout" 2> "$scratch/stderr" < /dev/null
    code=$?
    sed -E "s|$scratch/work/?||g; s|$scratch|SCRATCH|g; s|$PHOTOS|PHOTOS|g; $FILTER" "$scratch/stdout"
    sed -E "/^libgcov /d; s|$scratch/work/?||g; s|$scratch|SCRATCH|g; s|$PHOTOS|PHOTOS|g; $FILTER; s/^/! /" "$scratch/stderr"
    printf '= %d\n' "$code"
}

# The tests' network: all kinds of blocks, so small that a test takes no time.
tiny_network() {
    cat << 'END'
{"name": "tiny", "blocks": ["r1_k3_s11_e1_i8_o8_se0.25", "r1_k3_s22_e4_i8_o8", "r1_k5_s22_e4_i8_o16_se0.25"],
 "size": 64, "stem": {"filters": 8}, "head": {"filters": 32}, "num_classes": 7}
END
}

# A smaller one still, for searches, which train several.
small_network() {
    cat << 'END'
{"name": "small", "blocks": ["r1_k3_s22_e1_i8_o8", "r1_k3_s22_e2_i8_o8"], "size": 32, "stem": {"filters": 8}, "head": {"filters": 16}}
END
}

# For mpirun on this machine alone, by whomever; where it is not there, the case is skipped.
use_mpirun() {
    command -v mpirun > /dev/null && effnet info | grep -qE '^ +openmpi +[0-9]' || { echo "mpirun is not here"; exit 77; }
    export OMPI_MCA_plm_rsh_agent=sh OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    export ASAN_OPTIONS=detect_leaks=0 # Open MPI keeps much to the end
}

# Starts the web server for `pull` over FILE, in $server, at $address.
start_server() {
    rm -f "$scratch/port"
    http_server "$1" "$scratch/port" "$scratch/requests" &
    server=$!
    while [ ! -s "$scratch/port" ]; do sleep 0.05; done
    address=http://127.0.0.1:$(cat "$scratch/port")
}

# Ends it and shows what it was asked for.
stop_server() {
    kill "$server"
    wait "$server" 2> /dev/null
    server=
    sed 's/^/> /' "$scratch/requests"
}

[ -z "${EFFNET_CPU-}" ] || effnet info > /dev/null 2>&1 || exit 77
cd "$scratch/work" || exit 1
. "$case" > "$transcript" 2>&1
if [ "$update" = --update ]; then
    cp "$transcript" "${case%.sh}.expected"
    exit 0
fi
diff -u "${case%.sh}.expected" "$transcript"
