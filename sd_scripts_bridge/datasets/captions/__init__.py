"""Captions of a set: drafted, counted, changed many at once, in files."""
