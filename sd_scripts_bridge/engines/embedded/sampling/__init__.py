"""Pictures from a base model, with or without a LoRA."""
