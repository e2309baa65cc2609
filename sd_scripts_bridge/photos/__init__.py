"""One photo: found, read, measured, shown small; zip archives."""
