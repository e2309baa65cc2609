"""AMD's GPUs on Linux: their architectures, and whose kernels they run."""

from __future__ import annotations

import os
import re
from pathlib import Path

_KFD = Path("/sys/class/kfd/kfd/topology/nodes")
OVERRIDE = "HSA_OVERRIDE_GFX_VERSION"
_RELATIVES = ((r"gfx103[1-6]", "10.3.0"), (r"gfx110[23]", "11.0.0"))
"""PyTorch's builds have kernels for the largest GPU of a generation; the others run them once ROCm
is told so.
"""


def architecture() -> str:
    """The first GPU's architecture, from the driver's own list: 110000 stands for gfx1100; "" where
    there is none.
    """
    for node in sorted(_KFD.glob("*/properties")):
        found = re.search(r"^gfx_target_version (\d+)$", node.read_text(), re.MULTILINE)
        if found and int(found[1]):
            version = int(found[1])
            major, minor, step = version // 10_000, version // 100 % 100, version % 100
            return f"gfx{major}{minor:x}{step:x}"
    return ""


def environment() -> dict[str, str]:
    """What a program with PyTorch needs beside it here; what somebody has set stays."""
    if OVERRIDE in os.environ:
        return {}
    here = architecture()
    found = [version for name, version in _RELATIVES if re.fullmatch(name, here)]
    return {OVERRIDE: found[0]} if found else {}
