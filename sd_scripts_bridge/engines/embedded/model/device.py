"""The device that trains, and how much of its memory the run took."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import torch

from ....errors import TrainingFailed
from . import base_model


def choose(precision: str, base: Path) -> torch.device:
    """The GPU if there is one. Raises `TrainingFailed` where it can't compute in ``precision``.

    A toy model on the CPU gets one thread: several only wait for each other, and their results
    differ from run to run.
    """
    if torch.cuda.is_available():
        if precision == "bf16" and not torch.cuda.is_bf16_supported(including_emulation=False):
            raise TrainingFailed(
                "device.gpu_cant_compute_bf",
                "This GPU can't compute in bf16. Set mixed_precision to fp16.",
            )
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.benchmark = True
        return torch.device("cuda")
    if precision == "fp16":
        raise TrainingFailed(
            "device.mixed_precision_fp_needs",
            "mixed_precision fp16 needs a CUDA GPU, and there is none. Set it to no or bf16.",
        )
    if base_model.is_tiny(base):
        torch.set_num_threads(1)
    return torch.device("cpu")


def peak_memory(device: torch.device) -> int | None:
    """Bytes at the peak: the GPU's, or the process's. None where the system doesn't tell."""
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
