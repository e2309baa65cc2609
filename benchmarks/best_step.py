"""Whether the recommended step is the right one: against the loss on drawings never trained on.

Each run is the product's own: photos of a fresh figure are drawn, some are held out, the embedded
engine trains on the rest and measures at every save. The truth is the mean loss of the same saves
on other drawings of that figure. Beside each run, one with hardly any learning rate: its saves are
alike, and the recommendation has to say so. Each is judged with one held-out photo (the product's
default for ten photos) and with more.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from sd_scripts_bridge.evidence import measured

from .fresh_figure import FreshFigure, Plan
from .judged_run import JudgedRun
from .outcome import Outcome

TARGET = 0.9
COLUMNS = (
    "photos held out",
    "clear: within one save",
    "clear: told",
    "sure: within one save",
    "flat: can't tell",
    "step beyond usable",
    "range beyond usable",
)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sets", type=int, default=3, help="figures (3)")
    parser.add_argument("--seeds", type=int, default=10, help="trainings of each (10)")
    parser.add_argument("--photos", type=int, default=9, help="photos that are trained on (9)")
    parser.add_argument("--held-out", type=int, default=5, help="judged with 1 to so many (5)")
    parser.add_argument("--drawings", type=int, default=500, help="never trained on (500)")
    parser.add_argument("--steps", type=int, default=480, help="steps of a training (480)")
    parser.add_argument("--saves", type=int, default=8, help="saves of a training (8)")
    parser.add_argument("--rate", type=float, default=1e-3, help="the learning rate (1e-3)")
    parser.add_argument("--from-set", type=int, default=1, help="begin with this figure (1)")
    parser.add_argument(
        "--keep", type=Path, help="a folder that keeps each run: what is there isn't run again"
    )


def measure(chosen: argparse.Namespace) -> Outcome:
    """All runs; a line for each as it ends."""
    torch.set_num_threads(1)
    names = ("photos", "held_out", "drawings", "steps", "saves", "rate")
    plan = Plan(**{name: getattr(chosen, name) for name in names})
    runs: list[JudgedRun] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(chosen.from_set, chosen.sets + 1):
            figure = FreshFigure(Path(folder) / f"set{number}", number, plan)
            for seed in range(1, chosen.seeds + 1):
                for flat in (False, True):
                    runs.append(kept(chosen.keep, figure, seed, flat))
                    print(line(runs[-1], plan.held_out), flush=True)
    return outcome(runs, plan.held_out)


def kept(folder: Path | None, figure: FreshFigure, seed: int, flat: bool) -> JudgedRun:
    """The run as it was kept in ``folder``, or run now."""
    name = f"set {figure.number} seed {seed}{' flat' if flat else ''}"
    home = folder / name if folder else None
    if home is not None and (home / "truth.npy").is_file():
        return JudgedRun(name, np.load(home / "truth.npy"), measured.read(home / "measured"))
    truth, steps = figure.run(name, seed, flat)
    if home is not None:
        for step in steps:
            measured.write(home / "measured", step)
        np.save(home / "truth.npy", truth)
    return JudgedRun(name, truth, steps)


def line(run: JudgedRun, most: int) -> str:
    """What is true of a run, and what is said with one held-out photo and with the most."""
    rises = 100 * (float(run.losses[-1]) / float(run.losses.min()) - 1)
    said = "; ".join(f"{photos}: {run.verdict(photos)}" for photos in (1, most))
    best = run.saves[run.best]
    return f"{run.name}  {run.kind}  best {best}, then +{rises:.1f} %  {said}"


def outcome(runs: Sequence[JudgedRun], most: int) -> Outcome:
    """A row for each number of held-out photos; the target is judged with the most."""
    rows = [row(runs, photos) for photos in range(1, most + 1)]
    clear = [run.verdict(most) for run in runs if run.kind == "clear"]
    flat = [run.verdict(most) for run in runs if run.kind == "flat"]
    near, unsure = sum(bool(one.is_near) for one in clear), sum(one.said is None for one in flat)
    beyond = sum(not one.is_usable for one in (run.verdict(most) for run in runs))
    met = bool(clear and flat) and (
        near >= TARGET * len(clear) and unsure >= TARGET * len(flat) and not beyond
    )
    figure = (
        f"With {most} photos held out within one save of the true optimum in {near} of "
        f'{len(clear)} runs where it is clear; "can\'t tell" in {unsure} of {len(flat)} flat runs; '
        f"beyond the usable range in {beyond} of {len(runs)}."
    )
    return Outcome(COLUMNS, rows, figure, met)


def row(runs: Sequence[JudgedRun], photos: int) -> tuple[object, ...]:
    verdicts = [(run.kind, run.verdict(photos)) for run in runs]
    clear = [one for kind, one in verdicts if kind == "clear"]
    flat = [one for kind, one in verdicts if kind == "flat"]
    sure = [one for _, one in verdicts if one.is_sure]
    told = [one for _, one in verdicts if one.said is not None]
    return (
        photos,
        f"{sum(bool(one.is_near) for one in clear)} of {len(clear)}",
        f"{sum(one.said is not None for one in clear)} of {len(clear)}",
        f"{sum(bool(one.is_near) for one in sure)} of {len(sure)}",
        f"{sum(one.said is None for one in flat)} of {len(flat)}",
        f"{sum(not one.is_usable for one in told)} of {len(told)}",
        f"{sum(not one.is_inside for one in told)} of {len(told)}",
    )
