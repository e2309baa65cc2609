"""The numbers themselves in a LoRA's file."""
