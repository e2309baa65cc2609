"""The folder that a dataset is written into."""
