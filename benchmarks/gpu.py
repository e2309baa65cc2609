"""Everything that only a GPU can say, in one run of at most ten minutes: SD 1.5 at 512 and SDXL at
1024 pixels, batch 1, rank 16, bf16, U-Net only and with text encoder, on base models with random
weights made on the spot.

Each case is timed operation by operation, as CUDA graphs, and with the U-Net's blocks compiled (not
where Triton is missing); then as whole programs, from the start to the saved file, beside the real
sd-scripts at its best (cached latents and text, SDPA, fused AdamW, no checkpointing). Needs: an
NVIDIA GPU (SD 1.5 8 GB, SDXL 24 GB), 10 GB of disk, and for the comparison SD_SCRIPTS_DIR and
SD_SCRIPTS_PYTHON. `--device cpu --tiny` rehearses it without a GPU: its figures mean nothing.
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

from sd_scripts_bridge.engines.embedded.model import device
from sd_scripts_bridge.engines.embedded.model.lean import Block
from sd_scripts_bridge.engines.embedded.stepping.compiled import Blocks
from sd_scripts_bridge.engines.embedded.stepping.graphs import taker
from sd_scripts_bridge.engines.embedded.stepping.step import Step
from sd_scripts_bridge.engines.embedded.training.trainer import Training

from .contenders import Run, held_out, ours, sd_scripts
from .outcome import Missing, Outcome
from .workshop import Workshop, quiet

WARM, TIMED = 8, 40
STEPS, SHORT = 1500, 200
"""Steps that a whole run has, and that are taken to know how long it takes."""
TINY_SHORT, TINY_SIDE = 12, 64
GIGABYTES = {"sd1": 7, "sdxl": 22}
TARGETS = {"sd1": 5.0, "sdxl": 2.5}
MOST_SECONDS = {"sd1": 40.0}
SIDES = {"sd1": 512, "sdxl": 1024}
TITLES = {"sd1": "SD 1.5, 512", "sdxl": "SDXL, 1024"}
NEEDS = (
    "This needs an NVIDIA GPU with CUDA (8 GB for SD 1.5, 24 GB for SDXL), and PyTorch finds none "
    "here. It also needs 10 GB of disk, and for the comparison SD_SCRIPTS_DIR and "
    "SD_SCRIPTS_PYTHON. Without a GPU: --device cpu --tiny rehearses it."
)
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


@dataclass(frozen=True)
class Bench:
    """Where it is measured, and whether it is only rehearsed."""

    workshop: Workshop
    device: str
    tiny: bool

    @property
    def name(self) -> str:
        return torch.cuda.get_device_name() if self.device == "cuda" else "the CPU"

    def has_room(self, family: str) -> bool:
        if self.device != "cuda" or self.tiny:
            return True
        return bool(torch.cuda.mem_get_info()[1] >= GIGABYTES[family] * 1e9)

    def work(self, family: str, *, unet_only: bool) -> tuple[Path, Path, dict[str, Any]]:
        """Base model, dataset and options."""
        side = TINY_SIDE if self.tiny else SIDES[family]
        base = self.workshop.base(family, narrow=self.tiny)
        return base, self.workshop.dataset(4, side), _options(side, unet_only=unet_only)

    def wait(self) -> None:
        if self.device == "cuda":
            torch.cuda.synchronize()

    def forget_peak(self) -> None:
        if self.device == "cuda":
            torch.cuda.reset_peak_memory_stats()


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=10.0, help="no new case after this")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--tiny", action="store_true", help="narrow networks, 64 pixels, few steps")
    parser.add_argument("--families", nargs="+", choices=tuple(TITLES), default=list(TITLES))


def measure(chosen: argparse.Namespace) -> Outcome:
    """Raises `Missing` without a CUDA GPU."""
    if chosen.device == "cuda" and not torch.cuda.is_available():
        raise Missing(NEEDS)
    if not _has_sd_scripts():
        _say("Without the comparison: SD_SCRIPTS_DIR and SD_SCRIPTS_PYTHON name no sd-scripts.")
    ends = time.monotonic() + 60 * chosen.minutes
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Workshop(Path(folder)), chosen.device, chosen.tiny)
        for family in chosen.families:
            if not bench.has_room(family):
                _say(f"{TITLES[family]}: this GPU has too little memory")
                continue
            for work in _works(bench, family):
                for line in work:
                    lines.append(line)
                    _say("  ".join(map(str, line.cells)))
                if time.monotonic() > ends:
                    break
    return _judged(lines, bench.name)


def _works(bench: Bench, family: str) -> Iterator[Iterator[Line]]:
    """U-Net only first, whole programs included; then with the text encoder."""
    yield _steps(bench, family, unet_only=True)
    yield _programs(bench, family)
    yield _steps(bench, family, unet_only=False)


def _options(side: int, *, unet_only: bool) -> dict[str, Any]:
    return {
        "resolution": str(side),
        "min_bucket_reso": side // 2,
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
        "extra": {"sample_every_n_steps": 0},
    }


def _steps(bench: Bench, family: str, *, unet_only: bool) -> Iterator[Line]:
    """One training, its steps taken in each way."""
    base, dataset, values = bench.work(family, unet_only=unet_only)
    training = bench.workshop.training(family, base, dataset, bench.device, **values)
    case = f"{TITLES[family]}, {'U-Net only' if unet_only else 'with text encoder'}"
    eager = Step(training.network, training.objective, training.optimizer)
    graphs = taker(eager, torch.device(bench.device), STEPS, toy=bench.tiny)
    for way, take in (("eager", eager), ("graphs", graphs), ("compiled", eager)):
        if way == "compiled":
            if importlib.util.find_spec("triton") is None:
                continue
            _compile(training)
        training.take_step = take
        yield _timed(bench, case, way, training)


def _compile(training: Training) -> None:
    """As the option torch_compile does."""
    modules = training.objective.unet.forward.__self__.modules()
    Blocks([one for one in modules if isinstance(one, Block)]).compile()


def _timed(bench: Bench, case: str, way: str, training: Training) -> Line:
    steps = training._batches()
    bench.forget_peak()
    with quiet():
        for _ in range(WARM):
            training._step(next(steps))
        bench.wait()
        began = time.perf_counter()
        for _ in range(TIMED):
            training._step(next(steps))
        bench.wait()
    ms = 1000 * (time.perf_counter() - began) / TIMED
    return Line(case, way, ms, peak=(device.peak_memory(torch.device(bench.device)) or 0) / 1e9)


def _programs(bench: Bench, family: str) -> Iterator[Line]:
    """Both programs from start to file; a run of 1,500 steps is reckoned from a shorter one."""
    if bench.device == "cuda":
        torch.cuda.empty_cache()
    workshop, short = bench.workshop, TINY_SHORT if bench.tiny else SHORT
    base, dataset, values = bench.work(family, unet_only=True)
    values |= {"max_train_steps": short, "cache_text_encoder_outputs": family == "sdxl"}
    runs: list[tuple[str, Run]] = [("ours, program", ours(workshop, family, base, dataset, values))]
    if _has_sd_scripts():
        runs.append(("sd-scripts", sd_scripts(workshop, family, base, dataset, values)))
    losses = held_out(workshop, family, base, [run.lora for _, run in runs], bench.device, **values)
    for (way, run), loss in zip(runs, losses, strict=True):
        whole = run.wall + (STEPS - short) * run.wall_a_step
        yield Line(f"{TITLES[family]}, U-Net only", way, 1000 * run.wall_a_step, whole, loss=loss)


def _has_sd_scripts() -> bool:
    return all(os.environ.get(f"SD_SCRIPTS_{name}") for name in ("DIR", "PYTHON"))


def _judged(lines: list[Line], name: str) -> Outcome:
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
    figure = f"On {name}: {'; '.join(said) or 'nothing was measured'}."
    return Outcome(COLUMNS, [line.cells for line in lines], figure, met and bool(said))


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
