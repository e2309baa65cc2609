"""What the networks' forward passes are made of."""
