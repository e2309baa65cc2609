"""Whether a save averaged with those beside it is better than any save alone: by the loss on
drawings never trained on.

Each run is the product's own, as in ``best_step``: a training with a constant learning rate, and
the same one with a cosine schedule, which ends at 0. An average is what `publish JOB --average`
publishes.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from .fresh_figure import SCHEDULES, FreshFigure, Plan
from .outcome import Outcome
from .true_loss import Losses, mean

COLUMNS = (
    "run",
    "schedule",
    "lowest save",
    "lowest average",
    "last save",
    "last average",
    "jumps of saves",
    "of averages",
)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sets", type=int, default=4, help="figures (4)")
    parser.add_argument("--seeds", type=int, default=1, help="trainings of each (1)")
    parser.add_argument("--photos", type=int, default=9, help="photos that are trained on (9)")
    parser.add_argument("--drawings", type=int, default=200, help="never trained on (200)")
    parser.add_argument("--steps", type=int, default=240, help="steps of a training (240)")
    parser.add_argument("--saves", type=int, default=8, help="saves of a training (8)")
    parser.add_argument("--rate", type=float, default=2e-3, help="the learning rate (2e-3)")


@dataclass(frozen=True)
class AveragedRun:
    """The true losses of the saves of a training, and of their averages."""

    name: str
    schedule: str
    saves: NDArray[np.float64]
    averages: NDArray[np.float64]

    @classmethod
    def of(cls, name: str, schedule: str, saves: Losses, averages: Losses) -> AveragedRun:
        means = [np.array([mean(losses) for losses in part]) for part in (saves, averages)]
        return cls(name, schedule, *means)

    @property
    def gain(self) -> float:
        """How far the lowest average lies below the lowest save, as a share of it."""
        return float(1 - self.averages.min() / self.saves.min())

    def row(self) -> tuple[object, ...]:
        """In percent of the lowest save."""
        low = float(self.saves.min())
        losses = (self.averages.min(), self.saves[-1], self.averages[-1])
        told = [f"{100 * (float(loss) / low - 1):+.1f} %" for loss in losses]
        jumps = [f"{100 * jump(one):.1f} %" for one in (self.saves, self.averages)]
        return (self.name, self.schedule, f"{low:.4f}", *told, *jumps)


def jump(losses: NDArray[np.float64]) -> float:
    """How far a save lies off the middle of its neighbours: root mean square, as a share."""
    logs = np.log(losses)
    return float(np.sqrt(np.mean((logs[1:-1] - (logs[:-2] + logs[2:]) / 2) ** 2)))


def measure(chosen: argparse.Namespace) -> Outcome:
    """All runs; a line for each as it ends."""
    torch.set_num_threads(1)
    runs: list[AveragedRun] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(1, chosen.sets + 1):
            figure = FreshFigure(Path(folder) / f"set{number}", number, plan(chosen, "constant"))
            for seed in range(1, chosen.seeds + 1):
                for schedule in SCHEDULES:
                    figure.plan = plan(chosen, schedule)
                    name = f"set {number} seed {seed}"
                    runs.append(AveragedRun.of(name, schedule, *figure.averaged(name, seed)))
                    print("  ".join(map(str, runs[-1].row())), flush=True)
    return outcome(runs)


def plan(chosen: argparse.Namespace, schedule: str) -> Plan:
    names = ("photos", "drawings", "steps", "saves", "rate")
    values = {name: getattr(chosen, name) for name in names}
    return Plan(**values, held_out=1, schedule=schedule)


def outcome(runs: Sequence[AveragedRun]) -> Outcome:
    """Met where with a constant rate the averages are better by more than chance."""
    told = {
        schedule: [run.gain for run in runs if run.schedule == schedule] for schedule in SCHEDULES
    }
    means = {schedule: sum(gains) / len(gains) for schedule, gains in told.items()}
    figure = "The lowest average lies below the lowest save by " + ", ".join(
        f"{100 * means[schedule]:.1f} ± {100 * error(told[schedule]):.1f} % ({schedule}, "
        f"{len(told[schedule])} runs)"
        for schedule in SCHEDULES
    )
    met = means["constant"] > 2 * error(told["constant"])
    return Outcome(COLUMNS, [run.row() for run in runs], f"{figure}.", met)


def error(gains: Sequence[float]) -> float:
    """The standard error of their mean."""
    return float(np.std(gains, ddof=1)) / math.sqrt(len(gains)) if len(gains) > 1 else math.inf
