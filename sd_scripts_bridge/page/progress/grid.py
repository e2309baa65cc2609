"""The grid of a training as the page and the command line get it: docs/rest.md's `Grid`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from ...bridge import Bridge
from ...engines.judging import votes
from ...engines.judging.grid import WEBUI, Cell, Grid
from ...engines.judging.votes import Standing
from ...jobs.folder import JobFolder
from ...jobs.job import Status
from ...system.files import mark

Address = Callable[[int, Path], str]


@dataclass(frozen=True)
class PictureView:
    """A cell of the grid: ``step`` is null without the LoRA;
    ``picture`` is null until it is drawn.
    """

    step: int | None
    weight: float
    prompt: Annotated[int, "its place among the prompts, from 0"]
    picture: str | None


@dataclass(frozen=True)
class StandingView:
    """How often a step and strength was preferred in blind votes, with its 95 % Wilson interval."""

    step: int
    weight: float
    votes: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class GridView:
    """Saved steps x strengths x prompts. The first two pictures are a pair: without the LoRA, and
    with the last step at full strength, for the same prompt and seed.
    """

    job: int
    by: Literal["embedded", "webui"]
    number: Annotated[int | None, "the job that draws it, where one does"]
    state: Literal["drawing", "stopped", "done"]
    done: int
    total: int
    steps: list[int]
    weights: list[float]
    prompts: list[str]
    pictures: list[PictureView]
    standings: list[StandingView]
    sentence: Annotated[str, "what went wrong, where it stopped by itself"] = ""
    seconds_left: Annotated[float | None, "by the pace of the last pictures; null: not known"] = (
        None
    )


@dataclass(frozen=True)
class PairView:
    """Two pictures of one prompt to choose from, without saying which is which."""

    prompt: str
    numbers: Annotated[list[int], "their places among the grid's pictures"]
    pictures: list[str]


@dataclass(frozen=True)
class ShownView:
    """What one of the two was."""

    step: int
    weight: float


@dataclass(frozen=True)
class VotedView:
    """Which the two were, and what all votes add up to."""

    shown: list[ShownView]
    standings: list[StandingView]


def grid_view(bridge: Bridge, job_id: int, address: Address, trouble: str = "") -> GridView:
    """Raises `NotFound` where none was drawn yet."""
    grid, folder = bridge.grid(job_id), bridge.folder(job_id)
    missing = set(grid.missing(folder))
    state = _state(bridge, grid, len(missing))
    return GridView(
        job_id,
        "webui" if grid.by == WEBUI else "embedded",
        grid.number,
        state,
        len(grid.cells) - len(missing),
        len(grid.cells),
        list(grid.steps),
        list(grid.weights),
        [grid.prompt(grid.without(row)).text for row in range(len(grid.prompts))],
        [
            PictureView(
                cell.step,
                cell.weight,
                cell.row,
                None if cell in missing else address(number, grid.path(folder, cell)),
            )
            for number, cell in enumerate(grid.cells)
        ],
        [standing(one) for one in votes.standings(votes.read(folder.votes))],
        trouble or _trouble(bridge, grid),
        grid.seconds_left(folder, time.time()) if state == "drawing" else None,
    )


def url(job_id: int) -> Address:
    """A picture's address below the prefix."""
    return lambda number, path: f"jobs/{job_id}/grid/pictures/{number}?v={mark(path)}"


def picture(bridge: Bridge, job_id: int, number: int) -> Path | None:
    """The file of a cell; None where it isn't drawn, or there is no such cell."""
    grid, folder = bridge.grid(job_id), bridge.folder(job_id)
    if not 0 <= number < len(grid.cells):
        return None
    path = grid.path(folder, grid.cells[number])
    return path if path.is_file() else None


def drawn(grid: Grid, folder: JobFolder) -> list[Cell]:
    missing = set(grid.missing(folder))
    return [cell for cell in grid.cells if cell not in missing]


def standing(one: Standing) -> StandingView:
    """As REST says it."""
    return StandingView(one.step, one.weight, one.votes, one.share, one.low, one.high)


def _state(bridge: Bridge, grid: Grid, missing: int) -> Literal["drawing", "stopped", "done"]:
    if not missing:
        return "done"
    if grid.number is None:
        return "drawing" if grid.wanted else "stopped"
    row = bridge.job_or_none(grid.number)
    return "drawing" if row and not row.status.is_over else "stopped"


def _trouble(bridge: Bridge, grid: Grid) -> str:
    row = bridge.job_or_none(grid.number) if grid.number is not None else None
    return row.sentence if row and row.status in (Status.FAILED, Status.LOST) else ""
