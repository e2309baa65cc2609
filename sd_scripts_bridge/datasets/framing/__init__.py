"""What the trainer will see of a photo: its bucket, its size and its crop."""
