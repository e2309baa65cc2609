"""The embedded engine beside the real sd-scripts on the CPU: SD 1.5 at its full size, 64 pixels,
fp32, one thread, U-Net only, the same job in turn.

Seconds are of the processor, so that other work on the machine counts as little as it can. Without
SD_SCRIPTS_DIR and SD_SCRIPTS_PYTHON only ours runs. SD15_CHECKPOINT names a base; else one with
random weights is made (2 GB).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from .contenders import Run, held_out, ours, sd_scripts
from .outcome import Outcome
from .workshop import SMALL, Workshop

TARGET = 1.4
SPREAD = 0.09
"""Of one run's held-out loss, its standard deviation: 17 of ours, of other seeds or first weights,
lay at 0.2549 to 0.3412 (docs/benchmarks.md)."""


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])


def measure(chosen: argparse.Namespace) -> Outcome:
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder))
        named = os.environ.get("SD15_CHECKPOINT")
        base = Path(named) if named else workshop.base("sd1", narrow=False)
        return _compare(workshop, base, chosen.steps, chosen.seeds)


def _compare(workshop: Workshop, base: Path, steps: int, seeds: Sequence[int]) -> Outcome:
    both = bool(os.environ.get("SD_SCRIPTS_DIR") and os.environ.get("SD_SCRIPTS_PYTHON"))
    contenders = (ours, sd_scripts) if both else (ours,)
    rows, times = [], []
    for seed in seeds:
        values = dict(SMALL) | {
            "max_train_steps": steps,
            "seed": seed,
            "network_train_unet_only": True,
            "learning_rate": 1e-3,
            "save_every_n_steps": steps,
            "save_state": False,
        }
        runs: list[Run] = []
        for contender in contenders:
            _say(f"seed {seed}: {contender.__name__}, {steps} steps")
            runs.append(contender(workshop, "sd1", base, workshop.dataset(), values))
        same = {**SMALL, "network_train_unet_only": True}
        losses = held_out(workshop, "sd1", base, [one.lora for one in runs], "cpu", **same)
        times.append([one.cpu_a_step for one in runs])
        rows.append((seed, *(round(one.cpu_a_step, 2) for one in runs), *map(_short, losses)))
    names = ["ours", "sd-scripts"][: len(contenders)]
    columns = ("seed", *(f"{name}: CPU s a step" for name in names))
    columns += tuple(f"{name}: held-out loss" for name in names)
    return _judged(columns, rows, [fmean(column) for column in zip(*times, strict=True)], steps)


def _judged(
    columns: tuple[str, ...], rows: list[tuple[object, ...]], seconds: list[float], steps: int
) -> Outcome:
    if len(seconds) == 1:
        figure = (
            f"Ours takes {seconds[0]:.2f} CPU seconds a step; sd-scripts isn't named "
            "(SD_SCRIPTS_DIR, SD_SCRIPTS_PYTHON), so nothing is compared."
        )
        return Outcome(columns, rows, figure)
    losses = [fmean(float(str(row[column])) for row in rows) for column in (3, 4)]
    times, apart = seconds[1] / seconds[0], abs(losses[0] - losses[1]) / losses[1]
    figure = (
        f"Ours takes {seconds[0]:.2f} CPU seconds a step beside sd-scripts' {seconds[1]:.2f}: "
        f"{times:.2f} times as fast (target {TARGET}); held-out loss after {steps} steps "
        f"{losses[0]:.4f} beside {losses[1]:.4f}."
    )
    return Outcome(columns, rows, figure, times >= TARGET and apart <= noise(len(rows)))


def noise(seeds: int) -> float:
    """How much of themselves two mean losses of so many seeds may differ by chance: two standard
    errors.
    """
    return float(2 * SPREAD * (2 / seeds) ** 0.5)


def _short(loss: float) -> str:
    return f"{loss:.4f}"


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
