"""Trains the demo's base model: `python -m tools.demo_base`."""
