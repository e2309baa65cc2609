"""What people ask of jobs that are queued or over."""
