"""A grid of pictures: saved steps x strengths x prompts, in the folder of the training it judges.

Each cell is a file whose name tells what it shows, so a cell that is drawn is never drawn again:
not after a kill, not by another program, not where a step is added later.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from ...errors import NotFound
from ...jobs.folder import JobFolder
from ...system.files import write_json
from .. import sample_prompts
from ..sample_prompts import SamplePrompt

LAST = 8
"""So many pictures tell how long the next ones take."""
EMBEDDED, WEBUI = "embedded", "webui"
"""Who draws: our own sampler, as a job in the queue, or the WebUI between other pictures."""


@dataclass(frozen=True)
class Cell:
    """One picture: ``step`` is None without the LoRA, ``row`` the prompt's place from 0."""

    step: int | None
    weight: float
    row: int


@dataclass(frozen=True)
class Grid:
    """What is to be drawn. ``files`` are the LoRAs of the saved steps."""

    job: int
    files: Mapping[int, str]
    weights: tuple[float, ...]
    prompts: tuple[str, ...]
    by: str = EMBEDDED
    number: int | None = None
    """The job that draws it, where one does."""
    wanted: bool = True
    """Whether the WebUI goes on with it."""
    pair_step: int = 0
    """The step whose picture at full strength is drawn first, beside the one without the LoRA."""

    @classmethod
    def read(cls, folder: JobFolder) -> Grid:
        """The grid of a training. Raises `NotFound` where there is none yet."""
        try:
            data = json.loads(plan_file(folder).read_text(encoding="utf-8"))
            data["files"] = {int(step): file for step, file in data["files"].items()}
            for name in ("weights", "prompts"):
                data[name] = tuple(data[name])
            return cls(**data)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            raise NotFound(
                "grid.none",
                "No grid has been drawn yet: `judge {job}` draws one.",
                job=_number(folder),
            ) from None

    def write(self, folder: JobFolder) -> None:
        """Raises OSError."""
        folder.grid.mkdir(parents=True, exist_ok=True)
        write_json(plan_file(folder), asdict(self))

    def evolve(self, **changes: Any) -> Grid:
        return replace(self, **changes)

    # ---- cells ----

    @property
    def steps(self) -> tuple[int, ...]:
        return tuple(sorted(self.files))

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The pair first, then the rest; each once."""
        return tuple(dict.fromkeys(self._cells()))

    def _cells(self) -> Iterator[Cell]:
        yield self.without(0)
        yield Cell(self.pair_step, 1.0, 0)
        for row in range(len(self.prompts)):
            yield self.without(row)
        for step in self.steps:
            for weight in self.weights:
                for row in range(len(self.prompts)):
                    yield Cell(step, weight, row)

    @staticmethod
    def without(row: int) -> Cell:
        """The picture of a prompt without the LoRA."""
        return Cell(None, 0.0, row)

    def prompt(self, cell: Cell) -> SamplePrompt:
        return sample_prompts.read(self.prompts[cell.row])[0]

    def path(self, folder: JobFolder, cell: Cell) -> Path:
        """Where the cell's picture lies; another prompt, size, seed or drawer has another."""
        told = f"{self.by}|{self.prompts[cell.row]}"
        mark = hashlib.sha256(told.encode()).hexdigest()[:10]
        step = "without" if cell.step is None else f"step{cell.step:08d}-w{cell.weight:.2f}"
        return folder.grid / f"{step}-{mark}.png"

    def missing(self, folder: JobFolder) -> list[Cell]:
        """What is still to be drawn, in the order in which it is."""
        return [cell for cell in self.cells if not self.path(folder, cell).is_file()]

    def seconds_left(self, folder: JobFolder, now: float) -> float | None:
        """Until all are drawn, by the median time that the last pictures took, at ``now`` (seconds
        since 1970); None before there are two.
        """
        missing = self.missing(folder)
        drawn = [self.path(folder, cell) for cell in self.cells if cell not in missing]
        times = sorted(path.stat().st_mtime for path in drawn)[-LAST - 1 :]
        if len(times) < 2:
            return None
        each = median(later - earlier for earlier, later in pairwise(times))
        return max(0.0, each * len(missing) - min(each, now - times[-1]))


def plan_file(folder: JobFolder) -> Path:
    """What is to be drawn, for whoever draws it and whoever asks how far it is."""
    return folder.grid / "grid.json"


def keep(path: Path, picture: Any, text: str) -> None:
    """Write a cell's picture with what it shows in its text: aside, then renamed."""
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("parameters", text)
    aside = path.with_name(f".{path.name}.part")
    picture.save(aside, "PNG", pnginfo=info)
    aside.replace(path)


def caption(cell: Cell) -> str:
    """ "without the LoRA", or "step 450 x 0.8"."""
    return "without the LoRA" if cell.step is None else f"step {cell.step} x {cell.weight:g}"


def _number(folder: JobFolder) -> int:
    return int(folder.root.name) if folder.root.name.isdecimal() else 0
