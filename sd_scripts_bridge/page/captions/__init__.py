"""Captions of the draft by a captioner: who can write them, and how they come in."""
