"""How good a saved step is: what was measured of it, and what that says."""
