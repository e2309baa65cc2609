"""The most memory that a trainer has taken, looked at from outside while it runs."""

from __future__ import annotations

import shutil
import time

import psutil

from ..errors import CommandFailed
from . import process

LOOK_SECONDS, LONGEST_SECONDS = 1.0, 10.0
"""Between two looks: a tenth of the time that it runs, within these. A look at a process and its
children reads all processes of the machine."""
GPU_SECONDS, GPU_LIMIT_SECONDS = 10.0, 10.0
"""Between two looks at the GPUs, and for one: nvidia-smi takes a tenth of a second.

PyTorch keeps what it has once taken, so that a peak is hardly missed.
"""

_ON_GPUS = (
    "nvidia-smi",
    "--query-compute-apps=pid,used_gpu_memory",
    "--format=csv,noheader,nounits",
)


class PeakMemory:
    """Of the process ``pid`` and its children."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.ram = self.gpu = 0
        self._began = time.monotonic()
        self._next_look = self._next_gpu_look = 0.0
        self._has_gpu = shutil.which(_ON_GPUS[0]) is not None

    @property
    def bytes(self) -> int | None:
        """On the GPUs where the trainer was on any, else in RAM (its largest process); None where
        it was never seen.
        """
        return self.gpu or self.ram or None

    def look(self) -> None:
        """Look, unless the last look was just now."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + min(max((now - self._began) / 10, LOOK_SECONDS), LONGEST_SECONDS)
        try:
            main = psutil.Process(self.pid)
            family = [main, *main.children(recursive=True)]
            self.ram = max(self.ram, *(_resident(one) for one in family))
        except psutil.Error:
            return
        if self._has_gpu and now >= self._next_gpu_look:
            self._next_gpu_look = now + GPU_SECONDS
            self._look_at_gpu({one.pid for one in family})

    def _look_at_gpu(self, pids: set[int]) -> None:
        try:
            lines = process.run(_ON_GPUS, timeout=GPU_LIMIT_SECONDS).splitlines()
        except CommandFailed:
            self._has_gpu = False
            return
        self.gpu = max(self.gpu, sum(used for pid, used in map(gpu_line, lines) if pid in pids))


def gpu_line(line: str) -> tuple[int, int]:
    """(pid, bytes) of "1234, 5678" (MiB); (0, 0) for one that tells nothing, as "1234, [N/A]" on
    Windows.
    """
    pid, _, used = line.partition(",")
    if not (pid.strip().isdigit() and used.strip().isdigit()):
        return 0, 0
    return int(pid), int(used) << 20


def _resident(one: psutil.Process) -> int:
    try:
        info = one.memory_info()
    except psutil.Error:
        return 0
    return int(getattr(info, "peak_wset", info.rss))
