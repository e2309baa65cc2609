"""Which PyTorch to install for this machine's GPU. Pure: facts in, a pip requirement out."""

from __future__ import annotations

import platform as platform_facts
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from ...messages import Message
from .amd import architecture

CPU_TORCH, CPU_TORCHVISION = "2.13.0", "0.28.0"
_DRM = Path("/sys/class/drm")
_AMD, _INTEL = "0x1002", "0x8086"
_ARC_NAME = re.compile(r"\bArc\b")
BLACKWELL, OLDEST = (10, 0), (3, 7)
"""The first capability that only CUDA 12.8 knows, and the last that PyTorch 2.6 has kernels for."""
_BLACKWELL_NAME = re.compile(r"\bRTX 50[5-9]0|\bBlackwell\b|\bG?B[123]00\b")
"""The RTX 5000s of other generations aren't among them."""
INDEX = "https://download.pytorch.org/whl/"


@dataclass(frozen=True)
class Hardware:
    """What matters for the choice.

    ``cuda`` is the newest CUDA that the driver runs, ``capability`` the GPU's. ``gfx`` is an AMD
    GPU's architecture as ROCm names it ("gfx1100"), "" where it isn't known; ``arc``: an Intel Arc.
    ``arm``: an ARM processor, as Macs since the M1 have.
    """

    platform: str
    gpu: str = ""
    cuda: tuple[int, int] | None = None
    capability: tuple[int, int] | None = None
    rocm: bool = False
    gfx: str = ""
    arc: bool = False
    amd: bool = False
    """An AMD GPU, with or without ROCm."""
    arm: bool = True


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
    if machine.platform == "darwin":
        return _for_a_mac(machine)
    if machine.cuda and (machine.capability or OLDEST) >= OLDEST:
        return _for_nvidia(machine, machine.cuda)
    if machine.rocm and machine.platform == "linux":
        return _for_amd(machine)
    if machine.arc:
        return TorchChoice("2.6.0", "0.21.0", INDEX + "xpu", Message("torch.arc", "an Intel Arc"))
    index = INDEX + "cpu" if machine.platform == "linux" else None
    return TorchChoice(CPU_TORCH, CPU_TORCHVISION, index, _no_gpu(machine))


def _no_gpu(machine: Hardware) -> Message:
    if machine.cuda:
        text = "{gpu}, too old for any PyTorch of today: the CPU build"
        return Message("torch.too_old", text, gpu=machine.gpu)
    if machine.amd and machine.platform == "win32":
        text = (
            "an AMD GPU, for which PyTorch has no build on Windows: the CPU build. ROCm runs on "
            "Linux, and in WSL"
        )
        return Message("torch.amd_windows", text)
    if machine.amd:
        return Message("torch.amd_driver", "an AMD GPU without ROCm's driver: the CPU build")
    return Message("torch.cpu", "no NVIDIA or AMD GPU was found: the CPU build")


def _for_a_mac(machine: Hardware) -> TorchChoice:
    """Builds for Intel Macs ended with PyTorch 2.2."""
    if machine.arm:
        return TorchChoice("2.6.0", "0.21.0", None, Message("torch.mac", "a Mac"))
    return TorchChoice("2.2.2", "0.17.2", None, Message("torch.intel_mac", "a Mac with Intel"))


def _for_amd(machine: Hardware) -> TorchChoice:
    """RDNA 4 (gfx12..) came with ROCm 6.4; RDNA 2 and 3 are in 6.2 too, which sd-scripts was
    tested with.
    """
    if machine.gfx.startswith("gfx12"):
        return TorchChoice(
            "2.8.0", "0.23.0", INDEX + "rocm6.4", Message("torch.rdna4", "an AMD GPU, ROCm 6.4")
        )
    return TorchChoice(
        "2.6.0", "0.21.0", INDEX + "rocm6.2.4", Message("torch.rocm", "an AMD GPU with ROCm")
    )


def _for_nvidia(machine: Hardware, cuda: tuple[int, int]) -> TorchChoice:
    windows = machine.platform == "win32"
    if _is_blackwell(machine):
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


def _is_blackwell(machine: Hardware) -> bool:
    """By its capability, and by its name where an older tool of the driver's doesn't tell that."""
    if machine.capability is not None:
        return machine.capability >= BLACKWELL
    return bool(_BLACKWELL_NAME.search(machine.gpu))


def _without_nvidia(platform: str) -> Hardware:
    from .. import process

    arm = platform_facts.machine().lower() in ("arm64", "aarch64")
    if platform == "linux":
        vendors = {path.read_text().strip() for path in _DRM.glob("card*/device/vendor")}
        rocm = Path("/dev/kfd").exists()
        gfx = architecture() if rocm else ""
        return Hardware(platform, rocm=rocm, gfx=gfx, arc=_is_arc(), amd=_AMD in vendors, arm=arm)
    names = ""
    if platform == "win32":
        ask = "(Get-CimInstance Win32_VideoController).Name"
        words = ["powershell", "-NoProfile", "-Command", ask]
        names = process.run(words, timeout=30, check=False)
    arc, amd = bool(_ARC_NAME.search(names)), "AMD" in names or "Radeon" in names
    return Hardware(platform, arc=arc, amd=amd, arm=arm)


def _is_arc() -> bool:
    """By PCI's numbers: Intel's own cards are 0x56.. (Alchemist) and 0xe2.. (Battlemage)."""
    for device in _DRM.glob("card*/device/device"):
        vendor = device.with_name("vendor").read_text().strip()
        if vendor == _INTEL and re.match(r"0x(56|e2)", device.read_text().strip()):
            return True
    return False


_GPU_LINE = re.compile(r"\s*(.+?)\s*,\s*(\d+)\.(\d+)\s*")


def this_machine() -> Hardware:
    """Asks the NVIDIA driver's own tool, of several GPUs about the newest; and looks for other GPUs
    in the system's lists.
    """
    from .. import process

    platform = "linux" if sys.platform.startswith("linux") else sys.platform
    table = process.run(["nvidia-smi"], timeout=20, check=False)
    version = re.search(r"CUDA (?:UMD )?Version:\s*(\d+)\.(\d+)", table)
    if version is None:
        return _without_nvidia(platform)
    found = [_GPU_LINE.fullmatch(line) for line in _asked("name,compute_cap")]
    gpus = [((int(one[2]), int(one[3])), one[1]) for one in found if one]
    capability, name = max(gpus, key=lambda gpu: gpu[0], default=(None, ""))
    if capability is None:  # an older driver's tool
        name = next(iter(_asked("name")), "").strip()
    return Hardware(
        platform,
        gpu=name or Message("torch.nvidia", "an NVIDIA GPU"),
        cuda=(int(version[1]), int(version[2])),
        capability=capability,
    )


def _asked(what: str) -> list[str]:
    """What the driver's tool says of each GPU, or of what it can't be asked."""
    from .. import process

    query = ["nvidia-smi", f"--query-gpu={what}", "--format=csv,noheader"]
    return process.run(query, timeout=20, check=False).strip().splitlines()
