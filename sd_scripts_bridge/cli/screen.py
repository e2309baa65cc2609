"""A job on the screen: what happened as lines, and below them one line that shows where it is."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from pathlib import Path

from ..jobs.events import (
    Checkpoint,
    Finished,
    Measured,
    Note,
    Phase,
    Progress,
    Proof,
    Published,
    Sample,
    Started,
)
from ..jobs.history.entries import Entry
from ..jobs.job import Status
from ..jobs.meter import Meter, Pace, duration, speed
from ..jobs.store import JobRow
from ..running import silence
from .terminal import Terminal

PLAIN_LINE_SECONDS = 15.0
"""Without a terminal, progress is a line now and then."""

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
PLAIN_SPINNER = "|/-\\"
SHORTEST_BAR = 8
LONGEST_BAR = 40


@dataclass
class Screen:
    """Shows one job's events. The last line is redrawn where somebody watches."""

    terminal: Terminal
    meter: Meter = field(default_factory=Meter)
    ended: bool = False
    """Its end has been said."""
    _phase: str = ""
    _phase_began: float = 0.0
    _began: float | None = None
    _pace: Pace | None = None
    _drawn: bool = False
    _plain_at: float = 0.0
    _plain: tuple[int, int] = (0, 0)
    _minded: bool = False
    _sampled: int | None = None
    _turn: itertools.count[int] = field(default_factory=itertools.count)

    def show(self, entry: Entry) -> None:
        """Take one event."""
        event = entry.event
        if isinstance(event, Started):
            self._start(entry, event)
        elif isinstance(event, Progress):
            self._leave(entry.time)
            self._pace = self.meter.add(entry.time, event)
            self._progress(self._pace)
        elif isinstance(event, Phase):
            self._enter(event.text, entry.time)
        elif isinstance(event, Note):
            self.line(_upper(event.text), "yellow")
        elif isinstance(event, Checkpoint):
            self.line(f"Saved step {event.step}.", "dim")
        elif isinstance(event, Sample):
            self._sample(event)
        elif isinstance(event, Proof):
            self.line(
                f"Denoising loss on the training pictures ({event.pairs} fixed draws of picture, "
                f"noise and timestep): {event.without:.4f} without the LoRA, "
                f"{event.with_lora:.4f} with it."
            )
        elif isinstance(event, Measured):
            trained = "" if event.training is None else f"; on training photos {event.training:.4f}"
            self.line(f"Held-out loss at step {event.step}: {event.held_out:.4f}{trained}.", "dim")
        elif isinstance(event, Published):
            self._leave(entry.time)
            self.line(f"Prompt: {event.activation_text} <lora:{event.stem}:1>")
        elif isinstance(event, Finished):
            self._leave(entry.time)
            self.end(event.status, event.sentence)

    def _sample(self, event: Sample) -> None:
        """Where the pictures lie, once; then which step has its own."""
        if self._sampled is None:
            self.line(f"Sample pictures: {Path(event.path).parent}", "dim")
        if self._sampled != event.step:
            step = f"of step {event.step}" if event.step else "before the first step"
            self.line(f"Sample pictures {step}.", "dim")
        self._sampled = event.step

    def wait(self, what: str) -> None:
        """Nothing has happened yet: say what it waits for, where a spinner can."""
        if self.terminal.live and not (self._phase or self._pace or self._began):
            self._phase, self._phase_began = what, time.time()

    def end(self, status: str, sentence: str) -> None:
        """Say how it ended."""
        good = status == Status.SUCCEEDED
        self._phase, self._pace, self.ended = "", None, True
        self.line(sentence, "bold", "green" if good else "yellow" if _is_wanted(status) else "red")

    def mind(self, row: JobRow, log: Path) -> None:
        """Say once a silence that the trainer has said nothing for long."""
        rate = self._pace.rate if self._pace else None
        silent = silence.seconds(row, log, rate)
        if silent is not None and not self._minded:
            self.line(silence.sentence(row.id, silent), "yellow")
        self._minded = silent is not None

    def line(self, text: str, *styles: str) -> None:
        """Write a line that stays, above the one that is redrawn."""
        self.clear()
        self.terminal.out.write(self.terminal.paint(self.terminal.wrap(text), *styles) + "\n")
        self.terminal.out.flush()
        self.draw()

    def draw(self) -> None:
        """Draw the last line: the bar, or a spinner for what has no number."""
        if not self.terminal.live or not (self._pace or self._phase):
            return
        pace = self._pace if not self._phase else None
        text = self._bar(pace) if pace else self._spinner()
        self.terminal.out.write("\r" + text + "\x1b[K")
        self.terminal.out.flush()
        self._drawn = True

    def clear(self) -> None:
        """Take the last line away."""
        if self._drawn:
            self.terminal.out.write("\r\x1b[K")
            self.terminal.out.flush()
            self._drawn = False

    # ---- what is going on ----

    def _start(self, entry: Entry, event: Started) -> None:
        self._began, self._pace, self._phase, self.ended = entry.time, None, "", False
        if event.attempt > 1:
            self.line(f"Attempt {event.attempt}.", "bold")

    def _enter(self, phase: str, when: float) -> None:
        """A phase that says more than the one before ("..., 3 packages") goes on with it."""
        if self._phase and phase.startswith(self._phase.partition(":")[0]):
            self._phase = phase
            if not self._is_due():
                return
        else:
            self._leave(when)
            self._phase, self._phase_began, self._plain_at = phase, when, time.monotonic()
        if not self.terminal.live:
            self.line(_upper(phase))

    def _leave(self, when: float) -> None:
        """What was shown beside the spinner stays as a line, with its time."""
        if self._phase and self.terminal.live:
            phase, self._phase = self._phase, ""
            took = max(0.0, when - self._phase_began)
            self.line(_upper(phase) + (f": {duration(took)}" if took >= 1 else ""), "dim")
        self._phase = ""

    def _is_due(self) -> bool:
        """Without a terminal, whether it is time for another line of the same."""
        due = time.monotonic() - self._plain_at >= PLAIN_LINE_SECONDS
        if due:
            self._plain_at = time.monotonic()
        return due and not self.terminal.live

    def _progress(self, pace: Pace) -> None:
        """A terminal's bar is drawn by whoever waits."""
        if self.terminal.live or self._plain == (pace.step, pace.total):
            return
        if self._is_due() or pace.step == pace.total:
            self._plain = (pace.step, pace.total)
            self.line(progress_text(pace, self._elapsed()))

    def _elapsed(self) -> float | None:
        return max(0.0, time.time() - self._began) if self._began is not None else None

    def _spinner(self) -> str:
        wheel = SPINNER if self.terminal.blocks else PLAIN_SPINNER
        sign = wheel[next(self._turn) % len(wheel)]
        since = f"  {duration(max(0.0, time.time() - self._phase_began))}"
        text = self.terminal.cut(_upper(self._phase), self.terminal.width - len(since) - 2)
        return f"{self.terminal.paint(sign, 'cyan')} {text}{self.terminal.paint(since, 'dim')}"

    def _bar(self, pace: Pace) -> str:
        """Percentage, bar, steps, time: as much of it as the terminal is wide."""
        part = pace.step / max(1, pace.total)
        head, width = f"{part:4.0%} ", self.terminal.width
        tail = progress_text(pace, self._elapsed())
        for shorter in _tails(pace, self._elapsed()):
            if len(head) + SHORTEST_BAR + 2 + len(shorter) <= width:
                tail = shorter
                break
        else:
            return self.terminal.cut(f"{head}{pace.step}/{pace.total}")
        room = min(LONGEST_BAR, width - len(head) - 2 - len(tail))
        full = int(room * min(1.0, part))
        done, rest = (
            ("━" * full, "─" * (room - full))
            if self.terminal.blocks
            else ("#" * full, "." * (room - full))
        )
        bar = self.terminal.paint(done, "green") + self.terminal.paint(rest, "dim")
        return f"{self.terminal.paint(head, 'bold')}{bar}  {tail}"


def progress_text(pace: Pace, elapsed: float | None = None) -> str:
    """ "step 620 of 1500 (41%), 5 min 12 s elapsed, 7 min 43 s left, 1.9 it/s, loss 0.083"."""
    percent = f"{pace.step / max(1, pace.total):.0%}"
    parts = [f"step {pace.step} of {pace.total} ({percent})"]
    if elapsed is not None:
        parts.append(f"{duration(elapsed)} elapsed")
    return ", ".join([*parts, *_left(pace), *_speed(pace), *_loss(pace)])


def _tails(pace: Pace, elapsed: float | None) -> list[str]:
    """What stands behind the bar, the longest first."""
    steps = f"{pace.step}/{pace.total}"
    since = [f"{duration(elapsed)} elapsed"] if elapsed is not None else []
    left, rate, loss = _left(pace), _speed(pace), _loss(pace)
    return [
        ", ".join([steps, *since, *left, *rate, *loss]),
        ", ".join([steps, *since, *left, *loss]),
        ", ".join([steps, *left, *loss]),
        ", ".join([steps, *left]),
        steps,
    ]


def _left(pace: Pace) -> list[str]:
    known = pace.left is not None and pace.step < pace.total
    return [f"{duration(pace.left or 0)} left"] if known else []


def _speed(pace: Pace) -> list[str]:
    return [speed(pace.rate)] if pace.rate else []


def _loss(pace: Pace) -> list[str]:
    return [f"loss {pace.loss:.4g}"] if pace.loss is not None else []


def _is_wanted(status: str) -> bool:
    return status == Status.STOPPED


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
