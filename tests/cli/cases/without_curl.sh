# SPDX-License-Identifier: Apache-2.0
#
# Built without libcurl: pull says what to install, all the rest is there.
t effnet_without_curl pull efficientnet-b0.aa
t effnet_without_curl pull --url http://localhost/x.pth -o x.pth
effnet_without_curl pull --list | head -1 | cut -c 1-18
effnet_without_curl info | grep libcurl
effnet_without_curl info --json | grep -o '"missing":\[[^]]*\]'
ls
