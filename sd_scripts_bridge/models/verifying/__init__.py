"""Whether a LoRA is whole and will work: its numbers, and its names in the host."""
