"""Photos with captions: judged, repaired, counted, edited; kohya's folder, written and read."""
