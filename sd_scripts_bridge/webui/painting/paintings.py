"""What the WebUI was asked to draw: grids of saved steps, and pictures of class words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from ...engines.judging import grid as grids
from ...engines.judging.grid import WEBUI, Cell, Grid, caption
from ...engines.regularizing import class_pictures
from ...engines.regularizing.class_pictures import ClassPictures
from ...errors import BridgeError
from ...jobs.folder import JobFolder
from ...paths import Home
from .picture import AskedPicture, StepFile


class Painting(Protocol):
    """Something of which a picture is missing; ``plan`` is the file that says what."""

    @property
    def plan(self) -> Path: ...

    def picture(self) -> AskedPicture:
        """The next one."""

    def keep(self, drawn: Any) -> None:
        """Put it where it belongs. Raises OSError."""

    def give_up(self) -> None:
        """Draw no more until somebody asks again. Raises OSError."""


def all_in(home: Home) -> Iterator[Painting]:
    """As they stand now: grids first, oldest training first."""
    if home.jobs.is_dir():
        for folder in JobFolder.all_in(home.jobs):
            if grids.plan_file(folder).is_file():
                yield from _grid(folder)
    for one in class_pictures.all_in(home.regularization):
        if one.is_painted:
            yield ClassPainting(one, one.missing[0])


def _grid(folder: JobFolder) -> Iterator[Painting]:
    try:
        grid = Grid.read(folder)
    except BridgeError:  # removed, or not readable
        return
    missing = grid.missing(folder) if grid.by == WEBUI and grid.wanted else []
    if missing:
        yield GridPainting(folder, grid, missing[0])


@dataclass(frozen=True)
class GridPainting:
    """A cell of a training's grid. See `Painting`."""

    folder: JobFolder
    grid: Grid
    cell: Cell

    @property
    def plan(self) -> Path:
        return grids.plan_file(self.folder)

    def picture(self) -> AskedPicture:
        asked = AskedPicture(self.grid.prompt(self.cell), self._base())
        if self.cell.step is None:
            return asked
        name = f"lora-bridge-{self.folder.number}-{self.cell.step}"
        lora = StepFile(name, self.folder.root / self.grid.files[self.cell.step])
        return replace(asked, lora=lora, weight=self.cell.weight)

    def keep(self, drawn: Any) -> None:
        prompt = self.grid.prompt(self.cell)
        told = drawn.info.get("parameters") or f"{prompt.line} ({caption(self.cell)})"
        grids.keep(self.grid.path(self.folder, self.cell), drawn, told)

    def give_up(self) -> None:
        self.grid.evolve(wanted=False).write(self.folder)

    def _base(self) -> Path | None:
        """The model that the training began with."""
        try:
            return Path(json.loads(self.folder.job.read_text(encoding="utf-8"))["base"])
        except (OSError, ValueError, KeyError, TypeError):
            return None


@dataclass(frozen=True)
class ClassPainting:
    """A picture of a class word. See `Painting`."""

    asked: ClassPictures
    number: int

    @property
    def plan(self) -> Path:
        return self.asked.plan_file

    def picture(self) -> AskedPicture:
        prompt = self.asked.prompt_of(self.number)
        return AskedPicture(prompt, Path(self.asked.base), must_be_base=True)

    def keep(self, drawn: Any) -> None:
        told = drawn.info.get("parameters") or self.asked.prompt_of(self.number).line
        self.asked.keep(self.number, drawn, told)

    def give_up(self) -> None:
        self.asked.evolve(wanted=False).write()
