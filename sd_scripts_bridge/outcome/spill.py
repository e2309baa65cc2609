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

TIMES = 5.0
"""So many times the usual seconds a step: other work on the GPU costs less than that."""
FULL = 0.97
"""A GPU with this part of its memory taken has no room left."""
WINDOW, LEAST_SECONDS = 9, 20.0
"""The middle one of so many readings counts, over at least so long: saves and sample pictures make
single ones long.
"""


@dataclass
class SpillWatch:
    """Takes each reading of a run's progress; tells once that it spills.

    ``usual``: seconds a step of a comparable run, None where there was none; then the run's own
    best pace counts. ``memory`` is asked only while steps are slow.
    """

    params: TrainingParams
    memory: Callable[[], Memory | None]
    usual: float | None = None
    _last: tuple[float, int] | None = None
    _recent: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=WINDOW))
    """Seconds a step, and over how many seconds."""
    _told: bool = False

    def add(self, now: float, event: Progress) -> Message | None:
        """What to tell, at ``now`` in seconds of a clock that never goes back."""
        last, self._last = self._last, (now, event.step)
        if last is None or event.step <= last[1] or self._told:
            return None
        took = now - last[0]
        self._recent.append((took / (event.step - last[1]), took))
        if len(self._recent) < WINDOW:
            return None
        pace = median(one for one, _ in self._recent)
        usual = pace if self.usual is None else self.usual
        self.usual = min(usual, pace)
        long_enough = sum(took for _, took in self._recent) >= LEAST_SECONDS
        if not long_enough or pace < TIMES * self.usual or not self._is_full():
            return None
        self._told = True
        return self._sentence(pace)

    def _is_full(self) -> bool:
        found = self.memory()
        return found is not None and found.free <= (1 - FULL) * found.total

    def _sentence(self, pace: float) -> Message:
        return Message(
            "note.spills",
            "A step takes {now} s instead of {usual} s, and the GPU's memory is full: it spills "
            "into system memory. {remedy}",
            now=f"{pace:.2g}",
            usual=f"{self.usual or 0:.2g}",
            remedy=remedy(self.params),
        )
