"""From elsewhere and back: kohya_ss, TOML, scripts, a LoRA's metadata."""
