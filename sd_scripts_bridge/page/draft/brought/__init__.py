"""What a training from elsewhere brings along for the draft."""
