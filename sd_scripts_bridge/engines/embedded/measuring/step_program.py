"""The program that finds a training's step with short trainings: `FindStepTool`."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from ....evidence import measured as record
from ....evidence.crossed import crossed
from ....evidence.recommendation import as_dict
from ....jobs.events import Note, Phase, Progress, to_dict
from ....jobs.folder import JobFolder
from ....jobs.job import TrainingJob, job_from_dict
from ....messages import Message
from ....system.files import write_json
from ...own_programs import event_of
from .. import tool_program
from ..model import device
from ..training import preparation
from ..training.said import say
from ..training.trainer import Training
from .fold import LeaveOut, folds_of


def main() -> int:
    return tool_program.run(find_step)


def find_step(folder: JobFolder, tokenizers: Path) -> int:
    """Train each fold that isn't done, and write what all of them recommend. Raises
    `BridgeError`.
    """
    said = json.loads(folder.job.read_text(encoding="utf-8"))["settings"]
    job = job_from_dict(said["job"])
    assert isinstance(job, TrainingJob)
    job = job.evolve(params=job.params.fitted_buckets())
    folds = folds_of(job, int(said["folds"]), folder)
    for fold in folds:
        if not fold.is_done and not _train(fold, folds, tokenizers):
            return 0
    every, total = job.params.save_interval, job.params.max_train_steps
    steps = [0, *range(every, total, every), total]
    for step in crossed([fold.measured for fold in folds], steps):
        record.write(folder.measured, step)
    write_json(folder.result, as_dict(record.read(folder.measured)))
    return 0


def _train(fold: LeaveOut, folds: Sequence[LeaveOut], tokenizers: Path) -> bool:
    """Train ``fold``, or what is left of it; False: somebody asked to stop."""
    job, folder, count = fold.lay_down(), fold.folder, len(fold.left_out)
    text = "training {number} of {folds}, without {count} {count:photo|photos}"
    values = {"number": fold.number, "folds": len(folds), "count": count}
    say(Phase(Message("phase.fold", text, **values)))
    before = sum(one.steps[-1] for one in folds[: fold.number - 1])
    with contextlib.redirect_stdout(Retold(sys.stdout, before, sum(f.steps[-1] for f in folds))):
        where = device.choose(job.params.mixed_precision, Path(job.base))
        prepared = preparation.prepare(job, tokenizers, where, tool_program.kept())
        left_out = [photo for photo in prepared.measured if photo.is_held_out]
        training = Training(folder, replace(prepared, measured=left_out), is_kept=False)
        training.run(next(reversed(folder.states(job.name)), None))
    if fold.is_done:
        fold.tidy()
    return fold.is_done


@dataclass
class Retold(io.TextIOBase):
    """Standard output while a fold trains: its steps are counted among those of all folds; what
    else it says of itself (its saves, its own curve, its LoRA) is left out.
    """

    out: TextIO
    before: int
    total: int

    def write(self, text: str) -> int:
        event = event_of(text)
        if isinstance(event, Progress):
            event = replace(event, step=self.before + event.step, total=self.total)
        if isinstance(event, Progress | Phase | Note):
            self.out.write(json.dumps(to_dict(event)) + "\n")
        elif event is None:
            self.out.write(text)
        return len(text)

    def flush(self) -> None:
        self.out.flush()
