"""Whether the recommended step is the right one: against the loss on drawings never trained on.

Each run is the product's own: photos of a fresh figure are drawn, some are held out, the embedded
engine trains on the rest and measures at every save. The truth is the mean loss of the same saves
on other drawings of that figure. Beside each run, one with hardly any learning rate: its saves are
alike, and the recommendation has to say so. Each is judged with one held-out photo (the product's
default for ten photos) and with more; with ``--find-step`` also by short trainings on the same
photos, of each of which some are left out.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from sd_scripts_bridge.evidence import measured

from .fresh_figure import SCHEDULES, FreshFigure, Plan
from .judged_run import JudgedRun
from .outcome import Outcome

TARGET = 0.9
IN_TURN = "in_turn"
"""Beside ``measured``: what `find-step` has measured."""
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
    parser.add_argument("--schedule", choices=SCHEDULES, default="constant", help="of that rate")
    parser.add_argument(
        "--find-step", dest="finds_step", action="store_true", help="find the step in turn, too"
    )
    parser.add_argument("--from-set", type=int, default=1, help="begin with this figure (1)")
    parser.add_argument(
        "--keep", type=Path, help="a folder that keeps each run: what is there isn't run again"
    )


def measure(chosen: argparse.Namespace) -> Outcome:
    """All runs; a line for each as it ends."""
    torch.set_num_threads(1)
    names = ("photos", "held_out", "drawings", "steps", "saves", "rate", "schedule", "finds_step")
    plan = Plan(**{name: getattr(chosen, name) for name in names})
    runs: list[JudgedRun] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(chosen.from_set, chosen.sets + 1):
            figure = FreshFigure(Path(folder) / f"set{number}", number, plan)
            for seed in range(1, chosen.seeds + 1):
                for flat in (False, True):
                    runs.append(kept(chosen.keep, figure, seed, flat))
                    print(line(runs[-1], plan.held_out), flush=True)
    return outcome(runs, plan.held_out, plan.finds_step)


def kept(folder: Path | None, figure: FreshFigure, seed: int, flat: bool) -> JudgedRun:
    """The run as it was kept in ``folder``, or run now."""
    name = f"set {figure.number} seed {seed}{' flat' if flat else ''}"
    home = folder / name if folder else None
    if home is not None and (home / "truth.npy").is_file():
        parts = [measured.read(home / part) for part in ("measured", IN_TURN)]
        if parts[1] or not figure.plan.finds_step:
            return JudgedRun(name, np.load(home / "truth.npy"), *parts)
    run = figure.run(name, seed, flat)
    if home is not None:
        for part, steps in (("measured", run.steps), (IN_TURN, run.in_turn)):
            for step in steps:
                measured.write(home / part, step)
        np.save(home / "truth.npy", run.truth)
    return run


def line(run: JudgedRun, most: int) -> str:
    """What is true of a run, and what is said with one held-out photo and with the most."""
    rises = 100 * (float(run.losses[-1]) / float(run.losses.min()) - 1)
    said = "; ".join(f"{photos}: {run.verdict(photos)}" for photos in (1, most))
    said += f"; find-step: {run.verdict(0)}" if run.in_turn else ""
    best = run.saves[run.best]
    return f"{run.name}  {run.kind}  best {best}, then +{rises:.1f} %  {said}"


def outcome(runs: Sequence[JudgedRun], most: int, finds_step: bool = False) -> Outcome:
    """A row for each number of held-out photos, and one for `find-step`; the target is judged with
    that, or with the most photos.
    """
    rows = [row(runs, photos) for photos in [*range(1, most + 1), *([0] if finds_step else [])]]
    judged = 0 if finds_step else most
    clear = [run.verdict(judged) for run in runs if run.kind == "clear"]
    flat = [run.verdict(judged) for run in runs if run.kind == "flat"]
    near, unsure = sum(bool(one.is_near) for one in clear), sum(one.said is None for one in flat)
    beyond = sum(not one.is_usable for one in (run.verdict(judged) for run in runs))
    met = bool(clear and flat) and (
        near >= TARGET * len(clear) and unsure >= TARGET * len(flat) and not beyond
    )
    way = f"With {most} photos held out" if judged else "By find-step"
    figure = (
        f"{way} within one save of the true optimum in {near} of "
        f'{len(clear)} runs where it is clear; "can\'t tell" in {unsure} of {len(flat)} flat runs; '
        f"beyond the usable range in {beyond} of {len(runs)}. {constant(runs)}"
    )
    return Outcome(COLUMNS, rows, figure, met)


def constant(runs: Sequence[JudgedRun]) -> str:
    """How far one answer comes that is the same for all runs: what a recommendation has to beat."""
    clear = [run for run in runs if run.kind == "clear"]
    saves = range(max((len(run.saves) for run in clear), default=0))
    near = [sum(abs(save - run.best) <= 1 for run in clear) for save in saves]
    if not near:
        return ""
    best = near.index(max(near))
    return f"Always save {best + 1} would be: {near[best]} of {len(clear)}."


def row(runs: Sequence[JudgedRun], photos: int) -> tuple[object, ...]:
    verdicts = [(run.kind, run.verdict(photos)) for run in runs]
    clear = [one for kind, one in verdicts if kind == "clear"]
    flat = [one for kind, one in verdicts if kind == "flat"]
    sure = [one for _, one in verdicts if one.is_sure]
    told = [one for _, one in verdicts if one.said is not None]
    return (
        photos or "in turn (find-step)",
        f"{sum(bool(one.is_near) for one in clear)} of {len(clear)}",
        f"{sum(one.said is not None for one in clear)} of {len(clear)}",
        f"{sum(bool(one.is_near) for one in sure)} of {len(sure)}",
        f"{sum(one.said is None for one in flat)} of {len(flat)}",
        f"{sum(not one.is_usable for one in told)} of {len(told)}",
        f"{sum(not one.is_inside for one in told)} of {len(told)}",
    )
