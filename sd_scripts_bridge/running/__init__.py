"""The supervisor, an attempt, why it ended, and its cure."""
