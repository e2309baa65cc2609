Register-ArgumentCompleter -Native -CommandName PROGRAM -ScriptBlock {
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
