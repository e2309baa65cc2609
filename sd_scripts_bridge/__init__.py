"""Train a LoRA with kohya-ss sd-scripts, from photos to a finished card in the WebUI."""

__version__ = "0.1.0"
