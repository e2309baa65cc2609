"""One optimizer step of the embedded engine: its inputs, the step itself, and recordings of it."""
