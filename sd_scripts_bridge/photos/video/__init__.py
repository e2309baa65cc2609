"""Photos from a video: each frame looked at, the sharpest and most different ones chosen."""
