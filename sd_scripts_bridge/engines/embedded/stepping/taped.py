"""Steps on the processor as recorded programs: a toy model's step is hardly anything but Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from ..training.loss import Inputs
from .step import Step
from .tape import Program, Tape


class TapeRecorder:
    """Records forward and backward pass of ``step``. The results of all operations of the step
    recorded are in memory at once, so it is for small models.
    """

    def __init__(self, step: Step) -> None:
        self.step = step

    def record(self, batches: Sequence[Inputs]) -> TapedStep:
        tape = Tape(_tensors_of(batches))
        with tape:
            losses = self.step.gradients(batches)
        found = [weight.grad for weight in self.step.network.parameters()]
        grads = [grad for grad in found if grad is not None]
        program = tape.program([*losses, *grads])
        self.step.optimizer.break_off()
        return TapedStep(program, self.step, len(losses))


@dataclass(frozen=True)
class TapedStep:
    """A recorded forward and backward pass; the optimizer is a handful of operations anyway."""

    program: Program
    step: Step
    batches: int

    def replay(self, batches: Sequence[Inputs]) -> list[Tensor]:
        found = [one.clone() for one in self.program(_tensors_of(batches))]
        weights = self.step.network.parameters()
        for weight, grad in zip(weights, found[self.batches :], strict=True):
            weight.grad = grad
        self.step.optimizer.update()
        return found[: self.batches]


def _tensors_of(batches: Sequence[Inputs]) -> list[Tensor]:
    return [one for inputs in batches for one in inputs.tensors]
