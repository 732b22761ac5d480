# SPDX-License-Identifier: Apache-2.0
#
# What the bash completion offers after `effnet WORD...`, where the last word is still being typed. One per line.
_init_completion() {
    words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
    cur=${words[cword]} prev=${words[cword - 1]}
}
_filedir() { :; }
complete() { :; }
. "$(dirname "$0")/../../completion/effnet.bash"
COMP_WORDS=(effnet "$@") COMP_CWORD=$# COMPREPLY=()
_effnet
printf '%s\n' "${COMPREPLY[@]}"
