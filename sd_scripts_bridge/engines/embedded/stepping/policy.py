"""Which shapes of a step are recorded, when, and which run operation by operation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import Enum

from ....messages import Message
from ....options.memory.count import MemoryCount

WARM = 3
"""A shape runs so often before it is recorded: the first steps make the optimizer's state and let
cuDNN choose, and rare shapes never get that far."""
MOST = 8
"""Graphs at a time: each keeps its inputs, and all share one pool of memory."""
SHORTEST = 50
"""Steps below which a run isn't worth a recording."""


def no_room(found: MemoryCount | None, available: int) -> Message | None:
    """Why no step is recorded: with graphs the training takes more (``found``, counted) than the
    ``available`` bytes. None: it fits, or it wasn't counted, so that trying tells.
    """
    if found is None or found.with_graphs <= available:
        return None
    text = (
        "The steps run without CUDA graphs: with them the training takes {graphs} GB (counted), "
        "and {have} GB are there."
    )
    told = {"graphs": f"{found.with_graphs / 1e9:.1f}", "have": f"{available / 1e9:.1f}"}
    return Message("note.graphs_dont_fit", text, **told)


class Way(Enum):
    """How a step is taken."""

    EAGER = "operation by operation"
    RECORD = "recorded, then replayed"
    REPLAY = "replayed"


@dataclass
class Policy:
    """Decides for each step; ``reasons`` says why shapes stay eager, each reason once."""

    steps: int
    warm: int = WARM
    most: int = MOST
    reasons: list[Message] = field(default_factory=list, init=False)
    _seen: Counter[Hashable] = field(default_factory=Counter, init=False)
    _recorded: set[Hashable] = field(default_factory=set, init=False)
    _failed: set[Hashable] = field(default_factory=set, init=False)
    _stopped: bool = field(default=False, init=False)

    def way(self, shape: Hashable) -> Way:
        """How the coming step of this shape is taken."""
        self._seen[shape] += 1
        if shape in self._recorded:
            return Way.REPLAY
        ready = self._seen[shape] > self.warm and self.steps >= SHORTEST
        if self._stopped or shape in self._failed or not ready or not self._has_room(shape):
            return Way.EAGER
        return Way.RECORD

    def least_used(self) -> Hashable | None:
        """The shape whose graph has to go before another one is recorded;
        None while there is room.
        """
        if len(self._recorded) < self.most:
            return None
        return min(self._recorded, key=lambda shape: self._seen[shape])

    def recorded(self, shape: Hashable) -> None:
        self._recorded.add(shape)

    def dropped(self, shape: Hashable) -> None:
        self._recorded.discard(shape)

    def failed(self, shape: Hashable, error: str) -> None:
        """This shape can't be recorded; others may be."""
        self._failed.add(shape)
        text = "A step could not be recorded and is taken operation by operation: {error}"
        self._say(Message("note.graph_failed", text, error=error))

    def stop(self) -> None:
        """There is too little memory for graphs: every shape runs without from now on."""
        self._stopped = True
        self._recorded.clear()
        text = "There is too little GPU memory for CUDA graphs; the steps run without them."
        self._say(Message("note.graphs_no_memory", text))

    def forget(self) -> None:
        """Nothing is recorded any more, and each shape runs eagerly first, as at the beginning."""
        self._recorded.clear()
        self._seen.clear()

    def refuse(self, reason: Message) -> None:
        """No shape is recorded in this run."""
        self._stopped = True
        self._say(reason)

    def _has_room(self, shape: Hashable) -> bool:
        """A graph goes only for a shape that is used more."""
        least = self.least_used()
        return least is None or self._seen[least] < self._seen[shape]

    def _say(self, reason: Message) -> None:
        if reason.code not in {one.code for one in self.reasons}:
            self.reasons.append(reason)
