"""Starting points for a kind of subject and a family of base models. Each TOML file here is one preset."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import NotFound
from ..params import TrainingParams
from ..toml_file import load

FOLDER = Path(__file__).parent
FOR_FAMILY = {"sd1": "person-sd15", "sd2": "person-sd15", "sdxl": "person-sdxl"}


@dataclass(frozen=True)
class Preset:
    """``warmup`` is a part of the run (0 to 1), for the right number of steps is known only with the photos."""

    name: str
    title: str
    why: str
    warmup: float
    values: dict[str, Any]

    def params(self, steps: int) -> TrainingParams:
        """The preset's options for a run of ``steps``."""
        warmup = math.ceil(self.warmup * steps)
        return TrainingParams().with_values({**self.values, "max_train_steps": steps, "lr_warmup_steps": warmup})


def fitting(family: str, full_size: bool = True) -> str:
    """The name of the preset for a base model nobody has chosen one for."""
    return FOR_FAMILY[family] if full_size else "tiny"


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def get(name: str) -> Preset:
    """The preset. Raises `NotFound` with the names that there are."""
    if name not in names():
        raise NotFound(f"There is no preset {name!r}. Choose one of: {', '.join(names())}.")
    data = load(FOLDER / f"{name}.toml")
    return Preset(name, data["title"], data["why"], data.get("warmup", 0.0), data["options"])
