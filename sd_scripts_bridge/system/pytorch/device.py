"""What PyTorch computes on here: an NVIDIA GPU, a Mac's, else the processor. For programs that run
in the training environment.
"""

from __future__ import annotations

import torch


def best() -> torch.device:
    """The one that everything of ours computes on here (AMD's GPUs call themselves CUDA's)."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def half(device: torch.device) -> torch.dtype:
    """The shorter numbers that ``device`` draws and measures in; the processor has none."""
    if device.type == "cuda":
        return torch.bfloat16 if gpu_has_bf16() else torch.float16
    return torch.bfloat16 if device.type == "mps" and mac_has_bf16() else torch.float32


def gpu_has_bf16() -> bool:
    """Whether the GPU itself can: NVIDIA's since Ampere (the RTX 30 series). On older ones PyTorch
    works it out from other numbers, slowly, and calls that supported, too.
    """
    return torch.version.hip is not None or torch.cuda.get_device_capability() >= (8, 0)


def mac_has_bf16() -> bool:
    """Whether a Mac's GPU can: from macOS 14 on."""
    return torch.backends.mps.is_macos_or_newer(14, 0)
