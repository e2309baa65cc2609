"""The whole grid as one picture with captions, to keep or to show."""

from __future__ import annotations

from typing import Any

from ...jobs.folder import JobFolder
from .grid import Cell, Grid

MOST_TILE, GAP, HEAD, SIDE = 256, 6, 22, 96
PAPER, INK, EMPTY = (250, 250, 248), (40, 42, 48), (225, 225, 222)


def sheet(grid: Grid, folder: JobFolder) -> Any:
    """A block for each prompt: a column for each step, a row for each strength; the first column is
    without the LoRA. What isn't drawn yet is grey.
    """
    from PIL import Image, ImageDraw

    tile = _tile(grid)
    columns, rows = 1 + len(grid.steps), len(grid.weights)
    block = 2 * HEAD + rows * (tile + GAP)
    width = SIDE + columns * (tile + GAP)
    page = Image.new("RGB", (width, GAP + len(grid.prompts) * (block + GAP)), PAPER)
    pen = ImageDraw.Draw(page)
    for row in range(len(grid.prompts)):
        top = GAP + row * (block + GAP)
        _write(pen, (GAP, top), grid.prompt(Cell(None, 0, row)).text, width)
        heads = ["without", *(f"step {step}" for step in grid.steps)]
        for column, head in enumerate(heads):
            _write(pen, (SIDE + column * (tile + GAP), top + HEAD), head, tile)
        for line, weight in enumerate(grid.weights):
            y = top + 2 * HEAD + line * (tile + GAP)
            _write(pen, (GAP, y), f"x {weight:g}", SIDE)
            for column, step in enumerate((None, *grid.steps)):
                cell = grid.without(row) if step is None else Cell(step, weight, row)
                if step is not None or line == 0:
                    picture = _picture(grid, folder, cell, tile)
                    page.paste(picture, (SIDE + column * (tile + GAP), y))
    return page


def _tile(grid: Grid) -> int:
    first = grid.prompt(Cell(None, 0, 0))
    return min(MOST_TILE, max(96, first.width, first.height))


def _picture(grid: Grid, folder: JobFolder, cell: Cell, tile: int) -> Any:
    from PIL import Image, ImageOps

    try:
        with Image.open(grid.path(folder, cell)) as drawn:
            return ImageOps.pad(drawn.convert("RGB"), (tile, tile), color=PAPER)
    except OSError:  # not drawn yet
        return Image.new("RGB", (tile, tile), EMPTY)


def _write(pen: Any, at: tuple[int, int], text: str, width: int) -> None:
    """A line, cut where it would leave its place."""
    from PIL import ImageFont

    font = ImageFont.load_default()
    plain = text.encode("latin-1", "replace").decode("latin-1")  # what Pillow's own font has
    while plain and font.getlength(plain) > width:
        plain = plain[:-1]
    pen.text((at[0], at[1] + 4), plain, fill=INK, font=font)
