"""The loss of a run as CSV: one line for each step that was told, of all attempts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from ...jobs.events import Progress
from ...jobs.history.entries import Entry

HEAD = ("attempt", "step", "loss", "time")


def text(entries: Iterable[Entry]) -> str:
    """``attempt,step,loss,time``; the loss is the trainer's running mean, empty before it has one,
    the time seconds since 1970. Of a step that was told several times the last counts: sd-scripts'
    bar shows a new step once with the old loss.
    """
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(HEAD)
    told: dict[tuple[int, int], tuple[str, str]] = {}
    for entry in entries:
        if isinstance(entry.event, Progress):
            loss = "" if entry.event.loss is None else f"{entry.event.loss:.6g}"
            told[entry.attempt, entry.event.step] = loss, f"{entry.time:.3f}"
    rows.writerows((*step, *last) for step, last in told.items())
    return out.getvalue()
