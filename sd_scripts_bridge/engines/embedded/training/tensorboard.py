"""TensorBoard's own log files of a run, under the names that sd-scripts gives its curves."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ....jobs.folder import JobFolder
from ....jobs.job import TrainingJob


class Board:
    """Keeps what each step came to, and writes it when the trainer looks up from its work: no step
    waits for the device.
    """

    def __init__(self, folder: JobFolder, done: int) -> None:
        """``done`` steps stand there already; a run that goes on replaces what came after them."""
        from torch.utils.tensorboard import SummaryWriter

        place, purge = str(folder.tensorboard / "network_train"), done + 1 if done else None
        self.writer: Any = SummaryWriter(place, purge_step=purge)
        self.steps: list[tuple[int, Tensor, Mapping[str, float]]] = []

    def add(self, step: int, loss: Tensor, rates: Mapping[str, float]) -> None:
        """The loss of one step, on its device, and the rates that it was taken at."""
        self.steps.append((step, loss, dict(rates)))

    def write(self, step: int, average: float | None) -> None:
        """All that was kept. A full disk must not cost the training."""
        with contextlib.suppress(OSError):
            for number, loss, rates in self.steps:
                self.writer.add_scalar("loss/current", float(loss), number)
                for name, rate in rates.items():
                    self.writer.add_scalar(f"lr/{name}", rate, number)
            if average is not None:
                self.writer.add_scalar("loss/average", average, step)
            self.writer.flush()
        self.steps.clear()


def board_of(job: TrainingJob, folder: JobFolder, done: int) -> Board | None:
    """Where the job asks for one (``log_with=tensorboard``)."""
    return Board(folder, done) if job.params.extra.get("log_with") == "tensorboard" else None
