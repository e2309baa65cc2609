"""Command lines in shell, batch and PowerShell scripts, read and written."""
