"""sd-scripts' TOML files and those of LoRA Easy Training Scripts, read and written."""
