"""One optimizer step of the embedded engine: its inputs, the step itself, and CUDA graphs of it."""
