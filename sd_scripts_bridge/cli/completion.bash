_sd_scripts_bridge() {
    local IFS=$'\n'
    COMPREPLY=($("${COMP_WORDS[0]}" completion bash --for "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
}
complete -o default -F _sd_scripts_bridge PROGRAM
