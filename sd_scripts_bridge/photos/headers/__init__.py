"""What a photo's header says, undecoded: 100,000 of them in seconds."""
