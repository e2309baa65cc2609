"""The memory of 36 trainings, counted from the shapes of all tensors of a step: weights, LoRA,
optimizer, gradients, and what the forward pass keeps for the backward pass.

The networks are the real ones, on tensors without memory; the count of a small training equals, to
the byte, what the real one takes (`tests/engines/embedded/test_memory_counted.py`). Kernels' own
working memory and the allocator's rounding aren't seen. ``--write`` records the factors from
which the preflight and the presets reckon.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from sd_scripts_bridge.options.memory.count import COUNTED, Formula, TrainingKind
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.system.files import write_json

from .from_shapes import Counted, FromShapes
from .outcome import Outcome

RANKS = (16, 32)
SIDES = {"sd1": 512, "sdxl": 1024, "sd2": 768}
TITLES = {"sd1": "SD 1.5", "sd2": "SD 2", "sdxl": "SDXL"}
MOST_OFF = 0.005
"""Of a count, the formula may be off by this part."""
Area = tuple[int, int]


@dataclass(frozen=True)
class Configuration:
    """One training."""

    kind: TrainingKind
    area: Area
    batch: int
    rank: int

    @property
    def cells(self) -> tuple[str, ...]:
        kind, (width, height) = self.kind, self.area
        learns = "U-Net, text" if kind.text_encoder else "U-Net"
        kept = "checkpointing" if kind.checkpointing else "all kept"
        precision = "fp32" if kind.precision == "no" else kind.precision
        size = f"{width} x {height}"
        return (TITLES[kind.family], size, str(self.batch), str(self.rank), learns, kept, precision)


KINDS = [
    *(
        TrainingKind(family, text, checkpointing, "bf16")
        for family in SIDES
        for text in ((False,) if family == "sd2" else (False, True))
        for checkpointing in (False, True)
    ),
    *(TrainingKind("sd1", False, checkpointing, "no") for checkpointing in (False, True)),
]


def _other(kind: TrainingKind) -> tuple[Area, int]:
    """What the formula isn't made from."""
    side = SIDES[kind.family]
    return (side * 3 // 4, side * 5 // 4), 3


def _anchors(kind: TrainingKind) -> list[tuple[Area, int]]:
    side = SIDES[kind.family]
    return [((side, side), 1), ((side, side), 2), ((side * 3 // 2, side * 3 // 2), 1)]


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--write", action="store_true", help="record the factors for the preflight")
    parser.add_argument("--only", choices=tuple(SIDES), help="one family")


def measure(chosen: argparse.Namespace) -> Outcome:
    rows, kinds, worst = [], [], 0.0
    for kind in KINDS:
        if chosen.only in (None, kind.family):
            formula, counted = _count(kind)
            kinds.append({"kind": asdict(kind), **asdict(formula)})
            for one, found in counted:
                reckoned = formula.at(one.rank, one.batch, one.area[0] * one.area[1]).peak
                worst = max(worst, abs(reckoned / found.peak - 1))
                rows.append((*one.cells, *map(_gb, (found.lying, found.step, found.peak))))
            if chosen.write:
                _record(kinds, rows)
    columns = ("family", "pixels", "batch", "rank", "learns", "activations", "numbers")
    figure = f"{len(rows)} trainings counted; the formula is at most {worst:.2%} off."
    return Outcome(
        (*columns, "lying, GB", "a step, GB", "peak, GB"), rows, figure, worst <= MOST_OFF
    )


def _count(kind: TrainingKind) -> tuple[Formula, list[tuple[Configuration, Counted]]]:
    """The factors of this kind, and trainings of it; the last is none that they were made from."""
    lying, steps, shown = [], [], []
    for rank in RANKS:
        print(f"{kind}, rank {rank}", file=sys.stderr, flush=True)
        training = FromShapes(kind.family, _params(kind, rank))
        anchors = [training.count(*anchor) for anchor in _anchors(kind)]
        lying.append(anchors[0].lying)
        steps.append(_solved(_anchors(kind), anchors))
        shown.append((Configuration(kind, *_anchors(kind)[0], rank), anchors[0]))
    shown.append((Configuration(kind, *_other(kind), RANKS[-1]), training.count(*_other(kind))))
    fixed, ranked = zip(*(_line(*pair) for pair in zip(*steps, strict=True)), strict=True)
    return Formula(_line(*lying), (*fixed, *ranked)), shown


def _params(kind: TrainingKind, rank: int) -> TrainingParams:
    values = {
        "network_dim": rank,
        "network_train_unet_only": not kind.text_encoder,
        "gradient_checkpointing": kind.checkpointing,
        "mixed_precision": kind.precision,
    }
    return TrainingParams().with_values(values)


def _solved(anchors: Sequence[tuple[Area, int]], counted: Sequence[Counted]) -> list[float]:
    """The factors of 1, batch and batch x area."""
    rows = [[1, batch, batch * area[0] * area[1]] for area, batch in anchors]
    matrix = torch.tensor(rows, dtype=torch.float64, device="cpu")
    values = torch.tensor([one.step for one in counted], dtype=torch.float64, device="cpu")
    return [float(one) for one in torch.linalg.solve(matrix, values)]


def _line(first: float, second: float) -> tuple[float, float]:
    """Value at rank 0, and the rise with each rank."""
    rise = (second - first) / (RANKS[1] - RANKS[0])
    return round(first - rise * RANKS[0], 4), round(rise, 6)


def _record(kinds: list[dict[str, Any]], rows: Sequence[Sequence[object]]) -> None:
    write_json(COUNTED, {"torch": torch.__version__, "kinds": kinds, "counted": rows})


def _gb(size: int) -> str:
    return f"{size / 1e9:.2f}"
