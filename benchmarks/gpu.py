"""Everything that only a GPU can say, in one run of at most ten minutes: SD 1.5 at 512 and SDXL at
1024 pixels, batch 1, rank 16, bf16, U-Net only and with text encoder, on base models with random
weights made on the spot.

Each case is timed operation by operation, as CUDA graphs, and with the U-Net's blocks compiled,
without and with graphs (not where Triton is missing); and as whole programs, from the start to the
saved file, beside the real sd-scripts at its best (cached latents and text, SDPA, fused AdamW, no
checkpointing). What fails, or finds no time any more, says so in its line.

Needs: an NVIDIA GPU (SD 1.5 8 GB, SDXL 24 GB), 10 GB of disk, and for the comparison
SD_SCRIPTS_DIR and SD_SCRIPTS_PYTHON; no network. `--device cpu --tiny` rehearses it without a GPU:
its figures mean nothing.
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from sd_scripts_bridge.engines.embedded.model import device
from sd_scripts_bridge.engines.embedded.model.lean import Block
from sd_scripts_bridge.engines.embedded.stepping.compiled import Blocks
from sd_scripts_bridge.engines.embedded.stepping.graphs import Graphs, Take, taker
from sd_scripts_bridge.engines.embedded.stepping.step import Step
from sd_scripts_bridge.engines.embedded.training.trainer import Training

from .contenders import Run, held_out, ours, sd_scripts
from .gpu_bench import GIGABYTES, STEPS, Bench, Line, say
from .outcome import Missing, Outcome
from .workshop import Workshop, quiet

WARM, TIMED, LEAST_TIMED = 8, 40, 5
SECONDS_TIMED = 15.0
"""Of the steps that are timed, after the first ones; on a slow GPU they are fewer."""
SHORT = {"sd1": 300, "sdxl": 100}
"""Steps that are taken to know how long a whole run takes."""
TINY_SHORT = 12
SECONDS = {"sd1": 20, "sdxl": 60}
"""What must be left of the time for one more line: the base is loaded, and a step takes long."""
COMPILING = 60
TARGETS = {"sd1": 5.0, "sdxl": 2.5}
MOST_SECONDS = {"sd1": 40.0}
TITLES = {"sd1": "SD 1.5, 512", "sdxl": "SDXL, 1024"}
OURS, THEIRS = "ours, program", "sd-scripts"
NEEDS = (
    "This needs an NVIDIA GPU with CUDA (8 GB for SD 1.5, 24 GB for SDXL), and PyTorch finds none "
    "here. It also needs 10 GB of disk, and for the comparison SD_SCRIPTS_DIR and "
    "SD_SCRIPTS_PYTHON. Without a GPU: --device cpu --tiny rehearses it."
)
COLUMNS = ("case", "way", "ms a step", "1500 steps, s", "peak, GB", "held-out loss", "note")


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=10.0, help="the time that it has")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--tiny", action="store_true", help="narrow networks, 64 pixels, few steps")
    parser.add_argument("--families", nargs="+", choices=tuple(TITLES), default=list(TITLES))


def measure(chosen: argparse.Namespace) -> Outcome:
    """Raises `Missing` without a CUDA GPU, or CLIP's vocabulary."""
    if chosen.device == "cuda" and not torch.cuda.is_available():
        raise Missing(NEEDS)
    if not _has_sd_scripts():
        say("Without the comparison: SD_SCRIPTS_DIR and SD_SCRIPTS_PYTHON name no sd-scripts.")
    ends = time.monotonic() + 60 * chosen.minutes
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        bench = Bench(Workshop(Path(folder)), chosen.device, chosen.tiny, ends)
        bench.workshop.tokenizers()
        for line in _lines(bench, chosen.families):
            lines.append(line)
            say("  ".join(map(str, line.cells)))
    return _judged(lines, bench.name)


def _lines(bench: Bench, families: Sequence[str]) -> Iterator[Line]:
    """What the targets are about first: whatever is last may find no time any more."""
    there = [family for family in families if bench.has_room(family)]
    for family in families:
        if family not in there:
            note = f"not measured: this needs {GIGABYTES[family]} GB of GPU memory, free"
            yield Line(_case(family, unet_only=True), "", note=note)
    for family in there:
        yield from _programs(bench, family, unet_only=True)
        yield from _steps(bench, family, unet_only=True)
    for family in there:
        yield from _steps(bench, family, unet_only=False)
        yield from _programs(bench, family, unet_only=False)


def _case(family: str, *, unet_only: bool) -> str:
    return f"{TITLES[family]}, {'U-Net only' if unet_only else 'with text encoder'}"


# ---- steps ----


class Ways:
    """One training, whose steps are taken in several ways."""

    def __init__(self, bench: Bench, family: str, *, unet_only: bool) -> None:
        self.bench, self.family, self.unet_only = bench, family, unet_only

    @functools.cached_property
    def training(self) -> Training:
        base, dataset, values = self.bench.work(self.family, unet_only=self.unet_only)
        return self.bench.workshop.training(self.family, base, dataset, self.bench.device, **values)

    def line(self, way: str) -> Line:
        """The steps timed, once they run as they will."""
        case, training = _case(self.family, unet_only=self.unet_only), self.training
        training.optimizer.break_off()
        training.take_step = take = self._take(way)
        steps = training._batches()
        self.bench.forget_peak()
        with quiet():
            _taken(training, steps, WARM - 1)
            one = self._seconds(steps, 1)
            timed = int(max(LEAST_TIMED, min(TIMED, SECONDS_TIMED / one)))
            ms = 1000 * self._seconds(steps, timed) / timed
        peak = (device.peak_memory(torch.device(self.bench.device)) or 0) / 1e9
        reasons = take.policy.reasons if isinstance(take, Graphs) else []
        return Line(case, way, ms, peak=peak, note=" ".join(map(str, reasons)))

    def _seconds(self, steps: Iterator[Any], count: int) -> float:
        self.bench.wait()
        began = time.perf_counter()
        _taken(self.training, steps, count)
        self.bench.wait()
        return time.perf_counter() - began

    def _take(self, way: str) -> Take:
        training = self.training
        step = Step(training.network, training.objective, training.optimizer)
        if way.startswith("compiled"):  # as the option torch_compile does
            modules = training.objective.unet.forward.__self__.modules()
            Blocks([one for one in modules if isinstance(one, Block)]).compile()
        if way in ("eager", "compiled"):
            return step
        return taker(step, torch.device(self.bench.device), STEPS, toy=self.bench.tiny)


def _taken(training: Training, steps: Iterator[Any], count: int) -> None:
    for _ in range(count):
        training._step(next(steps))


def _steps(bench: Bench, family: str, *, unet_only: bool) -> Iterator[Line]:
    ways = ["eager", "graphs"]
    if _has_triton():
        ways += ["compiled", "compiled graphs"]
    taken = Ways(bench, family, unet_only=unet_only)
    for way in ways:
        needs = SECONDS[family] + (COMPILING if way == "compiled" else 0)
        case = _case(family, unet_only=unet_only)
        yield bench.line(case, way, needs, functools.partial(taken.line, way))
    del taken
    bench.free()


def _has_triton() -> bool:
    return importlib.util.find_spec("triton") is not None


# ---- programs ----


def _programs(bench: Bench, family: str, *, unet_only: bool) -> Iterator[Line]:
    """Both programs from start to file, and how well what they made denoises."""
    loras: dict[str, Path] = {}
    case = _case(family, unet_only=unet_only)

    def line(way: str, program: Callable[..., Run]) -> Line:
        base, dataset, values = bench.work(family, unet_only=unet_only)
        values |= _shorter(bench, family, unet_only=unet_only)
        run = program(bench.workshop, family, base, dataset, values, bench.left)
        loras[way] = run.lora
        whole = run.wall + (STEPS - values["max_train_steps"]) * run.wall_a_step
        peak = None if run.peak is None else run.peak / 1e9
        return Line(case, way, 1000 * run.wall_a_step, whole, peak)

    programs = [(OURS, ours), *([(THEIRS, sd_scripts)] if _has_sd_scripts() else [])]
    lines = [
        bench.line(case, way, SECONDS[family], functools.partial(line, way, program))
        for way, program in programs
    ]
    losses = _losses(bench, family, loras, unet_only=unet_only)
    yield from (replace(one, loss=losses.get(one.way)) for one in lines)


def _shorter(bench: Bench, family: str, *, unet_only: bool) -> dict[str, Any]:
    """A run of 1,500 steps is reckoned from a shorter one."""
    steps = TINY_SHORT if bench.tiny else SHORT[family]
    return {"max_train_steps": steps, "cache_text_encoder_outputs": unet_only and family == "sdxl"}


def _losses(
    bench: Bench, family: str, loras: dict[str, Path], *, unet_only: bool
) -> dict[str, float]:
    """The held-out loss of each LoRA; nothing where there is no time or memory for it."""
    found: list[float] = []

    def line() -> Line:
        base, _, values = bench.work(family, unet_only=unet_only)
        files = list(loras.values())
        found.extend(held_out(bench.workshop, family, base, files, bench.device, **values))
        return Line("", "")

    if loras:
        case = _case(family, unet_only=unet_only)
        bench.line(case, "held-out loss", SECONDS[family], line)
    return dict(zip(loras, found, strict=False))


def _has_sd_scripts() -> bool:
    return all(os.environ.get(f"SD_SCRIPTS_{name}") for name in ("DIR", "PYTHON"))


# ---- what is said ----


def _judged(lines: list[Line], name: str) -> Outcome:
    said, met = [], True
    for family, title in TITLES.items():
        found = {line.way: line for line in lines if line.case == _case(family, unet_only=True)}
        mine, theirs = found.get(OURS), found.get(THEIRS)
        if mine is None or mine.ms is None or mine.whole is None:
            met = met and mine is None
            continue
        said.append(f"{title}: {mine.ms:.1f} ms a step, 1,500 steps in {mine.whole:.0f} s")
        met = met and mine.whole <= MOST_SECONDS.get(family, float("inf"))
        if theirs is not None and theirs.ms is not None:
            times = theirs.ms / mine.ms
            said[-1] += f", {times:.1f} times sd-scripts (target {TARGETS[family]})"
            met = met and times >= TARGETS[family]
    figure = f"On {name}: {'; '.join(said) or 'nothing was measured'}."
    return Outcome(COLUMNS, [line.cells for line in lines], figure, met and bool(said))
