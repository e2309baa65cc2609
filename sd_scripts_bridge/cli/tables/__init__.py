"""What the command line shows in columns."""
