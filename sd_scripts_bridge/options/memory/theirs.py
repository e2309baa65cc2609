"""What sd-scripts takes of a GPU, as `python -m benchmarks sd_scripts_memory` has counted it for
the options of our presets.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..families import FAMILIES
from ..params import TrainingParams

COUNTED = Path(__file__).with_name("counted_sd_scripts.json")
_SMALL = {"sd1", "sd2"}
_FP8 = {"fp8_base", "fp8_base_unet"}
_NOT_COUNTED = {
    "network_args",
    "full_bf16",
    "full_fp16",
    "torch_compile",
    "cpu_offload_checkpointing",
    "mem_eff_attn",
    "deepspeed",
}


@dataclass(frozen=True)
class TheirKind:
    """All of a training's options that its memory depends on."""

    family: str
    width: int
    height: int
    batch: int
    rank: int
    text_encoder: bool
    checkpointing: bool
    eight_bit: bool
    fp8: str
    """ "all", "blocks" (scaled) or none."""
    blocks_to_swap: int

    @classmethod
    def of(cls, family: str, params: TrainingParams) -> TheirKind | None:
        """None for what isn't counted: other networks and optimizers, text encoders that learn or
        run beside a model larger than SD 2.
        """
        if family not in FAMILIES or not _is_plain(family, params):
            return None
        width, height = params.area
        return cls(
            family,
            width,
            height,
            params.train_batch_size,
            params.network_dim,
            not params.network_train_unet_only,
            params.gradient_checkpointing,
            params.optimizer_type == "AdamW8bit",
            _fp8(params.extra),
            int(params.extra.get("blocks_to_swap") or 0),
        )


@dataclass(frozen=True)
class TheirCount:
    """Bytes: the base model's ``weights`` (of blocks that are swapped out none), the LoRA with its
    optimizer's moments, and what a step takes beside them.
    """

    weights: int
    lora: int
    step: int

    @property
    def peak(self) -> int:
        return self.weights + self.lora + self.step


def count(family: str, params: TrainingParams) -> TheirCount | None:
    """What a training like this takes; None where none like it was counted."""
    kind = TheirKind.of(family, params)
    return recorded().get(kind) if kind else None


@functools.cache
def recorded() -> Mapping[TheirKind, TheirCount]:
    """The file of what was counted."""
    rows: list[dict[str, Any]] = json.loads(COUNTED.read_text(encoding="utf-8"))
    return {TheirKind(**row["kind"]): TheirCount(**row["bytes"]) for row in rows}


def rows(found: Mapping[TheirKind, TheirCount]) -> list[dict[str, Any]]:
    """For that file."""
    return [{"kind": asdict(kind), "bytes": asdict(size)} for kind, size in found.items()]


def _is_plain(family: str, params: TrainingParams) -> bool:
    usual = params.network_module in ("networks.lora", FAMILIES[family].network)
    known = params.optimizer_type in ("AdamW", "AdamW8bit") and params.mixed_precision != "no"
    texts = family in _SMALL or (
        params.cache_text_encoder_outputs and params.network_train_unet_only
    )
    odd = {name for name in _NOT_COUNTED if params.extra.get(name)}
    return usual and known and texts and not odd and not params.network_train_text_encoder_only


def _fp8(extra: Mapping[str, Any]) -> str:
    if extra.get("fp8_scaled"):
        return "blocks"
    return "all" if any(extra.get(name) for name in _FP8) else ""
