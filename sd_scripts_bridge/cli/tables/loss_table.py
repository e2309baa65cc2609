"""The loss of a run as CSV: one line for each progress event, of all attempts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from ...jobs.events import Progress
from ...jobs.history.entries import Entry

HEAD = ("attempt", "step", "loss", "time")


def text(entries: Iterable[Entry]) -> str:
    """``attempt,step,loss,time``; the loss is the trainer's running mean, empty before it has one,
    the time seconds since 1970.
    """
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(HEAD)
    for entry in entries:
        if isinstance(entry.event, Progress):
            loss = "" if entry.event.loss is None else f"{entry.event.loss:.6g}"
            rows.writerow((entry.attempt, entry.event.step, loss, f"{entry.time:.3f}"))
    return out.getvalue()
