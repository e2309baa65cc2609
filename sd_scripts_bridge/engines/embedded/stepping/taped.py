"""Steps on the processor as recorded programs: a toy model's step is hardly anything but Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..training.loss import Inputs
from .step import Step
from .tape import Program, Tape


class TapeRecorder:
    """Records ``step`` whole. The results of all operations of the step recorded are in memory at
    once, so it is for small models. The optimizer has its moments already: steps went before.
    """

    def __init__(self, step: Step) -> None:
        self.step = step

    def record(self, batches: Sequence[Inputs]) -> TapedStep:
        moved = self.step.optimizer.moved
        before = [one.detach().clone() for one in moved]
        tape = Tape(_tensors_of(batches))
        try:
            with tape:
                losses = self.step(batches)
            return TapedStep(tape.program(losses))
        finally:
            with torch.no_grad():
                for one, was in zip(moved, before, strict=True):
                    one.copy_(was)


@dataclass(frozen=True)
class TapedStep:
    """A recorded step: it moves the very weights that were moved while recording."""

    program: Program

    def replay(self, batches: Sequence[Inputs]) -> list[Tensor]:
        return [loss.clone() for loss in self.program(_tensors_of(batches))]


def _tensors_of(batches: Sequence[Inputs]) -> list[Tensor]:
    return [one for inputs in batches for one in inputs.tensors]
