# SPDX-License-Identifier: Apache-2.0
#
# What there is, as text and as JSON.
effnet info | sed -nE 's/^(effnet|processor|kernels|threads)  +.+/\1/p; t; /^[a-z ]+$/p; s/^  (libcurl|zlib|convolution) +.+/  \1/p'
effnet info --json | json_shape | sed 's/kernels:{[^}]*}/kernels:{}/'
effnet info --cpu ref | sed -n 's/^kernels    *//p'
EFFNET_CPU=ref effnet info --json | grep -o '"level":"[a-z]*"'
effnet info --json | grep -o '"missing":\[[^]]*\]'
