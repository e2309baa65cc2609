"""The benchmarks' own tests: what they count, never how long something takes."""
