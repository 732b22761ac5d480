# SPDX-License-Identifier: Apache-2.0
#
# libcurl and cairo are loaded when they are needed: where they have gone, or are something else, only what needs them is
# missing.
: > libcurl.so.4
cp "$(ldd "$tools/effnet" | awk '$1 ~ /^libz/ {print $3}')" libcairo.so.2
export LD_LIBRARY_PATH=.
effnet pull --list | head -1 | cut -c 1-18
t effnet pull --url http://localhost/x.pth -o x.pth
effnet summary efficientnet-b0 | sed -n 's/^total .* //p'
t effnet summary efficientnet-b0 --svg b0.svg
effnet info | grep -E 'libcurl|cairo'
