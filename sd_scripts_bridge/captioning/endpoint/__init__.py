"""Captions by an OpenAI-compatible server."""
