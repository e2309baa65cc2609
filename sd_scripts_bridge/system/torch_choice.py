"""Which PyTorch to install for this machine's GPU. Pure: facts in, a pip requirement out."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from ..messages import Message

CPU_TORCH, CPU_TORCHVISION = "2.13.0", "0.28.0"
INDEX = "https://download.pytorch.org/whl/"


@dataclass(frozen=True)
class Hardware:
    """What matters for the choice.

    ``cuda`` is the newest CUDA that the driver runs, ``capability`` the GPU's.
    """

    platform: str
    gpu: str = ""
    cuda: tuple[int, int] | None = None
    capability: tuple[int, int] | None = None
    rocm: bool = False


@dataclass(frozen=True)
class TorchChoice:
    """pip's arguments, and the reason in words."""

    torch: str
    torchvision: str
    index: str | None
    reason: str
    cuda: bool = False

    @property
    def requirements(self) -> tuple[str, str]:
        return f"torch=={self.torch}", f"torchvision=={self.torchvision}"


def choose(machine: Hardware) -> TorchChoice:
    """The PyTorch that sd-scripts' README was tested with on such a GPU; on a CPU, one that the
    project is tested with.

    sd-scripts 0.10.1: 2.6.0 everywhere, 2.8.0 with CUDA 12.8 for the RTX 50 series. On Linux the
    builds on PyPI are those for CUDA 12.4 and 12.8; on Windows PyPI has CPU builds only.
    """
    if machine.cuda and machine.platform != "darwin":
        return _for_nvidia(machine, machine.cuda)
    if machine.rocm:
        return TorchChoice(
            "2.6.0", "0.21.0", INDEX + "rocm6.2.4", Message("torch.rocm", "an AMD GPU with ROCm")
        )
    if machine.platform == "darwin":
        return TorchChoice("2.6.0", "0.21.0", None, Message("torch.mac", "a Mac"))
    index = INDEX + "cpu" if machine.platform == "linux" else None
    return TorchChoice(
        CPU_TORCH,
        CPU_TORCHVISION,
        index,
        Message("torch.cpu", "no NVIDIA or AMD GPU was found: the CPU build"),
    )


def _for_nvidia(machine: Hardware, cuda: tuple[int, int]) -> TorchChoice:
    windows = machine.platform == "win32"
    if machine.capability and machine.capability >= (10, 0):
        return TorchChoice(
            "2.8.0",
            "0.23.0",
            INDEX + "cu128" if windows else None,
            f"{machine.gpu}, CUDA 12.8",
            True,
        )
    if cuda >= (12, 4):
        return TorchChoice(
            "2.6.0",
            "0.21.0",
            INDEX + "cu124" if windows else None,
            f"{machine.gpu}, CUDA 12.4",
            True,
        )
    return TorchChoice(
        "2.6.0",
        "0.21.0",
        INDEX + "cu118",
        Message("torch.older", "{gpu}, an older driver: CUDA 11.8", gpu=machine.gpu),
        True,
    )


def this_machine() -> Hardware:
    """Asks the NVIDIA driver's own tool, and looks for the ROCm device."""
    from . import process

    platform = "linux" if sys.platform.startswith("linux") else sys.platform
    table = process.run(["nvidia-smi"], timeout=20, check=False)
    version = re.search(r"CUDA (?:UMD )?Version:\s*(\d+)\.(\d+)", table)
    if version is None:
        return Hardware(platform, rocm=platform == "linux" and Path("/dev/kfd").exists())
    query = ["nvidia-smi", "--query-gpu=name,compute_cap", "--format=csv,noheader"]
    first = process.run(query, timeout=20, check=False).strip().partition("\n")[0]
    name, _, capability = first.rpartition(",")
    found = re.fullmatch(r"\s*(\d+)\.(\d+)\s*", capability)
    return Hardware(
        platform,
        gpu=name.strip() or Message("torch.nvidia", "an NVIDIA GPU"),
        cuda=(int(version[1]), int(version[2])),
        capability=(int(found[1]), int(found[2])) if found else None,
    )
