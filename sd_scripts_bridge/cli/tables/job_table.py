"""The list of jobs in columns that fit the terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from ...jobs.job import Status
from ...jobs.meter import duration
from ...jobs.store import JobRow
from ..terminal import Terminal

STYLES = {
    Status.SUCCEEDED: ("green",),
    Status.RUNNING: ("cyan",),
    Status.STOPPING: ("cyan",),
    Status.FAILED: ("red",),
    Status.LOST: ("red",),
    Status.STOPPED: ("yellow",),
}
HEADS = ("job", "status", "name", "began", "took")
NAME_WIDTH = 24
GAP = "  "


def lines(rows: Sequence[JobRow], terminal: Terminal) -> list[str]:
    """A head, a line for each job, and below it how it ended; a narrow terminal gets the first
    columns only.
    """
    if not rows:
        return ["There are no jobs."]
    cells = [HEADS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADS))]
    shown = _columns(widths, terminal)
    told = [terminal.paint(_line(HEADS, widths, shown), "dim")]
    for row, line in zip(rows, cells[1:], strict=True):
        text = _line(line, widths, shown)
        told.append(text.replace(row.status.value, _status(row, terminal), 1))
        told += _outcome(row, len(GAP) + widths[0], terminal)
    return told


def _cells(row: JobRow) -> tuple[str, ...]:
    name = row.title if len(row.title) <= NAME_WIDTH else row.title[: NAME_WIDTH - 3] + "..."
    began = time.strftime("%Y-%m-%d %H:%M", time.localtime(row.started)) if row.started else ""
    took = duration(row.seconds) if row.seconds is not None else ""
    return str(row.id), row.status.value, name, began, took


def _columns(widths: Sequence[int], terminal: Terminal) -> int:
    """How many of the columns fit; piped output has room for all."""
    count = len(widths)
    while terminal.live and count > 2 and _width(widths[:count]) > terminal.width:
        count -= 1
    return count


def _width(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _line(cells: Sequence[str], widths: Sequence[int], shown: int) -> str:
    padded = [f"{cells[0]:>{widths[0]}}"]
    padded += [f"{cell:<{width}}" for cell, width in zip(cells[1:shown], widths[1:], strict=False)]
    return GAP.join(padded).rstrip()


def _status(row: JobRow, terminal: Terminal) -> str:
    return terminal.paint(row.status.value, *STYLES.get(row.status, ()))


def _outcome(row: JobRow, indent: int, terminal: Terminal) -> Iterator[str]:
    """Why it isn't a success; that it is one needs no sentence."""
    if row.sentence and row.status is not Status.SUCCEEDED:
        text = " " * indent + row.sentence.replace("\n", " ")
        yield terminal.paint(terminal.cut(text) if terminal.live else text, "dim")
