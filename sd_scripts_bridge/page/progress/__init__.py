"""What a job has done so far, folded from its events."""
