"""What a job's events add up to: progress, loss curve, notes, proof."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..jobs.events import Note, Phase, Progress, Proof, Published, Result, Sample, Started
from ..jobs.history.entries import Entry
from ..jobs.meter import Meter, Pace

CURVE_POINTS = 2000
CURVE_KEPT = 20_000
"""Of a run of days the older half gets thinner each time that there are more."""
NOTES_KEPT = 100
LOSS_DIGITS = 6
"""Of a curve, whose points are many: no eye sees the seventh."""

Point = tuple[int, float, int]
"""Step, loss, attempt."""


@dataclass
class Fold:
    """What a job's events add up to."""

    seq: int = 0
    attempt: int = 0
    meter: Meter = field(default_factory=Meter)
    reading: Pace | None = None
    curve: list[tuple[int, Point]] = field(default_factory=list)
    phase: str = ""
    notes: list[str] = field(default_factory=list)
    samples: dict[str, Sample] = field(default_factory=dict)
    """By the file's name."""
    proof: Proof | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    published: Published | None = None
    first: tuple[float, int] | None = None
    """Time and step of the attempt's first progress."""
    last: tuple[float, int] | None = None

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Fold:
        """All of ``entries``, which are in order."""
        fold = cls()
        for entry in entries:
            fold.add(entry)
        return fold

    def add(self, entry: Entry) -> None:
        self.seq, event = entry.seq, entry.event
        if isinstance(event, Started):
            self._begin(entry.attempt)
        elif isinstance(event, Progress):
            self._progress(entry, event)
        elif isinstance(event, Phase):
            self.phase = event.text
        elif isinstance(event, Note):
            self.notes.append(event.text)
            del self.notes[:-NOTES_KEPT]
        elif isinstance(event, Sample):
            self.samples[Path(event.path).name] = event
        elif isinstance(event, Proof):
            self.proof = event
        elif isinstance(event, Result):
            self.facts.update(event.facts)
        elif isinstance(event, Published):
            self.published = event

    def _begin(self, attempt: int) -> None:
        """The curve stays, so that an attempt that goes on continues its line."""
        self.attempt, self.meter, self.phase = attempt, Meter(), ""
        self.notes, self.proof, self.first, self.reading = [], None, None, None

    def _progress(self, entry: Entry, event: Progress) -> None:
        self.reading = self.meter.add(entry.time, event)
        self.phase = ""
        self.first = self.first or (entry.time, event.step)
        self.last = (entry.time, event.step)
        if event.loss is not None:
            point = (event.step, round(event.loss, LOSS_DIGITS), entry.attempt)
            self.curve.append((entry.seq, point))
            if len(self.curve) > CURVE_KEPT:
                del self.curve[1 : CURVE_KEPT // 2 : 2]

    @property
    def seconds_a_step(self) -> float | None:
        """Over the whole of the last attempt; None where it is too short to tell."""
        if not self.first or not self.last or self.last[1] - self.first[1] < 5:
            return None
        return (self.last[0] - self.first[0]) / (self.last[1] - self.first[1])


def thinned(points: Sequence[Point], most: int = CURVE_POINTS) -> list[Point]:
    """At most ``most`` of the points, evenly, the first and the last among them."""
    if len(points) <= most:
        return list(points)
    gap = (len(points) - 1) / (most - 1)
    return [points[round(number * gap)] for number in range(most)]
