"""Captions by any model that the user has: who writes them, how it is asked, where they go."""
