"""Measuring a LoRA: its denoising errors at fixed timesteps and fixed noise."""
