# SPDX-License-Identifier: Apache-2.0
#
# Completion of effnet's commands, options and names for bash. Needs bash-completion 2.

_effnet_options() { # command
    local all='--help --quiet --verbose --threads --json'
    local model='--model --arch --recipe'
    case $1 in
        classify) echo "$all $model -k --labels --batch --csv --exif --tta" ;;
        features) echo "$all $model --output --at --batch --exif" ;;
        run) echo "$all $model --input --output --layout --at" ;;
        summary) echo "$all --size --batch" ;;
        init) echo "$all --output --seed --num-classes --in-channels --size" ;;
        convert) echo "$all --output --dtype --ema --check --to --arch --recipe" ;;
        info) echo "--help --json" ;;
        pull) echo "$all --list --url" ;;
    esac
}

_effnet_networks() {
    printf '%s\n' efficientnet-b{0..8} efficientnet-l2 efficientnet-lite{0..4} \
        mobilenet-v2{,-0.35,-0.5,-0.75,-1.0,-1.1d,-1.2d,-1.3,-1.4}
}

_effnet_models() {
    local folder file
    for folder in "${EFFNET_MODELS-}" "${XDG_DATA_HOME:-$HOME/.local/share}/effnet" /usr/local/share/effnet/models \
        /usr/share/effnet/models; do
        for file in "$folder"/*.safetensors; do
            [ -f "$file" ] && basename "$file" .safetensors
        done
    done
}

_effnet() {
    local cur prev words cword
    _init_completion || return
    local commands='classify features run summary init convert info pull help'
    local command=${words[1]}
    if [ "$cword" = 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$cur")
        return
    fi
    case $prev in
        -m | --model) mapfile -t COMPREPLY < <(compgen -W "$(_effnet_models)" -- "$cur") ;;
        --arch) mapfile -t COMPREPLY < <(compgen -W "$(_effnet_networks)" -- "$cur") ;;
        --dtype) mapfile -t COMPREPLY < <(compgen -W 'f32 f16 bf16' -- "$cur") ;;
        --to) mapfile -t COMPREPLY < <(compgen -W 'effnet efficientnet_pytorch torchvision timm' -- "$cur") ;;
        --layout) mapfile -t COMPREPLY < <(compgen -W 'nchw nhwc' -- "$cur") ;;
        --at) mapfile -t COMPREPLY < <(compgen -W "$(echo reduction_{1..5} features pooled logits)" -- "$cur") ;;
        --threads | --batch | -k | --size | --seed | --num-classes | --in-channels | --recipe | --url) return ;;
    esac
    [ ${#COMPREPLY[@]} = 0 ] || return 0
    if [[ $cur = -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_effnet_options "$command")" -- "$cur")
        return
    fi
    case $command in
        help) mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur") ;;
        summary | init) mapfile -t COMPREPLY < <(compgen -W "$(_effnet_networks)" -- "$cur") ;;
        pull)
            mapfile -t COMPREPLY < <(compgen -W "$(effnet pull --list 2> /dev/null | awk '{ print $1 }')" -- "$cur")
            return
            ;;
    esac
    _filedir
}

complete -F _effnet effnet
