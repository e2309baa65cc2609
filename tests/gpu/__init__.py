"""What only a CUDA GPU can show; skipped where there is none."""
