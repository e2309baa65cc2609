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
    width = SIDE + (1 + len(grid.steps)) * (tile + GAP)
    texts = [
        _lines(grid.prompt(Cell(None, 0, row)).text, width - 2 * GAP)
        for row in range(len(grid.prompts))
    ]
    block = HEAD + len(grid.weights) * (tile + GAP) + GAP
    page = Image.new("RGB", (width, GAP + sum(HEAD * len(one) + block for one in texts)), PAPER)
    pen, top = ImageDraw.Draw(page), GAP
    for row, lines in enumerate(texts):
        for line in lines:
            _write(pen, (GAP, top), line)
            top += HEAD
        _block(page, pen, grid, folder, row, top)
        top += block
    return page


def _block(page: Any, pen: Any, grid: Grid, folder: JobFolder, row: int, top: int) -> None:
    """The pictures of one prompt, with their steps above and their strengths beside them."""
    tile = _tile(grid)
    for column, step in enumerate((None, *grid.steps)):
        x = SIDE + column * (tile + GAP)
        _write(pen, (x, top), "without" if step is None else f"step {step}")
        for line, weight in enumerate(grid.weights[: 1 if step is None else None]):
            cell = grid.without(row) if step is None else Cell(step, weight, row)
            picture = _picture(grid, folder, cell, tile)
            page.paste(picture, (x, top + HEAD + line * (tile + GAP)))
    for line, weight in enumerate(grid.weights):
        _write(pen, (GAP, top + HEAD + line * (tile + GAP)), f"x {weight:g}")


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


def _lines(text: str, width: int) -> list[str]:
    """The words of a text in lines of at most so many pixels; a longer word has a line alone."""
    from PIL import ImageFont

    font, lines = ImageFont.load_default(), [""]
    for word in _plain(text).split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _write(pen: Any, at: tuple[int, int], text: str) -> None:
    from PIL import ImageFont

    pen.text((at[0], at[1] + 4), _plain(text), fill=INK, font=ImageFont.load_default())


def _plain(text: str) -> str:
    """What Pillow's own font has."""
    return text.encode("latin-1", "replace").decode("latin-1")
