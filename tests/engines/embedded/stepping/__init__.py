"""The step, and its graphs."""
