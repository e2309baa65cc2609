"""The kohya_ss GUI's saved JSON, read and written."""
