# SPDX-License-Identifier: Apache-2.0
#
# Built without libcurl and cairo: pull and plots say what to install, all the rest is there.
t effnet_without pull efficientnet-b0.aa
t effnet_without pull --url http://localhost/x.pth -o x.pth
effnet_without pull --list | head -1 | cut -c 1-18
t effnet_without summary efficientnet-b0 --svg b0.svg
t effnet_without cost efficientnet-b0 --png b0.png
t effnet_without scale --published --svg family.svg
effnet_without summary efficientnet-b0 | sed -n 's/^total .* //p'
effnet_without info | grep -E 'libcurl|cairo'
effnet_without info --json | grep -o '"missing":\[[^]]*\]'
ls
