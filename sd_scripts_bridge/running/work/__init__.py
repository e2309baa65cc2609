"""What an attempt asks of its job: of a training, of a set-up, of a tool."""
