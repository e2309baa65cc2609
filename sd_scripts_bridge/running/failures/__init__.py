"""Failures that are known: what the log says, and what to tell the user."""
