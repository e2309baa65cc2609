"""The operating system: processes, files, locks, Python environments, memory.

Knows nothing of training.
"""
