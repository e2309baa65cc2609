"""Files that run inside the environment of sd-scripts, not in ours."""
