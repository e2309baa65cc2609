#compdef PROGRAM
_sd_scripts_bridge() {
    local -a found shown begun
    local line
    for line in "${(@f)$("${words[1]}" completion zsh --for "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        [[ -z $line ]] && continue
        if [[ ${line%%$'\t'*} == *= ]]; then begun+=("${line%%$'\t'*}"); continue; fi
        found+=("${line%%$'\t'*}") && shown+=("${line%%$'\t'*}  ${line#*$'\t'}")
    done
    (( ${#begun} )) && compadd -S '' -- $begun
    (( ${#found} )) && compadd -l -d shown -- $found
    (( ${#begun} + ${#found} )) || _files
}
compdef _sd_scripts_bridge PROGRAM
