"""Measuring while it trains: the networks are there, so each save costs some forward passes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import torch

from ....evidence import measured as record
from ....evidence import recommendation
from ....evidence.curve import CurvePoint, curve
from ....jobs.events import Measured, Note, Phase
from ....messages import Message
from ..data.captions import Captions
from ..model.lora_network import LoraNetwork
from ..training.loss import Objective
from ..training.said import say
from .measure import measure
from .photos import MeasuredPhoto

SECONDS_BETWEEN = 3.0


@dataclass
class Telling:
    """Says which photo is measured, every few seconds: on a processor all of them take minutes."""

    step: int
    count: int
    said: float = field(default_factory=time.monotonic)

    def __call__(self, done: int) -> None:
        """``done`` photos of ``count`` are measured."""
        if time.monotonic() - self.said < SECONDS_BETWEEN:
            return
        self.said = time.monotonic()
        text = "measuring step {step}: {done} of {count} photos"
        values = {"step": self.step, "done": done, "count": self.count}
        say(Phase(Message("phase.measuring_photos", text, **values)))


@dataclass
class SaveMeasures:
    """Measures the network at every save into ``folder``: without ``photos``, never."""

    folder: Path
    photos: list[MeasuredPhoto]
    objective: Objective
    captions: Captions
    network: LoraNetwork

    def at_start(self, step: int, interval: int) -> None:
        """Before the first step, or going on from a save that was left before it was measured."""
        measured = {one.step for one in record.read(self.folder)}
        if not step or (step % interval == 0 and step not in measured):
            self.at_save(step)

    def at_save(self, step: int) -> None:
        """At every save and at the last one. Changes nothing else."""
        if not self.photos:
            return
        say(Phase(Message("phase.measuring_step", "measuring step {step}", step=step)))
        try:
            self.network.refresh(self.objective.dtype)
            told = Telling(step, len(self.photos))
            found = measure(step, self.photos, self.objective, self.captions.one, told)
        except torch.OutOfMemoryError:
            self._give_up()
            return
        record.write(self.folder, found)
        now = self._points(step)[-1]
        say(Measured(step, now.held_out, now.error, now.training))

    def enough(self, step: int) -> Message | None:
        """Why the training should end with this save, or None: it goes on."""
        return recommendation.enough(self._points(step))

    def _points(self, step: int) -> list[CurvePoint]:
        """What was measured up to ``step``; an earlier attempt may have come further."""
        return curve([one for one in record.read(self.folder) if one.step <= step])

    def _give_up(self) -> None:
        self.photos = []
        text = (
            "Too little GPU memory to measure while it trains: `evaluate JOB` measures the saved "
            "steps afterwards."
        )
        say(Note(Message("note.measuring_memory", text)))
