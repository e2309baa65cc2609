"""Speed and time left, computed from the progress of a run."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from .events import Progress

WINDOW_SECONDS = 60.0


@dataclass(frozen=True)
class Pace:
    """Where a run stands. ``rate`` in steps a second and ``left`` in seconds, None until two points
    are known.
    """

    step: int
    total: int
    loss: float | None
    rate: float | None
    left: float | None


class Meter:
    """Takes progress with its time (seconds, any origin), gives readings over the last minute."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, int]] = deque()

    def add(self, time: float, progress: Progress) -> Pace:
        """The reading at this point.

        A step count that goes back (a new attempt) or a clock set back starts over.
        """
        if self._points and (progress.step < self._points[-1][1] or time < self._points[-1][0]):
            self._points.clear()
        self._points.append((time, progress.step))
        while len(self._points) > 2 and self._points[0][0] < time - WINDOW_SECONDS:
            self._points.popleft()
        first_time, first_step = self._points[0]
        elapsed = time - first_time
        rate = (
            (progress.step - first_step) / elapsed
            if elapsed > 0 and progress.step > first_step
            else None
        )
        left = (progress.total - progress.step) / rate if rate else None
        return Pace(progress.step, progress.total, progress.loss, rate, left)


def duration(seconds: float) -> str:
    """Seconds in words: "7 min 43 s"."""
    whole = int(seconds + 0.5)
    hours, rest = divmod(whole, 3600)
    minutes, last = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {last:02d} s" if minutes else f"{last} s"


def speed(rate: float) -> str:
    """Steps a second as trainers write it: "1.9 it/s", or "2.4 s/it" where a step takes longer."""
    return f"{rate:.1f} it/s" if rate >= 1 else f"{1 / rate:.1f} s/it"
