"""The grid's cells and their files, and the sheet of them all."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageFont

from sd_scripts_bridge.engines.judging.grid import Cell, Grid, keep
from sd_scripts_bridge.engines.judging.sheet import HEAD, sheet
from sd_scripts_bridge.errors import NotFound
from sd_scripts_bridge.jobs.folder import JobFolder

LINES = ("Ada woman --w 64 --h 64 --d 1 --s 2", "Ada in a park --w 64 --h 64 --d 2 --s 2")
GRID = Grid(1, {10: "a", 20: "b", 30: "c"}, (0.6, 0.8, 0.9, 1.0), LINES, pair_step=30)


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    made = JobFolder(tmp_path / "000001").create()
    GRID.write(made)
    return made


def test_a_pair_without_and_with_the_lora_comes_first(folder: JobFolder) -> None:
    cells = GRID.cells
    assert cells[:2] == (Cell(None, 0.0, 0), Cell(30, 1.0, 0))
    assert len(cells) == len(set(cells)) == 24 + 2  # and what each prompt gives without it
    assert Grid.read(folder) == GRID


def test_what_is_drawn_is_not_missing_whatever_is_added_later(folder: JobFolder) -> None:
    for cell in GRID.cells[:5]:
        keep(GRID.path(folder, cell), Image.new("RGB", (64, 64)), "told")
    assert GRID.missing(folder) == list(GRID.cells[5:])
    more = GRID.evolve(files={**GRID.files, 40: "d"}, pair_step=40)
    assert set(GRID.cells[:5]).isdisjoint(more.missing(folder))
    other = GRID.evolve(prompts=(LINES[0].replace("--d 1", "--d 9"), LINES[1]))
    assert GRID.cells[0] in other.missing(folder)
    assert GRID.cells[0] in GRID.evolve(by="webui").missing(folder)


def test_a_training_without_a_grid_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="`judge 7` draws one"):
        Grid.read(JobFolder(tmp_path / "000007"))


def test_the_sheet_shows_every_cell_at_its_place(folder: JobFolder) -> None:
    for number, cell in enumerate(GRID.cells):
        picture = Image.new("RGB", (64, 64), (0, 4 * number + 3, 200))
        keep(GRID.path(folder, cell), picture, "told")
    whole = sheet(GRID, folder)
    colors = {color for _, color in whole.getcolors(1 << 20)}
    assert {(0, 4 * number + 3, 200) for number in range(len(GRID.cells))} <= colors


def test_a_long_prompt_stands_whole_above_its_pictures(folder: JobFolder) -> None:
    words = "Ada woman in a garden full of small flowers of many colours " * 4
    long = GRID.evolve(prompts=(f"{words}--w 64 --h 64 --d 1 --s 2", LINES[1]))
    taller = sheet(long, folder).height - sheet(GRID, folder).height
    lines = 1 + taller // HEAD
    font = ImageFont.load_default()
    assert lines * sheet(GRID, folder).width >= font.getlength(words) > sheet(GRID, folder).width
