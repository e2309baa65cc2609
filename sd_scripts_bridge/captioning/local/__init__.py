"""Captioners that run in the training environment: models in a folder, sd-scripts' own programs."""
