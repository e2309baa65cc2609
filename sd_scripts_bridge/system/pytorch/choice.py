"""Which PyTorch to install for this machine's GPU. Pure: facts in, a pip requirement out."""

from __future__ import annotations

import platform as platform_facts
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from ...messages import Message

CPU_TORCH, CPU_TORCHVISION = "2.13.0", "0.28.0"
_DRM, _KFD = Path("/sys/class/drm"), Path("/sys/class/kfd/kfd/topology/nodes")
_AMD, _INTEL = "0x1002", "0x8086"
_ARC_NAME = re.compile(r"\bArc\b")
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
    if machine.cuda and machine.platform != "darwin":
        return _for_nvidia(machine, machine.cuda)
    if machine.platform == "darwin":
        return _for_a_mac(machine)
    if machine.rocm:
        return _for_amd(machine)
    if machine.arc:
        return TorchChoice("2.6.0", "0.21.0", INDEX + "xpu", Message("torch.arc", "an Intel Arc"))
    index = INDEX + "cpu" if machine.platform == "linux" else None
    return TorchChoice(CPU_TORCH, CPU_TORCHVISION, index, _no_gpu(machine))


def _no_gpu(machine: Hardware) -> Message:
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


def _without_nvidia(platform: str) -> Hardware:
    from .. import process

    arm = platform_facts.machine().lower() in ("arm64", "aarch64")
    if platform == "linux":
        vendors = {path.read_text().strip() for path in _DRM.glob("card*/device/vendor")}
        rocm = Path("/dev/kfd").exists()
        gfx = _gfx() if rocm else ""
        return Hardware(platform, rocm=rocm, gfx=gfx, arc=_is_arc(), amd=_AMD in vendors, arm=arm)
    names = ""
    if platform == "win32":
        ask = "(Get-CimInstance Win32_VideoController).Name"
        words = ["powershell", "-NoProfile", "-Command", ask]
        names = process.run(words, timeout=30, check=False)
    arc, amd = bool(_ARC_NAME.search(names)), "AMD" in names or "Radeon" in names
    return Hardware(platform, arc=arc, amd=amd, arm=arm)


def _gfx() -> str:
    """The first GPU's architecture, from the driver's own list: 110000 stands for gfx1100."""
    for node in sorted(_KFD.glob("*/properties")):
        found = re.search(r"^gfx_target_version (\d+)$", node.read_text(), re.MULTILINE)
        if found and int(found[1]):
            version = int(found[1])
            major, minor, step = version // 10_000, version // 100 % 100, version % 100
            return f"gfx{major}{minor:x}{step:x}"
    return ""


def _is_arc() -> bool:
    """By PCI's numbers: Intel's own cards are 0x56.. (Alchemist) and 0xe2.. (Battlemage)."""
    for device in _DRM.glob("card*/device/device"):
        vendor = device.with_name("vendor").read_text().strip()
        if vendor == _INTEL and re.match(r"0x(56|e2)", device.read_text().strip()):
            return True
    return False


def this_machine() -> Hardware:
    """Asks the NVIDIA driver's own tool, and looks for other GPUs in the system's lists."""
    from .. import process

    platform = "linux" if sys.platform.startswith("linux") else sys.platform
    table = process.run(["nvidia-smi"], timeout=20, check=False)
    version = re.search(r"CUDA (?:UMD )?Version:\s*(\d+)\.(\d+)", table)
    if version is None:
        return _without_nvidia(platform)
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
