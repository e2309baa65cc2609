"""How like the photos a LoRA's pictures are: the yardstick, and the arithmetic."""
