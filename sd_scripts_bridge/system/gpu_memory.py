"""A GPU's memory where no WebUI with a PyTorch of its own is at hand: asked of the driver's tool,
remembered a little.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from . import process

REMEMBERED_SECONDS = 5.0
QUESTION = (
    "nvidia-smi",
    "--query-gpu=memory.free,memory.total,name",
    "--format=csv,noheader,nounits",
)


class Memory(NamedTuple):
    """The GPU's memory in bytes, and its name."""

    free: int
    total: int
    name: str


class GpuMemory:
    """Call it for the memory of GPU ``number`` (of several "0,1" the first); None where there is no
    NVIDIA GPU.
    """

    def __init__(self, number: str = "0") -> None:
        self._question = (*QUESTION, f"--id={number.partition(',')[0]}")
        self._asked = -REMEMBERED_SECONDS
        self._known: Memory | None = None
        self._absent = False

    def __call__(self) -> Memory | None:
        if not self._absent and time.monotonic() - self._asked >= REMEMBERED_SECONDS:
            self._known, self._asked = (
                read(process.run(self._question, timeout=10, check=False)),
                time.monotonic(),
            )
            self._absent = self._known is None
        return self._known


def read(table: str) -> Memory | None:
    """The first line of the driver's answer, in bytes."""
    parts = [part.strip() for part in table.strip().partition("\n")[0].split(",", 2)]
    if len(parts) != 3 or not parts[0].isdecimal() or not parts[1].isdecimal():
        return None
    return Memory(int(parts[0]) << 20, int(parts[1]) << 20, parts[2])
