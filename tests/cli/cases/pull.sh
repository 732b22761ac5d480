# SPDX-License-Identifier: Apache-2.0
#
# Downloads against a server that does it well, or badly in one of many ways. The file is the tests' own.
seq 100000 > file
sha=$(sha256sum < file | cut -c1-64)
fetch() { effnet pull --timeout 1 --retries "${retries-2}" --url "$address/$1/x.bin" --sha256 "$sha" -o got.bin; }
FILTER="s/(:|port )[0-9]{4,5}/\1PORT/g; s/after [0-9]+ ms/after N ms/"
case_of() {
    echo "-- $1"
    start_server file
    t fetch "$1"
    stop_server
    [ -e got.bin ] && { cmp file got.bin && echo whole; rm got.bin; }
    rm -f got.bin.part got.bin.part.tag
}
case_of ok
case_of redirect
case_of short
case_of ignores
case_of changed
case_of tagless
case_of shifted
case_of norange
case_of busy
case_of broken
case_of wrong
retries=1 case_of slow
retries=0 case_of silent
case_of missing
case_of loop
case_of file
case_of garbage
case_of huge

echo "-- what broke off goes on in the next call, and is verified as a whole"
start_server file
t effnet pull --retries 0 --url "$address/short/x.bin" --sha256 "$sha" -o got.bin
ls
t effnet pull --retries 0 --url "$address/short/x.bin" --sha256 "$sha" -o got.bin
stop_server
cmp file got.bin && ls

echo "-- a file that is there already is not fetched again; one that differs is replaced"
start_server file
t effnet pull --url "$address/ok/got.bin" --sha256 "$sha" -o ./
echo damaged > got.bin
t effnet pull --url "$address/ok/got.bin" --sha256 "$(echo "$sha" | cut -c1-8)" -o .
t effnet pull --url "$address/ok/unknown.bin"
find "$HOME" -type f | sed "s|$HOME|HOME|"
t effnet pull --url "$address/ok/" -o .
t effnet pull --url "$address/ok/x.bin" --sha256 "$sha" -o none/x.bin

echo "-- known checkpoints: the mirror's file is not the published one"
t effnet pull --url "$address/ok/" efficientnet-b0.aa -o .
t effnet pull efficientnet-b0.a
t effnet pull efficientnet-b0.aa efficientnet-b1.aa --url "$address/ok/x"
t effnet pull efficientnet-b0.aa efficientnet-b1.aa -o one_file
t effnet pull --url "$address/ok/" nonsense efficientnet-b1.aa
stop_server
ls

echo "-- nobody there"
t effnet pull --timeout 2 --retries 0 --url "$address/ok/x.bin" -o got2.bin
ls

echo "-- the list"
effnet pull --list | head -3
effnet pull --list -v | sed -n 2,4p
effnet pull --list --json | json_shape | sort -u
