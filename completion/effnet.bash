# SPDX-License-Identifier: Apache-2.0
#
# Completion of effnet's commands, options and names for bash. Commands and options are taken from --help, so what the installed
# effnet knows is what is completed. Needs bash-completion 2.

_effnet_networks() {
    printf '%s\n' efficientnet-b{0..8} efficientnet-l2 efficientnet-lite{0..4} \
        mobilenet-v2{,-0.35,-0.5,-0.75,-1.0,-1.1d,-1.2d,-1.3,-1.4}
}

_effnet_models() {
    local folders folder file
    IFS=: read -ra folders <<< "${EFFNET_MODELS-}:${XDG_DATA_HOME:-$HOME/.local/share}/effnet:$(
        dirname "$(command -v effnet)")/../share/effnet/models"
    for folder in "${folders[@]}"; do
        for file in "$folder"/*.safetensors; do
            [ -f "$file" ] && basename "$file" .safetensors
        done
    done
}

_effnet_words() { # word...: those that fit what was typed
    mapfile -t COMPREPLY < <(compgen -W "$*" -- "$cur")
}

_effnet() {
    local cur prev words cword
    _init_completion || return
    local command=${words[1]}
    if [ "$cword" = 1 ]; then
        _effnet_words "$(effnet help 2> /dev/null | sed -nE '/^Commands:/,/^$/s/^  ([a-z]+) .*/\1/p') help --version"
        return
    fi
    case $prev in
        --arch) _effnet_words "$(_effnet_networks)" ;;
        -m | --model) _effnet_words "$(_effnet_models)" ;;
        --dtype) _effnet_words f32 f16 bf16 ;;
        --dialect | --to) _effnet_words effnet efficientnet_pytorch torchvision timm ;;
        --variant) _effnet_words same symmetric ;;
        --layout) _effnet_words nchw nhwc ;;
        --optimizer) _effnet_words rmsprop sgd adamw ;;
        --schedule) _effnet_words step exponential cosine constant ;;
        --freeze) _effnet_words none norms body ;;
        --task) _effnet_words classes labels values ;;
        --part) _effnet_words train val ;;
        --cpu) _effnet_words ref avx2 avx512 neon ;;
        --at) _effnet_words reduction_{1..5} features pooled logits ;;
        --svg | --png | --report)
            _filedir
            return
            ;;
        --threads | --batch | -k | --top | --size | --runs | --warmup | --seed | --num-classes | --in-channels | --max-pixels | --max-side | --recipe | --url \
            | --sha256 | --timeout | --retries \
            | --block | --kernel | --in | --out | --stride | --expand | --se | --phi | --alpha | --beta | --gamma | --depth | --width | --resolution \
            | --epochs | --passes | --lr | --momentum | --weight-decay | --clip | --decay-factor | --decay-epochs | --warmup-epochs \
            | --label-smoothing | --ema-decay | --val-split | --dropout | --drop-connect | --head-epochs | --head-lr | --min-accuracy \
            | --step | --tolerance | --seeds | --seconds | --augment | --cache | --multiple | --max-macs | --max-params | --max-memory | --max-latency)
            return
            ;;
    esac
    [ ${#COMPREPLY[@]} = 0 ] || return 0
    if [[ $cur = -* ]]; then
        _effnet_words "$(effnet "$command" --help 2> /dev/null | grep -oE -- '--[a-z][a-z0-9-]+' | sort -u)"
        return
    fi
    case $command in
        help) _effnet_words "$(effnet help 2> /dev/null | sed -nE '/^Commands:/,/^$/s/^  ([a-z]+) .*/\1/p')" ;;
        summary | init | cost | scale) _effnet_words "$(_effnet_networks)" ;;
        bench) _effnet_words "$(_effnet_networks; _effnet_models)" ;;
        pull) _effnet_words "$(effnet pull --list 2> /dev/null | awk '{ print $1 }')" ;;
    esac
    [ "$command" = pull ] || _filedir
}

complete -F _effnet effnet
