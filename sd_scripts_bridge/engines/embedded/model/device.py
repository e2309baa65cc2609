"""The device that trains: what it can, its random numbers, and how much memory a run took."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from ....errors import TrainingFailed
from ....system.pytorch.device import best, gpu_has_bf16, half, mac_has_bf16
from . import base_model

__all__ = [
    "best",
    "choose",
    "generator",
    "give_back",
    "half",
    "make_quick",
    "normal",
    "peak_memory",
    "spare_threads",
    "wait",
]


def generator(device: torch.device, seed: int) -> torch.Generator:
    """What a training's random numbers come from: on a GPU with graphs its own, else the
    processor's, which draws the same on every machine.
    """
    on = device if device.type == "cuda" else torch.device("cpu")
    return torch.Generator(on).manual_seed(seed)


def normal(shape: Sequence[int], generator: torch.Generator, device: torch.device | str) -> Tensor:
    """Normal random numbers on ``device``, drawn where the generator is."""
    return torch.randn(tuple(shape), generator=generator, device=generator.device).to(device)


def choose(precision: str, base: Path) -> torch.device:
    """The best. Raises `TrainingFailed` where it can't compute in ``precision``."""
    device = best()
    if device.type == "cuda":
        if precision == "bf16" and not gpu_has_bf16():
            raise TrainingFailed(
                "device.gpu_cant_compute_bf",
                "This GPU can't compute in bf16. Set mixed_precision to fp16.",
            )
        make_quick(device)
        return device
    if precision == "fp16":
        raise TrainingFailed(
            "device.mixed_precision_fp_needs",
            "mixed_precision fp16 needs a CUDA GPU, and there is none. Set it to no or bf16.",
        )
    if device.type == "mps" and precision == "bf16" and not mac_has_bf16():
        raise TrainingFailed(
            "device.mac_cant_compute_bf16",
            "This Mac can't compute in bf16 before macOS 14. Set mixed_precision to no, or update "
            "macOS.",
        )
    spare_threads(device, base)
    return device


def make_quick(device: torch.device) -> None:
    """Let an NVIDIA GPU shorten fp32 numbers in products (TF32), and find out which way to convolve
    is the quickest; without that the GTX 16 series gives no numbers in fp16. (AMD's library takes
    minutes to find out.)
    """
    if device.type == "cuda" and torch.version.hip is None:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.benchmark = True


def spare_threads(device: torch.device, base: Path) -> None:
    """A toy model on the CPU gets one thread: several are hardly quicker, wait for each other where
    another program computes, and their results differ from run to run.
    """
    if device.type == "cpu" and base_model.is_tiny(base):
        torch.set_num_threads(1)


def wait() -> None:
    """Until the GPU has done what it was given."""
    device = best()
    if device.type == "cuda":
        torch.cuda.synchronize()
    elif device.type == "mps":
        torch.mps.synchronize()


def give_back(device: torch.device) -> None:
    """Let other programs have what this one keeps of the GPU's memory without using it."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def peak_memory(device: torch.device) -> int | None:
    """Bytes at the peak: the GPU's, or the process's. None where the system doesn't tell."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated())
    if device.type == "mps":  # what it once took, it keeps
        return int(torch.mps.driver_allocated_memory())
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
