"""Following a job in a terminal: phases as lines, progress as a bar."""

from __future__ import annotations

import json
import shutil
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from ..bridge import Bridge
from ..jobs import silence
from ..jobs.events import (
    Checkpoint,
    Finished,
    Note,
    Phase,
    Progress,
    Proof,
    Published,
    Started,
    to_dict,
)
from ..jobs.job import Status
from ..jobs.meter import Meter, Pace, duration, speed
from ..jobs.store import Entry, JobRow

POLL_SECONDS = 0.5
RECONCILE_SECONDS = 5.0
PLAIN_LINE_SECONDS = 15.0
"""Without a terminal, progress is a line now and then."""


@dataclass
class Screen:
    """Writes events to ``out``; redraws one line where ``out`` is a terminal."""

    out: TextIO
    meter: Meter = field(default_factory=Meter)
    _bar: bool = False
    _shown: tuple[int, int] = (0, 0)
    _last_plain: float = 0.0
    _rate: float | None = None
    _minded: bool = False

    def show(self, entry: Entry) -> None:
        event = entry.event
        if isinstance(event, Progress):
            reading = self.meter.add(entry.time, event)
            self._rate = reading.rate
            self._progress(reading)
        elif isinstance(event, (Phase, Note)):
            self.line(event.text[:1].upper() + event.text[1:])
        elif isinstance(event, Started) and event.attempt > 1:
            self.line(f"Attempt {event.attempt}.")
        elif isinstance(event, Checkpoint):
            self.line(f"Step {event.step} is saved.")
        elif isinstance(event, Proof):
            self.line(
                f"Denoising loss on the training pictures ({event.pairs} fixed "
                "picture-noise-timestep draws): "
                f"{event.without:.4f} without the LoRA, {event.with_lora:.4f} with it."
            )
        elif isinstance(event, Published):
            self.line(f"Published: {event.path}")
        elif isinstance(event, Finished):
            self.line(event.sentence)

    def mind(self, row: JobRow, log: Path) -> None:
        """Say once a silence that the trainer has said nothing for long."""
        silent = silence.seconds(row, log, self._rate)
        if silent is not None and not self._minded:
            self.line(silence.sentence(row.id, silent))
        self._minded = silent is not None

    def line(self, text: str) -> None:
        if self._bar:
            self.out.write("\n")
            self._bar = False
        self.out.write(text + "\n")
        self.out.flush()

    def _progress(self, reading: Pace) -> None:
        text = progress_text(reading)
        if self.out.isatty():
            width = shutil.get_terminal_size().columns
            self.out.write("\r" + bar(reading, width - len(text) - 3) + " " + text + "\x1b[K")
            self.out.flush()
            self._bar = True
        elif (
            time.monotonic() - self._last_plain >= PLAIN_LINE_SECONDS
            or reading.step == reading.total
        ):
            if self._shown == (reading.step, reading.total):
                return
            self._last_plain, self._shown = time.monotonic(), (reading.step, reading.total)
            self.line(text)


def progress_text(reading: Pace) -> str:
    """ "step 620 of 1500, 1.9 it/s, 7 min 43 s left, loss 0.083"."""
    parts = [f"step {reading.step} of {reading.total}"]
    if reading.rate:
        parts.append(speed(reading.rate))
    if reading.left is not None and reading.step < reading.total:
        parts.append(f"{duration(reading.left)} left")
    if reading.loss is not None:
        parts.append(f"loss {reading.loss:.4g}")
    return ", ".join(parts)


def bar(reading: Pace, width: int) -> str:
    if width < 10:
        return ""
    full = int(width * reading.step / max(1, reading.total))
    return "[" + "#" * full + "." * (width - full) + "]"


def follow(
    bridge: Bridge, job_id: int, *, as_json: bool = False, out: TextIO | None = None
) -> JobRow:
    """Show the job's events from the first to the last; returns the row when it is over.

    Ctrl-C raises and stops nothing.
    """
    screen, after, reconciled = Screen(out or sys.stdout), 0, time.monotonic()
    while True:
        if time.monotonic() - reconciled > RECONCILE_SECONDS:
            reconciled = time.monotonic()
            row = bridge.job(job_id)
        else:
            row = bridge.store.get(job_id)
        for entry in bridge.events(job_id, after):
            after = entry.seq
            if as_json:
                screen.out.write(
                    json.dumps({"seq": entry.seq, "time": entry.time, **to_dict(entry.event)})
                    + "\n"
                )
                screen.out.flush()
            else:
                screen.show(entry)
        if row.status.is_over:
            return row
        if not as_json:
            screen.mind(row, bridge.folder(job_id).log)
        time.sleep(POLL_SECONDS)


def exit_code(row: JobRow) -> int:
    """0 for a job that did what was asked of it."""
    return 0 if row.status is Status.SUCCEEDED else 1
