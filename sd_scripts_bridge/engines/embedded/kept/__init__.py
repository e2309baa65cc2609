"""What is computed once and remembered on the disk, across jobs."""
