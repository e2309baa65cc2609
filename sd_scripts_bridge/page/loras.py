"""The LoRAs that can be tried: every file in the Lora folder, whoever published it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ..errors import NotFound
from ..shapes.marks import Example
from .context import Context
from .result import ResultView, result_of_file

MOST = 500


@dataclass(frozen=True)
class LoraView:
    """A LoRA in the Lora folder."""

    file: Annotated[str, "its path in the Lora folder", Example("people/Ada.safetensors")]
    stem: Annotated[str, Example("Ada")]
    time: Annotated[float, "seconds since 1970", Example(1764028800.0)]
    job: Annotated[int | None, "the job that made it"]
    step: Annotated[int | None, "the saved step that was published besides the job's LoRA"]


@dataclass(frozen=True)
class LorasView:
    """Every LoRA in the Lora folder, newest first, no matter who published it."""

    loras: Sequence[LoraView]


def listed(context: Context) -> LorasView:
    """Every LoRA in the Lora folder, newest first."""
    folder, jobs = _folder(context), _jobs(context)
    files = [file for file in folder.rglob("*.safetensors") if _is_shown(file, folder)]
    rows = [_row(file, folder, jobs) for file in files]
    return LorasView(sorted(rows, key=lambda row: -row.time)[:MOST])


def _row(file: Path, folder: Path, jobs: Mapping[Path, tuple[int, int | None]]) -> LoraView:
    job, step = jobs.get(file, (None, None))
    name = file.relative_to(folder).as_posix()
    return LoraView(name, file.stem, file.stat().st_mtime, job, step)


def result(context: Context, name: str) -> ResultView:
    """A LoRA that no job of ours made, by its path in the folder. Raises `NotFound`, `Invalid`."""
    return result_of_file(path(context, name), name)


def path(context: Context, name: str) -> Path:
    """The file of that name in the Lora folder. Raises `NotFound`."""
    folder = _folder(context)
    for file in folder.rglob("*.safetensors"):
        if file.relative_to(folder).as_posix() == name and _is_shown(file, folder):
            return file
    raise NotFound("loras.no_such_file", "There is no {name} in the Lora folder.", name=name)


def _folder(context: Context) -> Path:
    return context.lora_dir or context.the_bridge.home.lora


def _is_shown(file: Path, folder: Path) -> bool:
    return file.is_file() and not any(p.startswith(".") for p in file.relative_to(folder).parts)


def _jobs(context: Context) -> dict[Path, tuple[int, int | None]]:
    """Which job's each file is, and which step's, as publishing has written it down."""
    bridge = context.the_bridge
    found: dict[Path, tuple[int, int | None]] = {}
    for row in bridge.newest(MOST):
        if file := bridge.lora_of(row.id):
            found.setdefault(file, (row.id, None))
        for step, published in bridge.steps_of(row.id).items():
            found.setdefault(published, (row.id, step))
    return found
