"""Whether a training spills: where a GPU's memory is full, Windows' driver lays the rest into the
system's memory, and each step takes many times as long, without an error.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from ..jobs.events import Progress
from ..messages import Message
from ..options.memory.remedy import remedy
from ..options.params import TrainingParams
from ..system.gpu_memory import Memory
from . import slowest

TIMES = 5.0
"""So many times the usual seconds a step: other work on the GPU costs less than that."""
FULL = 0.97
"""A GPU with this part of its memory taken has no room left."""
WINDOW, LEAST_SECONDS = 9, 20.0
"""The middle one of so many readings counts, over at least so long: saves and sample pictures make
single ones long.
"""
SOONER, SOONER_SECONDS = 3, 120.0
"""Where each takes minutes, fewer will do."""
RTX = "RTX"


@dataclass
class SpillWatch:
    """Takes each reading of a run's progress; tells once that it spills.

    ``usual``: seconds a step of a comparable run, None where there was none; then the run's own
    best pace counts, and what a base of ``family`` takes at most. ``memory`` is asked only while
    steps are slow.
    """

    params: TrainingParams
    memory: Callable[[], Memory | None]
    usual: float | None = None
    family: str = ""
    """"" where the training isn't known to run on a GPU."""
    _last: tuple[float, int] | None = None
    _recent: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=WINDOW))
    """Seconds a step, and over how many seconds."""
    _best: float | None = None
    _told: bool = False

    def add(self, now: float, event: Progress) -> Message | None:
        """What to tell, at ``now`` in seconds of a clock that never goes back."""
        last, self._last = self._last, (now, event.step)
        if last is None or event.step <= last[1] or self._told:
            return None
        took = now - last[0]
        self._recent.append((took / (event.step - last[1]), took))
        seconds, readings = sum(took for _, took in self._recent), len(self._recent)
        sooner = readings >= SOONER and seconds >= SOONER_SECONDS
        if not sooner and (readings < WINDOW or seconds < LEAST_SECONDS):
            return None
        said = self._judged(median(one for one, _ in self._recent))
        self._told = said is not None
        return said

    def _judged(self, pace: float) -> Message | None:
        if self._best is None:
            self._best = self.usual
        self._best = pace if self._best is None else min(self._best, pace)
        if pace >= TIMES * self._best:
            return self._sentence(pace) if self._full() is not None else None
        if self.usual is not None or not self._is_slow(pace, RTX):
            return None
        full = self._full()
        slow = full is not None and self._is_slow(pace, full.name)
        return self._from_the_start(pace, full.name) if full is not None and slow else None

    def _is_slow(self, pace: float, gpu: str) -> bool:
        most = slowest.seconds(self.family, self.params, gpu)
        return most is not None and pace >= TIMES * most

    def _full(self) -> Memory | None:
        """The GPU's memory, where it is full."""
        found = self.memory()
        return found if found is not None and found.free <= (1 - FULL) * found.total else None

    def _sentence(self, pace: float) -> Message:
        return Message(
            "note.spills",
            "A step takes {now} s instead of {usual} s, and the GPU's memory is full: it spills "
            "into system memory. {remedy}",
            now=f"{pace:.2g}",
            usual=f"{self._best or 0:.2g}",
            remedy=remedy(self.params),
        )

    def _from_the_start(self, pace: float, gpu: str) -> Message:
        return Message(
            "note.spills_from_start",
            "A step takes {now} s where {most} s would be slow for this GPU, and its memory is "
            "full: it spills into system memory. {remedy}",
            now=f"{pace:.3g}",
            most=f"{slowest.seconds(self.family, self.params, gpu) or 0:.2g}",
            remedy=remedy(self.params),
        )
