"""Measures likeness in the training environment."""
