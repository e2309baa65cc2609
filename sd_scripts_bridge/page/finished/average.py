"""Whether the mean of a step's weights and of those saved beside it is offered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from ...jobs.job import TrainingJob
from ...messages import Message
from ...shapes.marks import Example
from ..progress.best import BestView


@dataclass(frozen=True)
class AverageView:
    """The mean of several saves, to publish in place of the recommended step."""

    step: Annotated[int, "`step` of `POST jobs/ID/publish` with `average`", Example(600)]
    saves: Annotated[Sequence[int], "the saves that it is the mean of", Example([450, 600, 750])]
    sentence: str


def average_of(job: TrainingJob, saves: Sequence[int], best: BestView | None) -> AverageView | None:
    """None where nothing speaks for it: measured in docs/benchmarks.md, it is better than the step
    itself where the learning rate was constant, and only there.

    ``saves``: the steps whose LoRA is kept, in their order.
    """
    is_constant = job.params.lr_scheduler.startswith("constant")
    is_plain = job.params.network_module.startswith("networks.lora")
    if best is None or best.step is None or not (is_constant and is_plain):
        return None
    if best.step not in saves or len(saves) < 2:
        return None
    at = saves.index(best.step)
    around = saves[max(0, at - 1) : at + 2]
    sentence = Message(
        "result.average",
        "Since the learning rate was constant, the mean of the saves {saves} should be better.",
        saves=", ".join(map(str, around)),
    )
    return AverageView(best.step, around, sentence)
