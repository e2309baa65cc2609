"""Following a job until it is over."""

from __future__ import annotations

import json
import sys
import time
from typing import TextIO

from ..bridge import Bridge
from ..jobs.events import to_dict
from ..jobs.history.entries import Entry
from ..jobs.job import Status
from ..jobs.store import JobRow
from .screen import Screen
from .terminal import Terminal

POLL_SECONDS = 0.5
DRAW_SECONDS = 0.1
RECONCILE_SECONDS = 5.0


def follow(
    bridge: Bridge, job_id: int, *, as_json: bool = False, out: TextIO | None = None
) -> JobRow:
    """Show the job's events from the first to the last; returns the row when it is over.

    Ctrl-C raises and stops nothing.
    """
    screen = Screen(Terminal.of(out or sys.stdout))
    after, reconciled = 0, time.monotonic()
    try:
        while True:
            if time.monotonic() - reconciled > RECONCILE_SECONDS:
                reconciled = time.monotonic()
                row = bridge.job(job_id)
            else:
                row = bridge.job(job_id)
            for entry in bridge.events(job_id, after):
                after = entry.seq
                _tell(screen, entry, as_json)
            if row.status.is_over:
                if not as_json and not screen.ended:  # stopped before it began, or lost
                    screen.end(row.status, row.sentence or f"Job {job_id}: {row.status}.")
                return row
            if not as_json:
                if row.status is Status.QUEUED:
                    screen.wait(row.sentence or "waiting in the queue")
                screen.mind(row, bridge.folder(job_id).log)
            _wait(screen)
    finally:
        screen.clear()


def _tell(screen: Screen, entry: Entry, as_json: bool) -> None:
    if not as_json:
        screen.show(entry)
        return
    told = {"seq": entry.seq, "time": entry.time, **to_dict(entry.event)}
    screen.terminal.out.write(json.dumps(told) + "\n")
    screen.terminal.out.flush()


def _wait(screen: Screen) -> None:
    """Until the next look; the last line keeps moving meanwhile."""
    end = time.monotonic() + POLL_SECONDS
    while (left := end - time.monotonic()) > 0:
        screen.draw()
        time.sleep(min(left, DRAW_SECONDS if screen.terminal.live else left))


def exit_code(row: JobRow) -> int:
    """0 for a job that did what was asked of it."""
    return 0 if row.status is Status.SUCCEEDED else 1
