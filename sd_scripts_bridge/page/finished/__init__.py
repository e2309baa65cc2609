"""What the page does with jobs that are over."""
