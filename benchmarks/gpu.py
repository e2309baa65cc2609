"""Everything that only a GPU can say, in one run of at most ten minutes: SD 1.5 at 512 and SDXL at
1024 pixels, batch 1, rank 16, bf16, U-Net only and with text encoder, on base models with random
weights made on the spot.

Each case is timed operation by operation, as CUDA graphs, and with the U-Net's blocks compiled (not
where Triton is missing); then as whole programs, from the start to the saved file, beside the real
sd-scripts at its best (cached latents and text, SDPA, fused AdamW, no checkpointing). Needs: an
NVIDIA GPU (SD 1.5 8 GB, SDXL 24 GB), 10 GB of disk, and for the comparison SD_SCRIPTS_DIR and
SD_SCRIPTS_PYTHON.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sd_scripts_bridge.engines.embedded.model.lean import Block
from sd_scripts_bridge.engines.embedded.stepping.graphs import taker
from sd_scripts_bridge.engines.embedded.stepping.step import Step
from sd_scripts_bridge.engines.embedded.training.trainer import Training

from .contenders import Run, held_out, ours, sd_scripts
from .outcome import Missing, Outcome
from .workshop import Workshop, quiet

WARM, TIMED = 8, 40
STEPS, SHORT = 1500, 200
"""Steps that a whole run has, and that are taken to know how long it takes."""
GIGABYTES = {"sd1": 7, "sdxl": 22}
TARGETS = {"sd1": 5.0, "sdxl": 2.5}
MOST_SECONDS = {"sd1": 40.0}
SIDES = {"sd1": 512, "sdxl": 1024}
TITLES = {"sd1": "SD 1.5, 512", "sdxl": "SDXL, 1024"}
COLUMNS = ("case", "way", "ms a step", "1500 steps, s", "peak, GB", "held-out loss")


@dataclass(frozen=True)
class Line:
    """One row of the table; what wasn't measured is None."""

    case: str
    way: str
    ms: float
    whole: float | None = None
    peak: float | None = None
    loss: float | None = None

    @property
    def cells(self) -> tuple[object, ...]:
        def said(value: float | None, digits: int) -> str:
            return "" if value is None else f"{value:.{digits}f}"

        numbers = said(self.whole, 0), said(self.peak, 1), said(self.loss, 4)
        return (self.case, self.way, round(self.ms, 2), *numbers)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=10.0, help="no new case after this")


def measure(chosen: argparse.Namespace) -> Outcome:
    """Raises `Missing` without a CUDA GPU."""
    if not torch.cuda.is_available():
        raise Missing("This needs an NVIDIA GPU with CUDA; PyTorch finds none here.")
    ends = time.monotonic() + 60 * chosen.minutes
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder))
        for family in ("sd1", "sdxl"):
            if torch.cuda.mem_get_info()[1] < GIGABYTES[family] * 1e9:
                _say(f"{TITLES[family]}: this GPU has too little memory")
                continue
            for work in _works(workshop, family):
                for line in work:
                    lines.append(line)
                    _say("  ".join(map(str, line.cells)))
                if time.monotonic() > ends:
                    break
    return _judged(lines)


def _works(workshop: Workshop, family: str) -> Iterator[Iterator[Line]]:
    """U-Net only first, whole programs included; then with the text encoder."""
    yield _steps(workshop, family, unet_only=True)
    yield _programs(workshop, family)
    yield _steps(workshop, family, unet_only=False)


def _options(family: str, *, unet_only: bool) -> dict[str, Any]:
    side = SIDES[family]
    return {
        "resolution": str(side),
        "min_bucket_reso": 256,
        "max_bucket_reso": 2 * side,
        "mixed_precision": "bf16",
        "save_precision": "bf16",
        "network_dim": 16,
        "network_alpha": 8,
        "learning_rate": 1e-4,
        "lr_scheduler": "constant",
        "max_train_steps": STEPS,
        "network_train_unet_only": unet_only,
        "save_every_n_steps": STEPS,
        "save_state": False,
    }


def _steps(workshop: Workshop, family: str, *, unet_only: bool) -> Iterator[Line]:
    """One training, its steps taken in each way."""
    values = _options(family, unet_only=unet_only)
    base, dataset = workshop.base(family, narrow=False), workshop.dataset(4, SIDES[family])
    training = workshop.training(family, base, dataset, "cuda", **values)
    case = f"{TITLES[family]}, {'U-Net only' if unet_only else 'with text encoder'}"
    eager = Step(training.network, training.objective, training.optimizer)
    graphs = taker(eager, training.optimizer.break_off, torch.device("cuda"), STEPS)
    for way, take in (("eager", eager), ("graphs", graphs), ("compiled", eager)):
        if way == "compiled":
            if importlib.util.find_spec("triton") is None:
                continue
            _compile(training)
        training.take_step = take
        yield _timed(case, way, training)


def _compile(training: Training) -> None:
    for block in training.objective.unet.forward.__self__.modules():
        if isinstance(block, Block):
            block.compile(fullgraph=True, dynamic=False)


def _timed(case: str, way: str, training: Training) -> Line:
    steps = training._batches()
    torch.cuda.reset_peak_memory_stats()
    with quiet():
        for _ in range(WARM):
            training._step(next(steps))
        torch.cuda.synchronize()
        began = time.perf_counter()
        for _ in range(TIMED):
            training._step(next(steps))
        torch.cuda.synchronize()
    ms = 1000 * (time.perf_counter() - began) / TIMED
    return Line(case, way, ms, peak=torch.cuda.max_memory_allocated() / 1e9)


def _programs(workshop: Workshop, family: str) -> Iterator[Line]:
    """Both programs from start to file; a run of 1,500 steps is reckoned from a shorter one."""
    torch.cuda.empty_cache()
    base, dataset = workshop.base(family, narrow=False), workshop.dataset(4, SIDES[family])
    values = _options(family, unet_only=True) | {"max_train_steps": SHORT}
    runs: list[tuple[str, Run]] = [("ours, program", ours(workshop, family, base, dataset, values))]
    if os.environ.get("SD_SCRIPTS_DIR") and os.environ.get("SD_SCRIPTS_PYTHON"):
        theirs = values | {"optimizer_args": "fused=True"}
        if family == "sdxl":
            theirs |= {"cache_text_encoder_outputs": True, "no_half_vae": True}
        runs.append(("sd-scripts", sd_scripts(workshop, family, base, dataset, theirs)))
    losses = held_out(workshop, family, base, [run.lora for _, run in runs], "cuda", **values)
    for (way, run), loss in zip(runs, losses, strict=True):
        whole = run.wall + (STEPS - SHORT) * run.wall_a_step
        yield Line(f"{TITLES[family]}, U-Net only", way, 1000 * run.wall_a_step, whole, loss=loss)


def _judged(lines: list[Line]) -> Outcome:
    said, met = [], True
    for family, title in TITLES.items():
        found = {line.way: line for line in lines if line.case == f"{title}, U-Net only"}
        mine, theirs = found.get("ours, program"), found.get("sd-scripts")
        if mine is None:
            continue
        whole = mine.whole or 0.0
        said.append(f"{title}: {mine.ms:.1f} ms a step, 1,500 steps in {whole:.0f} s")
        met = met and whole <= MOST_SECONDS.get(family, float("inf"))
        if theirs is not None:
            times = theirs.ms / mine.ms
            said[-1] += f", {times:.1f} times sd-scripts (target {TARGETS[family]})"
            met = met and times >= TARGETS[family]
    figure = f"On {torch.cuda.get_device_name()}: {'; '.join(said) or 'nothing was measured'}."
    return Outcome(COLUMNS, [line.cells for line in lines], figure, met and bool(said))


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
