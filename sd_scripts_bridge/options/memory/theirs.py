"""What sd-scripts takes of a GPU for our presets, as `python -m benchmarks sd_scripts_memory` has
counted it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COUNTED = Path(__file__).with_name("counted_sd_scripts.json")


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


def of_preset(name: str, version: int) -> TheirCount | None:
    """None where it wasn't counted, or for other options than today's."""
    row = recorded().get(name)
    if row is None or row["version"] != version:
        return None
    return TheirCount(row["weights"], row["lora"], row["step"])


@functools.cache
def recorded() -> Mapping[str, Mapping[str, Any]]:
    """The file of what was counted, by preset."""
    found: Mapping[str, Mapping[str, Any]] = json.loads(COUNTED.read_text(encoding="utf-8"))
    return found
