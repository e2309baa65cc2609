"""The draft as a job: its sum, its options, what is in its way."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from ..datasets.kohya_folder import Dataset
from ..errors import Problem
from ..jobs.launch import Launch, processes_of
from ..messages import Message
from ..models.checkpoint import Base
from ..options.params import TrainingParams
from ..options.presets import Preset
from .draft.state import State


@dataclass
class Plan:
    """The draft as a job. ``base`` is None where none is chosen, or it can't be trained."""

    data: Dataset
    """What will be written: photos that are trained, by their folders."""
    params: TrainingParams
    preset: Preset
    engine: str
    base: Base | None = None
    base_path: Path | None = None
    stem: str | None = None
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    captions: list[str] = field(default_factory=list)
    changed: int = 0
    gpu: int | None = None
    launch: Launch | None = None
    state: State = field(default_factory=State)
    """The draft that this is the plan of, whatever it becomes while the photos are copied."""

    @property
    def images(self) -> int:
        return self.data.images

    @property
    def repeats(self) -> int:
        """Of the first folder."""
        return self.data.subsets[0].repeats if self.data.subsets else 0

    @property
    def batch(self) -> int:
        """Pictures an optimizer step."""
        return (
            self.params.train_batch_size
            * self.params.gradient_accumulation_steps
            * processes_of(self.launch)
        )

    @property
    def steps(self) -> int:
        return self.params.max_train_steps if self.images else 0

    @property
    def sentence(self) -> str:
        """ "10 photos x 150 repeats / batch 1 = 1500 steps", and where somebody set another end,
        that.
        """
        if not self.images:
            return Message("plan.photos_yet", "No photos yet.")
        shown = math.ceil(self.data.real_steps / self.batch)
        text = self._sum(shown)
        if shown == self.steps:
            return text
        return Message("plan.stops", "{sum}; it stops at {steps}", sum=text, steps=self.steps)

    def _sum(self, steps: int) -> Message:
        if len(self.data.subsets) > 1:
            return Message(
                "plan.sum_of_several",
                "{photos} photos in {folders} folders, {pictures} pictures an epoch / batch {batch}"
                " = {steps} {steps:step|steps}",
                photos=self.images,
                folders=len(self.data.subsets),
                pictures=self.data.real_steps,
                batch=self.batch,
                steps=steps,
            )
        return Message(
            "plan.sum",
            "{photos} {photos:photo|photos} x {repeats} {repeats:repeat|repeats} / batch {batch}"
            " = {steps} {steps:step|steps}",
            photos=self.images,
            repeats=self.repeats,
            batch=self.batch,
            steps=steps,
        )
