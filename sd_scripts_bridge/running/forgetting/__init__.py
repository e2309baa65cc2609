"""Forgetting a training's photos."""
