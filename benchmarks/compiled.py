"""The option torch_compile with PyTorch's own compiler, on the CPU: three trainings of one toy,
uncompiled, compiled for the first time, and compiled again from what is kept.

Needs a C++ compiler. Losses may differ by 1e-5, and the last training may compile nothing.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from sd_scripts_bridge.engines.embedded.model import tiny
from sd_scripts_bridge.engines.embedded.stepping.compiled import TIMED, WARM, Compiled, misses
from sd_scripts_bridge.engines.embedded.stepping.earnings import Earnings

from .outcome import Outcome
from .workshop import Workshop, quiet

STEPS = 2 * (WARM + TIMED) + 3
ONE_SIZE = dataclasses.replace(
    tiny.SHAPES["sdxl"], channels=(32, 32, 32), depths=(0, 0, 1), middle_depth=1
)
"""All blocks of one size: one compilation."""
MOST_OFF = 1e-5
COLUMNS = ("training", "compiled graphs", "compiling, s", "ms a step", "loss of the last step")
Row = tuple[str, int, float, float, float]


def options(_parser: argparse.ArgumentParser) -> None:
    """None."""


def measure(_chosen: argparse.Namespace) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder))
        base = tiny.make(workshop.root / "one-size.safetensors", "sdxl", shape=ONE_SIZE)
        eager, plain = _trained(workshop, base, "as it is", {})
        first, cold = _trained(workshop, base, "compiled", {"torch_compile": True})
        torch._dynamo.reset()  # as in a program that was just started
        second, warm = _trained(workshop, base, "once more", {"torch_compile": True})
    off = max(
        abs(one / other - 1)
        for losses in (first, second)
        for one, other in zip(losses, eager, strict=True)
    )
    figure = f"Losses differ by {off:.1e} at most; the second training compiles {warm[1]} graphs."
    met = off <= MOST_OFF and cold[1] > 0 and warm[1] == 0
    return Outcome(COLUMNS, [plain, cold, warm], figure, met)


def _trained(
    workshop: Workshop, base: Path, name: str, extra: Mapping[str, object]
) -> tuple[list[float], Row]:
    """The loss of each step, and the training's row."""
    values: dict[str, Any] = {"max_train_steps": STEPS, "network_train_unet_only": True}
    run = workshop.training("sdxl", base, workshop.dataset(), extra=dict(extra), **values)
    assert run.network.unet is not None
    run.network.unet.up.data.normal_(0, 0.1, generator=torch.Generator().manual_seed(1))
    before, losses = misses(), []
    take: Any = run.take_step
    with quiet():
        if isinstance(take, Compiled):
            take.book.write(take.kind, Earnings(1000, 0, cold=1))  # else a toy is too quick for it
            take.start(STEPS)
        for batches in run._batches():
            run._step(batches)
            losses.append(float(run.losses.ring[(run.losses.count - 1) % len(run.losses.ring)]))
    found = take.book.of(take.kind) if isinstance(take, Compiled) else None
    cost = 0.0 if found is None else round(found.cost, 1)
    ms = 0.0 if found is None else round(1000 * found.compiled, 1)
    return losses, (name, misses() - before, cost, ms, round(losses[-1], 6))
