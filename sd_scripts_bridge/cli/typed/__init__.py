"""What is typed behind a verb."""
