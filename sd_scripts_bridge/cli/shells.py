"""The scripts that a shell reads at its start: they ask `completion` at each Tab."""

from __future__ import annotations

SHELLS = ("bash", "zsh", "fish", "powershell")


def script(shell: str, program: str) -> str:
    """What the shell has to read at its start."""
    return _SCRIPTS[shell].replace("PROGRAM", program)


_SCRIPTS = {
    "bash": """_sd_scripts_bridge() {
    local IFS=$'\\n'
    COMPREPLY=($("${COMP_WORDS[0]}" completion bash --for "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
}
complete -o default -F _sd_scripts_bridge PROGRAM
""",
    "zsh": """#compdef PROGRAM
_sd_scripts_bridge() {
    local -a found shown begun
    local line
    for line in "${(@f)$("${words[1]}" completion zsh --for "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        [[ -z $line ]] && continue
        if [[ ${line%%$'\\t'*} == *= ]]; then begun+=("${line%%$'\\t'*}"); continue; fi
        found+=("${line%%$'\\t'*}") && shown+=("${line%%$'\\t'*}  ${line#*$'\\t'}")
    done
    (( ${#begun} )) && compadd -S '' -- $begun
    (( ${#found} )) && compadd -l -d shown -- $found
    (( ${#begun} + ${#found} )) || _files
}
compdef _sd_scripts_bridge PROGRAM
""",
    "fish": """function __sd_scripts_bridge
    set -l words (commandline -opc) (commandline -ct)
    set -l found ($words[1] completion fish --for $words[2..-1] 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c PROGRAM -f -a '(__sd_scripts_bridge)'
""",
    "powershell": """Register-ArgumentCompleter -Native -CommandName PROGRAM -ScriptBlock {
    param($word, $ast, $cursor)
    $words = @($ast.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursor -or $_.Extent.Text -ne $word } |
        Select-Object -Skip 1 | ForEach-Object { $_.Extent.Text })
    $last = if ($word) { $word } else { '""' }
    & $ast.CommandElements[0].Extent.Text completion powershell --for @words $last 2>$null | ForEach-Object {
        $parts = $_ -split "`t", 2
        $help = if ($parts[1]) { $parts[1] } else { $parts[0] }
        [System.Management.Automation.CompletionResult]::new($parts[0], $parts[0], 'ParameterValue', $help)
    }
}
""",
}
