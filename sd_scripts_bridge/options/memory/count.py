"""The memory of a training in bytes, from what `python -m benchmarks memory` has counted.

A step's memory is a sum of products of the rank, the batch and the pictures' area, so that a few
counted trainings of a kind tell all others of that kind.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..params import TrainingParams

COUNTED = Path(__file__).with_name("counted.json")
OVERHEAD = 800_000_000
"""An assumption, not counted: CUDA's context, and the libraries' kernels and working memory."""
RANK_STEP = 8
"""A LoRA's rows are laid out in so many."""
_NOT_COUNTED = {
    "network_args",
    "optimizer_args",
    "fp8_base",
    "fp8_base_unet",
    "full_bf16",
    "torch_compile",
}


@dataclass(frozen=True)
class TrainingKind:
    """What has figures of its own: families, what learns, what is remembered, how numbers lie."""

    family: str
    text_encoder: bool
    checkpointing: bool
    precision: str

    @classmethod
    def of(cls, family: str, params: TrainingParams) -> TrainingKind:
        """fp16 takes what bf16 takes."""
        return cls(
            family,
            not params.network_train_unet_only,
            params.gradient_checkpointing,
            "no" if params.mixed_precision == "no" else "bf16",
        )


@dataclass(frozen=True)
class MemoryCount:
    """Bytes: what lies there for the whole run, and what each step takes and gives back."""

    lying: int
    step: int

    @property
    def peak(self) -> int:
        return self.lying + self.step

    @property
    def with_graphs(self) -> int:
        """Recorded steps keep their memory, and steps of rare shapes take theirs beside it."""
        return self.peak + self.step


@dataclass(frozen=True)
class Formula:
    """``lying``: factors of 1 and rank. ``step``: of 1, batch and batch x area (in pixels), and
    then of the same times rank.
    """

    lying: tuple[float, ...]
    step: tuple[float, ...]

    def at(self, rank: int, batch: int, area: int) -> MemoryCount:
        rows = -(-rank // RANK_STEP) * RANK_STEP
        sizes = (1, batch, batch * area)
        terms = (*sizes, *(rows * size for size in sizes))
        return MemoryCount(
            round(self.lying[0] + self.lying[1] * rows),
            round(sum(one * factor for one, factor in zip(terms, self.step, strict=True))),
        )


def count(family: str, params: TrainingParams) -> MemoryCount | None:
    """What the embedded engine takes for the training at its peak; None for what wasn't counted
    (families beyond Stable Diffusion, networks and optimizers of sd-scripts).
    """
    formula = formulas().get(TrainingKind.of(family, params))
    if formula is None or not _is_plain(params):
        return None
    width, height = params.area
    return formula.at(params.network_dim, params.train_batch_size, width * height)


def _is_plain(params: TrainingParams) -> bool:
    plain = params.network_module == "networks.lora" and params.optimizer_type == "AdamW"
    own = _NOT_COUNTED & params.extra.keys()
    return plain and not own and not params.network_train_text_encoder_only


@functools.cache
def formulas() -> Mapping[TrainingKind, Formula]:
    """The recorded factors, by kind of training."""
    return {
        TrainingKind(**case["kind"]): Formula(tuple(case["lying"]), tuple(case["step"]))
        for case in recorded()["kinds"]
    }


def recorded() -> dict[str, Any]:
    """The file of what was counted."""
    found: dict[str, Any] = json.loads(COUNTED.read_text(encoding="utf-8"))
    return found
