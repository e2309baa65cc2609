"""What came of a job: its events added up, the LoRA that it gave, how fast it was."""
