"""How much memory the run took at its peak."""

from __future__ import annotations

import importlib
import sys

import torch


def peak(device: torch.device) -> int | None:
    """Bytes: the GPU's, or the process's. None where the system doesn't tell."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated())
    try:
        resource = importlib.import_module("resource")
    except ImportError:
        return _windows_peak()
    used = int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return used if sys.platform == "darwin" else used * 1024


def _windows_peak() -> int | None:
    try:
        psutil = importlib.import_module("psutil")
    except ImportError:
        return None
    return int(psutil.Process().memory_info().peak_wset)
