"""What the embedded engine trains: base model, text encoders, LoRA network."""
