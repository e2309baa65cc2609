"""What was measured at each saved step: the denoising errors themselves, one file a step.

A step's file lies in ``measured/`` of the job's folder: photo -> its errors at fixed timesteps and
noise, in an order that every step shares. So two steps are compared draw by draw, and what is there
need not be measured again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..system.files import write_json

STRATA = 8
"""Equal parts of the timesteps: a photo's draws take them in turn."""
VERSION = 1
"""Of the draws: files of another version are measured again."""

Errors = Mapping[str, tuple[float, ...]]
"""Photo (its file's SHA-256) -> its errors."""


@dataclass(frozen=True)
class MeasuredStep:
    """One save: the errors on photos that were never trained on, and on some that were."""

    step: int
    held_out: Errors
    training: Errors
    in_turn: bool = False
    """Whether it stands for several trainings, each without other photos (`crossed`)."""

    def covers(self, held_out: Iterable[str], training: Iterable[str]) -> bool:
        """Whether all of these photos were measured here."""
        return set(held_out) <= set(self.held_out) and set(training) <= set(self.training)


def write(folder: Path, measured: MeasuredStep) -> Path:
    """Keep ``measured`` in ``folder``; a file is there whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{measured.step:08d}.json"
    parts = {"held_out": measured.held_out, "training": measured.training}
    errors = {
        name: {photo: [round(error, 8) for error in errors] for photo, errors in part.items()}
        for name, part in parts.items()
    }
    about = {"version": VERSION, "step": measured.step, "in_turn": measured.in_turn}
    write_json(path, {**about, **errors})
    return path


def read(folder: Path) -> list[MeasuredStep]:
    """Every step that was measured, in order; what can't be read counts as not measured."""
    files = sorted(folder.glob("*.json")) if folder.is_dir() else []
    found = [step for path in files if (step := _step(path)) is not None]
    return sorted(found, key=lambda step: step.step)


def _step(path: Path) -> MeasuredStep | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["version"] != VERSION:
            return None
        held_out, training = (_errors(data[name]) for name in ("held_out", "training"))
        return MeasuredStep(int(data["step"]), held_out, training, data.get("in_turn") is True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _errors(data: Mapping[str, Any]) -> Errors:
    found = {str(photo): tuple(float(error) for error in data[photo]) for photo in data}
    if not all(errors and all(map(math.isfinite, errors)) for errors in found.values()):
        raise ValueError("no errors")
    return found
