"""PyTorch: which build fits this machine, and what it computes on."""
